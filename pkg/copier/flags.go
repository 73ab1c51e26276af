package copier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// FlagCount says what became of flags that changed on the source after their message was copied, in messages.
type FlagCount struct {
	Brought int64 `json:"brought"` // the destination has them now
	Touched int64 `json:"touched"` // left alone: somebody has changed that message's flags on the destination
}

// bringFlags makes the destination follow the flags that changed on the source since they were recorded, message by message, as a merge with
// the recorded flags as its base: see [decide]. What the source's HIGHESTMODSEQ says is not changed is not looked at.
//
// The destination is changed first and the ledger then. A crash between the two is harmless: the next run finds on the destination what the
// source has, in all or in part, changes the rest, and moves the base.
func (x *transfer) bringFlags(ctx context.Context) error {
	state, since := x.reader.State(), x.entry.ModSeq
	if x.Flags == nil || x.task.fresh && state.ModSeq == 0 || state.ModSeq != 0 && state.ModSeq == since {
		return nil
	}
	p := &flagPass{transfer: x}
	defer p.close()
	err := x.reader.ScanFlags(ctx, state.Everything(), since, func(m mailbox.Message) error { return p.visit(ctx, m) })
	if err == nil {
		err = p.flush(ctx)
	}
	if err != nil && endpoint.ClassOf(err) != endpoint.Unclassified && endsMailboxOnly(err) {
		x.Sink.Emit(event.Warning{Stage: stage, Text: fmt.Sprintf("%s: changed flags are not brought along: %s", x.task.entry.Source, err)})
		return nil // the copy itself is as good as it was; the next run tries again
	}
	if err != nil {
		return err
	}
	p.count(FlagCount{Touched: p.touched})
	if !p.open {
		x.entry.ModSeq = state.ModSeq // made durable by finish
	}
	return nil
}

// flagPass is one walk through the changed messages of a mailbox.
type flagPass struct {
	*transfer
	marker  endpoint.Marker
	page    []shift
	open    bool  // something could not be decided, and has to be looked at next time
	touched int64 // told when the walk is complete: one that a lost connection broke off is done again
}

// shift is one copied message whose flags are others on the source than the recorded ones.
type shift struct {
	row ledger.Row
	now []mailbox.Flag // on the source, in the form of the new base
}

// flagPage is how many messages are changed, looked at again and recorded at a time.
const flagPage = 500

func (p *flagPass) close() {
	if p.marker != nil {
		p.marker.Close()
	}
}

func (p *flagPass) visit(ctx context.Context, m mailbox.Message) error {
	row, found, err := p.Ledger.Row(p.entry, m.UID)
	if err != nil || !found || m.Flags == nil || !row.Outcome.Present() || row.Removal != ledger.Kept {
		return err
	}
	now := newBase(row.Flags, m.Flags)
	switch {
	case mailbox.SameFlags(row.Flags, now):
		return nil
	case row.Dest == 0:
		p.open = true // only verify can tell where the copy is
		return nil
	}
	if p.page = append(p.page, shift{row, now}); len(p.page) < flagPage {
		return nil
	}
	return p.flush(ctx)
}

// newBase is the source's flags as they will be recorded. \Deleted stays as it was: it is never brought along, and a message that somebody
// marks on the source must go on differing from its record, so that no purge takes it.
func newBase(old, source []mailbox.Flag) []mailbox.Flag {
	now := slices.DeleteFunc(mailbox.Flags(source...), mailbox.Deleted.Equal)
	if slices.ContainsFunc(old, mailbox.Deleted.Equal) {
		now = append(now, mailbox.Deleted)
	}
	return mailbox.Flags(now...)
}

// flush brings one page to the destination and records it.
func (p *flagPass) flush(ctx context.Context) error {
	if len(p.page) == 0 {
		return nil
	}
	if err := p.begin(ctx); err != nil {
		return err
	}
	there, modseq, err := p.look(ctx)
	if err != nil {
		return err
	}
	var done []ledger.Row
	plans := map[mailbox.UID]merge{}
	for _, s := range p.page {
		have, listed := there[s.row.Dest]
		if !listed {
			continue // the destination has lost it, or does not say its flags
		}
		m, ok := decide(s, have, p.marker.State())
		switch {
		case !ok:
			p.touched++
		case m.change.Empty():
			done = append(done, m.row)
		default:
			plans[s.row.Dest] = m
		}
	}
	stored, err := p.store(ctx, plans, modseq)
	if err != nil {
		return err
	}
	p.page = p.page[:0]
	return p.record(append(done, stored...))
}

// begin opens the destination mailbox, the first time that something is to be changed there.
func (p *flagPass) begin(ctx context.Context) (err error) {
	if p.marker != nil {
		return nil
	}
	if p.marker, err = p.Flags.Mark(ctx, p.entry.Dest); err != nil {
		return err
	}
	if state := p.marker.State(); state.Validity != p.entry.DestValidity {
		return stopf("mailbox %q: the destination's uidvalidity became %d while copying (it was %d): somebody made it anew; run copy again", p.task.entry.To, state.Validity, p.entry.DestValidity)
	}
	return nil
}

