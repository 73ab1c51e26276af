package copier

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// nothingNew reports whether an earlier run gave every message its outcome, STATUS shows none above, no flag has changed since, and both
// mailboxes are still those that were recorded, as far as LIST and STATUS tell.
func (r *run) nothingNew(t *task) (bool, error) {
	m := t.record
	if m == nil || !t.place.atOnce() || r.again() || m.Rematched || m.Problem != "" || m.Cursor == 0 || m.Cursor != t.source.UIDNext || m.Dest != t.entry.ToWire {
		return false, nil
	}
	empty := t.entry.Messages == 0 && t.source.Messages == 0 // then its uidvalidity says nothing, see sourceValidity
	if m.Validity != t.source.UIDValidity && !(empty && m.Validity == t.entry.Validity) {
		return false, nil
	}
	if r.Flags != nil && t.source.Messages > 0 && (t.source.ModSeq == 0 || t.source.ModSeq != m.ModSeq) {
		return false, nil
	}
	_, highest, err := r.Ledger.Highest(*m)
	if err != nil || t.dest != nil && (t.dest.UIDValidity != m.DestValidity || wentBack(highest, t.dest.UIDNext)) {
		return false, err
	}
	open, _, err := r.Ledger.InDoubt(*m)
	if err != nil || len(open) > 0 {
		return false, err
	}
	r.box(t.entry)
	return true, nil
}

// wentBack reports whether a UIDNEXT is not above a UID that was seen before. 0 is not known.
func wentBack(highest, next mailbox.UID) bool { return next != 0 && highest >= next }

// enrol finds or makes the ledger's entry, after both sides proved to be the mailboxes that were planned and recorded.
func (x *transfer) enrol(ctx context.Context) error {
	e := x.task.entry
	validity, err := x.sourceValidity()
	if err != nil {
		return err
	}
	there, err := x.destinationNow(ctx, e.ToWire)
	if err != nil {
		return err
	}
	if there.Validity == 0 {
		return stopf("mailbox %q: the destination gives no stable UIDs (no uidvalidity), so nothing about it can be remembered; map it elsewhere", e.To)
	}
	x.destModSeq = there.ModSeq
	if x.task.record == nil {
		x.task.fresh = true
	} else if err := x.compareRecord(ctx, *x.task.record, validity, there); err != nil {
		return err
	}
	x.entry, err = x.Ledger.Enrol(ledger.Mailbox{Source: e.SourceWire, Name: e.Source, Validity: validity,
		Dest: e.ToWire, DestName: e.To, DestValidity: there.Validity, Made: x.made, ModSeq: x.reader.State().ModSeq})
	if conflict, ok := errors.AsType[*ledger.ConflictError](err); ok {
		return stopf("%s", conflict.Error())
	}
	crash.Point("copier.enrolled")
	if err == nil {
		record := x.entry
		x.task.record = &record
	}
	return err
}

// sourceValidity is the source's UIDVALIDITY, if it is the planned one.
func (x *transfer) sourceValidity() (mailbox.UIDValidity, error) {
	e, state := x.task.entry, x.reader.State()
	validity := state.Validity
	switch {
	case validity == e.Validity || e.Messages == 0 && state.Messages > 0:
	case e.Messages == 0:
		validity = e.Validity // Courier makes one up each time it is asked about an empty mailbox
	default:
		return 0, stopf("mailbox %q: the source's uidvalidity is %d, the plan was made for %d: it was made anew or restored; plan again", e.Source, validity, e.Validity)
	}
	if validity == 0 {
		return 0, stopf("mailbox %q: the source gives no stable UIDs (no uidvalidity), so nothing about it can be remembered; copy it by hand", e.Source)
	}
	return validity, nil
}

