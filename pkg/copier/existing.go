package copier

import (
	"context"
	"fmt"
	"time"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// compare settles what an earlier attempt left in doubt and, where wanted, learns what is on the destination already.
func (x *transfer) compare(ctx context.Context) error {
	if x.windows == nil { // else nothing was ever sent from here, and nothing is in doubt
		if err := x.resolve(ctx); err != nil {
			return err
		}
		if err := x.refresh(); err != nil {
			return err
		}
	}
	if !x.MatchExisting || len(x.todo) == 0 || x.vacant() {
		return nil
	}
	return x.learn(ctx)
}

// vacant reports whether the destination held nothing when the attempt began.
func (x *transfer) vacant() bool { return x.target != nil && x.target.State().Messages == 0 }

// refresh takes messages off the list that have found their outcome. One that broke the connection three times is given up: the run
// would never end on it.
func (x *transfer) refresh() error {
	todo := x.todo[:0]
	for _, p := range x.todo {
		row, found, err := x.Ledger.Row(x.entry, p.uid)
		if err != nil {
			return err
		}
		switch {
		case found && !x.due(row):
		case x.task.tries[p.uid] >= 3:
			x.note(ledger.Row{UID: p.uid, Outcome: ledger.Refused, Size: max(0, p.size), Date: time.Unix(p.date, 0).UTC(), Reason: "the connection broke three times at this message"})
		default:
			todo = append(todo, p)
		}
	}
	x.todo = todo
	return x.commit(ledger.Commit{})
}

// learn digests those unclaimed destination messages that may be one of ours by size or by date. Each is used once, so that duplicates
// stay as many as they were; content decides, never size, date or Message-ID alone.
func (x *transfer) learn(ctx context.Context) (err error) {
	x.closeTarget()
	dest, err := x.Destination.Examine(ctx, x.entry.Dest)
	if err != nil {
		return err
	}
	defer dest.Close()
	sizes, dates := map[int64]bool{}, map[int64]bool{}
	for _, p := range x.todo {
		sizes[p.size], dates[p.date] = true, true
	}
	claimed, err := x.Ledger.Claims(x.entry, 1)
	if err != nil {
		return err
	}
	var alike []mailbox.UID
	err = dest.Scan(ctx, dest.State().Everything(), func(m mailbox.Message) error {
		if !claimed.Contains(m.UID) && (sizes[m.Size] || dates[m.InternalDate.Unix()]) {
			alike = append(alike, m.UID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(alike) > 500 {
		x.Sink.Emit(event.Warning{Stage: stage, Text: fmt.Sprintf("%s: reading %d messages that are on the destination already, to recognise copies", x.task.entry.Source, len(alike))})
	}
	found, err := fingerprints(ctx, dest, mailbox.SetOf(alike...))
	if err != nil {
		return err
	}
	x.existing = map[mailbox.Digest][]mailbox.UID{}
	for _, uid := range found.order {
		d := found.left[uid].exact
		x.existing[d] = append(x.existing[d], uid)
	}
	crash.Point("copier.learned")
	return x.spare()
}

// spare leaves alone as many of the destination's messages as were copied to a UID that is not known: one of them is each one's.
func (x *transfer) spare() error {
	boxes, err := x.Ledger.Mailboxes()
	if err != nil {
		return err
	}
	for _, m := range boxes {
		if m.DestID != x.entry.DestID {
			continue
		}
		err := x.Ledger.Each(m, func(r ledger.Row) error {
			if r.Outcome.Present() && r.Dest == 0 && !r.Lost() {
				x.adopt(r.Digest)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
