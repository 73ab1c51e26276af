package purge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// most is how many messages are removed at a time.
const most = 100

// finishing bounds what is still done for a batch when the run is being stopped.
const finishing = 2 * time.Minute

// finish gives a context that the end of ctx does not end: a batch that was begun is finished rather than left half done.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishing)
}

// batches goes through the approved messages that have not been begun.
func (b *box) batches(ctx context.Context) error {
	for b.next != 0 && !b.result.Limited {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, after, err := b.window()
		if err != nil {
			return err
		}
		if err := b.batch(ctx, rows); err != nil {
			return err
		}
		if !b.result.Limited {
			b.next = after
		}
	}
	return nil
}

// window is the next approved rows that are on the source as far as the ledger knows, and the UID from which to go on, 0 at the end.
func (b *box) window() (rows []ledger.Row, after mailbox.UID, err error) {
	from := b.next
	for {
		page, err := b.Ledger.Page(b.mailbox, from, 1000)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range page {
			from = r.UID + 1
			if b.set.Contains(r.UID) && r.Removal == ledger.Kept {
				rows = append(rows, r)
			}
			if len(rows) == most || from == 0 {
				return rows, from, nil
			}
		}
		if len(page) < 1000 {
			return rows, 0, nil
		}
	}
}

// batch removes those of rows that are still as they were approved. The first message that goes in a mailbox goes alone.
func (b *box) batch(ctx context.Context, rows []ledger.Row) error {
	for len(rows) > 0 {
		n := min(len(rows), most)
		if b.MaxMessages > 0 {
			n = int(min(int64(n), b.MaxMessages-b.result.Gone))
		}
		if n <= 0 {
			b.result.Limited = true
			return nil
		}
		good, modseq, err := b.check(ctx, rows[:n])
		if err != nil {
			return err
		}
		for !b.tried && len(good) > 0 {
			if err := b.canary(ctx, good[0], modseq); err != nil {
				return err
			}
			good = good[1:]
		}
		if err := b.remove(ctx, good, modseq, nil); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// remove flags, looks, expunges and looks again. Purging is durable before the mark, Gone only after absence was seen. watch is called
// when the messages are marked, before anything is expunged.
func (b *box) remove(ctx context.Context, rows []ledger.Row, modseq uint64, watch func(context.Context) error) error {
	if len(rows) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range rows {
		rows[i].Removal = ledger.Purging
	}
	if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
		return err
	}
	ctx, done := finish(ctx)
	defer done()
	if err := b.source.MarkDeleted(ctx, sourceSet(rows), modseq); err != nil {
		return err
	}
	marked, err := b.readBack(ctx, rows)
	if err != nil || len(marked) == 0 {
		return err
	}
	if err := b.foreign(ctx, marked); err != nil {
		return err
	}
	if watch != nil {
		if err := watch(ctx); err != nil {
			return err
		}
	}
	if marked, err = b.stillCopied(ctx, marked); err != nil || len(marked) == 0 {
		return err
	}
	if err := b.source.Expunge(ctx, sourceSet(marked)); err != nil {
		return err
	}
	return b.confirm(ctx, marked)
}

// readBack sorts rows by what the source says of them after the mark: only those that carry it, and are otherwise unchanged, are expunged.
func (b *box) readBack(ctx context.Context, rows []ledger.Row) (marked []ledger.Row, err error) {
	seen, err := b.look(ctx, rows)
	if err != nil {
		return nil, err
	}
	var gone, changed, conflict []ledger.Row
	for _, r := range rows {
		m, there := seen[r.UID]
		switch {
		case !there:
			gone = append(gone, r)
		case !slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal):
			conflict = append(conflict, r)
		case !sameBut(r.Flags, m.Flags, mailbox.Deleted):
			changed = append(changed, r)
		default:
			marked = append(marked, r)
		}
	}
	if err := b.gone(gone); err != nil {
		return nil, err
	}
	if err := b.leave(conflict, "it was changed on the source at the moment of its removal"); err != nil {
		return nil, err
	}
	return marked, b.unflag(ctx, changed, "its flags were changed on the source at the moment of its removal")
}

// stillCopied looks a last time for the copies, because reading a batch can take minutes: what has lost its copy since stays. Nothing lies
// between this look and the EXPUNGE.
func (b *box) stillCopied(ctx context.Context, rows []ledger.Row) ([]ledger.Row, error) {
	for len(rows) > 0 {
		there := map[mailbox.UID]bool{}
		err := b.dest.Scan(ctx, destSet(rows), func(m mailbox.Message) error {
			there[m.UID] = !slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal)
			return nil
		})
		if err != nil {
			return nil, err
		}
		var safe, bare []ledger.Row
		for _, r := range rows {
			if there[r.Dest] {
				safe = append(safe, r)
			} else {
				bare = append(bare, r)
			}
		}
		if len(bare) == 0 {
			return safe, nil
		}
		if err := b.unflag(ctx, bare, "its copy was removed from the destination, or marked, at the moment of its removal"); err != nil {
			return nil, err
		}
		rows = safe
	}
	return nil, nil
}

// confirm believes only absence. What is still there is un-flagged, and a server that says OK and does nothing stops the mailbox.
func (b *box) confirm(ctx context.Context, rows []ledger.Row) error {
	there, err := b.sift(ctx, rows)
	if err != nil {
		return err
	}
	if len(there) == 0 {
		return nil
	}
	if err := b.unflag(ctx, there, "the server did not remove it"); err != nil {
		return err
	}
	return &endpoint.Error{Class: endpoint.Protocol, Account: b.Source.Identity().String(), Op: fmt.Sprintf("expunge uid %s of mailbox %q", sourceSet(there), b.out.Name),
		Text: "the server said OK, and the messages are still there", Hint: "they are no longer marked; remove them with a mail client"}
}

func sourceSet(rows []ledger.Row) mailbox.UIDSet {
	uids := make([]mailbox.UID, len(rows))
	for i, r := range rows {
		uids[i] = r.UID
	}
	return mailbox.SetOf(uids...)
}

func destSet(rows []ledger.Row) mailbox.UIDSet {
	uids := make([]mailbox.UID, len(rows))
	for i, r := range rows {
		uids[i] = r.Dest
	}
	return mailbox.SetOf(uids...)
}

// report names one message that stays.
func (b *box) report(r ledger.Row, reason string) {
	b.result.leave(Left{Mailbox: b.out.Name, UID: r.UID, Reason: reason})
	b.Sink.Emit(event.MessageProblem{Stage: stage, Mailbox: b.out.Name, UID: uint32(r.UID), Outcome: "not purged", Reason: reason})
}
