package copier

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

func sortItems(items []item) {
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.message.UID, b.message.UID) })
}

// send reads what is left to do and appends it, a window at a time. One ledger transaction holds the outcomes of what has landed and the
// intents of the next batch.
func (x *transfer) send(ctx context.Context) (err error) {
	if len(x.todo) == 0 {
		return nil
	}
	if x.windows == nil {
		x.startReading(ctx)
	}
	d := &delivery{transfer: x, lanes: 1}
	d.takeOver()
	defer func() {
		x.stopReading()
		// A ledger that cannot be written outweighs whatever went wrong on the network.
		if unwritten := d.end(); unwritten != nil {
			err = unwritten
		}
	}()
	return d.run(ctx, x.windows)
}

// delivery is the appending half of a transfer. One goroutine runs it and alone writes what it learns; flights only send.
type delivery struct {
	*transfer
	fence   ledger.Fence
	idle    []endpoint.Target // open on the destination mailbox, nothing in the air
	lanes   int               // flights that may be in the air at a time
	flying  []*flight         // in the order of their batches
	waiting []parcel          // to be sent, again or in smaller batches, before any new window
	wary    bool              // a batch was refused here: no more than one in the air, and what looks odd goes alone
}

// run sends window after window. What went wrong with one batch is settled before anything new is sent.
func (d *delivery) run(ctx context.Context, windows <-chan window) error {
	for {
		switch {
		case len(d.waiting) > 0 && len(d.flying) == 0:
			if err := d.launchWaiting(ctx); err != nil {
				return err
			}
		case len(d.flying) > 0 && (len(d.waiting) > 0 || len(d.flying) >= d.lanes && !d.widen() || windows == nil):
			if err := d.land(ctx); err != nil {
				return err
			}
		case windows == nil:
			return ctx.Err()
		default:
			more, err := d.await(ctx, windows)
			if err != nil {
				return err
			}
			if !more {
				windows = nil
			}
		}
	}
}

// await takes the next window, or settles the first flight if that lands before. more is false when no window follows.
func (d *delivery) await(ctx context.Context, windows <-chan window) (more bool, err error) {
	var first <-chan struct{}
	if len(d.flying) > 0 {
		first = d.flying[0].done
	}
	select {
	case <-first:
		return true, d.land(ctx)
	case w, ok := <-windows:
		if !ok {
			return false, nil
		}
		if w.err != nil {
			d.stumble(w.part)
			return false, w.err
		}
		return true, d.deliver(ctx, w)
	}
}

// deliver gives those messages of the window their outcome that are not sent, and launches the others.
func (d *delivery) deliver(ctx context.Context, w window) error {
	defer w.release()
	for _, row := range w.settled {
		if err := d.write(row); err != nil {
			return err
		}
	}
	target, err := d.connection(ctx)
	if err != nil {
		return err
	}
	d.idle = append(d.idle, target)
	var batch []parcel
	for i := range w.items {
		p, send, err := d.prepareItem(w.items[i], target.State())
		if err != nil {
			return err
		}
		if !send {
			continue
		}
		w.items[i].content = nil // the parcel's from here on
		batch = append(batch, p)
	}
	if d.wary && d.atomic() {
		for i := range batch {
			if batch[i].suspect() {
				batch[i].most = 1
			}
		}
	}
	d.waiting = append(d.waiting, batch...)
	if d.wary || len(d.waiting) == 0 {
		return nil
	}
	return d.launchWaiting(ctx)
}

// prepareItem settles a message that need not, or cannot, be sent; otherwise it is packed.
func (d *delivery) prepareItem(i item, state endpoint.State) (p parcel, send bool, err error) {
	if uid, ok := d.adopt(i.content.digest); ok {
		row := i.row()
		row.Outcome, row.Dest = ledger.AlreadyThere, uid
		return p, false, d.write(row)
	}
	p = pack(i, state)
	if limit := d.Destination.Capabilities().AppendLimit(); limit >= 0 && p.row.Size > limit {
		p.row.Outcome, p.row.Reason = ledger.Oversize, fmt.Sprintf("%d bytes, and the destination states that it takes %d at most", p.row.Size, limit)
		return p, false, d.write(p.row)
	}
	return p, true, nil
}

// adopt takes one destination message of that content, if there is one that nobody has claimed.
func (x *transfer) adopt(digest mailbox.Digest) (mailbox.UID, bool) {
	uids := x.existing[digest]
	if len(uids) == 0 {
		return 0, false
	}
	x.existing[digest] = uids[1:]
	return uids[0], true
}

