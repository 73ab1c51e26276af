package copier

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// item is one message, read and ready to be sent.
type item struct {
	message mailbox.Message
	content *spooled
}

func (i item) row() ledger.Row {
	return ledger.Row{UID: i.message.UID, Size: i.content.size, Date: i.message.InternalDate, Flags: mailbox.Flags(i.message.Flags...), Digest: i.content.digest}
}

// window is a run of messages that are read together and intended together.
type window struct {
	items   []item
	settled []ledger.Row // vanished or unreadable
	err     error        // what ended the reading; items and settled are empty
	part    []pending    // with err: what was being read
}

func (w window) close() {
	for _, i := range w.items {
		i.content.Close()
	}
}

// read produces windows ahead of whoever appends, at most one beyond the one that waits. It ends when all is read, at the first error, or
// with ctx; the channel is closed in each case.
func (x *transfer) read(ctx context.Context) <-chan window {
	out := make(chan window)
	go func() {
		defer close(out)
		for rest := x.todo; len(rest) > 0; {
			n := x.cut(rest)
			w := x.readWindow(ctx, rest[:n])
			rest = rest[n:]
			select {
			case out <- w:
			case <-ctx.Done():
				w.close()
				return
			}
			if w.err != nil {
				return
			}
		}
	}()
	return out
}

// cut says how many messages make the next window: by count and by claimed bytes, at least one.
func (x *transfer) cut(rest []pending) int {
	var bytes int64
	most := max(1, x.BatchMessages>>x.task.stumbles)
	for n, p := range rest {
		bytes += max(p.size, 1)
		if n > 0 && (bytes > x.window || n >= most) {
			return n
		}
	}
	return len(rest)
}

func (x *transfer) readWindow(ctx context.Context, part []pending) window {
	uids := make([]mailbox.UID, len(part))
	for i, p := range part {
		uids[i] = p.uid
	}
	var w window
	seen := map[mailbox.UID]bool{}
	err := x.reader.Fetch(ctx, mailbox.SetOf(uids...), func(b endpoint.Body) error {
		if seen[b.UID] {
			return &endpoint.Error{Class: endpoint.Protocol, Op: fmt.Sprintf("read message %d", b.UID), Err: errors.New("the server gave it twice in one answer")}
		}
		seen[b.UID] = true
		if b.Problem != "" {
			w.settled = append(w.settled, ledger.Row{UID: b.UID, Outcome: ledger.Refused, Size: max(0, b.Message.Size), Date: b.InternalDate,
				Flags: mailbox.Flags(b.Flags...), Reason: "the source does not give it: " + b.Problem})
			return nil
		}
		content, err := spool(x.SpoolDir, b)
		if err != nil {
			return err
		}
		w.items = append(w.items, item{b.Message, content})
		return nil
	})
	if err == nil {
		err = x.absent(ctx, part, seen, &w)
	}
	if err != nil {
		w.close()
		return window{err: err, part: part}
	}
	sortItems(w.items)
	return w
}

// stumble notes that reading these messages failed: the next attempt reads fewer at a time, until the one that does it stands alone.
func (x *transfer) stumble(part []pending) {
	if len(part) > 1 {
		x.task.stumbles = min(x.task.stumbles+2, 30)
		return
	}
	x.task.tries[part[0].uid]++
}

// absent settles what was asked for and not given: gone when the server does not list it any more, else withheld.
func (x *transfer) absent(ctx context.Context, part []pending, seen map[mailbox.UID]bool, w *window) error {
	var missing []mailbox.UID
	sizes := map[mailbox.UID]int64{}
	for _, p := range part {
		if !seen[p.uid] {
			missing = append(missing, p.uid)
			sizes[p.uid] = max(0, p.size)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	listed := map[mailbox.UID]bool{}
	err := x.reader.Scan(ctx, mailbox.SetOf(missing...), func(m mailbox.Message) error {
		listed[m.UID] = true
		return nil
	})
	for _, uid := range missing {
		row := ledger.Row{UID: uid, Outcome: ledger.Vanished, Size: sizes[uid], Reason: "removed from the source before it was read"}
		if listed[uid] {
			row.Outcome, row.Reason = ledger.Refused, "the source lists it but does not give it"
		}
		w.settled = append(w.settled, row)
	}
	return err
}
