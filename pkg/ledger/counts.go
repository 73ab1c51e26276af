package ledger

import (
	"encoding/binary"
	"slices"

	"go.etcd.io/bbolt"
)

// Count is a number of messages and their bytes.
type Count struct {
	Messages int64 `json:"messages"`
	Bytes    int64 `json:"bytes"`
}

// State is all of a row that is counted.
type State struct {
	Outcome Outcome
	Proof   Proof
	Removal Removal
	Noted   bool // there is a Reason
}

// State says under what r is counted.
func (r Row) State() State { return State{r.Outcome, r.Proof, r.Removal, r.Reason != ""} }

// Counts sum up the rows of one mailbox.
type Counts struct {
	State   map[State]Count // every row once; the other fields are sums of these
	Outcome map[Outcome]Count
	Proof   map[Proof]Count   // of messages that are on the destination
	Removal map[Removal]Count // of messages that are on the destination
	Total   Count
}

// Counts are kept up with every change of a row, so that asking costs the same for a million messages as for one.
func (l *Ledger) Counts(m Mailbox) (Counts, error) {
	var t *tally
	err := l.view(func(tx *bbolt.Tx) (err error) {
		t, err = openTally(tx, m.ID)
		return err
	})
	if err != nil {
		return Counts{}, err
	}
	return sum(t.states), nil
}

func sum(states map[State]Count) Counts {
	c := Counts{states, map[Outcome]Count{}, map[Proof]Count{}, map[Removal]Count{}, Count{}}
	for s, n := range states {
		bump(c.Outcome, s.Outcome, n)
		if s.Outcome.Present() {
			bump(c.Proof, s.Proof, n)
			bump(c.Removal, s.Removal, n)
		}
		c.Total = Count{c.Total.Messages + n.Messages, c.Total.Bytes + n.Bytes}
	}
	return c
}

func bump[K comparable](m map[K]Count, k K, n Count) {
	m[k] = Count{m[k].Messages + n.Messages, m[k].Bytes + n.Bytes}
}

// tally is the counter of one mailbox within one transaction.
type tally struct {
	id     uint32
	states map[State]Count
}

// openTally reads a mailbox's counter; every row that is written after that has to pass through add and remove, and then comes save.
func openTally(tx *bbolt.Tx, id uint32) (*tally, error) {
	t := &tally{id, map[State]Count{}}
	key := binary.BigEndian.AppendUint32(nil, id)
	sealed := tx.Bucket(countBucket).Get(key)
	if sealed == nil {
		return t, nil
	}
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	d := decoder{b: value}
	for len(d.b) > 0 && !d.bad {
		s := d.state()
		s.Noted = d.byte() == 1
		t.states[s] = Count{d.varint(), d.varint()}
	}
	if d.bad {
		return nil, errRow
	}
	return t, nil
}

func (t *tally) add(r Row) {
	s := r.State()
	t.states[s] = Count{t.states[s].Messages + 1, t.states[s].Bytes + r.Size}
}

func (t *tally) remove(r Row) {
	s := r.State()
	t.states[s] = Count{t.states[s].Messages - 1, t.states[s].Bytes - r.Size}
	if t.states[s] == (Count{}) {
		delete(t.states, s)
	}
}

func (t *tally) save(tx *bbolt.Tx) error {
	key := binary.BigEndian.AppendUint32(nil, t.id)
	var parts [][]byte
	for s, n := range t.states {
		part := append(appendState(nil, s), 0)
		if s.Noted {
			part[len(part)-1] = 1
		}
		parts = append(parts, binary.AppendVarint(binary.AppendVarint(part, n.Messages), n.Bytes))
	}
	slices.SortFunc(parts, slices.Compare) // the same rows make the same file
	return tx.Bucket(countBucket).Put(key, seal(key, slices.Concat(parts...)))
}