// launchWaiting sends the first batch of what waits, under its intents.
func (d *delivery) launchWaiting(ctx context.Context) error {
	batch := batches(d.waiting, int(d.most.Load()), d.window)[0]
	target, err := d.connection(ctx)
	if err != nil {
		return err
	}
	d.waiting = slices.Clone(d.waiting[len(batch):])
	f := &flight{batch: batch, target: target, now: d.Now, done: make(chan struct{})}
	var ahead *flight
	if n := len(d.flying); n > 0 {
		ahead = d.flying[n-1]
	}
	c := ledger.Commit{Fence: d.fence}
	for _, p := range batch {
		c.Intended = append(c.Intended, p.row)
	}
	crash.Point("copier.packed")
	if err := d.commit(c); err != nil {
		release(batch)
		return err
	}
	crash.Point("copier.intended")
	d.flying = append(d.flying, f)
	f.start(ctx, ahead)
	return nil
}

// takeOver begins with the connection that is open already. Its UIDNEXT was a fence when it was opened, and what came since is above it.
func (d *delivery) takeOver() {
	if d.target == nil {
		return
	}
	state := d.target.State()
	d.idle, d.target = append(d.idle, d.target), nil
	d.fence = ledger.Fence{Validity: state.Validity, UIDNext: max(1, state.UIDNext)}
}

// connection gives one to the destination mailbox that is free, and makes sure that there is a fence that holds for the next batch.
func (d *delivery) connection(ctx context.Context) (endpoint.Target, error) {
	if n := len(d.idle); n > 0 && d.fence.UIDNext != 0 {
		target := d.idle[n-1]
		d.idle = d.idle[:n-1]
		return target, nil
	}
	if d.fence.UIDNext == 0 {
		d.closeIdle()
	}
	target, err := d.Destination.Target(ctx, d.transfer.entry.Dest)
	if err != nil {
		return nil, err
	}
	state := target.State()
	if state.Validity != d.transfer.entry.DestValidity {
		_ = target.Close()
		return nil, stopf("mailbox %q: the destination's uidvalidity became %d while copying (it was %d): somebody made it anew; plan again", d.task.entry.To, state.Validity, d.transfer.entry.DestValidity)
	}
	if d.fence.UIDNext == 0 {
		d.fence = ledger.Fence{Validity: state.Validity, UIDNext: max(1, state.UIDNext)}
	}
	return target, nil
}

// atomic reports whether the destination takes a batch as a whole (RFC 3502).
func (d *delivery) atomic() bool { return d.Destination.Capabilities().Has("MULTIAPPEND") }

// widen lets one flight more into the air, if that keeps the order, is worth it, and a connection is to be had.
func (d *delivery) widen() bool {
	if d.wary || d.task.stumbles > 0 || !d.atomic() || !d.Destination.Capabilities().Has("UIDPLUS") || d.ahead() < 2*d.BatchMessages || !d.slots.try() {
		return false
	}
	d.lanes++
	return true
}

// ahead is how many messages of the mailbox nobody has read yet, about.
func (d *delivery) ahead() int { return int(d.unread.Load()) }

// Batches grow from Job.BatchMessages, as long as one is through in less than quick, to at most so many times that: over a long way, or
// with small messages, the waiting for answers would else be most of the time.
const (
	growth = 8
	quick  = 250 * time.Millisecond
)

// hurry draws the lesson from a batch that was stored whole.
func (d *delivery) hurry(f *flight) {
	d.task.stumbles = max(0, d.task.stumbles-1)
	most := d.most.Load()
	if f.took < quick && len(f.batch) > int(most)/2 && most < int64(growth*d.BatchMessages) {
		d.most.Store(2 * most)
	}
}

// stumbleOver draws the lesson from a connection that broke: the next attempt sends fewer at a time, until the message that does it, if
// one does, stands alone.
func (d *delivery) stumbleOver(l *landing) {
	var doubtful []pending
	for i, p := range l.placed {
		if p.Verdict == endpoint.InDoubt || p.Verdict == endpoint.Refused && p.Err.Class == endpoint.Lost {
			doubtful = append(doubtful, pending{uid: l.batch[i].row.UID})
		}
	}
	d.stumble(doubtful)
}

func (d *delivery) closeIdle() {
	for _, t := range d.idle {
		t.Close()
	}
	d.idle = nil
}

// narrow goes back to one flight at a time.
func (d *delivery) narrow() {
	for ; d.lanes > 1; d.lanes-- {
		d.slots.give()
	}
}

// end settles what is still in the air, as far as it is plain, and gives everything back. Doubt stays in the ledger.
func (d *delivery) end() error {
	l := d.ground()
	err := d.settlePlain(&l)
	release(l.batch)
	release(d.waiting)
	d.closeIdle()
	if err != nil {
		return err
	}
	return d.commit(ledger.Commit{})
}
