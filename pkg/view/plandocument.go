package view

import (
	"io"
	"time"
	"unicode/utf8"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

// planDocument is a plan for programs. -1 is unknown.
type planDocument struct {
	Format       int           `json:"format"`
	Name         string        `json:"name"`
	Created      time.Time     `json:"created"`
	Tool         string        `json:"tool"`
	Digest       string        `json:"digest"`         // of what the plan says now
	Planned      string        `json:"planned_digest"` // of what the planner wrote
	Edited       bool          `json:"edited"`
	Source       planSide      `json:"source"`
	Destination  planSide      `json:"destination"`
	Since        *time.Time    `json:"since,omitempty"`
	Before       *time.Time    `json:"before,omitempty"`
	MaxSize      int64         `json:"max_size,omitempty"`
	Totals       planSums      `json:"totals"`
	Forecast     planForecast  `json:"forecast"`
	Mailboxes    []planMailbox `json:"mailboxes"`
	PlanWarnings []planWarning `json:"warnings"`
}

type planSide struct {
	endpoint.Identity
	Delimiter   string `json:"delimiter"`
	AppendLimit int64  `json:"append_limit"`
}

type planSums struct {
	Mailboxes int   `json:"mailboxes"`
	Create    int   `json:"create"`
	Merge     int   `json:"merge"`
	Structure int   `json:"structure"`
	Skip      int   `json:"skip"`
	Messages  int64 `json:"messages"`
	Bytes     int64 `json:"bytes"`
	Skipped   int64 `json:"skipped_messages"`

	Wanted      int64 `json:"wanted_messages"` // after the filter; this and the rest are unknown when a mailbox was not looked into
	WantedBytes int64 `json:"wanted_bytes"`
	TooLarge    int64 `json:"too_large"`
	OddDates    int64 `json:"odd_dates"`
	OddFlags    int64 `json:"odd_flags"`
}

// planHolds is what was found in a source mailbox.
type planHolds struct {
	Oldest      *time.Time `json:"oldest,omitempty"`
	Newest      *time.Time `json:"newest,omitempty"`
	Unseen      int64      `json:"unseen"`
	Wanted      int64      `json:"wanted"`
	WantedBytes int64      `json:"wanted_bytes"`
	TooLarge    int64      `json:"too_large"`
	OddDates    int64      `json:"odd_dates"`
	OddFlags    int64      `json:"odd_flags"`
	Keyworded   int64      `json:"keyworded"`
}

func holdsOf(c *plan.Contents) *planHolds {
	if c == nil {
		return nil
	}
	return &planHolds{Oldest: moment(c.Oldest), Newest: moment(c.Newest), Unseen: c.Unseen, Wanted: c.Wanted, WantedBytes: c.WantedBytes,
		TooLarge: c.TooLarge, OddDates: c.OddDates, OddFlags: c.OddFlags, Keyworded: c.Keyworded}
}

// planForecast is how long a first copy may take, in seconds; 0 is not known.
type planForecast struct {
	SourceRoundTrip      float64 `json:"source_round_trip"`
	DestinationRoundTrip float64 `json:"destination_round_trip"`
	Least                float64 `json:"least"`
	Most                 float64 `json:"most"`
}

func forecastOf(f plan.Forecast) planForecast {
	return planForecast{f.SourceRoundTrip.Seconds(), f.DestinationRoundTrip.Seconds(), f.Least.Seconds(), f.Most.Seconds()}
}

type planMailbox struct {
	Source     mailbox.Name        `json:"source"`
	SourceWire wire                `json:"source_wire"`
	Validity   mailbox.UIDValidity `json:"uidvalidity"`
	Messages   int64               `json:"messages"`
	Bytes      int64               `json:"bytes"`
	Role       mailbox.Role        `json:"role,omitempty"`
	Holds      *planHolds          `json:"holds,omitempty"`
	Action     plan.Action         `json:"action"`
	To         mailbox.Name        `json:"to,omitempty"`
	ToWire     wire                `json:"to_wire,omitzero"`
	There      bool                `json:"there"` // at the destination when the plan was made
	ToValidity mailbox.UIDValidity `json:"to_uidvalidity,omitempty"`
	ToMessages int64               `json:"to_messages"`
	ToRole     mailbox.Role        `json:"to_role,omitempty"`
	Subscribe  bool                `json:"subscribe"`
	Reason     string              `json:"reason"`
}

type planWarning struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	Next   string `json:"next,omitempty"`
}

// wire is a name on the wire: Text, and Bytes (base64 in JSON) only where it is not UTF-8, so that nothing is lost.
type wire struct {
	Text  string `json:"text"`
	Bytes []byte `json:"bytes,omitempty"`
}

func wireOf(w mailbox.Wire) wire {
	if utf8.ValidString(string(w)) {
		return wire{Text: string(w)}
	}
	return wire{Text: Visible(string(w)), Bytes: []byte(w)}
}

// PlanJSON writes a plan as one JSON document.
func PlanJSON(w io.Writer, p *plan.Plan) error {
	d := planDocument{
		Format: Format, Name: p.Name, Created: p.Created, Tool: p.Tool, Digest: p.Sum(), Planned: p.Digest, Edited: p.Edited(),
		Source: sideOf(p.Source), Destination: sideOf(p.Destination), Since: moment(p.Messages.Since), Before: moment(p.Messages.Before), MaxSize: p.Messages.MaxSize,
		Totals: planSums(p.Totals()), Forecast: forecastOf(p.Forecast), Mailboxes: []planMailbox{}, PlanWarnings: []planWarning{},
	}
	for _, e := range p.Mailboxes {
		d.Mailboxes = append(d.Mailboxes, planMailbox{
			Source: e.Source, SourceWire: wireOf(e.SourceWire), Validity: e.Validity, Messages: e.Messages, Bytes: e.Bytes, Role: e.Role, Holds: holdsOf(e.Holds), Action: e.Action,
			To: e.To, ToWire: wireOf(e.ToWire), There: e.There, ToValidity: e.ToValidity, ToMessages: e.ToMessages, ToRole: e.ToRole, Subscribe: e.Subscribe, Reason: e.Reason,
		})
	}
	for _, warning := range p.Warnings {
		d.PlanWarnings = append(d.PlanWarnings, planWarning(warning))
	}
	return WriteJSON(w, d)
}

func sideOf(s plan.Side) planSide {
	return planSide{Identity: s.Identity, Delimiter: s.Delimiter, AppendLimit: s.AppendLimit}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type changeDocument struct {
	Format  int      `json:"format"`
	Changes []change `json:"changes"`
}

type change struct {
	Mailbox mailbox.Name `json:"mailbox"` // null: the plan itself
	What    string       `json:"what"`
	Old     string       `json:"old"`
	New     string       `json:"new"`
	Meaning bool         `json:"meaning"` // it changes the digest
}

// DiffJSON writes what changed between two plans as one JSON document.
func DiffJSON(w io.Writer, changes []plan.Change) error {
	d := changeDocument{Format: Format, Changes: []change{}}
	for _, c := range changes {
		d.Changes = append(d.Changes, change(c))
	}
	return WriteJSON(w, d)
}
