package purge

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// box is one listed mailbox on its way through a purge. What was done stays over a lost connection: the ledger knows it, and next.
type box struct {
	*run
	listed  *checkpoint.Mailbox
	set     mailbox.UIDSet // what was approved, and never more
	mailbox ledger.Mailbox
	out     MailboxResult
	stopped error

	highest     mailbox.UID // approved UID on the source
	highestDest mailbox.UID
	next        mailbox.UID // source UIDs below it were dealt with by this run
	tried       bool        // the canary is gone, and nothing else with it

	ours       mailbox.UIDSet   // what an earlier attempt may have marked
	source     endpoint.Remover // of the present attempt; nil while there is none
	dest       endpoint.Reader  // the same
	progressed bool             // by the present attempt
}

func newBox(r *run, m *checkpoint.Mailbox) *box {
	return &box{run: r, listed: m, set: m.UIDs.Set(), next: 1, out: MailboxResult{Name: m.Name, Approved: m.Messages}}
}

// purge does the whole mailbox, connecting again as long as patience lasts. The returned error ends the run.
func (b *box) purge(ctx context.Context) error {
	b.Sink.Emit(event.MailboxStarted{Stage: stage, Mailbox: b.out.Name, To: b.listed.Dest, Messages: b.listed.Messages, Bytes: b.listed.Bytes})
	err := b.recorded()
	if err == nil {
		err = b.Patience.Do(ctx, func() (bool, error) {
			b.progressed = false
			err := b.attempt(ctx)
			return b.progressed, err
		})
	}
	done := event.MailboxDone{Stage: stage, Mailbox: b.out.Name, Messages: b.out.Gone, Bytes: b.out.Bytes}
	if err != nil {
		b.stopped = err
		done.Problem = err.Error()
	}
	b.Sink.Emit(done)
	if _, alarm := errors.AsType[*lossError](err); alarm || err != nil && !endsMailboxOnly(err) {
		return err
	}
	return nil
}

// recorded holds the checkpoint's mailbox against the ledger: the same mailbox, and for every listed message the same facts as when it was
// approved. The rows are read from the ledger, never from the checkpoint.
func (b *box) recorded() error {
	if err := approval.Check(b.Approval, b.subject, b.Now()); err != nil {
		return err // it may have ended while other mailboxes were purged
	}
	m, found, err := b.Ledger.Find(mailbox.Wire(b.listed.Wire), b.listed.Validity)
	if err != nil {
		return err
	}
	if !found || m.Dest != mailbox.Wire(b.listed.DestWire) || m.DestValidity != b.listed.DestValidity {
		return b.stale(b.Checkpoint.Source, "the ledger does not know it as the checkpoint lists it", "make a new checkpoint and have that approved")
	}
	b.mailbox = m
	root, count, err := checkpoint.Root(b.Ledger, m, b.set)
	if err != nil {
		return err
	}
	if root != b.listed.Root || count.Messages != b.listed.Messages || count.Messages != int64(b.set.Len()) {
		return b.stale(b.Checkpoint.Source, "what the ledger holds of the listed messages has changed since the checkpoint was made", "make a new checkpoint and have that approved")
	}
	return b.Ledger.Each(m, func(r ledger.Row) error {
		if b.set.Contains(r.UID) {
			b.highest = max(b.highest, r.UID)
			b.highestDest = max(b.highestDest, r.Dest)
			if r.Removal == ledger.Gone {
				b.out.Before++
			}
		}
		return nil
	})
}

func (b *box) stale(account endpoint.Identity, reason, next string) error {
	return &endpoint.StaleError{Account: account.String(), Mailbox: b.out.Name, Reason: reason, Next: next}
}

// attempt goes as far as it can on one pair of connections.
func (b *box) attempt(ctx context.Context) error {
	if err := b.openSource(ctx); err != nil {
		return err
	}
	defer b.closeSource()
	if err := b.openDest(ctx); err != nil {
		return err
	}
	defer b.closeDest()
	err := b.work(ctx)
	if err == nil || !endsMailboxOnly(err) {
		return err
	}
	// Whatever stopped the mailbox, nothing that we have marked stays marked.
	return errors.Join(err, b.retreat(ctx))
}

func (b *box) work(ctx context.Context) error {
	begun, err := b.begun(ctx)
	if err != nil {
		return err
	}
	if err := b.foreign(ctx, begun); err != nil {
		return err
	}
	if err := b.copiesThere(ctx); err != nil {
		return err
	}
	if err := b.batch(ctx, begun); err != nil {
		return err
	}
	return b.batches(ctx)
}

func (b *box) closeSource() {
	if b.source != nil {
		b.source.Close()
		b.source = nil
	}
}

// openSource selects the source mailbox anew; a session that is open is closed first.
func (b *box) openSource(ctx context.Context) error {
	b.closeSource()
	account := b.Source.Identity()
	source, err := b.Source.Select(ctx, b.mailbox.Source)
	if endpoint.ClassOf(err) == endpoint.NoMailbox {
		return b.stale(account, "it is not there any more", "there is nothing left to remove")
	}
	if err != nil {
		return err
	}
	state := source.State()
	if stale := state.Still(account, b.mailbox.Name, b.listed.Validity, b.highest); stale != nil {
		source.Close()
		return stale
	}
	if state.ReadOnly {
		source.Close()
		return b.stale(account, "the server opens it read-only", "give this user the right to delete there, or remove the messages with another one")
	}
	b.source = source
	return nil
}

func (b *box) closeDest() {
	if b.dest != nil {
		b.dest.Close()
		b.dest = nil
	}
}

// openDest examines the destination mailbox in a fresh session; one that is open is closed first, so that one connection is enough.
func (b *box) openDest(ctx context.Context) error {
	b.closeDest()
	account := b.Destination.Identity()
	dest, err := b.Destination.Examine(ctx, b.mailbox.Dest)
	if endpoint.ClassOf(err) == endpoint.NoMailbox {
		return b.stale(account, fmt.Sprintf("its copy, mailbox %q, is not there any more", b.listed.Dest), "nothing was removed; copy and verify again")
	}
	if err != nil {
		return err
	}
	if stale := dest.State().Still(account, b.mailbox.DestName, b.listed.DestValidity, b.highestDest); stale != nil {
		dest.Close()
		return stale
	}
	b.dest = dest
	return nil
}
