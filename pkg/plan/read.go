package plan

import (
	"fmt"
	"regexp"
	"time"

	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// largest is the bytes a plan file may have: some 100,000 mailboxes.
const largest = 64 << 20

// planFile, sideFile and so on are the file's form; their comments are in the file.
type planFile struct {
	Format      int           `yaml:"format" strict:"required" example:"format: 1"`
	Name        string        `yaml:"name" strict:"required" example:"name: acme-alice"`
	Created     time.Time     `yaml:"created"`
	Tool        string        `yaml:"tool"`
	Digest      string        `yaml:"digest" strict:"required" example:"digest: sha256:..., as the planner wrote it"`
	Source      sideFile      `yaml:"source" strict:"required"`
	Destination sideFile      `yaml:"destination" strict:"required"`
	Messages    filterFile    `yaml:"messages"`
	Forecast    forecastFile  `yaml:"forecast"`
	Warnings    []warningFile `yaml:"warnings"`
	Mailboxes   []entryFile   `yaml:"mailboxes" strict:"required" example:"mailboxes: []"`
}

type sideFile struct {
	Host        string          `yaml:"host" strict:"required"`
	Port        int             `yaml:"port" strict:"required"`
	User        string          `yaml:"user" strict:"required"`
	Server      string          `yaml:"server"`
	Key         string          `yaml:"tls_key"`
	Delimiter   string          `yaml:"delimiter"`
	Prefix      path            `yaml:"prefix"`
	AppendLimit *int64          `yaml:"append_limit"`
	Foreign     []namespaceFile `yaml:"foreign"`
}

type namespaceFile struct {
	Prefix    exact  `yaml:"prefix"`
	Delimiter string `yaml:"delimiter"`
}

type filterFile struct {
	Since   moment `yaml:"since"`
	Before  moment `yaml:"before"`
	MaxSize int64  `yaml:"max_size"`
}

type forecastFile struct {
	SourceRoundTrip      time.Duration `yaml:"source_round_trip"`
	DestinationRoundTrip time.Duration `yaml:"destination_round_trip"`
	Least                time.Duration `yaml:"least"`
	Most                 time.Duration `yaml:"most"`
}

type contentsFile struct {
	Oldest      moment `yaml:"oldest"`
	Newest      moment `yaml:"newest"`
	Wanted      int64  `yaml:"wanted"`
	WantedBytes int64  `yaml:"wanted_bytes"`
	Unseen      int64  `yaml:"unseen"`
	TooLarge    int64  `yaml:"too_large"`
	OddDates    int64  `yaml:"odd_dates"`
	OddFlags    int64  `yaml:"odd_flags"`
	Keyworded   int64  `yaml:"keyworded"`
}

type warningFile struct {
	Number int    `yaml:"number"`
	Text   string `yaml:"text"`
	Next   string `yaml:"next"`
}

type entryFile struct {
	Source     path          `yaml:"source" strict:"required" example:"source: Sent"`
	Action     string        `yaml:"action" strict:"required" example:"action: create"`
	To         path          `yaml:"to"`
	Subscribe  bool          `yaml:"subscribe"`
	Reason     string        `yaml:"reason"`
	Role       role          `yaml:"role"`
	Noselect   bool          `yaml:"noselect"`
	Messages   *amount       `yaml:"messages"`
	Bytes      *amount       `yaml:"bytes"`
	Holds      *contentsFile `yaml:"holds"`
	Validity   uint32        `yaml:"uidvalidity"`
	SourceWire *exact        `yaml:"source_wire"`
	There      *thereFile    `yaml:"there"`
	ToRole     role          `yaml:"to_role"`
	ToWire     *exact        `yaml:"to_wire"`
}

type thereFile struct {
	Name     path    `yaml:"name" strict:"required" example:"name: Sent"`
	Messages *amount `yaml:"messages"`
	Validity uint32  `yaml:"uidvalidity"`
}

// Read reads what Encode wrote and a person may have changed. The error is [strict.Faults]: everything that is wrong, each with
// file:line:column and a next step. file is only named in it.
func Read(file string, data []byte) (*Plan, error) {
	var f planFile
	d := strict.Format{Limit: largest, Remedy: "make the plan anew with `imapmigrate plan`"}.Decode(file, data, &f)
	if d.Has("format") && !d.Faulty("format") && f.Format != Format {
		line, column := d.Position("format")
		return nil, strict.Faults{{File: file, Line: line, Column: column, Text: fmt.Sprintf("this plan has format %d, and this program reads format %d", f.Format, Format),
			Next: "use the program that wrote it, or make the plan anew with `imapmigrate plan`"}}
	}
	p := f.plan()
	v := validation{d: d, file: &f, plan: p}
	v.head()
	v.places()
	for i := range f.Mailboxes {
		v.entry(i)
	}
	v.collisions()
	if err := d.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// plan is what can be taken over without a look at other values; the entries' names and wires are the validation's.
func (f *planFile) plan() *Plan {
	p := &Plan{Format: f.Format, Name: f.Name, Created: f.Created.UTC(), Tool: f.Tool, Digest: f.Digest, Source: f.Source.side(), Destination: f.Destination.side(),
		Messages: Filter{Since: f.Messages.Since.Time, Before: f.Messages.Before.Time, MaxSize: f.Messages.MaxSize}, Forecast: Forecast(f.Forecast)}
	for _, w := range f.Warnings {
		p.Warnings = append(p.Warnings, Warning(w))
	}
	for _, e := range f.Mailboxes {
		p.Mailboxes = append(p.Mailboxes, e.entry())
	}
	return p
}

func (s sideFile) side() Side {
	out := Side{Identity: endpoint.Identity{Host: s.Host, Port: s.Port, User: s.User, Server: s.Server, Key: s.Key}, Delimiter: s.Delimiter, Prefix: mailbox.Name(s.Prefix), AppendLimit: Unknown}
	if s.AppendLimit != nil {
		out.AppendLimit = *s.AppendLimit
	}
	for _, n := range s.Foreign {
		out.Foreign = append(out.Foreign, endpoint.Namespace{Prefix: mailbox.Wire(n.Prefix), Delimiter: n.Delimiter})
	}
	return out
}

func (f *entryFile) entry() Entry {
	e := Entry{Source: mailbox.Name(f.Source), Validity: mailbox.UIDValidity(f.Validity), Role: mailbox.Role(f.Role), Noselect: f.Noselect, Action: Action(f.Action),
		To: mailbox.Name(f.To), ToRole: mailbox.Role(f.ToRole), Subscribe: f.Subscribe, Reason: f.Reason}
	if !f.Noselect {
		e.Messages, e.Bytes, e.Holds = f.Messages.number(), f.Bytes.number(), f.Holds.contents()
	}
	// What was found at the destination is of no use once another name stands behind to.
	if t := f.There; t != nil && e.To.String() == mailbox.Name(t.Name).String() {
		e.There, e.ToValidity, e.ToMessages = true, mailbox.UIDValidity(t.Validity), t.Messages.number()
	}
	return e
}

func (f *contentsFile) contents() *Contents {
	if f == nil {
		return nil
	}
	return &Contents{Oldest: f.Oldest.Time, Newest: f.Newest.Time, Unseen: f.Unseen, Wanted: f.Wanted, WantedBytes: f.WantedBytes,
		TooLarge: f.TooLarge, OddDates: f.OddDates, OddFlags: f.OddFlags, Keyworded: f.Keyworded}
}

func (a *amount) number() int64 {
	if a == nil {
		return Unknown
	}
	return int64(*a)
}

// role is a role in the spelling of this program.
type role mailbox.Role

// UnmarshalText reads a role; it is sent to the destination, so nothing but a role may stand there.
func (r *role) UnmarshalText(t []byte) error {
	if *r = role(mailbox.RoleOf(string(t))); len(t) > 0 && *r == role(mailbox.RoleNone) {
		return fmt.Errorf(`there is no such role; roles are \All, \Archive, \Drafts, \Flagged, \Important, \Inbox, \Junk, \Sent and \Trash`)
	}
	return nil
}

// exact is a name's bytes.
type exact mailbox.Wire

// UnmarshalText reads what wireText writes.
func (x *exact) UnmarshalText(t []byte) error {
	w, err := parseWire(string(t))
	if err != nil {
		return fmt.Errorf("an exact name %w; leave it as the planner wrote it", err)
	}
	*x = exact(w)
	return nil
}

var digestText = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
