package ledger

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// Fence is the destination's UIDNEXT before anything of a batch was sent: nothing of the batch can have a lower UID.
type Fence struct {
	Validity mailbox.UIDValidity
	UIDNext  mailbox.UID
}

// Commit is one transaction over one mailbox: first what became of earlier messages, then what is about to be sent. It returns only when
// both are on disk. A row in Settled replaces the row of that UID and is no longer in doubt; a Dest claims that UID of the destination,
// and a UID that another message has claimed is an error (two messages are never proved by one).
type Commit struct {
	Settled []Row
	// Withdrawn were intended and are known not to be on the destination: their rows go, as if they had never been touched.
	Withdrawn []mailbox.UID
	// Intended are rows with digest, size, date and flags; their Outcome becomes Intended. All intents of a mailbox share one fence,
	// so Intended is refused while older intents are open.
	Intended []Row
	Fence    Fence
}

// Commit makes c durable.
func (l *Ledger) Commit(m Mailbox, c Commit) error {
	return l.update(func(tx *bbolt.Tx) error {
		var closed []mailbox.UID
		for _, r := range c.Settled {
			if r.Outcome <= Intended {
				return fmt.Errorf("message %d of mailbox %d settled without an outcome", r.UID, m.ID)
			}
			wasOpen, err := settle(tx, m, r)
			if err != nil {
				return err
			}
			if wasOpen {
				closed = append(closed, r.UID)
			}
		}
		for _, uid := range c.Withdrawn {
			if err := tx.Bucket(rowBucket).Delete(rowKey(m.ID, uid)); err != nil {
				return err
			}
		}
		if err := closeIntents(tx, m.ID, append(closed, c.Withdrawn...)); err != nil {
			return err
		}
		if len(c.Intended) == 0 {
			return nil
		}
		return intend(tx, m, c.Fence, c.Intended)
	})
}

// Update replaces rows that have their outcome already: proofs and removals. It claims a Dest that was not known before.
func (l *Ledger) Update(m Mailbox, rows ...Row) error { return l.Commit(m, Commit{Settled: rows}) }

// InDoubt returns the open intents of a mailbox with their fence, nil when there are none.
func (l *Ledger) InDoubt(m Mailbox) (rows []Row, fence Fence, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		open, err := readIntents(tx, m.ID)
		if err != nil {
			return err
		}
		fence = open.fence
		for _, uid := range open.uids {
			r, found, err := getRow(tx, m.ID, uid)
			if err != nil {
				return err
			}
			if !found || r.Outcome != Intended {
				return errRow
			}
			rows = append(rows, r)
		}
		return nil
	})
	return rows, fence, err
}

// Row returns what is known of one message.
func (l *Ledger) Row(m Mailbox, uid mailbox.UID) (r Row, found bool, err error) {
	err = l.view(func(tx *bbolt.Tx) (err error) {
		r, found, err = getRow(tx, m.ID, uid)
		return err
	})
	return r, found, err
}

// Page returns at most limit rows with UIDs from from on, ascending. The caller asks again from the last UID + 1: no transaction stays open
// while it talks to a server.
func (l *Ledger) Page(m Mailbox, from mailbox.UID, limit int) (rows []Row, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(rowBucket).Cursor()
		for k, v := c.Seek(rowKey(m.ID, from)); k != nil && len(rows) < limit; k, v = c.Next() {
			if len(k) != 8 || binary.BigEndian.Uint32(k) != m.ID {
				break
			}
			r, err := openRow(k, v)
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		return nil
	})
	return rows, err
}

// Each visits all rows of a mailbox, page by page, ascending.
func (l *Ledger) Each(m Mailbox, visit func(Row) error) error {
	const page = 1000
	from := mailbox.UID(1)
	for {
		rows, err := l.Page(m, from, page)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := visit(r); err != nil {
				return err
			}
		}
		if len(rows) < page || rows[len(rows)-1].UID == 1<<32-1 {
			return nil
		}
		from = rows[len(rows)-1].UID + 1
	}
}

