package plan

import (
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Format is the number of the file format that this package writes and reads.
const Format = 1

// Unknown stands for a count or a size that no server told. It is never shown as 0.
const Unknown = -1

// Action is what happens to one source mailbox.
type Action string

// The actions.
const (
	// Create: the destination is made, then the messages are copied. It was not there, or could not be opened, when the plan was made.
	Create Action = "create"
	// Merge: the messages are added to what the destination holds, or several sources share one destination. The destination may still
	// have to be made (Entry.There false).
	Merge Action = "merge"
	// Structure: the name is made at the destination, no message is copied.
	Structure Action = "structure"
	// Skip: nothing happens.
	Skip Action = "skip"
)

// Copies reports whether messages are copied under a.
func (a Action) Copies() bool { return a == Create || a == Merge }

// Plan is everything that will happen to one account, mailbox by mailbox. It is data: the copier decides nothing that is not in it.
type Plan struct {
	Format      int
	Name        string    // of the migration, [a-z0-9._-]+
	Created     time.Time // UTC, whole seconds
	Tool        string    // name and version of the program that made it
	Digest      string    // as the planner wrote it, "sha256:..."; see Sum and Edited
	Source      Side
	Destination Side
	Messages    Filter
	Forecast    Forecast
	Mailboxes   []Entry // by source name, parents before children
	Warnings    []Warning
}

// Side is what of one account the names in a plan depend on.
type Side struct {
	Identity    endpoint.Identity
	Delimiter   string               // of the personal namespace, "" when there is no hierarchy
	Prefix      mailbox.Name         // of the personal namespace: nil, or INBOX where mailboxes live below "INBOX."
	Foreign     []endpoint.Namespace // other users' and shared namespaces
	AppendLimit int64                // bytes a message may have at most (RFC 7889), Unknown when the server states none
}

// Filter leaves messages out by internal date and size. The zero value leaves none out.
type Filter struct {
	Since   time.Time // messages before this instant are left out; zero: none
	Before  time.Time // messages at or after this instant are left out; zero: none
	MaxSize int64     // bytes; larger messages are left out; 0: none
}

// Entry is what happens to one source mailbox.
type Entry struct {
	Source     mailbox.Name
	SourceWire mailbox.Wire        // what the source is to be asked for, byte for byte
	Validity   mailbox.UIDValidity // of the source; 0: the server states none, nothing can be remembered about its messages
	Messages   int64               // in the source mailbox when the plan was made, or Unknown
	Bytes      int64               // of those messages, or Unknown
	Role       mailbox.Role        // of the source
	Holds      *Contents           // what was found in the source mailbox; nil when nobody looked into it
	Noselect   bool                // the source cannot be opened (\Noselect, \NonExistent): there is nothing to copy

	Action     Action
	To         mailbox.Name        // full name at the destination, with its prefix; nil only when skipped
	ToWire     mailbox.Wire        // what the destination is to be asked for
	There      bool                // the destination was there when the plan was made, under that name
	ToValidity mailbox.UIDValidity // of the destination when the plan was made; 0: not there yet, or not known
	ToMessages int64               // in the destination when the plan was made, 0 when it was not there, or Unknown
	ToRole     mailbox.Role        // the role the destination has; with Create, the role to wish for
	Subscribe  bool
	Reason     string
}

// Contents is what lies in a source mailbox, counted from its messages' metadata. It is for people: no digest depends on it.
type Contents struct {
	Oldest      time.Time // internal date, UTC, whole seconds; zero when none could be read
	Newest      time.Time
	Unseen      int64 // messages without \Seen
	Wanted      int64 // messages that the filter takes: all of them without one
	WantedBytes int64
	TooLarge    int64 // of the wanted, those that the destination refuses for their size
	OddDates    int64 // of the wanted, those without a date that every server takes
	OddFlags    int64 // of the wanted, those with a flag that cannot be sent
	Keyworded   int64 // of the wanted, those with keywords
}

// Warning is something to know before saying yes. The number is the kind's, it stays the same from version to version.
type Warning struct {
	Number int
	Text   string
	Next   string // what to do about it
}

// Totals counts a plan.
type Totals struct {
	Mailboxes int
	Create    int
	Merge     int
	Structure int
	Skip      int
	Messages  int64 // to be copied, before the message filter; Unknown when one mailbox did not say
	Bytes     int64 // of those messages; Unknown when one mailbox did not say
	Skipped   int64 // messages in skipped mailboxes; Unknown when one mailbox did not say

	Wanted      int64 // messages to be copied that the filter takes; Unknown when one mailbox was not looked into
	WantedBytes int64
	TooLarge    int64 // of the wanted, those that the destination refuses for their size
	OddDates    int64 // of the wanted, those whose date not every server takes
	OddFlags    int64 // of the wanted, those that lose a flag
}

// Totals counts p. A sum with an unknown part is unknown.
func (p *Plan) Totals() Totals {
	t := Totals{Mailboxes: len(p.Mailboxes)}
	for _, e := range p.Mailboxes {
		switch e.Action {
		case Create:
			t.Create++
		case Merge:
			t.Merge++
		case Structure:
			t.Structure++
		case Skip:
			t.Skip++
		}
		switch {
		case e.Action.Copies():
			t.Messages, t.Bytes = plus(t.Messages, e.Messages), plus(t.Bytes, e.Bytes)
			t.addContents(e)
		case !e.Noselect:
			t.Skipped = plus(t.Skipped, e.Messages)
		}
	}
	return t
}

// addContents adds what is in a mailbox that is copied; what nobody looked into is unknown, unless there is nothing.
func (t *Totals) addContents(e Entry) {
	h := e.Holds
	switch {
	case h != nil:
	case e.Messages == 0:
		return
	default:
		h = &Contents{Wanted: Unknown, WantedBytes: Unknown, TooLarge: Unknown, OddDates: Unknown, OddFlags: Unknown}
	}
	t.Wanted, t.WantedBytes, t.TooLarge = plus(t.Wanted, h.Wanted), plus(t.WantedBytes, h.WantedBytes), plus(t.TooLarge, h.TooLarge)
	t.OddDates, t.OddFlags = plus(t.OddDates, h.OddDates), plus(t.OddFlags, h.OddFlags)
}

func plus(sum, n int64) int64 {
	if sum == Unknown || n == Unknown {
		return Unknown
	}
	return sum + n
}

// Entry finds the entry of one source mailbox, nil if the plan has none. The pointer is into p.
func (p *Plan) Entry(w mailbox.Wire) *Entry {
	for i := range p.Mailboxes {
		if p.Mailboxes[i].SourceWire == w {
			return &p.Mailboxes[i]
		}
	}
	return nil
}
