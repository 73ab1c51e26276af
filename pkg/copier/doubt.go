package copier

import (
	"context"
	"time"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// resolve asks the destination what became of the messages that were on their way when an answer was lost: those that are there become
// copied, the others may be sent again.
func (x *transfer) resolve(ctx context.Context) error {
	left, err := x.locate(ctx, true, x.readAlike)
	if err != nil || len(left) == 0 {
		return err
	}
	crash.Point("copier.resolving")
	return x.commit(ledger.Commit{Withdrawn: left})
}

// locate settles the messages in doubt that it finds on the destination and returns the UIDs of those it does not. patient looks three
// times: a server may still be at work on what a broken connection gave it. alike gives the likeness of source messages when it is needed.
func (x *transfer) locate(ctx context.Context, patient bool, alike likenesses) (left []mailbox.UID, err error) {
	for try := 1; ; try++ {
		rows, fence, err := x.Ledger.InDoubt(x.entry)
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		if left, err = x.find(ctx, rows, fence, alike); err != nil {
			return nil, err
		}
		if len(left) == 0 || !patient || try == 3 {
			return left, nil
		}
		x.Sink.Emit(event.Waiting{Stage: stage, Reason: "looking whether messages arrive that were on their way", Wait: x.Settling})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(x.Settling):
		}
	}
}

// find settles those rows that are on the destination at or above the fence and returns the rest. The mailbox is opened anew each time:
// only a fresh EXAMINE shows what was added since.
func (x *transfer) find(ctx context.Context, rows []ledger.Row, fence ledger.Fence, alike likenesses) (left []mailbox.UID, err error) {
	x.closeTarget()
	dest, err := x.Destination.Examine(ctx, x.entry.Dest)
	if err != nil {
		return nil, err
	}
	defer dest.Close()
	if state := dest.State(); state.Validity != fence.Validity {
		return nil, stopf("mailbox %q: the destination's uidvalidity is %d, it was %d when %d messages were sent whose answer was lost: whether they arrived cannot be told any more; look there by hand", x.task.entry.To, state.Validity, fence.Validity, len(rows))
	}
	candidates, err := x.candidates(ctx, dest, fence.UIDNext)
	if err != nil {
		return nil, err
	}
	prints, err := fingerprints(ctx, dest, candidates)
	if err != nil {
		return nil, err
	}
	crash.Point("copier.finding")
	rest := x.claimEqual(rows, prints)
	if len(rest) > 0 && len(prints.left) > 0 {
		if rest, err = x.claimAlike(ctx, rest, prints, alike); err != nil {
			return nil, err
		}
	}
	for _, r := range rest {
		left = append(left, r.UID)
	}
	return left, x.commit(ledger.Commit{})
}

// candidates are the destination's messages from first on that are nobody's yet.
func (x *transfer) candidates(ctx context.Context, dest endpoint.Reader, first mailbox.UID) (mailbox.UIDSet, error) {
	claimed, err := x.Ledger.Claims(x.entry, first)
	if err != nil {
		return nil, err
	}
	var free []mailbox.UID
	err = dest.Scan(ctx, from(dest.State().Everything(), first), func(m mailbox.Message) error {
		if !claimed.Contains(m.UID) {
			free = append(free, m.UID)
		}
		return nil
	})
	return mailbox.SetOf(free...), err
}

// claimEqual gives each row the lowest candidate with exactly its bytes, each candidate to one row.
func (x *transfer) claimEqual(rows []ledger.Row, prints *prints) (rest []ledger.Row) {
	for _, r := range rows {
		uid, ok := prints.take(r.Digest)
		if !ok {
			rest = append(rest, r)
			continue
		}
		x.found(r, uid)
	}
	return rest
}

// claimAlike does the same for servers that change what they store (line ends, a final newline, 8-bit headers), comparing in a form in
// which such changes do not show. Verification will still name the change.
func (x *transfer) claimAlike(ctx context.Context, rows []ledger.Row, prints *prints, alike likenesses) (rest []ledger.Row, err error) {
	ours, err := alike(ctx, rows)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		uid, ok := mailbox.UID(0), false
		if want, known := ours[r.UID]; known {
			uid, ok = prints.takeAlike(want)
		}
		if !ok {
			rest = append(rest, r)
			continue
		}
		x.found(r, uid)
	}
	return rest, nil
}

// likenesses gives, by source UID, the likeness of those messages whose bytes can be had.
type likenesses func(context.Context, []ledger.Row) (map[mailbox.UID]mailbox.Digest, error)

// readAlike reads the source again. Only while nothing else reads from it.
func (x *transfer) readAlike(ctx context.Context, rows []ledger.Row) (map[mailbox.UID]mailbox.Digest, error) {
	uids := make([]mailbox.UID, len(rows))
	for i, r := range rows {
		uids[i] = r.UID
	}
	ours := map[mailbox.UID]mailbox.Digest{}
	err := x.reader.Fetch(ctx, mailbox.SetOf(uids...), func(b endpoint.Body) error {
		if b.Problem != "" {
			return nil
		}
		p, err := fingerprint(b.Content)
		ours[b.UID] = p.alike
		return err
	})
	return ours, err
}

func (x *transfer) found(r ledger.Row, uid mailbox.UID) {
	r.Outcome, r.Dest = ledger.Copied, uid
	x.note(r)
}
