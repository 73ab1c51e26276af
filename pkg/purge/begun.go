package purge

import (
	"context"
	"fmt"
	"slices"

	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// begun finds the messages whose removal an earlier attempt began. What is gone is noted as gone: that is what was wanted (RFC 4549 section
// 5.1). What this approval does not list is un-flagged. What is left comes back: it is checked like any other, and finished or un-flagged.
func (b *box) begun(ctx context.Context) ([]ledger.Row, error) {
	b.ours = nil
	rows, err := b.purging()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	there, err := b.sift(ctx, rows)
	if err != nil {
		return nil, err
	}
	var strangers, listed []ledger.Row
	for _, r := range there {
		if b.set.Contains(r.UID) {
			listed = append(listed, r)
		} else {
			strangers = append(strangers, r)
		}
	}
	b.ours = sourceSet(listed)
	return listed, b.unflag(ctx, strangers, "its removal was begun under another approval")
}

func (b *box) purging() (rows []ledger.Row, err error) {
	err = b.Ledger.Each(b.mailbox, func(r ledger.Row) error {
		if r.Removal == ledger.Purging {
			rows = append(rows, r)
		}
		return nil
	})
	return rows, err
}

// look asks the source for flags and MODSEQ of rows, as they are now.
func (b *box) look(ctx context.Context, rows []ledger.Row) (map[mailbox.UID]mailbox.Message, error) {
	seen := make(map[mailbox.UID]mailbox.Message, len(rows))
	if len(rows) == 0 {
		return seen, nil
	}
	err := b.source.Scan(ctx, sourceSet(rows), func(m mailbox.Message) error {
		seen[m.UID] = m
		return nil
	})
	return seen, err
}

// foreign stops the mailbox when somebody else has marked messages \Deleted: some servers expunge all of them, and their owner may not be done.
func (b *box) foreign(ctx context.Context, marked []ledger.Row) error {
	all, err := b.source.Deleted(ctx)
	if err != nil {
		return err
	}
	mine := sourceSet(marked)
	var others []mailbox.UID
	for _, r := range all {
		for uid := uint64(r.First); uid <= uint64(r.Last) && len(others) < 5; uid++ {
			if !mine.Contains(mailbox.UID(uid)) && !b.ours.Contains(mailbox.UID(uid)) {
				others = append(others, mailbox.UID(uid))
			}
		}
	}
	if len(others) == 0 {
		return nil
	}
	return b.stale(b.Source.Identity(), fmt.Sprintf("messages are marked \\Deleted, and not by this program (uid %s)", mailbox.SetOf(others...)),
		"nothing more was removed here; expunge them or take the mark away with a mail client, then run purge again")
}

// gone records that absence was seen.
func (b *box) gone(rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].Removal, rows[i].Reason = ledger.Gone, ""
	}
	if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
		return err
	}
	var messages, bytes int64
	for _, r := range rows {
		if b.set.Contains(r.UID) { // what was begun under another approval is not this one's
			messages++
			bytes += r.Size
		}
	}
	b.out.Gone, b.out.Bytes = b.out.Gone+messages, b.out.Bytes+bytes
	b.result.Gone, b.result.Bytes = b.result.Gone+messages, b.result.Bytes+bytes
	b.progressed = true
	b.Sink.Emit(event.Progress{Stage: stage, Mailbox: b.out.Name, Messages: messages, Bytes: bytes})
	return nil
}

// sift records those of rows that are gone, and gives those that are there.
func (b *box) sift(ctx context.Context, rows []ledger.Row) (there []ledger.Row, err error) {
	seen, err := b.look(ctx, rows)
	if err != nil {
		return nil, err
	}
	var gone []ledger.Row
	for _, r := range rows {
		if _, still := seen[r.UID]; still {
			there = append(there, r)
		} else {
			gone = append(gone, r)
		}
	}
	return there, b.gone(gone)
}

// unflag takes our mark away where it is, looks whether it is away, and records that the messages stay.
func (b *box) unflag(ctx context.Context, rows []ledger.Row, reason string) error {
	marked, err := b.marked(ctx, rows)
	if err != nil {
		return err
	}
	if len(marked) > 0 {
		if err := b.source.Unmark(ctx, sourceSet(marked)); err != nil {
			return err
		}
		if marked, err = b.marked(ctx, rows); err != nil {
			return err
		}
	}
	if len(marked) > 0 {
		return b.stale(b.Source.Identity(), fmt.Sprintf("uid %s stays marked \\Deleted, though the mark was taken away", sourceSet(marked)), "look at it with a mail client before anybody expunges this mailbox")
	}
	return b.leave(rows, reason)
}

// marked are those of rows that carry \Deleted now.
func (b *box) marked(ctx context.Context, rows []ledger.Row) (marked []ledger.Row, err error) {
	seen, err := b.look(ctx, rows)
	for _, r := range rows {
		if slices.ContainsFunc(seen[r.UID].Flags, mailbox.Deleted.Equal) {
			marked = append(marked, r)
		}
	}
	return marked, err
}

// leave records that messages stay on the source, and why.
func (b *box) leave(rows []ledger.Row, reason string) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].Removal, rows[i].Reason = ledger.Kept, "not purged: "+reason
	}
	if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
		return err
	}
	for _, r := range rows {
		b.report(r, reason)
	}
	return nil
}

// retreat un-flags everything in the mailbox whose removal was begun. It is done even when the run is being stopped.
func (b *box) retreat(ctx context.Context) error {
	if b.source == nil {
		return nil // the next run finds them in the ledger
	}
	ctx, done := finish(ctx)
	defer done()
	rows, err := b.purging()
	if err != nil {
		return err
	}
	there, err := b.sift(ctx, rows)
	if err != nil {
		return err
	}
	return b.unflag(ctx, there, "the mailbox was stopped")
}
