package ledger

import "go.etcd.io/bbolt"

// Unmake notes that a rollback has seen m's destination mailbox, which this migration had made, gone. A later copy may then make it anew: see
// Enrol.
func (l *Ledger) Unmake(m Mailbox) error {
	return l.update(func(tx *bbolt.Tx) error {
		m.Unmade = true
		return putMailbox(tx, m)
	})
}

// Holds reports whether anything of m is on its destination, or may be.
func (l *Ledger) Holds(m Mailbox) (bool, error) {
	counts, err := l.Counts(m)
	if err != nil {
		return false, err
	}
	for state, c := range counts.State {
		if (state.Outcome.Present() || state.Outcome == Intended) && c.Messages > 0 {
			return true, nil
		}
	}
	return false, nil
}

// remade points an entry whose mailbox was taken back at the one that was made in its place. Nothing that was recorded of the old one stands for
// a message any more.
func (l *Ledger) remade(have, m Mailbox) (Mailbox, error) {
	err := l.update(func(tx *bbolt.Tx) (err error) {
		again := have
		again.DestValidity, again.Made, again.Unmade, again.DestModSeq = m.DestValidity, m.Made, false, 0
		if again.DestID, err = destination(tx, m.Dest, m.DestValidity); err != nil {
			return err
		}
		have = again
		return putMailbox(tx, again)
	})
	return have, err
}
