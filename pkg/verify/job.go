package verify

import (
	"fmt"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Depth is how closely the destination is looked at.
type Depth int

// The depths. Each does what the one before does, and more. The zero value is the deepest.
const (
	Counts   Depth = iota + 1 // how many messages there are on both sides
	Metadata                  // each message is there, with its date and its flags
	Content                   // the destination's bytes have the recorded digest; only this proves a copy
)

var depthNames = map[Depth]string{Counts: "counts", Metadata: "metadata", Content: "content"}

// String is the depth as it is asked for: counts, metadata, content.
func (d Depth) String() string { return depthNames[d] }

// ParseDepth reads what String writes.
func ParseDepth(text string) (Depth, error) {
	for d, name := range depthNames {
		if name == text {
			return d, nil
		}
	}
	return 0, fmt.Errorf("there is no verification of depth %q; say counts, metadata or content", text)
}

// Settle is how long a message that is not there gets to appear: some servers show what was appended a moment late.
type Settle struct {
	Tries int
	Wait  time.Duration
}

// Job is one verification.
type Job struct {
	Ledger      *ledger.Ledger
	Source      endpoint.Fetcher
	Destination endpoint.Fetcher
	Depth       Depth
	Mailboxes   func(mailbox.Name) bool // which source mailboxes; nil is all
	// Planned are the source mailboxes that the plan copies. One of them that the ledger does not know is a difference: copy never came to it.
	Planned  map[mailbox.Wire]mailbox.Name
	Workers  int // mailboxes at a time, 0 is one, and how many connections there are to either side at most; the last mailboxes share them
	Sink     event.Sink
	Now      func() time.Time
	Patience endpoint.Patience
	Settle   Settle // zero is three times two seconds
}

func (j Job) withDefaults() Job {
	if j.Depth == 0 {
		j.Depth = Content
	}
	if j.Sink == nil {
		j.Sink = event.Discard
	}
	if j.Settle == (Settle{}) {
		j.Settle = Settle{Tries: 3, Wait: 2 * time.Second}
	}
	j.Workers = max(j.Workers, 1)
	return j
}
