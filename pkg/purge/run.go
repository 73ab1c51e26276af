package purge

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
)

// stage is the name of this package's work in events.
const stage = "purge"

// run is a Job under way.
type run struct {
	Job
	subject approval.Subject
	result  *Result
}

// Run removes what the approved checkpoint lists, as far as it is not gone yet and is still as it was approved. A mailbox that is not as
// it was recorded is stopped, is in the Result, and the others go on; a message that is not stays, with the reason in Result and ledger.
// The error is for what ends the run: no valid approval (*approval.NotApprovedError, *approval.VoidError), another account
// (*endpoint.StaleError), a server that cannot remove single messages (Class Unsupported), the ledger, the context, a connection lost for
// good. The Result then holds what was done until then. A batch that was begun is brought to its end even when the context is over.
func Run(ctx context.Context, j Job) (*Result, error) {
	r := &run{Job: j, result: &Result{}}
	if r.Sink == nil {
		r.Sink = event.Discard
	}
	if err := r.permitted(); err != nil {
		return r.result, err
	}
	c := r.Checkpoint
	r.Sink.Emit(event.StageStarted{Stage: stage, Messages: c.Messages, Bytes: c.Bytes})
	started := r.Now()
	err := r.mailboxes(ctx)
	r.Sink.Emit(event.StageDone{Stage: stage, Messages: r.result.Gone, Bytes: r.result.Bytes, Took: r.Now().Sub(started)})
	return r.result, err
}

// permitted looks at everything that can be known before a mailbox is opened. The approval comes first.
func (r *run) permitted() error {
	r.subject = r.Checkpoint.Subject()
	if err := approval.Check(r.Approval, r.subject, r.Now()); err != nil {
		return err
	}
	if c := r.Checkpoint; c.Kind != approval.Purge || c.Recheck != checkpoint.RecheckContent {
		return fmt.Errorf("the checkpoint of %s is for a %q with recheck %q; this program knows only a purge that reads both copies again", c.Source, c.Kind, c.Recheck)
	}
	if err := r.sameAccounts(); err != nil {
		return err
	}
	return r.canRemove()
}

// sameAccounts holds checkpoint, ledger and logins against each other. The name of a login is not the whole proof: every message is read
// again, and the first one of each mailbox shows whether both sides are one.
func (r *run) sameAccounts() error {
	c, facts := r.Checkpoint, r.Ledger.Facts()
	if c.Name != facts.Name {
		return &endpoint.StaleError{Account: c.Source.String(), Reason: fmt.Sprintf("the checkpoint is of migration %q, the ledger of %q", c.Name, facts.Name), Next: "name the migration that the checkpoint was made for"}
	}
	sides := []struct{ listed, recorded, now endpoint.Identity }{
		{c.Source, facts.Source, r.Source.Identity()}, {c.Destination, facts.Destination, r.Destination.Identity()}}
	for _, s := range sides {
		if !s.listed.Same(s.now) || !s.recorded.Same(s.now) {
			return &endpoint.StaleError{Account: s.now.String(), Reason: fmt.Sprintf("the checkpoint is for %s (port %d), the ledger for %s (port %d)", s.listed, s.listed.Port, s.recorded, s.recorded.Port),
				Next: "nothing was removed; make a checkpoint for this account and have it approved"}
		}
	}
	if r.Source.Identity().Same(r.Destination.Identity()) {
		return &endpoint.StaleError{Account: c.Source.String(), Reason: "source and destination are one account", Next: "nothing was removed, and nothing of it may be: there is only one copy"}
	}
	return nil
}

// canRemove refuses servers on which a removal would touch more than its message.
func (r *run) canRemove() error {
	caps := r.Source.Capabilities()
	refuse := func(what, hint string) error {
		return &endpoint.Error{Class: endpoint.Unsupported, Account: r.Source.Identity().String(), Op: "purge", Err: errors.New(what), Hint: hint}
	}
	switch {
	case !caps.Has("UIDPLUS"):
		return refuse("the server has no UIDPLUS (RFC 4315), so that only everything marked \\Deleted could be expunged, also what others have marked",
			"nothing was removed; remove the messages with a mail client, or delete the account when it is not needed any more")
	case caps.Has("X-GM-EXT-1"):
		return refuse("on this server a message removed from a mailbox only loses a label and stays in All Mail", "nothing was removed; remove the account's mail with the provider's own tools")
	}
	return nil
}

// mailboxes goes through the checkpoint. Removal is never done in parallel.
func (r *run) mailboxes(ctx context.Context) error {
	for i := range r.Checkpoint.Mailboxes {
		m := &r.Checkpoint.Mailboxes[i]
		r.result.Approved += m.Messages
	}
	for i := range r.Checkpoint.Mailboxes {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := newBox(r, &r.Checkpoint.Mailboxes[i])
		err := b.purge(ctx)
		r.gather(b)
		if err != nil {
			return err
		}
		if r.result.Limited {
			break
		}
	}
	return nil
}

func (r *run) gather(b *box) {
	b.out.Stopped = b.stopped
	if b.stopped != nil {
		b.out.Problem = b.stopped.Error()
	}
	r.result.Mailboxes = append(r.result.Mailboxes, b.out)
	r.result.Before += b.out.Before
}

// endsMailboxOnly tells trouble with one mailbox from trouble with the account, the ledger or the run.
func endsMailboxOnly(err error) bool {
	if _, ok := errors.AsType[*endpoint.StaleError](err); ok {
		return true
	}
	switch endpoint.ClassOf(err) {
	case endpoint.NoMailbox, endpoint.BadMailbox, endpoint.BadMessage, endpoint.Protocol, endpoint.Unsupported:
		return true
	}
	return false
}
