package verify

import (
	"context"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// candidates are how many messages are read at a time in search of those whose place is not known.
const candidates = 200

// locate finds copies whose UID the destination never told (a server without UIDPLUS), by their content, among the messages there that are
// nobody's yet. What is found is claimed, so that one message there never stands for two.
func (b *box) locate(ctx context.Context) error {
	if b.unlocated == 0 {
		return nil
	}
	wanted, err := b.wanted()
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		if err := b.search(ctx, wanted); err != nil {
			return err
		}
		if wanted.count == 0 || try >= b.Settle.Tries {
			break
		}
		if err := b.pause(ctx); err != nil {
			return err
		}
	}
	b.unlocated = 0
	return b.missing(slices.Sorted(wanted.all))
}

// wanted are the source messages that are looked for, by digest; two of one digest are two.
type wanted struct {
	uids  map[mailbox.Digest][]mailbox.UID
	sizes map[int64]bool
	tried map[mailbox.UID]bool // destination messages that were read and are nobody's
	count int
}

// all yields the source messages that are still looked for.
func (w *wanted) all(yield func(mailbox.UID) bool) {
	for _, uids := range w.uids {
		for _, uid := range uids {
			if !yield(uid) {
				return
			}
		}
	}
}

func (b *box) wanted() (*wanted, error) {
	w := &wanted{uids: map[mailbox.Digest][]mailbox.UID{}, sizes: map[int64]bool{}, tried: map[mailbox.UID]bool{}}
	err := b.Ledger.Each(b.mailbox, func(r ledger.Row) error {
		if r.Outcome.Present() && r.Dest == 0 {
			w.uids[r.Digest] = append(w.uids[r.Digest], r.UID)
			w.sizes[r.Size] = true
			w.count++
		}
		return nil
	})
	return w, err
}

// search reads the unclaimed messages of the destination, those of a wanted size first: the size is a hint and may lie.
func (b *box) search(ctx context.Context, w *wanted) error {
	claims, err := b.Ledger.Claims(b.mailbox, 1)
	if err != nil {
		return err
	}
	var likely, others []mailbox.UID
	err = b.dest.Scan(ctx, b.dest.State().Everything(), func(m mailbox.Message) error {
		switch {
		case claims.Contains(m.UID) || w.tried[m.UID]:
		case w.sizes[m.Size]:
			likely = append(likely, m.UID)
		default:
			others = append(others, m.UID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, uids := range [][]mailbox.UID{likely, others} {
		for len(uids) > 0 && w.count > 0 {
			n := min(len(uids), candidates)
			if err := b.match(ctx, w, mailbox.SetOf(uids[:n]...)); err != nil {
				return err
			}
			uids = uids[n:]
		}
	}
	return nil
}

// match reads candidates and records those that are wanted.
func (b *box) match(ctx context.Context, w *wanted, set mailbox.UIDSet) error {
	seen, read, err := readings(ctx, b.dest, set)
	if err != nil {
		return err
	}
	rows, err := b.owners(w, set, read)
	if err != nil {
		return err
	}
	var f findings
	b.judge(ctx, b.dest, &f, rows, seen, read)
	if err := b.record(f); err != nil {
		return err
	}
	b.unlocated -= int64(len(rows))
	b.progressed = b.progressed || len(rows) > 0
	return nil
}

// owners gives each candidate whose bytes are wanted to one source message.
func (b *box) owners(w *wanted, set mailbox.UIDSet, read map[mailbox.UID]endpoint.Reading) (rows []ledger.Row, err error) {
	for uid := range set.All {
		got, there := read[uid]
		ours := w.uids[got.Digest]
		if !there || got.Problem != "" || len(ours) == 0 {
			w.tried[uid] = there && got.Problem == ""
			continue
		}
		r, _, err := b.Ledger.Row(b.mailbox, ours[0])
		if err != nil {
			return nil, err
		}
		r.Dest = uid
		rows = append(rows, r)
		w.uids[got.Digest] = ours[1:]
		w.count--
	}
	return rows, nil
}
