package approval

import (
	"fmt"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
)

// Format is the number of the file format that this package writes and reads.
const Format = 1

// ValidFor is how long an approval holds. Time only ever voids one; no clock makes it last longer.
const ValidFor = 7 * 24 * time.Hour

// Kind is what is approved.
type Kind string

// The kinds. A rollback, the same on the destination, gets its own.
const Purge Kind = "purge"

// Subject is what somebody says yes to: a checkpoint by its digest, how many messages it lists, and on which account.
type Subject struct {
	Kind     Kind
	Sum      string // of the checkpoint, 64 hexadecimal digits
	Messages int64
	Account  endpoint.Identity // the account that loses the messages
}

// Phrase is what a person has to type. It holds the number and the account, so that nobody types it without having read them.
func (s Subject) Phrase() string {
	return fmt.Sprintf("%s %d messages from %s", s.Kind, s.Messages, s.Account)
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

// Approval is the record of one yes.
type Approval struct {
	Format     int       `yaml:"format" strict:"required"`
	Kind       Kind      `yaml:"kind" strict:"required"`
	Checkpoint string    `yaml:"checkpoint" strict:"required"` // the digest of what was approved
	Phrase     string    `yaml:"phrase" strict:"required"`     // as typed
	By         Person    `yaml:"by" strict:"required"`
	At         time.Time `yaml:"at" strict:"required"` // UTC, whole seconds
	Note       string    `yaml:"note,omitempty"`
}

// Expires is when the approval stops to hold.
func (a *Approval) Expires() time.Time { return a.At.Add(ValidFor) }

// NotApprovedError: nobody has said yes to this. Exit code 10.
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

// maxNote bounds the free text of an approval, in bytes.
const maxNote = 2000

// Give records a yes. typed must be the phrase, byte for byte but for space around it; anything else is a *NotApprovedError.
func Give(s Subject, typed string, by Person, note string, now time.Time) (*Approval, error) {
	typed = strings.TrimSpace(typed)
	switch {
	case s.Messages < 1:
		return nil, fmt.Errorf("%s: the checkpoint lists no message, so there is nothing to approve; verify first, then make a checkpoint", s.Account)
	case typed == "":
		return nil, &NotApprovedError{s, "nothing was typed"}
	case typed != s.Phrase():
		return nil, &NotApprovedError{s, "what was typed is not the phrase"}
	case len(note) > maxNote:
		return nil, fmt.Errorf("the note has %d bytes; at most %d are kept", len(note), maxNote)
	}
	return &Approval{Format: Format, Kind: s.Kind, Checkpoint: s.Sum, Phrase: typed, By: by, At: now.UTC().Truncate(time.Second), Note: note}, nil
}

// Check reports whether a allows s at this moment: nil, *NotApprovedError or *VoidError. Whoever removes calls it right before.
func Check(a *Approval, s Subject, now time.Time) error {
	void := func(format string, args ...any) error { return &VoidError{s.Account, fmt.Sprintf(format, args...)} }
	switch {
	case a == nil:
		return &NotApprovedError{s, "nobody has approved this"}
	case a.Kind != s.Kind:
		return &NotApprovedError{s, fmt.Sprintf("the approval is for a %q, not for a %s", a.Kind, s.Kind)}
	case s.Sum == "" || a.Checkpoint != s.Sum:
		return void("it is for the checkpoint with digest %.16s..., not for this one, %.16s...", a.Checkpoint, s.Sum)
	case a.Phrase != s.Phrase():
		return void("it says %q, and this checkpoint needs %q", a.Phrase, s.Phrase())
	case a.At.IsZero() || a.At.After(now):
		// A clock that goes wrong may cost an approval, but it must not make one last longer.
		return void("it was given at %s, which is not over yet at %s; look at the clocks", a.At.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case !now.Before(a.Expires()):
		return void("it ended at %s", a.Expires().Format(time.RFC3339))
	}
	return nil
}
