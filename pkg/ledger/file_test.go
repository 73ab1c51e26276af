package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	options = Options{Command: "imapmigrate copy", Now: func() time.Time { return noon }}
	facts   = Facts{
		Name:        "acme-alice",
		Source:      endpoint.Identity{Host: "imap.old.example", Port: 993, User: "alice"},
		Destination: endpoint.Identity{Host: "imap.new.example", Port: 993, User: "alice"},
	}
)

func create(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Create(path, facts, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// filled is a closed ledger with one mailbox of n messages, copied in batches.
func filled(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "acme-alice.ledger")
	l := create(t, path)
	m, err := l.Enrol(Mailbox{Source: "INBOX", Name: mailbox.Name{"INBOX"}, Validity: 7, Dest: "INBOX", DestName: mailbox.Name{"INBOX"}, DestValidity: 9})
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for i := range n {
		uid := mailbox.UID(i + 1)
		rows = append(rows, Row{UID: uid, Outcome: Copied, Dest: uid, Size: int64(i), Digest: mailbox.Digest{byte(i), 1}, Date: noon, Flags: []mailbox.Flag{mailbox.Seen}})
	}
	if err := l.Update(m, rows...); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCreateMakesPrivateFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "a.ledger")
	create(t, path)
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, holderPath(path): 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".new-*"))
	if len(left) > 0 {
		t.Errorf("the work of making it was left behind: %v", left)
	}
}

func TestOpenOfMissingLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	if _, err := Open(path, options); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, have %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("Open has made a file")
	}
}

func TestFactsStay(t *testing.T) {
	path := filled(t, 1)
	l, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if f := l.Facts(); f.Format != Format || f.Name != facts.Name || f.Source != facts.Source || f.Destination != facts.Destination || !f.Created.Equal(noon) {
		t.Errorf("facts are %+v", f)
	}
}

func TestForeignLedgers(t *testing.T) {
	other := facts
	other.Name = "acme-bob"
	source := facts
	source.Source.User = "bob"
	destination := facts
	destination.Destination.Host = "imap.third.example"
	port := facts
	port.Source.Port = 143
	for what, f := range map[string]Facts{"name": other, "source": source, "destination": destination, "port": port} {
		path := filled(t, 1)
		_, err := Create(path, f, options)
		if _, ok := errors.AsType[*ForeignError](err); !ok {
			t.Errorf("another %s: want a ForeignError, have %v", what, err)
		}
		// The refused one must not stay locked.
		l, err := Create(path, facts, options)
		if err != nil {
			t.Errorf("after the refusal of another %s: %v", what, err)
			continue
		}
		l.Close()
	}
}

func TestNewerFormatIsForeign(t *testing.T) {
	path := filled(t, 1)
	edit(t, path, func(tx *bbolt.Tx) error {
		f := facts
		f.Format = Format + 1
		text, _ := json.Marshal(f)
		return tx.Bucket(metaBucket).Put(factsKey, seal(factsKey, text))
	})
	_, err := Open(path, options)
	if e, ok := errors.AsType[*ForeignError](err); !ok || !strings.Contains(e.Error(), "format 2") {
		t.Errorf("want a ForeignError that names the format, have %v", err)
	}
}

func TestAnotherProgramsDatabaseIsForeign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	before, _ := os.ReadFile(path)
	_, err = Open(path, options)
	if _, ok := errors.AsType[*ForeignError](err); !ok {
		t.Errorf("want a ForeignError, have %v", err)
	}
	after, _ := os.ReadFile(path)
	if !bytes.Equal(before, after) {
		t.Error("a foreign file was changed")
	}
}

func TestOnlyRegularFiles(t *testing.T) {
	path := filled(t, 1)
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, filepath.Dir(path)} {
		_, err := Open(name, options)
		if _, ok := errors.AsType[*ForeignError](err); !ok {
			t.Errorf("%s: want a ForeignError, have %v", name, err)
		}
	}
}

