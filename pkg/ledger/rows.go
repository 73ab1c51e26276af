package ledger

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// Fence is the destination's UIDNEXT before anything of a batch was sent: nothing of the batch can have a lower UID. A fence taken before
// several batches holds for all of them.
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
	// Intended are rows with digest, size, date and flags; their Outcome becomes Intended. They are a batch of their own with its Fence;
	// older batches of the mailbox may still be open, under the same UIDVALIDITY. A message that is in doubt or on the destination already
	// is refused; one that verification has found missing there is not, and its claim goes with its old row.
	Intended []Row
	Fence    Fence
}

// Commit makes c durable.
func (l *Ledger) Commit(m Mailbox, c Commit) error {
	return l.update(func(tx *bbolt.Tx) error {
		t, err := openTally(tx, m.ID)
		if err != nil {
			return err
		}
		closed, err := settleAll(tx, t, m, c.Settled)
		if err != nil {
			return err
		}
		for _, uid := range c.Withdrawn {
			if err := withdraw(tx, t, m, uid); err != nil {
				return err
			}
		}
		if err := closeIntents(tx, m, append(closed, c.Withdrawn...)); err != nil {
			return err
		}
		if len(c.Intended) > 0 {
			if err := intend(tx, t, m, c.Fence, c.Intended); err != nil {
				return err
			}
		}
		return t.save(tx)
	})
}

// settleAll gives rows their outcomes; closed are those that were in doubt until now.
func settleAll(tx *bbolt.Tx, t *tally, m Mailbox, rows []Row) (closed []mailbox.UID, err error) {
	for _, r := range rows {
		if r.Outcome <= Intended {
			return nil, fmt.Errorf("message %d of %q settled without an outcome", r.UID, m.Name)
		}
		wasOpen, err := settle(tx, t, m, r)
		if err != nil {
			return nil, err
		}
		if wasOpen {
			closed = append(closed, r.UID)
		}
	}
	return closed, nil
}

func withdraw(tx *bbolt.Tx, t *tally, m Mailbox, uid mailbox.UID) error {
	old, found, err := getRow(tx, m.ID, uid)
	if err != nil {
		return err
	}
	if !found || old.Outcome != Intended {
		return fmt.Errorf("message %d of %q is not in doubt, so it cannot be taken back", uid, m.Name)
	}
	t.remove(old)
	return tx.Bucket(rowBucket).Delete(rowKey(m.ID, uid))
}

// Update replaces rows that have their outcome already: proofs and removals. It claims a Dest that was not known before.
func (l *Ledger) Update(m Mailbox, rows ...Row) error { return l.Commit(m, Commit{Settled: rows}) }

// InDoubt returns the open intents of a mailbox in the order in which they were to be sent, nil when there are none, with the lowest fence of
// their batches: none of them can have a lower UID on the destination.
func (l *Ledger) InDoubt(m Mailbox) (rows []Row, fence Fence, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		open, err := readIntents(tx, m.ID)
		if err != nil {
			return err
		}
		for i, batch := range open {
			if i == 0 || batch.fence.UIDNext < fence.UIDNext {
				fence = batch.fence
			}
			if batch.fence.Validity != fence.Validity {
				return errRow
			}
			if rows, err = appendDoubtful(tx, m, rows, batch.uids); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, Fence{}, err
	}
	return rows, fence, nil
}

func appendDoubtful(tx *bbolt.Tx, m Mailbox, rows []Row, uids []mailbox.UID) ([]Row, error) {
	for _, uid := range uids {
		r, found, err := getRow(tx, m.ID, uid)
		if err != nil {
			return nil, err
		}
		if !found || r.Outcome != Intended {
			return nil, errRow
		}
		rows = append(rows, r)
	}
	return rows, nil
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
		c, there, err := getClaim(tx.Bucket(claimBucket), rowKey(m.DestID, dest))
		mailboxID, uid, found = c.mailbox, c.uid, there
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
func settle(tx *bbolt.Tx, t *tally, m Mailbox, r Row) (wasOpen bool, err error) {
	old, found, err := getRow(tx, m.ID, r.UID)
	if err != nil {
		return false, err
	}
	if found {
		t.remove(old)
	}
	t.add(r)
	had, wants := old.claims(), r.claims()
	if had != 0 && had != wants {
		if err := tx.Bucket(claimBucket).Delete(rowKey(m.DestID, had)); err != nil {
			return false, err
		}
	}
	if wants != 0 && had != wants {
		if err := putClaim(tx, m, r); err != nil {
			return false, err
		}
	}
	return found && old.Outcome == Intended, putRow(tx, m.ID, r)
}

// claim says which source message lies at a UID of the destination.
type claim struct {
	mailbox uint32
	uid     mailbox.UID
}

func putClaim(tx *bbolt.Tx, m Mailbox, r Row) error {
	b := tx.Bucket(claimBucket)
	key := rowKey(m.DestID, r.Dest)
	owner, found, err := getClaim(b, key)
	if err != nil {
		return err
	}
	if found {
		return fmt.Errorf("destination message %d of %q is claimed by source message %d already, not by %d", r.Dest, m.DestName, owner.uid, r.UID)
	}
	b.FillPercent = 0.9
	return b.Put(key, seal(key, binary.AppendUvarint(binary.AppendUvarint(nil, uint64(m.ID)), uint64(r.UID))))
}

func getClaim(b *bbolt.Bucket, key []byte) (c claim, found bool, err error) {
	sealed := b.Get(key)
	if sealed == nil {
		return claim{}, false, nil
	}
	c, err = openClaim(key, sealed)
	return c, err == nil, err
}

func openClaim(key, sealed []byte) (claim, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return claim{}, err
	}
	d := decoder{b: value}
	c := claim{uint32(d.uvarint()), mailbox.UID(d.uvarint())}
	if d.bad || len(d.b) > 0 {
		return claim{}, errRow
	}
	return c, nil
}
