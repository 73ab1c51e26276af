package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// Findings are what Check saw. The ledger is sound when Problems is empty.
type Findings struct {
	Bytes        int64    `json:"bytes"` // of the file
	Mailboxes    int64    `json:"mailboxes"`
	Messages     int64    `json:"messages"`
	Claims       int64    `json:"claims"`   // messages of the destination that are recorded as somebody's
	InDoubt      int64    `json:"in_doubt"` // messages that may be on their way
	Problems     []string `json:"problems"`
	MoreProblems int64    `json:"more_problems"` // those that Problems has no room for
}

// Sound reports whether nothing was found that should not be.
func (f Findings) Sound() bool { return len(f.Problems) == 0 }

// mostProblems bounds the list, not the search.
const mostProblems = 100

// Check reads everything once: that every value has its checksum and can be understood, that rows and claims, rows and intents, mailboxes
// and their index agree in both directions, that the counters are the sums of the rows, and that bbolt's pages are whole. It changes
// nothing. The error is for a file that cannot even be walked.
func (l *Ledger) Check() (Findings, error) {
	c := &checker{boxes: map[uint32]Mailbox{}, open: map[uint32]map[mailbox.UID]bool{}}
	err := l.view(func(tx *bbolt.Tx) error {
		c.tx, c.found.Bytes = tx, tx.Size()
		for _, step := range []func() error{c.mailboxes, c.destinations, c.plans, c.intents, c.rows, c.claims, c.counts, c.pages} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	return c.found, err
}

type checker struct {
	tx    *bbolt.Tx
	found Findings
	boxes map[uint32]Mailbox
	open  map[uint32]map[mailbox.UID]bool // what the intents say, by mailbox
	tally *tally                          // of the mailbox whose rows are being read
}

func (c *checker) problem(format string, args ...any) {
	if len(c.found.Problems) == mostProblems {
		c.found.MoreProblems++
		return
	}
	c.found.Problems = append(c.found.Problems, fmt.Sprintf(format, args...))
}

// each visits a bucket. What visit returns is a problem of that value, and the walk goes on.
func (c *checker) each(bucket []byte, visit func(k, v []byte) error) error {
	return c.tx.Bucket(bucket).ForEach(func(k, v []byte) error {
		if err := visit(k, v); err != nil {
			c.problem("%s %x: %v", bucket, k, err)
		}
		return nil
	})
}

func (c *checker) mailboxes() error {
	err := c.each(boxBucket, func(k, v []byte) error {
		m, err := decodeMailbox(k, v)
		if err != nil {
			return err
		}
		c.found.Mailboxes++
		c.boxes[m.ID] = m
		source, _, err := getID(c.tx.Bucket(sourceBucket), nameKey(m.Source, m.Validity))
		if err != nil || source < m.ID { // a later one of the same name has superseded it
			c.problem("mailbox %q is not to be found by its name", m.Name)
		}
		dest, _, err := getID(c.tx.Bucket(destBucket), nameKey(m.Dest, m.DestValidity))
		if err != nil || dest != m.DestID {
			c.problem("mailbox %q: its destination %q is not to be found by its name", m.Name, m.DestName)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.each(sourceBucket, func(k, v []byte) error {
		value, err := unseal(k, v)
		if err != nil || len(value) != 4 {
			return errRow
		}
		m, known := c.boxes[binary.BigEndian.Uint32(value)]
		if !known || !bytes.Equal(nameKey(m.Source, m.Validity), k) {
			return fmt.Errorf("the name leads to mailbox number %d, which is not that one", binary.BigEndian.Uint32(value))
		}
		return nil
	})
}

func (c *checker) destinations() error {
	return c.each(destBucket, func(k, v []byte) error {
		_, err := unseal(k, v)
		return err
	})
}

func (c *checker) plans() error {
	return c.each(planBucket, func(k, v []byte) error {
		_, err := openPlan(k, v)
		return err
	})
}

func (c *checker) intents() error {
	validity := map[uint32]mailbox.UIDValidity{}
	return c.each(intentBucket, func(k, v []byte) error {
		batch, err := decodeIntents(k, v)
		if err != nil {
			return err
		}
		id := binary.BigEndian.Uint32(k)
		m, known := c.boxes[id]
		if !known {
			return fmt.Errorf("a batch is of mailbox number %d, which is not there", id)
		}
		if c.open[id] == nil {
			c.open[id], validity[id] = map[mailbox.UID]bool{}, batch.fence.Validity
		}
		if batch.fence.Validity != validity[id] {
			c.problem("mailbox %q: its batches in doubt have the uidvalidities %d and %d", m.Name, validity[id], batch.fence.Validity)
		}
		for _, uid := range batch.uids {
			c.found.InDoubt++
			if c.open[id][uid] {
				c.problem("mailbox %q: message %d is in doubt twice", m.Name, uid)
			}
			c.open[id][uid] = true
			if r, found, err := getRow(c.tx, id, uid); err == nil && (!found || r.Outcome != Intended) {
				c.problem("mailbox %q: message %d is in doubt, and its row says %q", m.Name, uid, r.Outcome)
			}
		}
		return nil
	})
}

// rows holds each row against its claim and its intent, and sums each mailbox up.
func (c *checker) rows() error {
	err := c.each(rowBucket, func(k, v []byte) error {
		if len(k) != 8 {
			return errRow
		}
		id := binary.BigEndian.Uint32(k)
		if c.tally == nil || c.tally.id != id {
			c.summed()
			c.tally = &tally{id, map[State]Count{}}
		}
		c.found.Messages++
		r, err := openRow(k, v)
		if err != nil {
			return err
		}
		c.tally.add(r)
		m, known := c.boxes[id]
		if !known {
			return fmt.Errorf("message %d is of mailbox number %d, which is not there", r.UID, id)
		}
		if (r.Outcome == Intended) != c.open[id][r.UID] {
			c.problem("mailbox %q: message %d is %q, and the list of what is in doubt says otherwise", m.Name, r.UID, r.Outcome)
		}
		if r.claims() == 0 {
			return nil
		}
		owner, found, err := getClaim(c.tx.Bucket(claimBucket), rowKey(m.DestID, r.claims()))
		if err == nil && (!found || owner != claim{id, r.UID}) {
			c.problem("mailbox %q: message %d is recorded at %d of the destination, which is not recorded as its", m.Name, r.UID, r.Dest)
		}
		return nil
	})
	c.summed()
	return err
}

// summed holds the counter of the mailbox that was just read against its rows, and the rows against what the source had.
func (c *checker) summed() {
	if c.tally == nil {
		return
	}
	m := c.boxes[c.tally.id]
	kept, err := openTally(c.tx, c.tally.id)
	if err != nil {
		return // counts says so
	}
	same := len(kept.states) == len(c.tally.states)
	for s, n := range c.tally.states {
		same = same && kept.states[s] == n
	}
	if !same {
		c.problem("mailbox %q: its counters say %v, its rows are %v", m.Name, kept.states, c.tally.states)
	}
	if have := sum(c.tally.states).Total.Messages; have < int64(m.Messages) {
		c.problem("mailbox %q: %d messages are accounted for, and the source had %d", m.Name, have, m.Messages)
	}
}

func (c *checker) claims() error {
	return c.each(claimBucket, func(k, v []byte) error {
		owner, err := openClaim(k, v)
		if err != nil || len(k) != 8 {
			return errRow
		}
		c.found.Claims++
		r, found, err := getRow(c.tx, owner.mailbox, owner.uid)
		if err != nil {
			return nil // rows says so
		}
		m := c.boxes[owner.mailbox]
		if !found || binary.BigEndian.Uint32(k) != m.DestID || r.claims() != mailbox.UID(binary.BigEndian.Uint32(k[4:])) {
			return fmt.Errorf("it is recorded as message %d of %q, whose row says otherwise", owner.uid, m.Name)
		}
		return nil
	})
}

// counts looks for counters without rows; summed has compared the others.
func (c *checker) counts() error {
	return c.each(countBucket, func(k, v []byte) error {
		if len(k) != 4 {
			return errRow
		}
		id := binary.BigEndian.Uint32(k)
		t, err := openTally(c.tx, id)
		if err != nil {
			return err
		}
		first, _ := c.tx.Bucket(rowBucket).Cursor().Seek(rowKey(id, 0))
		if has := len(first) == 8 && binary.BigEndian.Uint32(first) == id; !has && len(t.states) > 0 {
			return fmt.Errorf("mailbox %q: its counters say %v, and it has no rows", c.boxes[id].Name, t.states)
		}
		return nil
	})
}

// pages is bbolt's own check. It comes last and only where the walk came to its end: it runs on another goroutine, where a fault in the
// memory map could not be caught.
func (c *checker) pages() error {
	for err := range c.tx.Check() {
		c.problem("pages: %v", err)
	}
	return nil
}
