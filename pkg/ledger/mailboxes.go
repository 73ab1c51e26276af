package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// Mailbox is one source mailbox in one UIDVALIDITY, and where it goes. ID and DestID are the ledger's own numbers.
type Mailbox struct {
	ID           uint32              `json:"-"`
	Source       mailbox.Wire        `json:"-"`
	Name         mailbox.Name        `json:"name"`
	Validity     mailbox.UIDValidity `json:"validity"`
	Dest         mailbox.Wire        `json:"-"`
	DestName     mailbox.Name        `json:"dest_name"`
	DestValidity mailbox.UIDValidity `json:"dest_validity"`
	DestID       uint32              `json:"dest_id"`
	Made         bool                `json:"made"` // the destination mailbox did not exist before us
	// Unmade: a rollback has removed it again, with nothing in it.
	Unmade bool `json:"unmade,omitempty"`
	// Cursor: every source message with a lower UID has a row with an outcome, so that a later run starts here. 0 before the first scan.
	Cursor mailbox.UID `json:"cursor"`
	// Messages the source held below Cursor when it was last scanned; the sum of the outcomes must agree.
	Messages uint32 `json:"messages"`
	// ModSeq is a HIGHESTMODSEQ of the source (RFC 7162): the Flags of every row are at least as new as it. 0 when nobody knows.
	ModSeq uint64 `json:"mod_seq,omitempty"`
	// DestModSeq is the destination's HIGHESTMODSEQ when it was last asked for; it never goes back unless the mailbox was restored.
	DestModSeq uint64 `json:"dest_mod_seq,omitempty"`
	// Rematched: the records were matched anew by content, and the mailbox was not gone through since. Until it was, messages that are not on
	// the destination any more are to be copied again.
	Rematched bool `json:"rematched,omitempty"`
	// Problem is why the mailbox could not be finished, empty when it was.
	Problem string `json:"problem,omitempty"`
	// Names on the wire are bytes, not text; JSON would repair them.
	SourceBytes []byte `json:"source"`
	DestBytes   []byte `json:"dest"`
}

// Mailboxes lists all, in the order in which they were first seen.
func (l *Ledger) Mailboxes() ([]Mailbox, error) {
	var all []Mailbox
	err := l.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(boxBucket).ForEach(func(k, v []byte) error {
			m, err := decodeMailbox(k, v)
			all = append(all, m)
			return err
		})
	})
	return all, err
}

// ByName are the indexes of what Mailboxes returned in the order in which people look for them, INBOX first: mailboxes are copied, and so
// first seen, in another order each time.
func ByName(all []Mailbox) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if x, y := all[a].Name.IsInbox(), all[b].Name.IsInbox(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return slices.Compare(all[a].Name, all[b].Name)
	})
	return order
}

// Superseded reports whether all[i], of what Mailboxes returned, was recorded under a UIDVALIDITY that its mailbox no longer has: a later
// entry is of the same source mailbox.
func Superseded(all []Mailbox, i int) bool {
	return slices.ContainsFunc(all[i+1:], func(later Mailbox) bool { return later.Source == all[i].Source })
}

// Enrol returns the ledger's entry for m.Source in m.Validity, making one when it is new. An entry that is there keeps its cursor and
// counts; when m's destination is not the recorded one the error is a *ConflictError.
func (l *Ledger) Enrol(m Mailbox) (Mailbox, error) {
	have, found, err := l.Find(m.Source, m.Validity)
	switch {
	case err != nil:
		return Mailbox{}, err
	case found && have.Dest != m.Dest:
		return Mailbox{}, &ConflictError{fmt.Sprintf("mailbox %q was copied to %q before and cannot go to %q now; plan it as before, or use another migration name", have.Name, have.DestName, m.DestName)}
	case found && have.DestValidity != m.DestValidity && have.Unmade:
		holds, err := l.Holds(have)
		if err == nil && holds {
			err = &ConflictError{fmt.Sprintf("mailbox %q on the destination was removed by a rollback, and messages are recorded in it; match it anew with copy --rematch", have.DestName)}
		}
		if err != nil {
			return Mailbox{}, err
		}
		return l.remade(have, m)
	case found && have.DestValidity != m.DestValidity:
		return Mailbox{}, &ConflictError{fmt.Sprintf("mailbox %q on the destination has uidvalidity %d, it had %d when it was copied to: it was made anew or restored, and what was recorded there is void; use another migration name to match it by content", have.DestName, m.DestValidity, have.DestValidity)}
	case found:
		return have, nil
	}
	err = l.update(func(tx *bbolt.Tx) error {
		id, err := tx.Bucket(boxBucket).NextSequence()
		if err != nil {
			return err
		}
		m.ID = uint32(id)
		if m.DestID, err = destination(tx, m.Dest, m.DestValidity); err != nil {
			return err
		}
		if err := putSource(tx, m); err != nil {
			return err
		}
		return putMailbox(tx, m)
	})
	return m, err
}

