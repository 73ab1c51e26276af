package ledger

import (
	"path/filepath"
	"testing"

	"imapmigrate/pkg/mailbox"
)

// A rematch moves records, claims and counters, closes intents, leaves what it is told to leave, and keeps the ledger sound.
func TestRematchMovesRecords(t *testing.T) {
	for name, c := range map[string]struct {
		validity, destValidity mailbox.UIDValidity
	}{
		"source renumbered":      {7, 1},
		"destination renumbered": {1, 7},
		"both":                   {7, 7},
		"restored":               {1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
			defer l.Close()
			m := enrolled(t, l, "a")
			c.validity += m.Validity - 1
			c.destValidity += m.DestValidity - 1
			copyAll(t, l, m, 6, 3)
			if err := l.Commit(m, Commit{Intended: []Row{usualMessage(50)}, Fence: Fence{m.DestValidity, 100}}); err != nil {
				t.Fatal(err)
			}
			var rows []Row
			for uid := mailbox.UID(3); uid <= 6; uid++ {
				r, _, err := l.Row(m, uid)
				if err != nil {
					t.Fatal(err)
				}
				r.UID, r.Dest, r.Proof = r.UID+10, r.Dest+20, Unproved
				rows = append(rows, r)
			}
			to, err := l.Rematch(m, Rematched{Validity: c.validity, DestValidity: c.destValidity, Rows: rows, Left: []mailbox.UID{2}})
			if err != nil {
				t.Fatal(err)
			}
			if found, err := l.Check(); err != nil || !found.Sound() {
				t.Errorf("the ledger is not sound: %+v, %v", found, err)
			}
			have, found, err := l.Find(m.Source, c.validity)
			if err != nil || !found || have.ID != to.ID || have.Cursor != 0 || !have.Rematched || have.DestValidity != c.destValidity {
				t.Errorf("found %v, %+v, %v", found, have, err)
			}
			if all, _ := l.Mailboxes(); len(all) != 2 || !Superseded(all, 0) || Superseded(all, 1) {
				t.Errorf("mailboxes %+v", all)
			}
			if left, err := l.Page(m, 1, 100); err != nil || len(left) != 1 || left[0].UID != 2 {
				t.Errorf("left are %+v, %v", left, err)
			}
			if now, err := l.Page(to, 1, 100); err != nil || len(now) != 4 || now[0].UID != 13 || now[0].Dest != rows[0].Dest {
				t.Errorf("moved are %+v, %v", now, err)
			}
			if id, uid, found, err := l.Claimant(to, rows[0].Dest); err != nil || !found || id != to.ID || uid != 13 {
				t.Errorf("the copy belongs to %d of %d, found %v, %v", uid, id, found, err)
			}
			if counts, err := l.Counts(to); err != nil || counts.Total.Messages != 4 {
				t.Errorf("counts %+v, %v", counts, err)
			}
			if source, dest, err := l.Highest(to); err != nil || source != 16 || dest != rows[3].Dest {
				t.Errorf("highest are %d and %d, %v", source, dest, err)
			}
			if open, _, err := l.InDoubt(m); err != nil || len(open) != 0 {
				t.Errorf("in doubt are %+v, %v", open, err)
			}
		})
	}
}

// What does not fit together changes nothing at all.
func TestRematchThatDoesNotFitChangesNothing(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	defer l.Close()
	m := enrolled(t, l, "a")
	copyAll(t, l, m, 4, 2)
	first, _, err := l.Row(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	second := first
	second.UID = 2 // the same place on the destination
	open := first
	open.Outcome = Intended
	for name, rows := range map[string][]Row{"two messages with one copy": {first, second}, "one message twice": {first, first}, "in doubt": {open}} {
		if _, err := l.Rematch(m, Rematched{Validity: 7, DestValidity: 7, Rows: rows}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if have, found, err := l.Find(m.Source, m.Validity); err != nil || !found || have.ID != m.ID {
		t.Errorf("found %v, %+v, %v", found, have, err)
	}
	if rows, err := l.Page(m, 1, 100); err != nil || len(rows) != 4 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if found, err := l.Check(); err != nil || !found.Sound() {
		t.Errorf("the ledger is not sound: %+v, %v", found, err)
	}
}

// The highest UID is that of the mailbox itself, whatever lies around it.
func TestHighestOfNeighbours(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	defer l.Close()
	a, b, c := enrolled(t, l, "a"), enrolled(t, l, "b"), enrolled(t, l, "c")
	copyAll(t, l, a, 3, 3)
	copyAll(t, l, c, 5, 5)
	for _, want := range []struct {
		m   Mailbox
		uid mailbox.UID
	}{{a, 3}, {b, 0}, {c, 5}} {
		if source, _, err := l.Highest(want.m); err != nil || source != want.uid {
			t.Errorf("mailbox %s: %d, %v; want %d", want.m.Name, source, err, want.uid)
		}
	}
	if err := l.Update(b, Row{UID: 1<<32 - 1, Outcome: Copied, Dest: 1<<32 - 1}); err != nil {
		t.Fatal(err)
	}
	if source, dest, err := l.Highest(b); err != nil || source != 1<<32-1 || dest != 1<<32-1 {
		t.Errorf("%d, %d, %v", source, dest, err)
	}
}
