package purge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/checkpoint"
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
			if b.set.Contains(b.goes(r)) && r.Removal == ledger.Kept && !b.ended(r) {
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
		// Whatever the checkpoint says: the bytes of the first message that goes in a mailbox are read.
		whole := b.Checkpoint.Recheck != checkpoint.RecheckMetadata || !b.tried
		if b.Checkpoint.Recheck == checkpoint.RecheckMetadata && !b.tried {
			n = 1
		}
		good, modseq, err := b.check(ctx, rows[:n], whole)
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

// remove flags, looks, expunges and looks again. That it was begun is durable before the mark, that it ended only after absence was seen. watch is called
// when the messages are marked, before anything is expunged.
func (b *box) remove(ctx context.Context, rows []ledger.Row, modseq uint64, watch func(context.Context) error) error {
	if len(rows) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range rows {
		rows[i].Removal = b.begun
	}
	if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
		return err
	}
	if b.Trash != "" {
		return b.discard(ctx, rows)
	}
	ctx, done := finish(ctx)
	defer done()
	if err := b.from.MarkDeleted(ctx, b.losers(rows), modseq); err != nil {
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
	if err := b.from.Expunge(ctx, b.losers(marked)); err != nil {
		return err
	}
	return b.confirm(ctx, marked)
}

// readBack sorts rows by what the server says of them after the mark: only those that carry it, and are otherwise unchanged, are expunged.
func (b *box) readBack(ctx context.Context, rows []ledger.Row) (marked []ledger.Row, err error) {
	seen, err := b.look(ctx, rows)
	if err != nil {
		return nil, err
	}
	var gone, changed, conflict []ledger.Row
	for _, r := range rows {
		m, there := seen[b.goes(r)]
		switch {
		case !there:
			gone = append(gone, r)
		case !slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal):
			conflict = append(conflict, r)
		case !sameBut(b.flags(r), m.Flags, mailbox.Deleted):
			changed = append(changed, r)
		default:
			marked = append(marked, r)
		}
	}
	if err := b.gone(gone); err != nil {
		return nil, err
	}
	if err := b.leave(conflict, "it was changed at the moment of its removal"); err != nil {
		return nil, err
	}
	return marked, b.unflag(ctx, changed, "its flags were changed at the moment of its removal")
}

// stillCopied looks a last time for the copies, because reading a batch can take minutes: what has lost its copy since stays. Nothing lies
// between this look and the EXPUNGE.
func (b *box) stillCopied(ctx context.Context, rows []ledger.Row) ([]ledger.Row, error) {
	for len(rows) > 0 {
		there := map[mailbox.UID]bool{}
		err := b.other.Scan(ctx, b.keepers(rows), func(m mailbox.Message) error {
			there[m.UID] = !slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal)
			return nil
		})
		if err != nil {
			return nil, err
		}
		var safe, bare []ledger.Row
		for _, r := range rows {
			if there[b.stays(r)] {
				safe = append(safe, r)
			} else {
				bare = append(bare, r)
			}
		}
		if len(bare) == 0 {
			return safe, nil
		}
		if err := b.unflag(ctx, bare, "its copy was removed from the other account, or marked, at the moment of its removal"); err != nil {
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
	return &endpoint.Error{Class: endpoint.Protocol, Account: b.losing().String(), Op: fmt.Sprintf("remove uid %s of mailbox %q", b.losers(there), b.out.Name),
		Text: "the server said OK, and the messages are still there", Hint: "they are no longer marked; remove them with a mail client"}
}

// report names one message that stays.
func (b *box) report(r ledger.Row, reason string) {
	b.result.leave(Left{Mailbox: b.out.Name, UID: b.goes(r), Reason: reason})
	b.Sink.Emit(event.MessageProblem{Stage: b.stage, Mailbox: b.out.Name, UID: uint32(b.goes(r)), Outcome: strings.TrimSuffix(b.kept, ": "), Reason: reason})
}
