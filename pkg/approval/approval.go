package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
)

// Format is the number of the file format that this package writes and reads.
const Format = 1

// ValidFor is how long a yes holds. Time only ever voids one; no clock makes it last longer.
const ValidFor = 7 * 24 * time.Hour

// Kind is what is approved.
type Kind string

// The kinds.
const (
	Purge    Kind = "purge"    // messages leave the source
	Rollback Kind = "rollback" // what was appended leaves the destination again
)

// Kinds are all of them.
var Kinds = []string{string(Purge), string(Rollback)}

// Subject is what somebody says yes to: a checkpoint by its digest, how many messages it lists, and on which account.
type Subject struct {
	Kind      Kind
	Sum       string // of the checkpoint, 64 hexadecimal digits
	Messages  int64
	Account   endpoint.Identity // the account that loses the messages
	NotBefore time.Time         // nothing may be removed earlier; zero is no such moment
	Approvers Approvers         // whose signatures the checkpoint asks for
}

// Phrase is what a person has to type. It holds the number and the account, so that nobody types it without having read them.
func (s Subject) Phrase() string {
	where := "from"
	if s.Kind == Rollback {
		where = "on"
	}
	return fmt.Sprintf("%s %d messages %s %s", s.Kind, s.Messages, where, s.Account)
}

// Person says who approved, as far as the system can tell.
type Person struct {
	Name string `yaml:"name,omitempty" json:"name,omitempty"` // as given, or as the system knows the user
	User string `yaml:"user" json:"user" strict:"required"`   // of the operating system
	Host string `yaml:"host" json:"host" strict:"required"`   // where it was typed
}

// String is for people: Alice Adams (alice on admin-box).
func (p Person) String() string {
	if p.Name == "" {
		return p.User + " on " + p.Host
	}
	return fmt.Sprintf("%s (%s on %s)", p.Name, p.User, p.Host)
}

// Yes is the record of one person's word. Statement and Signature are there when the checkpoint asks for signatures.
type Yes struct {
	Phrase    string    `yaml:"phrase" strict:"required"` // as typed
	By        Person    `yaml:"by" strict:"required"`
	At        time.Time `yaml:"at" strict:"required"` // UTC, whole seconds
	Note      string    `yaml:"note,omitempty"`
	Key       string    `yaml:"key,omitempty"`       // fingerprint of the signing key, for people: the signature itself says whose it is
	Statement string    `yaml:"statement,omitempty"` // the text that was signed
	Signature string    `yaml:"signature,omitempty"` // as `ssh-keygen -Y sign` writes it
}

// Expires is when the yes stops to hold.
func (y Yes) Expires() time.Time { return y.At.Add(ValidFor) }

// Approval is the record of everybody's yes to one checkpoint.
type Approval struct {
	Format     int    `yaml:"format" strict:"required"`
	Kind       Kind   `yaml:"kind" strict:"required"`
	Checkpoint string `yaml:"checkpoint" strict:"required"` // the digest of what was approved
	Given      []Yes  `yaml:"given" strict:"required"`      // in the order in which they were given
}

// Expires is when the first of them stops to hold; the zero time when there is none.
func (a *Approval) Expires() time.Time {
	var first time.Time
	for _, y := range a.Given {
		if e := y.Expires(); first.IsZero() || e.Before(first) {
			first = e
		}
	}
	return first
}

// NotApprovedError: nobody has said yes to this, or not everybody who has to. Exit code 10.
type NotApprovedError struct {
	Subject Subject
	Reason  string
}

// Error names the phrase that is wanted.
func (e *NotApprovedError) Error() string {
	return fmt.Sprintf("%s: %s; read the checkpoint, run `imapmigrate approve` and type %q", e.Subject.Account, e.Reason, e.Subject.Phrase())
}

// VoidError: somebody said yes, but not to this, or too long ago. Exit code 11.
type VoidError struct {
	Account endpoint.Identity
	Reason  string
}

// Error says why the approval does not hold.
func (e *VoidError) Error() string {
	return fmt.Sprintf("%s: the approval does not hold: %s; nothing was removed: look at the checkpoint and approve it again", e.Account, e.Reason)
}

