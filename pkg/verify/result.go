package verify

import (
	"errors"
	"sync"

	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
)

// Kind is what a difference is about.
type Kind string

// The kinds. Flags and Date are differences of metadata; all others are about the messages themselves.
const (
	Missing     Kind = "missing"     // recorded as copied, not on the destination
	Altered     Kind = "altered"     // on the destination with other bytes
	Unreadable  Kind = "unreadable"  // on the destination, but it does not give the bytes
	Unaccounted Kind = "unaccounted" // on the source, and the ledger says nothing of it
	Count       Kind = "count"       // the destination holds fewer messages than are recorded
	Flags       Kind = "flags"       // flags that were sent are not there
	Date        Kind = "date"        // another internal date
)

func (k Kind) metadata() bool { return k == Flags || k == Date }

// Difference is one thing that is not as it was recorded.
type Difference struct {
	Mailbox string      `json:"mailbox"`        // on the source, decoded
	UID     mailbox.UID `json:"uid,omitempty"`  // on the source; 0 when the difference is the whole mailbox's
	Dest    mailbox.UID `json:"dest,omitempty"` // on the destination, 0 while not known
	Kind    Kind        `json:"kind"`
	Reason  string      `json:"reason"`
}

// Totals count messages of one mailbox, or of all.
type Totals struct {
	Rows                int64 `json:"rows"`                 // source messages that the ledger knows
	Present             int64 `json:"present"`              // of those, recorded as being on the destination
	Proved              int64 `json:"proved"`               // found to be there by this run, to its depth
	Bytes               int64 `json:"bytes"`                // of the proved ones
	ContentDifferences  int64 `json:"content_differences"`  // missing, altered, unreadable, unaccounted, count
	MetadataDifferences int64 `json:"metadata_differences"` // flags, date
	NewOnSource         int64 `json:"new_on_source"`        // came after the copy: no difference, the next copy takes them
	LeftSource          int64 `json:"left_source"`          // were copied and have left the source since, not by us
	FlagsChanged        int64 `json:"flags_changed"`        // the destination's flags are others than those that were sent, and somebody there has changed them
	Dropped             int64 `json:"dropped"`              // copied without keywords that the destination does not take; recorded, no difference
	Unlocated           int64 `json:"unlocated"`            // the destination never said where it put them: only depth content can find them
	Attention           int64 `json:"attention"`            // refused, oversize or in doubt: not on the destination, as the report says
}

func (t *Totals) add(o Totals) {
	t.Rows += o.Rows
	t.Present += o.Present
	t.Proved += o.Proved
	t.Bytes += o.Bytes
	t.ContentDifferences += o.ContentDifferences
	t.MetadataDifferences += o.MetadataDifferences
	t.NewOnSource += o.NewOnSource
	t.LeftSource += o.LeftSource
	t.FlagsChanged += o.FlagsChanged
	t.Dropped += o.Dropped
	t.Unlocated += o.Unlocated
	t.Attention += o.Attention
}

// MailboxResult is one mailbox's part.
type MailboxResult struct {
	Name    string `json:"mailbox"`
	Dest    string `json:"to"`
	Totals  Totals `json:"totals"`
	Problem string `json:"problem,omitempty"` // Err in words
	Err     error  `json:"-"`                 // why it could not be verified to its end
}

// listed is how many differences a Result names; the totals count all.
const listed = 200

// Result is what a run found.
type Result struct {
	Depth       string          `json:"depth"`
	Mailboxes   []MailboxResult `json:"mailboxes"` // in the ledger's order
	Totals      Totals          `json:"totals"`
	Differences []Difference    `json:"differences"`
	More        int64           `json:"more_differences"` // beyond those listed

	mu sync.Mutex
}

// Different is how many differences there are, of whatever kind.
func (r *Result) Different() int64 {
	return r.Totals.ContentDifferences + r.Totals.MetadataDifferences
}

// Err joins why mailboxes could not be verified; nil when all were.
func (r *Result) Err() error {
	var all []error
	for _, m := range r.Mailboxes {
		all = append(all, m.Err)
	}
	return errors.Join(all...)
}

// tell counts a difference, keeps it while there is room, and lets it be shown.
func (r *Result) tell(sink event.Sink, t *Totals, d Difference) {
	if d.Kind.metadata() {
		t.MetadataDifferences++
	} else {
		t.ContentDifferences++
	}
	r.mu.Lock()
	if len(r.Differences) < listed {
		r.Differences = append(r.Differences, d)
	} else {
		r.More++
	}
	r.mu.Unlock()
	sink.Emit(event.MessageProblem{Stage: stage, Mailbox: d.Mailbox, UID: uint32(d.UID), Outcome: string(d.Kind), Reason: d.Reason})
}