// look asks for the destination's flags of the page, and the highest MODSEQ among them.
func (p *flagPass) look(ctx context.Context) (map[mailbox.UID][]mailbox.Flag, uint64, error) {
	there, modseq := map[mailbox.UID][]mailbox.Flag{}, uint64(0)
	uids := make([]mailbox.UID, len(p.page))
	for i, s := range p.page {
		uids[i] = s.row.Dest
	}
	err := p.marker.ScanFlags(ctx, mailbox.SetOf(uids...), 0, func(m mailbox.Message) error {
		if m.Flags != nil {
			there[m.UID] = m.Flags
		}
		modseq = max(modseq, m.ModSeq)
		return nil
	})
	return there, modseq, err
}

// merge is what is to be done about one message: the row as it will be, and the change on the destination that has to come first.
type merge struct {
	row    ledger.Row
	want   []mailbox.Flag
	change endpoint.FlagChange
}

// decide is the three-way merge of one message: what was put on the destination, what the source has now, and what the destination has now.
// A destination that differs from the base in a flag that the source has not changed was touched there: ok is false, and the message is left
// alone. One that differs only in the source's own direction got there by an earlier run that was cut off, or by the same hand on both sides.
//
// Messages that were on the destination before us go by the same rule. Their flags belong to whoever put them there, unless they are
// exactly the recorded ones: then nobody there has said anything else, and the message follows its source.
func decide(s shift, have []mailbox.Flag, state endpoint.State) (m merge, ok bool) {
	base := minus(s.row.Flags, s.row.Dropped)
	m.row = s.row
	m.row.Flags, m.row.Dropped = s.now, nil
	for _, f := range s.now {
		known := slices.ContainsFunc(base, f.Equal)
		if known || takes(state, f) && !slices.ContainsFunc(s.row.Dropped, f.Equal) {
			m.want = append(m.want, f)
		} else {
			m.row.Dropped = append(m.row.Dropped, f)
		}
	}
	if !sameWhereSame(base, m.want, have) {
		return merge{}, false
	}
	change, err := endpoint.ChangeFlags(minus(m.want, have), minus(have, m.want))
	if err != nil {
		return merge{}, false // a flag that may not be sent, or that only removal may set
	}
	m.change = change
	if m.row.Proof == ledger.ProvedMetadata {
		m.row.Proof, m.row.ProvedAt = ledger.Unproved, time.Time{} // other flags were proved; the bytes are what they were
	}
	return m, true
}

// sameWhereSame reports whether have agrees with base in every flag in which base and want agree.
func sameWhereSame(base, want, have []mailbox.Flag) bool {
	has := func(flags []mailbox.Flag, f mailbox.Flag) bool { return slices.ContainsFunc(flags, f.Equal) }
	for _, f := range mailbox.Flags(slices.Concat(base, want, have)...) {
		if has(base, f) == has(want, f) && has(have, f) != has(base, f) {
			return false
		}
	}
	return true
}

// minus is a without what is in b, \Recent aside.
func minus(a, b []mailbox.Flag) []mailbox.Flag {
	return slices.DeleteFunc(mailbox.Flags(a...), func(f mailbox.Flag) bool { return slices.ContainsFunc(b, f.Equal) })
}

// store changes the destination, one command for all messages with the same change, looks again, and gives the rows of those that are now as
// they should be. Another client may have been quicker: what it did stays.
func (p *flagPass) store(ctx context.Context, plans map[mailbox.UID]merge, modseq uint64) (rows []ledger.Row, err error) {
	if len(plans) == 0 {
		return nil, nil
	}
	groups := map[string][]mailbox.UID{}
	for uid, m := range plans {
		groups[m.change.String()] = append(groups[m.change.String()], uid)
	}
	for _, same := range slices.Sorted(maps.Keys(groups)) {
		uids := groups[same]
		if err := p.marker.Change(ctx, mailbox.SetOf(uids...), plans[uids[0]].change, modseq); err != nil {
			return nil, err
		}
	}
	there, _, err := p.look(ctx)
	if err != nil {
		return nil, err
	}
	for uid, m := range plans {
		if have, listed := there[uid]; !listed || !mailbox.SameFlags(m.want, have) {
			p.touched++
			continue
		}
		p.count(FlagCount{Brought: 1})
		rows = append(rows, m.row)
	}
	return rows, nil
}

func (p *flagPass) count(c FlagCount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.box.Flags.Brought += c.Brought
	p.box.Flags.Touched += c.Touched
}

// record moves the base of what the destination has.
func (p *flagPass) record(rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	p.moved = true
	slices.SortFunc(rows, func(a, b ledger.Row) int { return int(int64(a.UID) - int64(b.UID)) })
	return p.Ledger.Update(p.entry, rows...)
}