// Advance notes that every source message below cursor has its outcome, and how many there are.
func (l *Ledger) Advance(m Mailbox, cursor mailbox.UID, messages uint32) (Mailbox, error) {
	m.Cursor, m.Messages, m.Problem = cursor, messages, ""
	return m, l.update(func(tx *bbolt.Tx) error { return putMailbox(tx, m) })
}

// Trouble notes why the mailbox could not be finished.
func (l *Ledger) Trouble(m Mailbox, problem string) error {
	m.Problem = problem[:min(len(problem), maxReason)]
	return l.update(func(tx *bbolt.Tx) error { return putMailbox(tx, m) })
}

// RecordPlan notes that a run follows the plan of that digest.
func (l *Ledger) RecordPlan(digest string, now time.Time) error {
	return l.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(planBucket)
		n, err := b.NextSequence() // not the time: clocks are set back
		if err != nil {
			return err
		}
		key := binary.BigEndian.AppendUint64(nil, n)
		return b.Put(key, seal(key, append(binary.AppendVarint(nil, now.Unix()), digest...)))
	})
}

// LastPlan is the digest of the plan that ran last, empty before the first.
func (l *Ledger) LastPlan() (digest string, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		k, v := tx.Bucket(planBucket).Cursor().Last()
		if k == nil {
			return nil
		}
		digest, err = openPlan(k, v)
		return err
	})
	return digest, err
}

func openPlan(k, v []byte) (digest string, err error) {
	value, err := unseal(k, v)
	if err != nil {
		return "", err
	}
	d := decoder{b: value}
	if d.varint(); d.bad {
		return "", errRow
	}
	return string(d.b), nil
}

func putMailbox(tx *bbolt.Tx, m Mailbox) error {
	m.SourceBytes, m.DestBytes = []byte(m.Source), []byte(m.Dest)
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint32(nil, m.ID)
	return tx.Bucket(boxBucket).Put(key, seal(key, text))
}

func decodeMailbox(k, v []byte) (m Mailbox, err error) {
	text, err := unseal(k, v)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil || len(k) != 4 {
		return m, errRow
	}
	m.ID = binary.BigEndian.Uint32(k)
	m.Source, m.Dest = mailbox.Wire(m.SourceBytes), mailbox.Wire(m.DestBytes)
	m.SourceBytes, m.DestBytes = nil, nil
	return m, nil
}

// destination numbers (mailbox, UIDVALIDITY) pairs of the destination: several source mailboxes may merge into one, and claims are on it.
func destination(tx *bbolt.Tx, w mailbox.Wire, v mailbox.UIDValidity) (uint32, error) {
	b := tx.Bucket(destBucket)
	key := nameKey(w, v)
	if id, found, err := getID(b, key); found || err != nil {
		return id, err
	}
	n, err := b.NextSequence()
	if err != nil {
		return 0, err
	}
	return uint32(n), putID(b, key, uint32(n))
}

func putSource(tx *bbolt.Tx, m Mailbox) error {
	return putID(tx.Bucket(sourceBucket), nameKey(m.Source, m.Validity), m.ID)
}

func nameKey(w mailbox.Wire, v mailbox.UIDValidity) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(v)), w...)
}

func putID(b *bbolt.Bucket, key []byte, id uint32) error {
	return b.Put(key, seal(key, binary.BigEndian.AppendUint32(nil, id)))
}

func getID(b *bbolt.Bucket, key []byte) (id uint32, found bool, err error) {
	sealed := b.Get(key)
	if sealed == nil {
		return 0, false, nil
	}
	value, err := unseal(key, sealed)
	if err == nil && len(value) != 4 {
		err = errRow
	}
	if err != nil {
		return 0, false, err
	}
	return binary.BigEndian.Uint32(value), true, nil
}

// Find returns the entry of a source mailbox.
func (l *Ledger) Find(source mailbox.Wire, v mailbox.UIDValidity) (m Mailbox, found bool, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		id, there, err := getID(tx.Bucket(sourceBucket), nameKey(source, v))
		if !there || err != nil {
			return err
		}
		key := binary.BigEndian.AppendUint32(nil, id)
		if m, err = decodeMailbox(key, tx.Bucket(boxBucket).Get(key)); err == nil && (m.Source != source || m.Validity != v) {
			err = errRow
		}
		found = err == nil
		return err
	})
	return m, found, err
}

// ConflictError: what is to be copied does not fit what was recorded of that mailbox.
type ConflictError struct{ Reason string }

func (e *ConflictError) Error() string { return e.Reason }