// destinationNow is what the mailbox said when it was opened, or what it says now. Of an empty one only the former counts: Courier keeps its
// UIDVALIDITY only from the first SELECT on.
func (x *transfer) destinationNow(ctx context.Context, w mailbox.Wire) (endpoint.State, error) {
	if x.target != nil {
		return x.target.State(), nil
	}
	status, err := x.Destination.Status(ctx, w)
	if err != nil || status.Messages > 0 || status.UIDNext > 1 {
		return endpoint.State{Wire: w, Validity: status.UIDValidity, UIDNext: status.UIDNext, Messages: status.Messages, ModSeq: status.ModSeq}, err
	}
	target, err := x.Destination.Target(ctx, w)
	if err != nil {
		return endpoint.State{}, err
	}
	defer target.Close()
	return target.State(), nil
}

// voided says on which side the recorded UIDs mean nothing any more, and why.
type voided struct {
	source, dest bool
	reason       string
}

func (v *voided) add(side *bool, format string, args ...any) {
	*side = true
	if v.reason != "" {
		v.reason += "; "
	}
	v.reason += fmt.Sprintf(format, args...)
}

// compareRecord holds what both sides say now against what was recorded. UIDs that may name other messages than before are never used: the
// mailbox stops, or, on request, its records are matched anew by content.
func (x *transfer) compareRecord(ctx context.Context, have ledger.Mailbox, validity mailbox.UIDValidity, there endpoint.State) error {
	e := x.task.entry
	void, err := x.void(have, validity, there)
	if err != nil || void.reason == "" {
		return err
	}
	counts, err := x.Ledger.Counts(have)
	if err != nil {
		return err
	}
	if void.source && counts.Total.Messages == 0 {
		return nil // nothing was recorded, nothing can come twice: a new entry is made
	}
	if have.Dest != e.ToWire {
		return stopf("mailbox %q was copied to %q before and cannot go to %q now; plan it as before, or use another migration name", have.Name, have.DestName, e.To)
	}
	onDestination := counts.Outcome[ledger.Copied].Messages + counts.Outcome[ledger.AlreadyThere].Messages + counts.Outcome[ledger.Intended].Messages
	if onDestination > 0 && (x.Rematch == nil || !x.Rematch(e.Source)) {
		return stopf("mailbox %q: %s: what was recorded of it is void, and copying it now could bring messages twice; run copy --rematch %q to find them again by their content", e.Source, void.reason, e.Source.String())
	}
	return x.rematch(ctx, have, void, validity, there.Validity)
}

// void compares UIDVALIDITY, and what can only rise under one UIDVALIDITY: UIDNEXT and HIGHESTMODSEQ (RFC 9051 section 2.3.1.1, RFC 7162
// section 3.1.1). A step back is a mailbox that was restored from a backup.
func (x *transfer) void(have ledger.Mailbox, validity mailbox.UIDValidity, there endpoint.State) (v voided, err error) {
	highest, highestDest, err := x.Ledger.Highest(have)
	if err != nil {
		return v, err
	}
	highest = max(highest, max(have.Cursor, 1)-1)
	state := x.reader.State()
	switch {
	case have.Validity != validity:
		v.add(&v.source, "the source's uidvalidity is %d, it was %d when it was copied", validity, have.Validity)
	case wentBack(highest, state.UIDNext):
		v.add(&v.source, "the source's next uid is %d, but message %d was there before under the same uidvalidity", state.UIDNext, highest)
	case state.ModSeq != 0 && state.ModSeq < have.ModSeq:
		v.add(&v.source, "the source's highest modseq is %d, it was %d before under the same uidvalidity", state.ModSeq, have.ModSeq)
	}
	switch {
	case have.DestValidity != there.Validity:
		v.add(&v.dest, "the destination's uidvalidity is %d, it was %d when it was copied to", there.Validity, have.DestValidity)
	case wentBack(highestDest, there.UIDNext):
		v.add(&v.dest, "the destination's next uid is %d, but message %d was there before under the same uidvalidity", there.UIDNext, highestDest)
	case there.ModSeq != 0 && there.ModSeq < have.DestModSeq:
		v.add(&v.dest, "the destination's highest modseq is %d, it was %d before under the same uidvalidity", there.ModSeq, have.DestModSeq)
	}
	return v, nil
}
