package copier

import (
	"context"
	"errors"
	"slices"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// landing is what became of one flight, or of several that were in the air together when the first of them went wrong.
type landing struct {
	batch  []parcel
	placed []endpoint.Placed
	err    error // of the connection that broke first

	unclear []int // indexes of what only a look at the destination can tell
	lost    bool  // an answer is missing
	redo    []int // indexes of what is to be sent again
}

func (l *landing) add(f *flight) {
	l.batch = append(l.batch, f.batch...)
	held := errors.Is(f.err, errOutOfTurn)
	for _, p := range f.placed {
		if held && p.Verdict == endpoint.Unsent {
			p.Err = nil // it was held back, and nothing is wrong with it
		}
		l.placed = append(l.placed, p)
	}
	if l.err == nil && !held {
		l.err = f.err
	}
}

// join appends what landed after l.
func (l *landing) join(later landing) {
	for _, i := range later.unclear {
		l.unclear = append(l.unclear, len(l.batch)+i)
	}
	l.batch, l.placed, l.lost = append(l.batch, later.batch...), append(l.placed, later.placed...), l.lost || later.lost
	if l.err == nil {
		l.err = later.err
	}
}

// answered reports whether nothing is in doubt.
func (l *landing) answered() bool {
	return !slices.ContainsFunc(l.placed, func(p endpoint.Placed) bool {
		return p.Verdict == endpoint.InDoubt || p.Err != nil && p.Err.Class == endpoint.Lost
	})
}

// land waits for the first flight in the air and turns the destination's answers into outcomes: first what is plain, then, after a look
// at the destination, what is not. Nothing else is in the air during that look.
func (d *delivery) land(ctx context.Context) error {
	first := d.flying[0]
	<-first.done
	crash.Point("copier.answered")
	var l landing
	if first.whole() {
		d.flying = d.flying[1:]
		d.idle = append(d.idle, first.target)
		l.add(first)
		d.hurry(first)
	} else {
		l = d.ground()
		d.wary = true
	}
	if err := d.settlePlain(&l); err != nil {
		return err
	}
	if len(l.unclear) > 0 && len(d.flying) > 0 {
		rest := d.ground()
		if err := d.settlePlain(&rest); err != nil {
			return err
		}
		l.join(rest)
	}
	return d.settle(ctx, &l)
}

// ground waits for everything in the air. Connections that are still good become idle.
func (d *delivery) ground() landing {
	var l landing
	for _, f := range d.flying {
		<-f.done
		l.add(f)
		if f.err != nil {
			f.target.Close()
		} else {
			d.idle = append(d.idle, f.target)
		}
	}
	d.flying = nil
	d.narrow()
	return l
}

// settle gives the landed messages their outcome, or puts them in front of what waits. When an answer was lost the doubt stays in the
// ledger, and the next attempt starts by resolving it.
func (d *delivery) settle(ctx context.Context, l *landing) error {
	defer func() { release(l.done()) }()
	if l.lost {
		d.stumbleOver(l)
		if l.err == nil {
			l.err = &endpoint.Error{Class: endpoint.Lost, Op: "append", Err: errors.New("an answer is missing")}
		}
		return l.err
	}
	if len(l.unclear) > 0 {
		if err := d.settleUnclear(ctx, l); err != nil {
			return err
		}
	}
	for i, p := range l.placed {
		if p.Verdict == endpoint.Unsent && p.Err == nil {
			l.redo = append(l.redo, i)
		}
	}
	slices.Sort(l.redo)
	var again []parcel
	for _, i := range l.redo {
		again = append(again, l.batch[i])
	}
	if l.err != nil && !(len(again) < len(l.batch) && l.answered()) {
		l.redo = nil
		return l.err // else a refusal cost the connection, and nothing is in doubt: go on with another
	}
	d.waiting = append(again, d.waiting...)
	crash.Point("copier.settled")
	return nil
}

// done are the parcels that are not needed any more.
func (l *landing) done() []parcel {
	var out []parcel
	for i, p := range l.batch {
		if !slices.Contains(l.redo, i) {
			out = append(out, p)
		}
	}
	return out
}

// settlePlain records what was stored at a UID that can be believed, and withdraws what never left and was not refused.
func (d *delivery) settlePlain(l *landing) (err error) {
	fence := d.fence
	d.fence.UIDNext = 0 // unless every answer named a UID, only a fresh look gives a fence
	var withdrawn []mailbox.UID
	for i, p := range l.placed {
		row := l.batch[i].row
		switch {
		case p.Verdict == endpoint.Unsent && (p.Err == nil || p.Err.Class == endpoint.Lost):
			withdrawn = append(withdrawn, row.UID)
			continue
		case p.Verdict == endpoint.Stored:
			if row.Dest, err = d.believe(fence, p); err != nil {
				return err
			}
		case p.Verdict == endpoint.InDoubt, p.Verdict == endpoint.Refused && p.Err.Class == endpoint.Lost:
			l.lost = true
		}
		if row.Dest == 0 {
			l.unclear = append(l.unclear, i)
			continue
		}
		fence.UIDNext = row.Dest + 1
		row.Outcome = ledger.Copied
		d.note(row)
	}
	if len(l.unclear)+len(withdrawn) == 0 {
		d.fence = fence
		return nil // the rows go with the next batch's intents
	}
	return d.withdraw(withdrawn)
}

// withdraw takes intents back that are known not to be on the destination.
func (d *delivery) withdraw(uids []mailbox.UID) error {
	err := d.commit(ledger.Commit{Withdrawn: uids})
	if len(uids) > 0 && err == nil {
		crash.Point("copier.withdrawn")
	}
	return err
}

// believe takes an APPENDUID only if it can be true: this mailbox, not below the fence, nobody else's. Otherwise the message has to be
// found by its content.
func (d *delivery) believe(fence ledger.Fence, p endpoint.Placed) (mailbox.UID, error) {
	if p.UID == 0 || p.Validity != fence.Validity || p.UID < fence.UIDNext {
		return 0, nil
	}
	_, _, taken, err := d.Ledger.Claimant(d.transfer.entry, p.UID)
	if taken || err != nil {
		return 0, err
	}
	return p.UID, nil
}

// settleUnclear looks for messages that were stored at an unknown UID, and for refused ones too, since a server can store and then fail.
// A refused message that is not there is sent again with less, or with fewer others, where that may help.
func (d *delivery) settleUnclear(ctx context.Context, l *landing) error {
	d.closeIdle() // one connection is enough: the look takes it
	stored := slices.ContainsFunc(l.unclear, func(i int) bool { return l.placed[i].Verdict == endpoint.Stored })
	left, err := d.locate(ctx, stored, batchAlike(l.batch))
	if err != nil {
		return err
	}
	absent := mailbox.SetOf(left...)
	var withdrawn []mailbox.UID
	var together []int
	var stop *endpoint.Error
	for _, i := range l.unclear {
		p, words := &l.batch[i], l.placed[i].Err
		switch {
		case !absent.Contains(p.row.UID):
			continue
		case l.placed[i].Verdict == endpoint.Stored:
			p.row.Outcome, p.row.Reason = ledger.Copied, "the destination said OK, but it was not found there by its content"
			d.note(p.row)
			continue
		case words.Class != endpoint.BadMessage && words.Class != endpoint.Unclassified && words.Class != endpoint.Protocol:
			stop = words // not this message's fault
		case l.placed[i].Together:
			together = append(together, i)
		case words.Code != "TOOBIG" && p.yield():
			l.redo = append(l.redo, i)
		default:
			d.refuse(p.row, words)
			continue
		}
		withdrawn = append(withdrawn, p.row.UID)
	}
	if err := d.withdraw(withdrawn); err != nil {
		return err
	}
	if stop != nil {
		return stop
	}
	l.part(together)
	return nil
}

func (d *delivery) refuse(row ledger.Row, words *endpoint.Error) {
	row.Outcome, row.Reason = ledger.Refused, words.Error()
	if words.Code == "TOOBIG" {
		row.Outcome = ledger.Oversize
	}
	d.note(row)
}

// part has the members of a batch that was refused as a whole sent again: what looks odd alone, and if nothing does, or everything, in
// halves. It ends: each refusal leaves fewer together.
func (l *landing) part(together []int) {
	odd := 0
	for _, i := range together {
		if l.batch[i].suspect() {
			odd++
		}
	}
	for _, i := range together {
		p := &l.batch[i]
		switch {
		case odd == 0 || odd == len(together):
			p.most = (len(together) + 1) / 2
		case p.suspect():
			p.most = 1
		}
	}
	l.redo = append(l.redo, together...)
}

// batchAlike takes the likeness from what is about to be sent: the source is being read ahead meanwhile.
func batchAlike(batch []parcel) likenesses {
	return func(context.Context, []ledger.Row) (map[mailbox.UID]mailbox.Digest, error) {
		ours := map[mailbox.UID]mailbox.Digest{}
		for _, p := range batch {
			one, err := fingerprint(p.content.Reader())
			if err != nil {
				return nil, err
			}
			ours[p.row.UID] = one.alike
		}
		return ours, nil
	}
}