// EarlyError: it is approved, and the days of grace are not over. Exit code 75.
type EarlyError struct {
	Account   endpoint.Identity
	NotBefore time.Time
}

// Error says when to come again.
func (e *EarlyError) Error() string {
	return fmt.Sprintf("%s: the checkpoint keeps everything until %s; nothing was removed: run it again after that", e.Account, e.NotBefore.Format(time.RFC3339))
}

// maxNote bounds the free text of a yes, in bytes.
const maxNote = 2000

// Give records a yes. typed must be the phrase, byte for byte but for space around it; anything else is a *NotApprovedError.
func Give(s Subject, typed string, by Person, note string, now time.Time) (*Approval, error) {
	typed = strings.TrimSpace(typed)
	at := now.UTC().Truncate(time.Second)
	switch {
	case s.Messages < 1:
		return nil, fmt.Errorf("%s: the checkpoint lists no message, so there is nothing to approve; verify first, then make a checkpoint", s.Account)
	case typed == "":
		return nil, &NotApprovedError{s, "nothing was typed"}
	case typed != s.Phrase():
		return nil, &NotApprovedError{s, "what was typed is not the phrase"}
	case len(note) > maxNote:
		return nil, fmt.Errorf("the note has %d bytes; at most %d are kept", len(note), maxNote)
	case !s.NotBefore.Before(at.Add(ValidFor)):
		return nil, &NotApprovedError{s, fmt.Sprintf("the checkpoint keeps everything until %s, and a yes given now ends before; approve it later", s.NotBefore.Format(time.RFC3339))}
	}
	return &Approval{Format: Format, Kind: s.Kind, Checkpoint: s.Sum, Given: []Yes{{Phrase: typed, By: by, At: at, Note: note}}}, nil
}

// Join puts what others have said of the same checkpoint in front. A yes of the same key, or a second one without, is replaced.
func (a *Approval) Join(earlier *Approval) {
	if earlier == nil || earlier.Kind != a.Kind || earlier.Checkpoint != a.Checkpoint {
		return
	}
	others := slices.DeleteFunc(slices.Clone(earlier.Given), func(y Yes) bool {
		return slices.ContainsFunc(a.Given, func(own Yes) bool { return own.Key == y.Key })
	})
	a.Given = append(others, a.Given...)
}

// Check reports whether a allows s at this moment: nil, *NotApprovedError, *VoidError or *EarlyError. Whoever removes calls it right before.
func Check(a *Approval, s Subject, p Policy, now time.Time) error {
	void := func(format string, args ...any) error { return &VoidError{s.Account, fmt.Sprintf(format, args...)} }
	switch {
	case a == nil || len(a.Given) == 0:
		return &NotApprovedError{s, "nobody has approved this"}
	case a.Kind != s.Kind:
		return &NotApprovedError{s, fmt.Sprintf("the approval is for a %q, not for a %s", a.Kind, s.Kind)}
	case s.Sum == "" || a.Checkpoint != s.Sum:
		return void("it is for the checkpoint with digest %.16s..., not for this one, %.16s...", a.Checkpoint, s.Sum)
	case !p.Approvers.same(s.Approvers):
		return void("the checkpoint was made for other approvers (%s) than the configuration names (%s)", s.Approvers, p.Approvers)
	}
	if err := p.enough(a, s, now); err != nil {
		return err
	}
	if now.Before(s.NotBefore) {
		return &EarlyError{s.Account, s.NotBefore}
	}
	return nil
}

// holds looks at one yes by itself.
func (y Yes) holds(s Subject, now time.Time) error {
	void := func(format string, args ...any) error { return &VoidError{s.Account, fmt.Sprintf(format, args...)} }
	switch {
	case y.Phrase != s.Phrase():
		return void("it says %q, and this checkpoint needs %q", y.Phrase, s.Phrase())
	case y.At.IsZero() || y.At.After(now):
		// A clock that goes wrong may cost an approval, but it must not make one last longer.
		return void("it was given at %s, which is not over yet at %s; look at the clocks", y.At.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case !now.Before(y.Expires()):
		return void("it ended at %s", y.Expires().Format(time.RFC3339))
	}
	return nil
}
