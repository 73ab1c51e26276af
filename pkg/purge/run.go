package purge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
)

// run is a Job under way.
type run struct {
	Job
	way
	stage   string // the name of the work in events
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
	r.Sink.Emit(event.StageStarted{Stage: r.stage, Messages: c.Messages, Bytes: c.Bytes})
	started := r.Now()
	err := r.mailboxes(ctx)
	if err == nil {
		err = r.unmake(ctx)
	}
	r.Sink.Emit(event.StageDone{Stage: r.stage, Messages: r.result.Gone, Bytes: r.result.Bytes, Took: r.Now().Sub(started)})
	return r.result, err
}

// permitted looks at everything that can be known before a mailbox is opened. The approval comes first.
func (r *run) permitted() error {
	r.subject = r.Checkpoint.Subject()
	if err := r.approved(); err != nil {
		return err
	}
	c := r.Checkpoint
	way, known := wayOf(c.Kind)
	if !known || !slices.Contains(checkpoint.Rechecks, string(c.Recheck)) {
		return fmt.Errorf("the checkpoint of %s is for a %q with recheck %q, which this program does not know; nothing was removed: make a new one", c.Source, c.Kind, c.Recheck)
	}
	r.way, r.stage = way, string(c.Kind)
	if err := errors.Join(r.sameAccounts(), r.sameUnmaker()); err != nil {
		return err
	}
	return r.canRemove()
}

// approved asks whether everybody who has to has said yes, at this moment. A rehearsal needs nobody's yes: it holds no right to remove.
func (r *run) approved() error {
	if _, pretends := r.Loses.(*rehearsal); pretends {
		return nil
	}
	return approval.Check(r.Approval, r.subject, r.Policy, r.Now())
}

// sameAccounts holds checkpoint, ledger and logins against each other. The name of a login is not the whole proof: every message is read
// again, and the first one of each mailbox shows whether both sides are one.
func (r *run) sameAccounts() error {
	c, facts := r.Checkpoint, r.Ledger.Facts()
	if c.Name != facts.Name {
		return &endpoint.StaleError{Account: c.Source.String(), Reason: fmt.Sprintf("the checkpoint is of migration %q, the ledger of %q", c.Name, facts.Name), Next: "name the migration that the checkpoint was made for"}
	}
	sides := []struct{ listed, recorded, now endpoint.Identity }{
		{c.Source, facts.Source, r.losing()}, {c.Destination, facts.Destination, r.keeping()}}
	if r.kind == approval.Rollback {
		sides[0].now, sides[1].now = sides[1].now, sides[0].now
	}
	for _, s := range sides {
		if !s.listed.Same(s.now) || !s.recorded.Same(s.now) {
			return &endpoint.StaleError{Account: s.now.String(), Reason: fmt.Sprintf("the checkpoint is for %s (port %d), the ledger for %s (port %d)", s.listed, s.listed.Port, s.recorded, s.recorded.Port),
				Next: "nothing was removed; make a checkpoint for this account and have it approved"}
		}
		if s.listed.Key != s.now.Key {
			return &endpoint.StaleError{Account: s.now.String(), Reason: fmt.Sprintf("its TLS key has the fingerprint %s, the checkpoint says %s", keyText(s.now), keyText(s.listed)),
				Next: "nothing was removed; find out why the server has another key; verify records the new one, then make a checkpoint and have it approved"}
		}
	}
	if r.losing().Same(r.keeping()) {
		return &endpoint.StaleError{Account: c.Source.String(), Reason: "source and destination are one account", Next: "nothing was removed, and nothing of it may be: there is only one copy"}
	}
	return nil
}

// keyText is a TLS key's fingerprint for people.
func keyText(i endpoint.Identity) string {
	if i.Key == "" {
		return "none, because there was no TLS"
	}
	return fmt.Sprintf("%.16s...", i.Key)
}

// canRemove refuses servers on which a removal would touch more than its message.
func (r *run) canRemove() error {
	caps := r.Loses.Capabilities()
	refuse := func(what, hint string) error {
		return &endpoint.Error{Class: endpoint.Unsupported, Account: r.losing().String(), Op: r.stage, Err: errors.New(what), Hint: hint}
	}
	switch {
	case !caps.Has("UIDPLUS"):
		return refuse("the server has no UIDPLUS (RFC 4315), so that only everything marked \\Deleted could be expunged, also what others have marked",
			"nothing was removed; remove the messages with a mail client, or delete the account when it is not needed any more")
	case caps.Has("X-GM-EXT-1"):
		return refuse("on this server a message removed from a mailbox only loses a label and stays in All Mail", "nothing was removed; remove the account's mail with the provider's own tools")
	}
	return r.canMove()
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
