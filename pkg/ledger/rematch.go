package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// Rematched is what a mailbox's records are to be, after UIDs became void on the source, on the destination, or on both, and the messages
// were found again by their content.
type Rematched struct {
	Validity     mailbox.UIDValidity // of the source now
	DestValidity mailbox.UIDValidity // of the destination now
	// Rows are the records that go on, under UID and Dest of now; each has its outcome and none is in doubt.
	Rows []Row
	// Left are UIDs, as recorded before, of messages that the source does not have any more: their rows and claims stay where they are, as
	// the record of what was once appended.
	Left []mailbox.UID
}

// Rematch puts r in the place of everything that is recorded of m, in one transaction: a crash leaves either. The records go on in a new
// entry, which it returns, with no cursor, so that the next look goes through the whole mailbox; m keeps what is Left and is superseded, or
// goes when nothing is. Intents of m are closed: whoever calls has looked for what was in doubt.
func (l *Ledger) Rematch(m Mailbox, r Rematched) (Mailbox, error) {
	to := m
	to.Validity, to.DestValidity = r.Validity, r.DestValidity
	to.Cursor, to.Messages, to.ModSeq, to.DestModSeq, to.Problem, to.Rematched = 0, 0, 0, 0, "", true
	err := l.update(func(tx *bbolt.Tx) error {
		if err := clearOut(tx, m, mailbox.SetOf(r.Left...)); err != nil {
			return err
		}
		id, err := tx.Bucket(boxBucket).NextSequence()
		if err != nil {
			return err
		}
		to.ID = uint32(id)
		if to.DestID, err = destination(tx, to.Dest, to.DestValidity); err != nil {
			return err
		}
		if err := putSource(tx, to); err != nil {
			return err
		}
		return moveIn(tx, to, r.Rows)
	})
	return to, err
}

// clearOut takes everything recorded of m away but the rows of stay.
func clearOut(tx *bbolt.Tx, m Mailbox, stay mailbox.UIDSet) error {
	rows, err := allRows(tx, m.ID)
	if err != nil {
		return err
	}
	t, err := openTally(tx, m.ID)
	if err != nil {
		return err
	}
	stayed := 0
	for _, r := range rows {
		if stay.Contains(r.UID) && r.Outcome != Intended {
			stayed++
			continue
		}
		t.remove(r)
		if r.claims() != 0 {
			if err := tx.Bucket(claimBucket).Delete(rowKey(m.DestID, r.Dest)); err != nil {
				return err
			}
		}
		if err := tx.Bucket(rowBucket).Delete(rowKey(m.ID, r.UID)); err != nil {
			return err
		}
	}
	if err := closeAll(tx, m.ID); err != nil {
		return err
	}
	if stayed > 0 {
		m.Messages, m.Problem = uint32(stayed), ""
		return errors.Join(t.save(tx), putMailbox(tx, m))
	}
	key := binary.BigEndian.AppendUint32(nil, m.ID)
	if err := tx.Bucket(countBucket).Delete(key); err != nil {
		return err
	}
	if err := tx.Bucket(sourceBucket).Delete(nameKey(m.Source, m.Validity)); err != nil {
		return err
	}
	return tx.Bucket(boxBucket).Delete(key)
}

func allRows(tx *bbolt.Tx, id uint32) (rows []Row, err error) {
	c := tx.Bucket(rowBucket).Cursor()
	for k, v := c.Seek(rowKey(id, 0)); len(k) == 8 && binary.BigEndian.Uint32(k) == id; k, v = c.Next() {
		r, err := openRow(k, v)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// closeAll forgets the batches that were on their way.
func closeAll(tx *bbolt.Tx, id uint32) error {
	open, err := readIntents(tx, id)
	if err != nil {
		return err
	}
	for _, batch := range open {
		if err := tx.Bucket(intentBucket).Delete(intentKey(id, batch.group)); err != nil {
			return err
		}
	}
	return nil
}

// moveIn writes the new entry with its rows.
func moveIn(tx *bbolt.Tx, to Mailbox, rows []Row) error {
	t, err := openTally(tx, to.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		_, found, err := getRow(tx, to.ID, r.UID)
		if err != nil {
			return err
		}
		if found {
			return fmt.Errorf("message %d of %q was matched twice", r.UID, to.Name)
		}
		if r.Outcome <= Intended {
			return fmt.Errorf("message %d of %q was matched without an outcome", r.UID, to.Name)
		}
		if _, err := settle(tx, t, to, r); err != nil {
			return err
		}
	}
	if err := t.save(tx); err != nil {
		return err
	}
	return putMailbox(tx, to)
}

// Highest are the highest UIDs that are recorded of m: on the source, of a message with a row, and on the destination, of a message that is
// anybody's. 0 is none. UIDNEXT on either side can only be above them, unless the mailbox was restored (RFC 9051 section 2.3.1.1).
func (l *Ledger) Highest(m Mailbox) (source, dest mailbox.UID, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		source, dest = last(tx.Bucket(rowBucket), m.ID), last(tx.Bucket(claimBucket), m.DestID)
		return nil
	})
	return source, dest, err
}

// last is the UID of the last key that begins with id, 0 when there is none.
func last(b *bbolt.Bucket, id uint32) mailbox.UID {
	c := b.Cursor()
	k, _ := c.Seek(rowKey(id, 1<<32-1))
	if len(k) != 8 || binary.BigEndian.Uint32(k) != id {
		if k == nil {
			k, _ = c.Last()
		} else {
			k, _ = c.Prev()
		}
	}
	if len(k) != 8 || binary.BigEndian.Uint32(k) != id {
		return 0
	}
	return mailbox.UID(binary.BigEndian.Uint32(k[4:]))
}

// Shares reports whether another source mailbox has messages recorded on m's destination.
func (l *Ledger) Shares(m Mailbox) (shared bool, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(claimBucket).Cursor()
		for k, v := c.Seek(rowKey(m.DestID, 0)); len(k) == 8 && binary.BigEndian.Uint32(k) == m.DestID && !shared; k, v = c.Next() {
			owner, err := openClaim(k, v)
			if err != nil {
				return err
			}
			shared = owner.mailbox != m.ID
		}
		return nil
	})
	return shared, err
}

// Reserved are the UIDs of the destination mailbox m.Dest, under the given UIDVALIDITY, that are recorded as another source mailbox's.
func (l *Ledger) Reserved(m Mailbox, validity mailbox.UIDValidity) (mailbox.UIDSet, error) {
	var uids []mailbox.UID
	err := l.view(func(tx *bbolt.Tx) error {
		id, found, err := getID(tx.Bucket(destBucket), nameKey(m.Dest, validity))
		if !found || err != nil {
			return err
		}
		c := tx.Bucket(claimBucket).Cursor()
		for k, v := c.Seek(rowKey(id, 0)); len(k) == 8 && binary.BigEndian.Uint32(k) == id; k, v = c.Next() {
			owner, err := openClaim(k, v)
			if err != nil {
				return err
			}
			if owner.mailbox != m.ID {
				uids = append(uids, mailbox.UID(binary.BigEndian.Uint32(k[4:])))
			}
		}
		return nil
	})
	return mailbox.SetOf(uids...), err
}