// edit changes the database behind the ledger's back.
func edit(t *testing.T, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// readAll touches everything that a ledger holds.
func readAll(path string) error {
	l, err := Open(path, options)
	if err != nil {
		return err
	}
	err = func() error {
		all, err := l.Mailboxes()
		if err != nil {
			return err
		}
		for _, m := range all {
			if _, err := l.Counts(m); err != nil {
				return err
			}
			if err := l.Each(m, func(Row) error { return nil }); err != nil {
				return err
			}
			if _, _, err := l.InDoubt(m); err != nil {
				return err
			}
			if _, err := l.Claims(m, 1); err != nil {
				return err
			}
		}
		_, err = l.LastPlan()
		return err
	}()
	done := make(chan error)
	go func() { done <- l.Close() }()
	select {
	case e := <-done:
		return errors.Join(err, e)
	case <-time.After(20 * time.Second):
		return errors.New("the damaged ledger could not be closed")
	}
}

func TestDamageIsAnErrorAndNeverAPanic(t *testing.T) {
	path := filled(t, 3000)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bbolt.Tx) error {
		good = good[:tx.Size()] // bbolt makes the file larger than the database is
		return nil
	})
	noise := make([]byte, len(good))
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	cases := map[string][]byte{
		"empty":         {},
		"one byte":      good[:1],
		"noise":         noise,
		"text":          []byte(strings.Repeat("this is not a ledger\n", 1000)),
		"zeros":         make([]byte, len(good)),
		"one page":      good[:4096],
		"two pages":     good[:8192],
		"half":          good[:len(good)/2],
		"a third":       good[:len(good)/3+17],
		"last page cut": good[:len(good)-4096],
		"no metas":      append(make([]byte, 8192), good[8192:]...),
		"noise behind":  append(append([]byte{}, good[:8192]...), noise[8192:]...),
		"zeros behind":  append(append([]byte{}, good[:8192]...), make([]byte, len(good)-8192)...),
	}
	for name, content := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "damaged.ledger")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			err := readAll(path)
			if _, ok := errors.AsType[*DamagedError](err); !ok {
				t.Errorf("want a DamagedError, have %v", err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, content) {
				t.Error("the damaged file was changed")
			}
		})
	}
}

// anew writes a file that no open file stands for: where bbolt panics while it opens a damaged one, this process keeps the lock on that.
func anew(t *testing.T, path string, content []byte) {
	t.Helper()
	_ = os.Remove(path)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFlippedBytesAreNeverPanics flips single bytes anywhere in the file: an error or the truth, no panic, no hanging.
func TestFlippedBytesAreNeverPanics(t *testing.T) {
	good, err := os.ReadFile(filled(t, 500))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "flipped.ledger")
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	// The places are the same each time: bbolt follows a page that points to itself for ever, and a test must not find that one day in a hundred.
	chance := rand.New(rand.NewPCG(1, 1))
	for range rounds {
		i := chance.IntN(len(good))
		good[i] ^= 0x10
		anew(t, path, good)
		if err := readAll(path); err != nil && !acceptable(err) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		good[i] ^= 0x10
	}
}

func acceptable(err error) bool {
	_, damaged := errors.AsType[*DamagedError](err)
	_, foreign := errors.AsType[*ForeignError](err)
	return damaged || foreign
}

func TestFlippedRowIsDamage(t *testing.T) {
	path := filled(t, 10)
	edit(t, path, func(tx *bbolt.Tx) error {
		key := rowKey(1, 4)
		v := bytes.Clone(tx.Bucket(rowBucket).Get(key))
		v[len(v)-3] ^= 4
		return tx.Bucket(rowBucket).Put(key, v)
	})
	if _, ok := errors.AsType[*DamagedError](readAll(path)); !ok {
		t.Errorf("want a DamagedError, have %v", readAll(path))
	}
}

func TestSecondOpenIsLocked(t *testing.T) {
	path := filled(t, 1)
	l, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Open(path, options)
	locked, ok := errors.AsType[*LockedError](err)
	if !ok {
		t.Fatalf("want a LockedError, have %v", err)
	}
	if h := locked.Holder; h.PID != os.Getpid() || h.Command != options.Command || !h.Since.Equal(noon) || h.Host == "" {
		t.Errorf("the holder is %+v", h)
	}
	if !strings.Contains(locked.Error(), "imapmigrate copy") {
		t.Errorf("the holder's command is not named: %v", locked)
	}
}

