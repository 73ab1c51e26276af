package purge

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// box is one listed mailbox on its way through a removal. What was done stays over a lost connection: the ledger knows it, and next.
type box struct {
	*run
	listed  *checkpoint.Mailbox
	set     mailbox.UIDSet // what was approved, and never more
	mailbox ledger.Mailbox
	out     MailboxResult
	stopped error

	highest      mailbox.UID // approved UID where messages go
	highestOther mailbox.UID
	next         mailbox.UID // rows below it, by their UID on the source, were dealt with by this run
	underway     bool        // a removal was begun in it, under this approval or another
	tried        bool        // the canary is gone, and nothing else with it

	ours       mailbox.UIDSet   // what an earlier attempt may have marked
	from       endpoint.Remover // of the present attempt; nil while there is none
	other      endpoint.Reader  // the same
	progressed bool             // by the present attempt
}

func newBox(r *run, m *checkpoint.Mailbox) *box {
	return &box{run: r, listed: m, set: m.UIDs.Set(), next: 1, out: MailboxResult{Name: m.Name, Approved: m.Messages}}
}

// purge does the whole mailbox, connecting again as long as patience lasts. The returned error ends the run.
func (b *box) purge(ctx context.Context) error {
	b.Sink.Emit(event.MailboxStarted{Stage: b.stage, Mailbox: b.out.Name, To: b.listed.Copy, Messages: b.listed.Messages, Bytes: b.listed.Bytes})
	err := b.recorded()
	if err == nil && b.isTrash() {
		err = b.stale(b.losing(), "it is the trash itself, and what is there cannot be moved there", "leave --to-trash out to have these removed")
	}
	if err == nil && !b.finished() {
		err = b.Patience.Do(ctx, func() (bool, error) {
			b.progressed = false
			err := b.attempt(ctx)
			return b.progressed, err
		})
	}
	done := event.MailboxDone{Stage: b.stage, Mailbox: b.out.Name, Messages: b.out.Gone, Bytes: b.out.Bytes}
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
	if err := b.approved(); err != nil {
		return err // it may have ended while other mailboxes were purged
	}
	m, found, err := b.Checkpoint.Recorded(b.Ledger, b.listed)
	if err != nil {
		return err
	}
	if !found {
		return b.stale(b.Checkpoint.Loses(), "the ledger does not know it as the checkpoint lists it", "make a new checkpoint and have that approved")
	}
	b.mailbox = m
	root, count, err := checkpoint.Root(b.Ledger, b.kind, m, b.set)
	if err != nil {
		return err
	}
	if root != b.listed.Root || count.Messages != b.listed.Messages || count.Messages != int64(b.set.Len()) {
		return b.stale(b.Checkpoint.Loses(), "what the ledger holds of the listed messages has changed since the checkpoint was made", "make a new checkpoint and have that approved")
	}
	return b.Ledger.Each(m, func(r ledger.Row) error {
		b.underway = b.underway || r.Removal == b.begun
		if b.set.Contains(b.goes(r)) {
			b.highest = max(b.highest, b.goes(r))
			b.highestOther = max(b.highestOther, b.stays(r))
			if b.ended(r) {
				b.out.Before++
			}
		}
		return nil
	})
}

// finished reports whether earlier runs did all of it: then the mailbox need not even be there any more.
func (b *box) finished() bool { return b.out.Before == b.out.Approved && !b.underway }

func (b *box) stale(account endpoint.Identity, reason, next string) error {
	return &endpoint.StaleError{Account: account.String(), Mailbox: b.out.Name, Reason: reason, Next: next}
}

// attempt goes as far as it can on one pair of connections.
func (b *box) attempt(ctx context.Context) error {
	if err := b.openFrom(ctx); err != nil {
		return err
	}
	defer b.closeFrom()
	if err := b.openOther(ctx); err != nil {
		return err
	}
	defer b.closeOther()
	err := b.work(ctx)
	if err == nil || !endsMailboxOnly(err) {
		return err
	}
	// Whatever stopped the mailbox, nothing that we have marked stays marked.
	return errors.Join(err, b.retreat(ctx))
}

func (b *box) work(ctx context.Context) error {
	begun, err := b.resume(ctx)
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

func (b *box) closeFrom() {
	if b.from != nil {
		b.from.Close()
		b.from = nil
	}
}

// openFrom selects the mailbox that loses messages anew; a session that is open is closed first.
func (b *box) openFrom(ctx context.Context) error {
	b.closeFrom()
	account := b.losing()
	wire, name := b.loser(b.mailbox)
	from, err := b.Loses.Select(ctx, wire)
	if endpoint.ClassOf(err) == endpoint.NoMailbox {
		return b.stale(account, "it is not there any more", "there is nothing left to remove")
	}
	if err != nil {
		return err
	}
	state := from.State()
	if stale := state.Still(account, name, b.listed.Validity, b.highest); stale != nil {
		from.Close()
		return stale
	}
	if state.ReadOnly {
		from.Close()
		return b.stale(account, "the server opens it read-only", "give this user the right to delete there, or remove the messages with another one")
	}
	b.from = from
	return nil
}

func (b *box) closeOther() {
	if b.other != nil {
		b.other.Close()
		b.other = nil
	}
}

// openOther examines the mailbox with the other copies in a fresh session; one that is open is closed first, so that one connection is enough.
func (b *box) openOther(ctx context.Context) error {
	b.closeOther()
	account := b.keeping()
	wire, name := b.keeper(b.mailbox)
	other, err := b.Keeps.Examine(ctx, wire)
	if endpoint.ClassOf(err) == endpoint.NoMailbox {
		return b.stale(account, fmt.Sprintf("mailbox %q, with the other copies, is not there any more", b.listed.Copy), "nothing was removed; copy and verify again")
	}
	if err != nil {
		return err
	}
	if stale := other.State().Still(account, name, b.listed.CopyValidity, b.highestOther); stale != nil {
		other.Close()
		return stale
	}
	b.other = other
	return nil
}
