package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// page is how many rows are looked at, and written, at a time.
const page = 500

// windows goes through the mailbox in pages of the ledger, and through what the source has beyond the last row.
func (b *box) windows(ctx context.Context) error {
	for b.next != 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := b.Ledger.Page(b.mailbox, b.next, page)
		if err != nil {
			return err
		}
		last := mailbox.UID(1<<32 - 1)
		if len(rows) == page {
			last = rows[page-1].UID
		}
		var found Totals
		unknown, err := b.sourceSide(ctx, rows, last, &found)
		if err != nil {
			return err
		}
		if b.Depth >= Metadata {
			if err := b.destSide(ctx, rows); err != nil {
				return err
			}
		}
		// Only a page that was done is told of: one that a lost connection broke off is looked at again.
		b.totals.add(found)
		for _, uid := range unknown {
			b.tell(ledger.Row{UID: uid}, Unaccounted, "it is on the source, and copy has not dealt with it; run copy")
		}
		b.next = last + 1 // 0 after the last possible one: all are done
		b.progressed = true
	}
	return nil
}

// sourceSide looks for messages that the ledger does not know, and for recorded ones that have gone.
func (b *box) sourceSide(ctx context.Context, rows []ledger.Row, last mailbox.UID, t *Totals) (unknown []mailbox.UID, err error) {
	left := map[mailbox.UID]bool{}
	for _, r := range rows {
		left[r.UID] = r.Outcome.Present() && r.Removal != ledger.Gone
	}
	set := within(b.source.State().UIDNext, b.next, last)
	err = b.source.Scan(ctx, set, func(m mailbox.Message) error {
		if _, known := left[m.UID]; known {
			left[m.UID] = false
		} else if b.finished() && m.UID >= b.mailbox.Cursor {
			t.NewOnSource++
		} else {
			unknown = append(unknown, m.UID)
		}
		return nil
	})
	for _, gone := range left {
		if gone {
			t.LeftSource++
		}
	}
	return unknown, err
}

// finished reports whether copy once came to the mailbox's end: only then is a message above the cursor a new one.
func (b *box) finished() bool { return b.mailbox.Cursor != 0 && b.mailbox.Problem == "" }

// within is the UIDs from first to last that can exist when the next one to be given is next (0: nobody says).
func within(next, first, last mailbox.UID) mailbox.UIDSet {
	if next != 0 && next <= last {
		last = next - 1
	}
	if last < first {
		return nil
	}
	return mailbox.UIDSet{{First: first, Last: last}}
}

// destSide compares the located rows of a page with the destination, and records what it finds.
func (b *box) destSide(ctx context.Context, rows []ledger.Row) error {
	rows = slices.DeleteFunc(rows, func(r ledger.Row) bool { return !r.Outcome.Present() || r.Dest == 0 })
	seen, err := b.scan(ctx, rows)
	if err != nil {
		return err
	}
	there, absent := split(rows, seen)
	var read map[mailbox.UID]endpoint.Reading
	if b.Depth == Content {
		if read, err = b.read(ctx, there); err != nil {
			return err
		}
		there, absent = unread(there, absent, read)
	}
	if err := b.record(ctx, there, seen, read); err != nil {
		return err
	}
	for _, r := range absent {
		b.late = append(b.late, r.UID)
	}
	return nil
}

// scan asks for the metadata of the rows' copies.
func (b *box) scan(ctx context.Context, rows []ledger.Row) (map[mailbox.UID]mailbox.Message, error) {
	seen := make(map[mailbox.UID]mailbox.Message, len(rows))
	set := destSet(rows)
	if len(set) == 0 {
		return seen, nil
	}
	err := b.dest.Scan(ctx, set, func(m mailbox.Message) error {
		seen[m.UID] = m
		return nil
	})
	return seen, err
}

func destSet(rows []ledger.Row) mailbox.UIDSet {
	uids := make([]mailbox.UID, len(rows))
	for i, r := range rows {
		uids[i] = r.Dest
	}
	return mailbox.SetOf(uids...)
}

func split(rows []ledger.Row, seen map[mailbox.UID]mailbox.Message) (there, absent []ledger.Row) {
	for _, r := range rows {
		if _, ok := seen[r.Dest]; ok {
			there = append(there, r)
		} else {
			absent = append(absent, r)
		}
	}
	return there, absent
}

// unread moves what went away between SCAN and FETCH.
func unread(there, absent []ledger.Row, read map[mailbox.UID]endpoint.Reading) (still, gone []ledger.Row) {
	for _, r := range there {
		if _, ok := read[r.Dest]; ok {
			still = append(still, r)
		} else {
			absent = append(absent, r)
		}
	}
	return still, absent
}

// record judges the rows whose copies were seen, and makes the proofs durable.
func (b *box) record(ctx context.Context, rows []ledger.Row, seen map[mailbox.UID]mailbox.Message, read map[mailbox.UID]endpoint.Reading) error {
	if len(rows) == 0 {
		return nil
	}
	now := b.Now().UTC().Truncate(time.Second)
	var t Totals
	var found []Difference
	for i := range rows {
		v := verdict{row: rows[i], seen: seen[rows[i].Dest], depth: b.Depth}
		if b.Depth == Content {
			v.reading = read[rows[i].Dest]
		}
		v.judge(now)
		if v.altered {
			v.row.Reason = b.whatChanged(ctx, v.row)
			v.differ(Altered, v.row.Reason)
		}
		rows[i] = v.row
		v.count(&t)
		found = append(found, v.found...)
	}
	if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
		return err
	}
	b.totals.add(t)
	for _, d := range found {
		d.Mailbox = b.name
		b.result.tell(b.Sink, &b.totals, d)
	}
	if b.Depth != Content {
		b.Sink.Emit(event.Progress{Stage: stage, Mailbox: b.name, Messages: int64(len(rows)), Bytes: bytesOf(rows)})
	}
	return nil
}

func bytesOf(rows []ledger.Row) (n int64) {
	for _, r := range rows {
		n += r.Size
	}
	return n
}

// tell reports a difference of one message, or with an empty row of the mailbox.
func (b *box) tell(r ledger.Row, k Kind, format string, args ...any) {
	b.result.tell(b.Sink, &b.totals, Difference{Mailbox: b.name, UID: r.UID, Dest: r.Dest, Kind: k, Reason: fmt.Sprintf(format, args...)})
}

func flagList(flags []mailbox.Flag) string {
	texts := make([]string, len(flags))
	for i, f := range flags {
		texts[i] = string(f)
	}
	return strings.Join(texts, " ")
}
