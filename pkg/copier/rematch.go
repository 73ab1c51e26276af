package copier

import (
	"context"
	"fmt"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Matched says what a rematch made of the messages that were recorded, in messages.
type Matched struct {
	Found int64 `json:"found"` // again where they belong: their records go on, unproved
	Gone  int64 `json:"gone"`  // not on the source any more; the old record of them is kept
	Again int64 `json:"again"` // not on the destination any more: to be copied again where the source has them
}

// rematch finds the messages that are recorded of a mailbox again by their content and lets their records go on under the UIDs of now. All
// that it learns becomes durable in one transaction: when it is cut off before, nothing has changed. Proofs are not carried over, so that no
// checkpoint made before holds.
//
// Equal content is a multiset: each message found stands for one record, in the order of the UIDs. What is recorded as copied and is not
// found on the destination stays on record as missing, and is copied again by the run that goes on from here, or by the next.
func (x *transfer) rematch(ctx context.Context, have ledger.Mailbox, void voided, validity, destValidity mailbox.UIDValidity) error {
	name := x.task.entry.Source
	if void.dest && destValidity == have.DestValidity {
		shared, err := x.Ledger.Shares(have)
		if err != nil {
			return err
		}
		if shared {
			return stopf("mailbox %q: other mailboxes were copied to %q too, and the UIDs of all of them are void under one uidvalidity; use another migration name to match everything by content", name, have.DestName)
		}
	}
	x.Sink.Emit(event.Warning{Stage: stage, Text: fmt.Sprintf("%s: matching what was recorded by content, because %s", name, void.reason)})
	x.entry = have
	m := &matching{transfer: x}
	if err := x.Ledger.Each(have, func(r ledger.Row) error { m.rows = append(m.rows, r); return nil }); err != nil {
		return err
	}
	if void.source {
		if err := m.onSource(ctx); err != nil {
			return err
		}
	}
	if err := m.onDestination(ctx, void.dest, destValidity); err != nil {
		return err
	}
	entry, err := x.Ledger.Rematch(have, ledger.Rematched{Validity: validity, DestValidity: destValidity, Rows: m.unproved(), Left: m.left})
	if err != nil {
		return err
	}
	x.task.record, x.task.fresh, x.moved = &entry, false, true
	x.mu.Lock()
	x.box.Matched = &m.result
	x.mu.Unlock()
	x.Sink.Emit(event.Warning{Stage: stage, Text: fmt.Sprintf("%s: %d messages matched again by content, %d are not on the source any more, %d not on the destination", name, m.result.Found, m.result.Gone, m.result.Again)})
	return nil
}

// matching is a rematch under way.
type matching struct {
	*transfer
	rows   []ledger.Row // ascending by the UIDs that were recorded; those of now once their side was matched
	left   []mailbox.UID
	result Matched
	told   int
}

// toldMessages is how many messages without a match are named one by one.
const toldMessages = 20

func (m *matching) tell(format string, args ...any) {
	if m.told++; m.told <= toldMessages {
		m.Sink.Emit(event.Warning{Stage: stage, Text: m.task.entry.Source.String() + ": " + fmt.Sprintf(format, args...)})
	}
}

// onSource gives the rows their UIDs of now. What is not on the destination and has no content on record is looked at as new.
func (m *matching) onSource(ctx context.Context) error {
	byContent, err := digestsOf(ctx, m.reader)
	if err != nil {
		return err
	}
	rows := m.rows[:0]
	for _, r := range m.rows {
		uids := byContent[r.Digest]
		// What purge has removed is gone for good: a message of equal content is another one.
		if r.Digest != (mailbox.Digest{}) && r.Removal != ledger.Gone && len(uids) > 0 {
			byContent[r.Digest] = uids[1:]
			r.UID = uids[0]
			rows = append(rows, r)
			continue
		}
		if r.Outcome.Present() || r.Outcome == ledger.RolledBack {
			m.left = append(m.left, r.UID)
			m.result.Gone++
			m.tell("message %d of before (%d bytes, copied as %d) is not on the source any more", r.UID, r.Size, r.Dest)
		}
	}
	m.rows = rows
	return nil
}

// digestsOf reads a whole mailbox: the UIDs of each content, ascending.
func digestsOf(ctx context.Context, from endpoint.Reader) (map[mailbox.Digest][]mailbox.UID, error) {
	var there []mailbox.UID
	err := from.Scan(ctx, from.State().Everything(), func(m mailbox.Message) error {
		there = append(there, m.UID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := map[mailbox.Digest][]mailbox.UID{}
	for _, part := range mailbox.SetOf(there...).Chunks(200) {
		read, err := endpoint.Digests(ctx, from, part)
		if err != nil {
			return nil, err
		}
		for uid := range part.All {
			if r, ok := read[uid]; ok && r.Problem == "" {
				out[r.Digest] = append(out[r.Digest], uid)
			}
		}
	}
	return out, nil
}

// onDestination finds the rows that have no place there: all, when the destination's UIDs are void, else those that were on their way.
func (m *matching) onDestination(ctx context.Context, void bool, validity mailbox.UIDValidity) error {
	var homeless []int
	for i := range m.rows {
		r := &m.rows[i]
		switch {
		case r.Outcome == ledger.Intended || void && r.Outcome.Present():
			homeless = append(homeless, i)
		case void:
			r.Dest = 0
		}
	}
	if len(homeless) == 0 {
		m.count(nil)
		return nil
	}
	there, err := m.printsThere(ctx, void, validity)
	if err != nil {
		return err
	}
	rest := m.settle(homeless, there.exact, func(r ledger.Row) (mailbox.Digest, bool) { return r.Digest, r.Digest != mailbox.Digest{} })
	if len(rest) > 0 && len(there.left) > 0 {
		alike, err := m.readAlike(ctx, m.onSourceNow(rest))
		if err != nil {
			return err
		}
		rest = m.settle(rest, there.alike, func(r ledger.Row) (mailbox.Digest, bool) { d, ok := alike[r.UID]; return d, ok })
	}
	m.lost(rest)
	m.count(rest)
	return nil
}

// onSourceNow are those of the rows whose messages the source can still be asked for.
func (m *matching) onSourceNow(indexes []int) (rows []ledger.Row) {
	for _, i := range indexes {
		if m.rows[i].Removal != ledger.Gone {
			rows = append(rows, m.rows[i])
		}
	}
	return rows
}

// settle gives each of the rows the lowest free message with the digest that of tells, and returns the others.
func (m *matching) settle(indexes []int, take func(mailbox.Digest) (mailbox.UID, bool), of func(ledger.Row) (mailbox.Digest, bool)) (rest []int) {
	for _, i := range indexes {
		r := &m.rows[i]
		uid, ok := mailbox.UID(0), false
		if want, known := of(*r); known {
			uid, ok = take(want)
		}
		if !ok {
			rest = append(rest, i)
			continue
		}
		r.Dest, r.Proof = uid, ledger.Unproved
		if r.Outcome == ledger.Intended {
			r.Outcome = ledger.Copied
		}
	}
	return rest
}

// lost marks what was not found on the destination. It stays on record as missing until it has been copied again.
func (m *matching) lost(indexes []int) {
	for _, i := range indexes {
		r := &m.rows[i]
		r.Dest = 0
		if r.Outcome == ledger.Intended {
			continue // dropped by unproved: whether it was ever there nobody knows, and it is not
		}
		r.Proof, r.ProvedAt = ledger.Missing, m.Now().UTC().Truncate(time.Second)
		r.Reason = "not found on the destination by its content, after the mailbox there was made anew or restored"
		m.tell("message %d (%d bytes) is not on the destination any more", r.UID, r.Size)
	}
}

func (m *matching) count(lost []int) {
	m.result.Again = int64(len(lost))
	for _, r := range m.rows {
		if r.Outcome.Present() && r.Proof != ledger.Missing {
			m.result.Found++
		}
	}
}

// unproved are the rows as they go on: nothing of what was proved, or begun to be removed, under other UIDs holds.
func (m *matching) unproved() []ledger.Row {
	out := m.rows[:0]
	for _, r := range m.rows {
		if r.Outcome == ledger.Intended {
			continue
		}
		if r.Outcome.Present() && r.Proof != ledger.Missing {
			r.Proof, r.ProvedAt, r.Reason = ledger.Unproved, time.Time{}, ""
		}
		if r.Removal == ledger.Purging || r.Removal == ledger.RollingBack {
			r.Removal = ledger.Kept
		}
		out = append(out, r)
	}
	return out
}

// freePrints are the destination's messages that are nobody's, by content: exactly, and in the form in which what servers change does not show.
type freePrints struct {
	byExact, byAlike map[mailbox.Digest][]mailbox.UID // ascending
	left             map[mailbox.UID]bool
}

// printsThere reads the destination: all that is not another mailbox's where its UIDs are void, else what may have been on its way.
func (m *matching) printsThere(ctx context.Context, void bool, validity mailbox.UIDValidity) (*freePrints, error) {
	m.closeTarget()
	dest, err := m.Destination.Examine(ctx, m.entry.Dest)
	if err != nil {
		return nil, err
	}
	defer dest.Close()
	if now := dest.State().Validity; now != validity {
		return nil, stopf("mailbox %q: the destination's uidvalidity became %d while it was looked at (it was %d); run the same command again", m.task.entry.To, now, validity)
	}
	set, err := m.freeThere(ctx, dest, void, validity)
	if err != nil {
		return nil, err
	}
	found, err := fingerprints(ctx, dest, set)
	if err != nil {
		return nil, err
	}
	out := &freePrints{map[mailbox.Digest][]mailbox.UID{}, map[mailbox.Digest][]mailbox.UID{}, map[mailbox.UID]bool{}}
	for _, uid := range found.order {
		one := found.left[uid]
		out.byExact[one.exact] = append(out.byExact[one.exact], uid)
		out.byAlike[one.alike] = append(out.byAlike[one.alike], uid)
		out.left[uid] = true
	}
	return out, nil
}

func (m *matching) freeThere(ctx context.Context, dest endpoint.Reader, void bool, validity mailbox.UIDValidity) (mailbox.UIDSet, error) {
	if !void {
		_, fence, err := m.Ledger.InDoubt(m.entry)
		if err != nil {
			return nil, err
		}
		return m.candidates(ctx, dest, fence.UIDNext)
	}
	taken, err := m.Ledger.Reserved(m.entry, validity)
	if err != nil {
		return nil, err
	}
	var free []mailbox.UID
	err = dest.Scan(ctx, dest.State().Everything(), func(msg mailbox.Message) error {
		if !taken.Contains(msg.UID) {
			free = append(free, msg.UID)
		}
		return nil
	})
	return mailbox.SetOf(free...), err
}

func (f *freePrints) exact(d mailbox.Digest) (mailbox.UID, bool) { return f.take(f.byExact, d) }
func (f *freePrints) alike(d mailbox.Digest) (mailbox.UID, bool) { return f.take(f.byAlike, d) }

// take gives the lowest UID of that content away, once.
func (f *freePrints) take(from map[mailbox.Digest][]mailbox.UID, d mailbox.Digest) (mailbox.UID, bool) {
	for len(from[d]) > 0 {
		uid := from[d][0]
		from[d] = from[d][1:]
		if f.left[uid] {
			delete(f.left, uid)
			return uid, true
		}
	}
	return 0, false
}
