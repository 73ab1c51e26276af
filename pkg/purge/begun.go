package purge

import (
	"context"
	"fmt"
	"slices"

	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// resume finds the messages whose removal an earlier attempt began. What is gone is noted as gone: that is what was wanted (RFC 4549 section
// 5.1). What this approval does not list is un-flagged. What is left comes back: it is checked like any other, and finished or un-flagged.
func (b *box) resume(ctx context.Context) ([]ledger.Row, error) {
	b.ours = nil
	siblings, err := b.siblings()
	if err != nil {
		return nil, err
	}
	rows, err := b.open(b.mailbox)
	if err != nil || len(rows) == 0 {
		b.ours = siblings
		return nil, err
	}
	there, err := b.sift(ctx, rows)
	if err != nil {
		return nil, err
	}
	var strangers, listed []ledger.Row
	for _, r := range there {
		if b.set.Contains(b.goes(r)) {
			listed = append(listed, r)
		} else {
			strangers = append(strangers, r)
		}
	}
	b.ours = union(b.losers(listed), siblings)
	return listed, b.unflag(ctx, strangers, "its removal was begun under another approval")
}

// open is the rows whose removal was begun and has not ended.
func (b *box) open(m ledger.Mailbox) (rows []ledger.Row, err error) {
	err = b.Ledger.Each(m, func(r ledger.Row) error {
		if r.Removal == b.begun {
			rows = append(rows, r)
		}
		return nil
	})
	return rows, err
}

// siblings are what an earlier attempt may have marked in the same mailbox for another listed one: several may have been copied into it.
func (b *box) siblings() (marked mailbox.UIDSet, err error) {
	for i := range b.Checkpoint.Mailboxes {
		other := &b.Checkpoint.Mailboxes[i]
		if other == b.listed || other.Wire != b.listed.Wire {
			continue
		}
		m, found, err := b.Checkpoint.Recorded(b.Ledger, other)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		rows, err := b.open(m)
		if err != nil {
			return nil, err
		}
		marked = union(marked, b.losers(rows))
	}
	return marked, nil
}

func union(a, b mailbox.UIDSet) mailbox.UIDSet {
	return mailbox.SetOf(append(slices.Collect(a.All), slices.Collect(b.All)...)...)
}

// look asks the server for flags and MODSEQ of rows, as they are now.
func (b *box) look(ctx context.Context, rows []ledger.Row) (map[mailbox.UID]mailbox.Message, error) {
	seen := make(map[mailbox.UID]mailbox.Message, len(rows))
	if len(rows) == 0 {
		return seen, nil
	}
	err := b.from.Scan(ctx, b.losers(rows), func(m mailbox.Message) error {
		seen[m.UID] = m
		return nil
	})
	return seen, err
}

// foreign stops the mailbox when somebody else has marked messages \Deleted: some servers expunge all of them, and their owner may not be done.
func (b *box) foreign(ctx context.Context, marked []ledger.Row) error {
	all, err := b.from.Deleted(ctx)
	if err != nil {
		return err
	}
	mine := b.losers(marked)
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
	return b.stale(b.losing(), fmt.Sprintf("messages are marked \\Deleted, and not by this program (uid %s)", mailbox.SetOf(others...)),
		"nothing more was removed here; expunge them or take the mark away with a mail client, then run "+b.stage+" again")
}

// gone records that absence was seen.
func (b *box) gone(rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		b.end(&rows[i])
		rows[i].Reason = ""
	}
	if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
		return err
	}
	var messages, bytes int64
	for _, r := range rows {
		if b.set.Contains(b.goes(r)) { // what was begun under another approval is not this one's
			messages++
			bytes += r.Size
		}
	}
	b.out.Gone, b.out.Bytes = b.out.Gone+messages, b.out.Bytes+bytes
	b.result.Gone, b.result.Bytes = b.result.Gone+messages, b.result.Bytes+bytes
	b.progressed = true
	b.Sink.Emit(event.Progress{Stage: b.stage, Mailbox: b.out.Name, Messages: messages, Bytes: bytes})
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
		if _, still := seen[b.goes(r)]; still {
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
		if err := b.from.Unmark(ctx, b.losers(marked)); err != nil {
			return err
		}
		if marked, err = b.marked(ctx, rows); err != nil {
			return err
		}
	}
	if len(marked) > 0 {
		return b.stale(b.losing(), fmt.Sprintf("uid %s stays marked \\Deleted, though the mark was taken away", b.losers(marked)), "look at it with a mail client before anybody expunges this mailbox")
	}
	return b.leave(rows, reason)
}

// marked are those of rows that carry \Deleted now.
func (b *box) marked(ctx context.Context, rows []ledger.Row) (marked []ledger.Row, err error) {
	seen, err := b.look(ctx, rows)
	for _, r := range rows {
		if containsFlag(seen[b.goes(r)].Flags, mailbox.Deleted) {
			marked = append(marked, r)
		}
	}
	return marked, err
}

// leave records that messages stay, and why.
func (b *box) leave(rows []ledger.Row, reason string) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].Removal, rows[i].Reason = ledger.Kept, b.kept+reason
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
	if b.from == nil {
		return nil // the next run finds them in the ledger
	}
	ctx, done := finish(ctx)
	defer done()
	rows, err := b.open(b.mailbox)
	if err != nil {
		return err
	}
	there, err := b.sift(ctx, rows)
	if err != nil {
		return err
	}
	return b.unflag(ctx, there, "the mailbox was stopped")
}
