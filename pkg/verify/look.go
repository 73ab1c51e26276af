package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// findings are what a look at the destination says of some rows. Nothing of it is known to anybody before it is recorded.
type findings struct {
	rows      []ledger.Row // whose copies were seen, with their new proofs
	totals    Totals
	different []Difference
	absent    []mailbox.UID // on the source
}

// look compares the located ones of rows with the destination.
func (b *box) look(ctx context.Context, dest endpoint.Reader, rows []ledger.Row) (f findings, err error) {
	rows = located(rows)
	if len(rows) == 0 {
		return f, nil
	}
	var seen map[mailbox.UID]mailbox.Message
	var read map[mailbox.UID]endpoint.Reading
	if b.Depth == Content {
		seen, read, err = readings(ctx, dest, destSet(rows))
	} else {
		seen, err = scan(ctx, dest, destSet(rows))
	}
	if err != nil {
		return f, err
	}
	there := rows[:0]
	for _, r := range rows {
		if _, ok := seen[r.Dest]; ok {
			there = append(there, r)
		} else {
			f.absent = append(f.absent, r.UID)
		}
	}
	b.judge(ctx, dest, &f, there, seen, read)
	return f, ctx.Err() // an explanation that the end of the run cut short is none
}

// located are the rows whose copies have a known place.
func located(rows []ledger.Row) []ledger.Row {
	out := make([]ledger.Row, 0, len(rows))
	for _, r := range rows {
		if r.Outcome.Present() && r.Dest != 0 {
			out = append(out, r)
		}
	}
	return out
}

// readings are the digests of messages and what came with them. Of a message that gave no bytes, metadata are asked for by themselves.
func readings(ctx context.Context, dest endpoint.Reader, set mailbox.UIDSet) (map[mailbox.UID]mailbox.Message, map[mailbox.UID]endpoint.Reading, error) {
	read, err := endpoint.Digests(ctx, dest, set)
	if err != nil {
		return nil, nil, err
	}
	seen := make(map[mailbox.UID]mailbox.Message, len(read))
	var without []mailbox.UID
	for uid, r := range read {
		if r.Problem == "" {
			seen[uid] = r.Message
		} else {
			without = append(without, uid)
		}
	}
	if len(without) == 0 {
		return seen, read, nil
	}
	err = dest.Scan(ctx, mailbox.SetOf(without...), func(m mailbox.Message) error {
		seen[m.UID] = m
		return nil
	})
	return seen, read, err
}

func scan(ctx context.Context, dest endpoint.Reader, set mailbox.UIDSet) (map[mailbox.UID]mailbox.Message, error) {
	seen := map[mailbox.UID]mailbox.Message{}
	err := dest.Scan(ctx, set, func(m mailbox.Message) error {
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

// judge decides over the rows whose copies were seen.
func (b *box) judge(ctx context.Context, dest endpoint.Reader, f *findings, rows []ledger.Row, seen map[mailbox.UID]mailbox.Message, read map[mailbox.UID]endpoint.Reading) {
	now := b.Now().UTC().Truncate(time.Second)
	for _, r := range rows {
		v := verdict{row: r, seen: seen[r.Dest], reading: read[r.Dest], depth: b.Depth}
		v.judge(now)
		if v.altered {
			v.row.Reason = b.whatChanged(ctx, dest, v.row)
			v.differ(Altered, v.row.Reason)
		}
		v.count(&f.totals)
		f.rows = append(f.rows, v.row)
		f.different = append(f.different, v.found...)
	}
}

// record makes proofs durable, and tells what was found.
func (b *box) record(f findings) error {
	if len(f.rows) == 0 {
		return nil
	}
	if err := b.Ledger.Update(b.mailbox, f.rows...); err != nil {
		return err
	}
	b.totals.add(f.totals)
	for _, d := range f.different {
		d.Mailbox = b.name
		b.result.tell(b.Sink, &b.totals, d)
	}
	b.Sink.Emit(event.Progress{Stage: stage, Mailbox: b.name, Messages: int64(len(f.rows)), Bytes: bytesOf(f.rows)})
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
