package copier

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

func sortItems(items []item) {
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.message.UID, b.message.UID) })
}

// send reads what is left to do and appends it, a window at a time. One ledger transaction holds the outcomes of one window and the
// intents of the next.
func (x *transfer) send(ctx context.Context) (err error) {
	if len(x.todo) == 0 {
		return nil
	}
	d := &delivery{transfer: x}
	defer func() {
		d.close()
		// A ledger that cannot be written outweighs whatever went wrong on the network.
		if unwritten := x.commit(ledger.Commit{}); unwritten != nil {
			err = unwritten
		}
	}()
	reading, stop := context.WithCancel(ctx)
	windows := x.read(reading)
	defer func() {
		stop()
		for w := range windows {
			w.close()
		}
	}()
	for w := range windows {
		if w.err != nil {
			x.stumble(w.part)
			return w.err
		}
		err := d.deliver(ctx, w)
		w.close()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// delivery is the appending half of a transfer.
type delivery struct {
	*transfer
	target endpoint.Target
	fence  ledger.Fence
}

func (d *delivery) close() {
	if d.target != nil {
		d.target.Close()
		d.target = nil
	}
}

// open makes sure that there is a target with a fence that holds for the next batch.
func (d *delivery) open(ctx context.Context) error {
	if d.target != nil && d.fence.UIDNext != 0 {
		return nil
	}
	d.close()
	target, err := d.Destination.Target(ctx, d.transfer.entry.Dest)
	if err != nil {
		return err
	}
	state := target.State()
	if state.Validity != d.transfer.entry.DestValidity {
		_ = target.Close()
		return stopf("mailbox %q: the destination's uidvalidity became %d while copying (it was %d): somebody made it anew; plan again", d.task.entry.To, state.Validity, d.transfer.entry.DestValidity)
	}
	d.target, d.fence = target, ledger.Fence{Validity: state.Validity, UIDNext: max(1, state.UIDNext)}
	return nil
}

// deliver gives every message of the window its outcome, or returns why not.
func (d *delivery) deliver(ctx context.Context, w window) error {
	for _, row := range w.settled {
		if err := d.write(row); err != nil {
			return err
		}
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	var batch []parcel
	for _, i := range w.items {
		if uid, ok := d.adopt(i.content.digest); ok {
			row := i.row()
			row.Outcome, row.Dest = ledger.AlreadyThere, uid
			if err := d.write(row); err != nil {
				return err
			}
			continue
		}
		p := d.pack(i)
		if limit := d.Destination.Capabilities().AppendLimit(); limit >= 0 && p.row.Size > limit {
			p.row.Outcome, p.row.Reason = ledger.Oversize, fmt.Sprintf("%d bytes, and the destination states that it takes %d at most", p.row.Size, limit)
			if err := d.write(p.row); err != nil {
				return err
			}
			continue
		}
		batch = append(batch, p)
	}
	for len(batch) > 0 {
		var err error
		if batch, err = d.post(ctx, batch); err != nil {
			return err
		}
	}
	return nil
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

// parcel is a message as it will be sent; the row says what is recorded.
type parcel struct {
	row     ledger.Row
	out     endpoint.Outgoing
	yielded int // how many things were left off after refusals
}

// earliest is the first internal date that every server takes and keeps: some refuse what is older, and Cyrus and Courier take the epoch
// itself for "no date".
var earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// pack leaves off the flags that the destination does not take, and remembers them.
func (d *delivery) pack(i item) parcel {
	p := parcel{row: i.row(), out: endpoint.Outgoing{InternalDate: i.message.InternalDate, Content: i.content}}
	state := d.target.State()
	for _, f := range p.row.Flags {
		if takes(state, f) {
			p.out.Flags = append(p.out.Flags, f)
		} else {
			p.row.Dropped = append(p.row.Dropped, f)
		}
	}
	return p
}

// takes reports whether a destination keeps flag f. A server that sends no PERMANENTFLAGS keeps all (RFC 9051 section 7.1).
func takes(state endpoint.State, f mailbox.Flag) bool {
	if !f.System() && !f.Keyword() {
		return false
	}
	return state.Permanent == nil || slices.ContainsFunc(state.Permanent, f.Equal) || (state.Keywords && f.Keyword())
}

// yield prepares another try of a refused message with less: first without keywords, then, before 1970, with the earliest date that every
// server takes. What is left off is recorded. It reports whether there was anything left to leave off.
func (p *parcel) yield() bool {
	keywords := slices.ContainsFunc(p.out.Flags, func(f mailbox.Flag) bool { return !f.System() })
	switch {
	case keywords:
		for _, f := range p.out.Flags {
			if !f.System() {
				p.row.Dropped = append(p.row.Dropped, f)
			}
		}
		p.out.Flags = slices.DeleteFunc(p.out.Flags, func(f mailbox.Flag) bool { return !f.System() })
	case !p.out.InternalDate.IsZero() && p.out.InternalDate.Before(earliest):
		p.row.Reason = fmt.Sprintf("the destination refused its internal date %s; sent as %s", p.out.InternalDate.Format(time.RFC3339), earliest.Format(time.RFC3339))
		p.out.InternalDate = earliest
	default:
		return false
	}
	p.yielded++
	return true
}

// post sends one batch under one intent and settles it. What never left, and what was refused and may be taken with less, comes back as
// the next batch.
func (d *delivery) post(ctx context.Context, batch []parcel) (again []parcel, err error) {
	if err := d.open(ctx); err != nil {
		return nil, err
	}
	c := ledger.Commit{Fence: d.fence}
	for _, p := range batch {
		c.Intended = append(c.Intended, p.row)
	}
	if err := d.commit(c); err != nil {
		return nil, err
	}
	out := make([]endpoint.Outgoing, len(batch))
	for i, p := range batch {
		out[i] = p.out
	}
	placed, sendErr := d.append(ctx, batch, out)
	if sendErr != nil {
		d.close()
	}
	again, err = d.settle(ctx, batch, placed)
	if err == nil && sendErr != nil && len(again) < len(batch) && answered(placed) {
		return again, nil // a refusal cost the connection, and nothing is in doubt: go on with another
	}
	if err == nil {
		err = sendErr
	}
	return again, err
}

// append sends in order and stops at the first message that is not plainly stored: one that is refused and then taken with less must not
// fall behind those that came after it, for many clients show the order of arrival.
func (d *delivery) append(ctx context.Context, batch []parcel, out []endpoint.Outgoing) ([]endpoint.Placed, error) {
	placed := make([]endpoint.Placed, len(out))
	for i := range placed {
		placed[i].Verdict = endpoint.Unsent
	}
	for i := range out {
		one, err := d.target.Append(ctx, out[i:i+1])
		placed[i] = one[0]
		if err != nil || placed[i].Verdict != endpoint.Stored {
			return placed, err
		}
		d.told[batch[i].row.UID] = true
		d.progress(batch[i].row.Size)
	}
	return placed, nil
}

func answered(placed []endpoint.Placed) bool {
	return !slices.ContainsFunc(placed, func(p endpoint.Placed) bool {
		return p.Verdict == endpoint.InDoubt || p.Err != nil && p.Err.Class == endpoint.Lost
	})
}