func TestCloseTwiceLeavesTheNextHolderAlone(t *testing.T) {
	path := filled(t, 1)
	first, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if h := readHolder(path); h.PID == 0 {
		t.Error("closing the first ledger again has removed the second one's name")
	}
}

const childEnv = "LEDGER_TEST_CHILD"

// TestMain lets the tests start this binary as another process that has to do with the same ledger.
func TestMain(m *testing.M) {
	path := os.Getenv(childEnv)
	if path == "" {
		os.Exit(m.Run())
	}
	if os.Getenv(childEnv+"_CREATE") != "" {
		for {
			if l, err := Create(path, facts, options); err == nil {
				l.Close()
			}
			os.Remove(path)
		}
	}
	l, err := Create(path, facts, Options{Command: "the other", Now: options.Now})
	if err != nil {
		panic(err)
	}
	defer l.Close()
	os.Stdout.WriteString("open\n")
	time.Sleep(time.Hour)
}

func TestAnotherProcessIsNamed(t *testing.T) {
	path := filled(t, 1)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, options)
	locked, ok := errors.AsType[*LockedError](err)
	if !ok || locked.Holder.PID != child.Process.Pid || locked.Holder.Command != "the other" {
		t.Fatalf("want a LockedError that names process %d, have %v", child.Process.Pid, err)
	}
	// A killed process leaves its name behind, and nothing else: the lock is the system's.
	child.Process.Kill()
	child.Wait()
	l, err := Open(path, options)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	l.Close()
}

// TestKilledWhileMaking kills a process that makes ledgers all the time: what has the ledger's name is a whole one.
func TestKilledWhileMaking(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "a.ledger")
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childEnv+"="+path, childEnv+"_CREATE=1")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+rand.IntN(80)) * time.Millisecond)
		child.Process.Kill()
		child.Wait()
		l, err := Create(path, facts, options)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		os.Remove(path)
	}
}

func TestTwoMakeOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "a.ledger")
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []*Ledger
	for range 4 {
		all.Go(func() {
			l, err := Create(path, facts, options)
			if _, locked := errors.AsType[*LockedError](err); err != nil && !locked {
				t.Error(err)
			}
			if err == nil {
				mu.Lock()
				open = append(open, l)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(open) != 1 {
		t.Errorf("%d of four have the ledger", len(open))
	}
	for _, l := range open {
		l.Close()
	}
}

// The plan that ran last is that of the last run, whatever the clock says.
func TestClockThatGoesBack(t *testing.T) {
	path := filled(t, 1)
	for i, plan := range []string{"first", "second", "third"} {
		now := noon.AddDate(0, 0, -i)
		l, err := Create(path, facts, Options{Command: "x", Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.RecordPlan(plan, now); err != nil {
			t.Fatal(err)
		}
		if last, err := l.LastPlan(); err != nil || last != plan {
			t.Errorf("the last plan is %q, %v; want %q", last, err, plan)
		}
		l.Close()
	}
}

func TestFailedCommitEndsTheUse(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	m, err := l.Enrol(Mailbox{Source: "INBOX", Validity: 1, Dest: "INBOX", DestValidity: 1})
	if err != nil {
		t.Fatal(err)
	}
	l.db.Close() // from here on no commit can succeed
	first := l.Update(m, Row{UID: 1, Outcome: Copied})
	if first == nil || !strings.Contains(first.Error(), "nothing more is sent") {
		t.Fatalf("the failed commit says %v", first)
	}
	_, second := l.Counts(m)
	for _, err := range []error{l.Update(m, Row{UID: 1, Outcome: Copied}), l.RecordPlan("x", noon), second} {
		if err == nil || err.Error() != first.Error() {
			t.Errorf("after a failed commit: %v", err)
		}
	}
}
