package ledger

import (
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// intents are the messages of one batch that may be on their way, and the fence of that batch. A mailbox may have several batches open.
type intents struct {
	group uint32 // numbers the batches of a mailbox in the order in which they were sent
	fence Fence
	uids  []mailbox.UID
}

// intend opens one batch more.
func intend(tx *bbolt.Tx, t *tally, m Mailbox, fence Fence, rows []Row) error {
	open, err := readIntents(tx, m.ID)
	if err != nil {
		return err
	}
	batch := intents{fence: fence}
	if n := len(open); n > 0 {
		batch.group = open[n-1].group + 1
		if have := open[n-1].fence.Validity; have != fence.Validity {
			return fmt.Errorf("mailbox %q has messages in doubt under the destination's uidvalidity %d; nothing can be sent under %d", m.Name, have, fence.Validity)
		}
	}
	for _, r := range rows {
		if err := intendRow(tx, t, m, r); err != nil {
			return err
		}
		batch.uids = append(batch.uids, r.UID)
	}
	return writeIntents(tx, m.ID, batch)
}

func intendRow(tx *bbolt.Tx, t *tally, m Mailbox, r Row) error {
	old, found, err := getRow(tx, m.ID, r.UID)
	switch {
	case err != nil:
		return err
	case found && old.Outcome == Intended:
		return fmt.Errorf("message %d of %q is on its way already; it has to be looked for before it is sent again", r.UID, m.Name)
	case found && old.Outcome.Present() && !old.Lost():
		return fmt.Errorf("message %d of %q is on the destination already", r.UID, m.Name)
	case old.claims() != 0:
		if err := tx.Bucket(claimBucket).Delete(rowKey(m.DestID, old.Dest)); err != nil {
			return err
		}
	}
	if found {
		t.remove(old)
	}
	r.Outcome, r.Dest, r.Proof, r.Removal = Intended, 0, Unproved, Kept
	t.add(r)
	return putRow(tx, m.ID, r)
}

// closeIntents takes uids out of whatever batch they are in.
func closeIntents(tx *bbolt.Tx, m Mailbox, uids []mailbox.UID) error {
	if len(uids) == 0 {
		return nil
	}
	open, err := readIntents(tx, m.ID)
	if err != nil {
		return err
	}
	closing := mailbox.SetOf(uids...)
	closed := 0
	for _, batch := range open {
		before := len(batch.uids)
		batch.uids = slices.DeleteFunc(batch.uids, closing.Contains)
		if before == len(batch.uids) {
			continue
		}
		closed += before - len(batch.uids)
		if err := writeIntents(tx, m.ID, batch); err != nil {
			return err
		}
	}
	if closed != closing.Len() {
		return fmt.Errorf("%d of %d messages of %q were not in doubt, so they cannot be taken back", closing.Len()-closed, closing.Len(), m.Name)
	}
	return nil
}

// readIntents gives the open batches of a mailbox in the order in which they were sent.
func readIntents(tx *bbolt.Tx, id uint32) (open []intents, err error) {
	c := tx.Bucket(intentBucket).Cursor()
	for k, sealed := c.Seek(intentKey(id, 0)); len(k) >= 4 && binary.BigEndian.Uint32(k) == id; k, sealed = c.Next() {
		batch, err := decodeIntents(k, sealed)
		if err != nil {
			return nil, err
		}
		open = append(open, batch)
	}
	return open, nil
}

func decodeIntents(key, sealed []byte) (intents, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return intents{}, err
	}
	if len(key) != 8 || len(value) <= 8 || len(value)%4 != 0 {
		return intents{}, errRow
	}
	batch := intents{
		group: binary.BigEndian.Uint32(key[4:]),
		fence: Fence{mailbox.UIDValidity(binary.BigEndian.Uint32(value)), mailbox.UID(binary.BigEndian.Uint32(value[4:]))},
	}
	for value = value[8:]; len(value) > 0; value = value[4:] {
		batch.uids = append(batch.uids, mailbox.UID(binary.BigEndian.Uint32(value)))
	}
	return batch, nil
}

// writeIntents replaces a batch; one that is empty is closed.
func writeIntents(tx *bbolt.Tx, id uint32, batch intents) error {
	key := intentKey(id, batch.group)
	if len(batch.uids) == 0 {
		return tx.Bucket(intentBucket).Delete(key)
	}
	value := binary.BigEndian.AppendUint32(nil, uint32(batch.fence.Validity))
	value = binary.BigEndian.AppendUint32(value, uint32(batch.fence.UIDNext))
	for _, uid := range batch.uids {
		value = binary.BigEndian.AppendUint32(value, uint32(uid))
	}
	return tx.Bucket(intentBucket).Put(key, seal(key, value))
}

func intentKey(id, group uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(make([]byte, 0, 8), id), group)
}
