package purge

import (
	"errors"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Job is one removal: a purge of the source, or, when the checkpoint is for one, a rollback on the destination.
type Job struct {
	Ledger      *ledger.Ledger
	Checkpoint  *checkpoint.Checkpoint
	Approval    *approval.Approval // nil is none
	Policy      approval.Policy    // what the configuration asks of approvals
	Loses       endpoint.Expunger  // the account that the messages leave
	Keeps       endpoint.Fetcher   // the account with the other copy of each
	Trash       mailbox.Wire       // move messages there, by UID MOVE, instead of expunging them; empty is to expunge
	Unmakes     endpoint.Unmaker   // of a rollback: may remove the empty mailboxes that the checkpoint lists; nil leaves them
	MaxMessages int64              // stop after so many removals; 0 is no limit
	Sink        event.Sink
	Now         func() time.Time
	Patience    endpoint.Patience
}

// MailboxResult is one mailbox's part.
type MailboxResult struct {
	Name     string `json:"mailbox"`
	Approved int64  `json:"approved"`
	Before   int64  `json:"gone_before"` // removed by earlier runs
	Gone     int64  `json:"gone"`        // removed by this run, or found to be gone after an earlier run had begun to remove it
	Bytes    int64  `json:"bytes"`       // of Gone
	Problem  string `json:"problem,omitempty"`
	Stopped  error  `json:"-"` // why the mailbox was stopped; nil when it was done to its end
}

// Kept is how many approved messages are still there.
func (m MailboxResult) Kept() int64 { return m.Approved - m.Before - m.Gone }

// Left is one approved message that stays, and why.
type Left struct {
	Mailbox string      `json:"mailbox"`
	UID     mailbox.UID `json:"uid"`
	Reason  string      `json:"reason"`
}

// listed is how many messages a Result names; the numbers count all.
const listed = 200

// Result is what a run did.
type Result struct {
	Mailboxes []MailboxResult `json:"mailboxes"`
	Approved  int64           `json:"approved"`
	Before    int64           `json:"gone_before"`
	Gone      int64           `json:"gone"`
	Bytes     int64           `json:"bytes"`
	Left      []Left          `json:"left"`
	More      int64           `json:"more_left"`                   // beyond those listed
	Unmade    []string        `json:"mailboxes_removed,omitempty"` // of a rollback
	Standing  []Standing      `json:"mailboxes_kept,omitempty"`    // that were to be removed, and why they are not
	Limited   bool            `json:"limited"`                     // it ended because of MaxMessages
}

// Remaining is how many approved messages are still there.
func (r *Result) Remaining() int64 { return r.Approved - r.Before - r.Gone }

// Err joins why mailboxes were stopped; nil when none was.
func (r *Result) Err() error {
	var all []error
	for _, m := range r.Mailboxes {
		all = append(all, m.Stopped)
	}
	return errors.Join(all...)
}

func (r *Result) leave(l Left) {
	if len(r.Left) < listed {
		r.Left = append(r.Left, l)
	} else {
		r.More++
	}
}
