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

// release gives back what nobody has taken over.
func (w window) release() {
	for _, i := range w.items {
		if i.content != nil {
			i.content.Close()
		}
	}
}

// unrecorded reports whether nothing is recorded of the mailbox yet, and nothing of it is left out by the plan's rules: then what is to be read
// is known before the destination is.
func (x *transfer) unrecorded() bool {
	rule := x.Plan.Messages
	return x.task.record == nil && rule.Since.IsZero() && rule.Before.IsZero() && rule.MaxSize == 0
}

// peek lists a fresh mailbox and begins to read it, while the connections to the destination may still be busy with others.
func (x *transfer) peek(ctx context.Context) error {
	err := x.reader.Scan(ctx, x.reader.State().Everything(), func(m mailbox.Message) error {
		x.todo = append(x.todo, pending{m.UID, m.Size, m.InternalDate.Unix()})
		return nil
	})
	if err == nil {
		x.startReading(ctx)
	}
	return err
}

// startReading produces windows ahead of whoever appends, at most one beyond the one that waits. It ends when all is read, at the first
// error, or with ctx; the channel is closed in each case.
func (x *transfer) startReading(ctx context.Context) {
	ctx, x.stop = context.WithCancel(ctx)
	out := make(chan window)
	x.windows = out
	early := x.unrecorded() // nothing else is read from the source: its connection can go on to the next mailbox
	go func() {
		defer close(out)
		for rest := x.todo; len(rest) > 0; {
			n := x.cut(rest)
			w := x.readWindow(ctx, rest[:n])
			if rest = rest[n:]; len(rest) == 0 && early && w.err == nil {
				x.reader.Close()
			}
			x.unread.Store(int64(len(rest)))
			select {
			case out <- w:
			case <-ctx.Done():
				w.release()
				return
			}
			if w.err != nil {
				return
			}
		}
	}()
}

// stopReading ends the reading and gives back what was read and not taken.
func (x *transfer) stopReading() {
	if x.windows == nil {
		return
	}
	x.stop()
	for w := range x.windows {
		w.release()
	}
}

// cut says how many messages make the next window: by count and by claimed bytes, at least one.
func (x *transfer) cut(rest []pending) int {
	var bytes int64
	most := int(x.most.Load())
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
		content, err := spool(x.SpoolDir, x.memory, b)
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
		w.release()
		return window{err: err, part: part}
	}
	sortItems(w.items)
	return w
}

// stumble notes that reading these messages failed: the next attempt reads fewer at a time, until the one that does it stands alone.
func (x *transfer) stumble(part []pending) {
	if len(part) > 1 {
		x.task.stumbles = min(x.task.stumbles+3, 30)
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
