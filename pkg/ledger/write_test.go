package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

func enrolled(t testing.TB, l *Ledger, source mailbox.Wire) Mailbox {
	t.Helper()
	m, err := l.Enrol(Mailbox{Source: source, Name: mailbox.Name{string(source)}, Validity: 1, Dest: source, DestValidity: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lastTransaction is the number of the newest one that is in the file.
func lastTransaction(t testing.TB, l *Ledger) (id int) {
	t.Helper()
	if err := l.view(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// crowd has one change hold a transaction open while the given ones come and wait, and returns what became of each.
func crowd(t *testing.T, l *Ledger, changes ...func() error) []error {
	t.Helper()
	begun, release := make(chan bool, 1), make(chan bool)
	var all sync.WaitGroup
	all.Go(func() {
		err := l.update(func(*bbolt.Tx) error {
			begun <- true
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	results := make([]error, len(changes))
	for i, c := range changes {
		all.Go(func() { results[i] = c() })
		waitFor(t, func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.waiting) == i+1
		})
	}
	close(release)
	all.Wait()
	return results
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it never came to that")
		}
	}
}

// Those who wait at the same time share one transaction, in the order in which they came.
func TestWaitingCommitsShareOneTransaction(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	var changes []func() error
	var boxes []Mailbox
	for i := range 20 {
		m := enrolled(t, l, mailbox.Wire(fmt.Sprint("box", i)))
		boxes = append(boxes, m)
		changes = append(changes, func() error { return l.Update(m, Row{UID: 1, Outcome: Copied, Dest: 1}) })
	}
	before := lastTransaction(t, l)
	for i, err := range crowd(t, l, changes...) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if n := lastTransaction(t, l) - before; n != 2 {
		t.Errorf("20 waiting commits took %d transactions beside the one they waited for, not one", n-1)
	}
	for _, m := range boxes {
		if c, err := l.Counts(m); err != nil || c.Total.Messages != 1 {
			t.Errorf("%s has %+v, %v", m.Source, c.Total, err)
		}
	}
}

// One caller's fault is that caller's alone: nothing of its own change stays, everything of the others does.
func TestFaultyCommitFailsAlone(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	a, b := enrolled(t, l, "a"), enrolled(t, l, "b")
	copied := func(m Mailbox, uid, dest mailbox.UID) func() error {
		return func() error { return l.Update(m, Row{UID: uid, Outcome: Copied, Dest: dest}) }
	}
	results := crowd(t, l,
		copied(a, 1, 1),
		func() error {
			return l.Update(a, Row{UID: 2, Outcome: Copied, Dest: 2}, Row{UID: 3, Outcome: Copied, Dest: 1})
		},
		copied(b, 1, 1),
		func() error { return l.Commit(b, Commit{Withdrawn: []mailbox.UID{7}}) },
		copied(a, 4, 2),
	)
	for i, wrong := range []bool{false, true, false, true, false} {
		if (results[i] != nil) != wrong {
			t.Errorf("caller %d: %v", i, results[i])
		}
	}
	var uids []string
	for _, m := range []Mailbox{a, b} {
		if err := l.Each(m, func(r Row) error { uids = append(uids, fmt.Sprint(m.Source, r.UID)); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(uids, " "); got != "a1 a4 b1" {
		t.Errorf("the rows are %q", got)
	}
}

// A commit that fails fails for all who were in it, and for whoever comes after.
func TestFailedCommitIsEverybodys(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	m := enrolled(t, l, "a")
	one := func(uid mailbox.UID) func() error {
		return func() error { return l.Update(m, Row{UID: uid, Outcome: Copied}) }
	}
	broken := func() error {
		return l.update(func(tx *bbolt.Tx) error { panic(errors.New("a page is not what it should be")) })
	}
	results := append(crowd(t, l, one(1), broken, one(2)), one(3)())
	for i, err := range results {
		if err == nil || !strings.Contains(err.Error(), "nothing more is sent") {
			t.Errorf("caller %d: %v", i, err)
		}
	}
}

// TestCommitsFromEverywhere has many goroutines write at once, for the race detector and for deadlocks.
func TestCommitsFromEverywhere(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	const workers, each = 8, 25
	var all sync.WaitGroup
	for w := range workers {
		m := enrolled(t, l, mailbox.Wire(fmt.Sprint("box", w)))
		all.Go(func() {
			for i := range each {
				uid := mailbox.UID(i + 1)
				if err := l.Commit(m, Commit{Intended: []Row{{UID: uid, Size: 10}}, Fence: Fence{1, uid}}); err != nil {
					t.Error(err)
				}
				if err := l.Update(m, Row{UID: uid, Size: 10, Outcome: Copied, Dest: uid}); err != nil {
					t.Error(err)
				}
				if c, err := l.Counts(m); err != nil || c.Outcome[Copied] != (Count{int64(uid), 10 * int64(uid)}) {
					t.Errorf("counts are %+v, %v", c.Total, err)
				}
			}
		})
	}
	all.Wait()
}