// Claimant says which source message was recorded as lying at that UID of m's destination.
func (l *Ledger) Claimant(m Mailbox, dest mailbox.UID) (mailboxID uint32, uid mailbox.UID, found bool, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		key := rowKey(m.DestID, dest)
		owner, err := readClaim(tx, key)
		if owner != nil {
			mailboxID, uid, found = binary.BigEndian.Uint32(owner), mailbox.UID(binary.BigEndian.Uint32(owner[4:])), true
		}
		return err
	})
	return mailboxID, uid, found, err
}

// Claims returns the UIDs of m's destination, from from on, that are recorded as somebody's.
func (l *Ledger) Claims(m Mailbox, from mailbox.UID) (mailbox.UIDSet, error) {
	var uids []mailbox.UID
	err := l.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(claimBucket).Cursor()
		for k, _ := c.Seek(rowKey(m.DestID, from)); len(k) == 8 && binary.BigEndian.Uint32(k) == m.DestID; k, _ = c.Next() {
			uids = append(uids, mailbox.UID(binary.BigEndian.Uint32(k[4:])))
		}
		return nil
	})
	return mailbox.SetOf(uids...), err
}

func rowKey(id uint32, uid mailbox.UID) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(make([]byte, 0, 8), id), uint32(uid))
}

func openRow(k, sealed []byte) (Row, error) {
	value, err := unseal(k, sealed)
	if err != nil {
		return Row{}, err
	}
	return decodeRow(mailbox.UID(binary.BigEndian.Uint32(k[4:])), value)
}

func getRow(tx *bbolt.Tx, id uint32, uid mailbox.UID) (Row, bool, error) {
	key := rowKey(id, uid)
	sealed := tx.Bucket(rowBucket).Get(key)
	if sealed == nil {
		return Row{}, false, nil
	}
	r, err := openRow(key, sealed)
	return r, err == nil, err
}

func putRow(tx *bbolt.Tx, id uint32, r Row) error {
	key := rowKey(id, r.UID)
	b := tx.Bucket(rowBucket)
	b.FillPercent = 0.9 // UIDs rise, so pages are filled in order and seldom split
	return b.Put(key, seal(key, r.encode()))
}

// settle writes r and moves its claim; wasOpen says that the message was in doubt until now.
func settle(tx *bbolt.Tx, m Mailbox, r Row) (wasOpen bool, err error) {
	old, found, err := getRow(tx, m.ID, r.UID)
	if err != nil {
		return false, err
	}
	if old.Dest != 0 && old.Dest != r.Dest {
		if err := tx.Bucket(claimBucket).Delete(rowKey(m.DestID, old.Dest)); err != nil {
			return false, err
		}
	}
	if r.Dest != 0 && old.Dest != r.Dest {
		if err := claim(tx, m, r); err != nil {
			return false, err
		}
	}
	return found && old.Outcome == Intended, putRow(tx, m.ID, r)
}

func claim(tx *bbolt.Tx, m Mailbox, r Row) error {
	key := rowKey(m.DestID, r.Dest)
	owner, err := readClaim(tx, key)
	if err != nil {
		return err
	}
	if owner != nil {
		return fmt.Errorf("destination message %d of %q is claimed by source message %d already, not by %d", r.Dest, m.DestName, binary.BigEndian.Uint32(owner[4:]), r.UID)
	}
	b := tx.Bucket(claimBucket)
	b.FillPercent = 0.9
	return b.Put(key, seal(key, rowKey(m.ID, r.UID)))
}

func readClaim(tx *bbolt.Tx, key []byte) ([]byte, error) {
	sealed := tx.Bucket(claimBucket).Get(key)
	if sealed == nil {
		return nil, nil
	}
	owner, err := unseal(key, sealed)
	if err != nil || len(owner) != 8 {
		return nil, errRow
	}
	return append([]byte(nil), owner...), nil
}
