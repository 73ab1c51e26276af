package ledger

import (
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// intents are the messages of one mailbox that may be on their way, and the fence they share.
type intents struct {
	fence Fence
	uids  []mailbox.UID
}

func intend(tx *bbolt.Tx, m Mailbox, fence Fence, rows []Row) error {
	open, err := readIntents(tx, m.ID)
	if err != nil {
		return err
	}
	if len(open.uids) > 0 {
		return fmt.Errorf("mailbox %q has %d messages in doubt; they have to be looked for before more is sent", m.Name, len(open.uids))
	}
	open.fence = fence
	for _, r := range rows {
		old, found, err := getRow(tx, m.ID, r.UID)
		if err != nil {
			return err
		}
		if found && old.Outcome.Present() {
			return fmt.Errorf("message %d of %q is on the destination already", r.UID, m.Name)
		}
		if old.Dest != 0 {
			if err := tx.Bucket(claimBucket).Delete(rowKey(m.DestID, old.Dest)); err != nil {
				return err
			}
		}
		r.Outcome, r.Dest, r.Proof, r.Removal = Intended, 0, Unproved, Kept
		if err := putRow(tx, m.ID, r); err != nil {
			return err
		}
		open.uids = append(open.uids, r.UID)
	}
	return writeIntents(tx, m.ID, open)
}

func closeIntents(tx *bbolt.Tx, id uint32, uids []mailbox.UID) error {
	if len(uids) == 0 {
		return nil
	}
	open, err := readIntents(tx, id)
	if err != nil {
		return err
	}
	closed := mailbox.SetOf(uids...)
	before := len(open.uids)
	open.uids = slices.DeleteFunc(open.uids, closed.Contains)
	if before-len(open.uids) != closed.Len() {
		return errRow
	}
	return writeIntents(tx, id, open)
}

func readIntents(tx *bbolt.Tx, id uint32) (intents, error) {
	key := binary.BigEndian.AppendUint32(nil, id)
	sealed := tx.Bucket(intentBucket).Get(key)
	if sealed == nil {
		return intents{}, nil
	}
	value, err := unseal(key, sealed)
	if err != nil || len(value) < 8 || len(value)%4 != 0 {
		return intents{}, errRow
	}
	open := intents{fence: Fence{mailbox.UIDValidity(binary.BigEndian.Uint32(value)), mailbox.UID(binary.BigEndian.Uint32(value[4:]))}}
	for value = value[8:]; len(value) > 0; value = value[4:] {
		open.uids = append(open.uids, mailbox.UID(binary.BigEndian.Uint32(value)))
	}
	return open, nil
}

func writeIntents(tx *bbolt.Tx, id uint32, open intents) error {
	key := binary.BigEndian.AppendUint32(nil, id)
	if len(open.uids) == 0 {
		return tx.Bucket(intentBucket).Delete(key)
	}
	value := binary.BigEndian.AppendUint32(nil, uint32(open.fence.Validity))
	value = binary.BigEndian.AppendUint32(value, uint32(open.fence.UIDNext))
	for _, uid := range open.uids {
		value = binary.BigEndian.AppendUint32(value, uint32(uid))
	}
	return tx.Bucket(intentBucket).Put(key, seal(key, value))
}
