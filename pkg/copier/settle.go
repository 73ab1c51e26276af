package copier

import (
	"context"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// settle turns the destination's answers into outcomes: first what is plain, then, after a look at the destination, what is not. When an
// answer was lost the doubt stays in the ledger, and the next attempt starts by resolving it.
func (d *delivery) settle(ctx context.Context, batch []parcel, placed []endpoint.Placed) (again []parcel, err error) {
	unclear, lost, err := d.settlePlain(batch, placed)
	if err != nil || lost {
		return nil, err
	}
	if len(unclear) > 0 {
		if again, err = d.settleUnclear(ctx, batch, placed, unclear); err != nil {
			return nil, err
		}
	}
	for i, p := range placed {
		if p.Verdict == endpoint.Unsent && p.Err == nil {
			again = append(again, batch[i])
		}
	}
	return again, nil
}

// settlePlain records what was stored at a UID that can be believed, and withdraws what never left and was not refused. unclear are the indexes of the rest;
// lost says that an answer is missing.
func (d *delivery) settlePlain(batch []parcel, placed []endpoint.Placed) (unclear []int, lost bool, err error) {
	fence := d.fence
	d.fence.UIDNext = 0 // unless every answer named a UID, only a fresh look gives a fence
	var withdrawn []mailbox.UID
	for i, p := range placed {
		row := batch[i].row
		switch {
		case p.Verdict == endpoint.Unsent && (p.Err == nil || p.Err.Class == endpoint.Lost):
			withdrawn = append(withdrawn, row.UID)
			continue
		case p.Verdict == endpoint.Stored:
			if row.Dest, err = d.believe(fence, p); err != nil {
				return nil, false, err
			}
		case p.Verdict == endpoint.InDoubt, p.Verdict == endpoint.Refused && p.Err.Class == endpoint.Lost:
			lost = true
			d.task.tries[row.UID]++
		}
		if row.Dest == 0 {
			unclear = append(unclear, i)
			continue
		}
		fence.UIDNext = row.Dest + 1
		row.Outcome = ledger.Copied
		d.note(row)
	}
	if len(unclear)+len(withdrawn) == 0 {
		d.fence = fence
		return nil, false, nil // the rows go with the next batch's intents
	}
	return unclear, lost, d.commit(ledger.Commit{Withdrawn: withdrawn})
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
// A refused message that is not there comes back with less where that may help.
func (d *delivery) settleUnclear(ctx context.Context, batch []parcel, placed []endpoint.Placed, unclear []int) (again []parcel, err error) {
	d.close() // one connection is enough: the look takes it
	stored := slices.ContainsFunc(unclear, func(i int) bool { return placed[i].Verdict == endpoint.Stored })
	left, err := d.locate(ctx, stored, batchAlike(batch))
	if err != nil {
		return nil, err
	}
	var withdrawn []mailbox.UID
	var stop *endpoint.Error
	for _, i := range unclear {
		p, words := batch[i], placed[i].Err
		switch {
		case !slices.Contains(left, p.row.UID):
		case placed[i].Verdict == endpoint.Stored:
			p.row.Outcome, p.row.Reason = ledger.Copied, "the destination said OK, but it was not found there by its content"
			d.note(p.row)
		case words.Class != endpoint.BadMessage && words.Class != endpoint.Unclassified && words.Class != endpoint.Protocol:
			withdrawn = append(withdrawn, p.row.UID) // not this message's fault
			stop = words
		case words.Code != "TOOBIG" && p.yield():
			withdrawn = append(withdrawn, p.row.UID)
			again = append(again, p)
		default:
			p.row.Outcome, p.row.Reason = ledger.Refused, words.Error()
			if words.Code == "TOOBIG" {
				p.row.Outcome = ledger.Oversize
			}
			d.note(p.row)
		}
	}
	if err := d.commit(ledger.Commit{Withdrawn: withdrawn}); err != nil {
		return nil, err
	}
	if stop != nil {
		return nil, stop
	}
	return again, nil
}

// batchAlike takes the likeness from what is about to be sent: the source is being read ahead meanwhile.
func batchAlike(batch []parcel) likenesses {
	return func(context.Context, []ledger.Row) (map[mailbox.UID]mailbox.Digest, error) {
		ours := map[mailbox.UID]mailbox.Digest{}
		for _, p := range batch {
			one, err := fingerprint(p.out.Content.Reader())
			if err != nil {
				return nil, err
			}
			ours[p.row.UID] = one.alike
		}
		return ours, nil
	}
}
