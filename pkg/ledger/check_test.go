package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// furnished is a closed ledger that has something of everything: two mailboxes, outcomes, proofs, claims, two batches in doubt, a plan.
func furnished(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.ledger")
	l := create(t, path)
	a, b := enrolled(t, l, "a"), enrolled(t, l, "odd\xff\x1b[31m")
	copyAll(t, l, a, 30, 10)
	fill := func(c Commit) {
		if err := l.Commit(b, c); err != nil {
			t.Fatal(err)
		}
	}
	fill(Commit{Settled: []Row{{UID: 1, Outcome: Refused, Reason: "\x1b]0;title\a no \u202e"}, {UID: 2, Outcome: Copied, Dest: 9, Proof: ProvedContent, ProvedAt: noon, Digest: mailbox.Digest{1}}}})
	fill(Commit{Intended: []Row{usualMessage(5), usualMessage(6)}, Fence: Fence{1, 10}})
	fill(Commit{Intended: []Row{usualMessage(7)}, Fence: Fence{1, 8}})
	if err := l.RecordPlan("cafe", noon); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func check(t *testing.T, path string) (Findings, error) {
	t.Helper()
	l, err := OpenReadOnly(path)
	if err != nil {
		return Findings{}, err
	}
	defer l.Close()
	return l.Check()
}

func TestCheckOfSoundLedger(t *testing.T) {
	path := furnished(t)
	before, _ := os.ReadFile(path)
	f, err := check(t, path)
	if err != nil || !f.Sound() || f.Mailboxes != 2 || f.Messages != 35 || f.Claims != 31 || f.InDoubt != 3 || f.Bytes == 0 {
		t.Errorf("found %+v, %v", f, err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the check has changed the file")
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("the check has left %v", left)
	}
}

// Each fault is put into the file behind the ledger's back, with checksums that fit, so that only the rule itself can find it.
func TestCheckFindsWhatDoesNotFit(t *testing.T) {
	put := func(bucket, key, value []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key, seal(key, value)) }
	}
	remove := func(bucket, key []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Delete(key) }
	}
	id := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	stranger := usualMessage(4)
	stranger.Outcome = Excluded
	doubtful := stranger
	doubtful.Outcome = Intended
	cases := map[string]struct {
		fault func(*bbolt.Tx) error
		want  string
	}{
		"row without its claim":            {remove(claimBucket, rowKey(1, 3)), "recorded at 3 of the destination, which is not recorded as its"},
		"claim without its row":            {remove(rowBucket, rowKey(1, 3)), "message 3 of \"a\", whose row says otherwise"},
		"claim of another":                 {put(claimBucket, rowKey(1, 3), []byte{1, 4}), "recorded at 3 of the destination"},
		"row that is not counted":          {put(rowBucket, rowKey(1, 99), stranger.encode()), "its counters say"},
		"counters without rows":            {put(countBucket, id(3), []byte{2, 0, 0, 2, 2}), "and it has no rows"},
		"counter gone":                     {remove(countBucket, id(1)), "its counters say"},
		"row in doubt without an intent":   {put(rowBucket, rowKey(1, 4), doubtful.encode()), "the list of what is in doubt says otherwise"},
		"intent without a row":             {remove(rowBucket, rowKey(2, 6)), "message 6 is in doubt, and its row says"},
		"intent lost":                      {remove(intentBucket, intentKey(2, 0)), "the list of what is in doubt says otherwise"},
		"intent twice":                     {put(intentBucket, intentKey(2, 9), []byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7}), "message 7 is in doubt twice"},
		"two uidvalidities in doubt":       {put(intentBucket, intentKey(2, 9), []byte{0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7}), "have the uidvalidities 1 and 2"},
		"batch of no mailbox":              {put(intentBucket, intentKey(7, 0), []byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7}), "mailbox number 7, which is not there"},
		"row of no mailbox":                {put(rowBucket, rowKey(7, 1), stranger.encode()), "mailbox number 7, which is not there"},
		"mailbox without its name":         {remove(sourceBucket, nameKey("a", 1)), "mailbox \"a\" is not to be found by its name"},
		"destination without its name":     {remove(destBucket, nameKey("a", 1)), "destination \"\" is not to be found by its name"},
		"name of another mailbox":          {putName(nameKey("x", 1), 1), "the name leads to mailbox number 1, which is not that one"},
		"row with a flipped bit":           {flip(rowBucket, rowKey(1, 3)), "messages 0000000100000003: a row does not match its checksum"},
		"claim with a flipped bit":         {flip(claimBucket, rowKey(1, 3)), "claims 0000000100000003: a row does not match its checksum"},
		"intents with a flipped bit":       {flip(intentBucket, intentKey(2, 0)), "intents 0000000200000000: a row does not match its checksum"},
		"mailbox with a flipped bit":       {flip(boxBucket, id(1)), "mailboxes 00000001: a row does not match its checksum"},
		"counter with a flipped bit":       {flip(countBucket, id(1)), "counts 00000001: a row does not match its checksum"},
		"source that was not read whole":   {shortSource, "messages are accounted for, and the source had 31"},
		"plan with a flipped bit":          {flipFirst(planBucket), "plans "},
		"destination's name with a bit":    {flip(destBucket, nameKey("a", 1)), "destinations 0000000161: a row does not match its checksum"},
		"a row that nobody can understand": {put(rowBucket, rowKey(1, 3), []byte{15, 15}), "messages 0000000100000003: a row does not match its checksum"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := furnished(t)
			edit(t, path, c.fault)
			f, err := check(t, path)
			if err != nil || !slices.ContainsFunc(f.Problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("want a problem with %q, have %q, %v", c.want, f.Problems, err)
			}
		})
	}
}

func putName(key []byte, id uint32) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error { return putID(tx.Bucket(sourceBucket), key, id) }
}

func flip(bucket, key []byte) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		v := bytes.Clone(tx.Bucket(bucket).Get(key))
		v[len(v)-1] ^= 8
		return tx.Bucket(bucket).Put(key, v)
	}
}

func flipFirst(bucket []byte) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		k, _ := tx.Bucket(bucket).Cursor().First()
		return flip(bucket, bytes.Clone(k))(tx)
	}
}

func shortSource(tx *bbolt.Tx) error {
	key := binary.BigEndian.AppendUint32(nil, 1)
	m, err := decodeMailbox(key, tx.Bucket(boxBucket).Get(key))
	if err != nil {
		return err
	}
	m.Messages = 31
	return putMailbox(tx, m)
}

// A file full of faults is not a report full of lines.
func TestCheckBoundsItsList(t *testing.T) {
	path := filled(t, 1000)
	edit(t, path, func(tx *bbolt.Tx) error {
		for uid := range mailbox.UID(1000) {
			if err := tx.Bucket(claimBucket).Delete(rowKey(1, uid+1)); err != nil {
				return err
			}
		}
		return nil
	})
	f, err := check(t, path)
	if err != nil || len(f.Problems) != mostProblems || f.MoreProblems != 1000-mostProblems {
		t.Errorf("%d problems and %d more, %v", len(f.Problems), f.MoreProblems, err)
	}
}

// Damage of the pages themselves is an error or a problem, and never the end of the process.
func TestCheckOfDamagedFiles(t *testing.T) {
	good, err := os.ReadFile(furnished(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.ledger")
	found := 0
	for at := 0; at < len(good); at += 97 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x24
		anew(t, path, bad)
		f, err := check(t, path)
		if err != nil && !acceptable(err) {
			t.Fatalf("byte %d: %v", at, err)
		}
		if err != nil || !f.Sound() {
			found++
		}
	}
	if found == 0 {
		t.Error("no damage was seen at all")
	}
}

func TestReadOnlyLedger(t *testing.T) {
	path := furnished(t)
	first, err := OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := OpenReadOnly(path)
	if err != nil {
		t.Fatalf("two cannot read at a time: %v", err)
	}
	if _, err := Open(path, options); !isLocked(err) {
		t.Errorf("while somebody reads, opening it to write gives %v", err)
	}
	if err := first.RecordPlan("x", noon); err == nil {
		t.Error("a read-only ledger was written")
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Error(err)
	}
	writer, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := OpenReadOnly(path); !isLocked(err) || !strings.Contains(err.Error(), options.Command) {
		t.Errorf("while somebody writes, opening it to read gives %v", err)
	}
}

func isLocked(err error) bool {
	_, ok := errors.AsType[*LockedError](err)
	return ok
}

// TestExportHasEverything reads the lines back and finds each row in them.
func TestExportHasEverything(t *testing.T) {
	l, err := OpenReadOnly(furnished(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	text := func() string {
		var b strings.Builder
		e := json.NewEncoder(&b)
		if err := l.Export(Export{func(h ExportHead) error { return e.Encode(h) }, func(m ExportMailbox) error { return e.Encode(m) }, func(m ExportMessage) error { return e.Encode(m) }}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	lines := strings.Split(strings.TrimSpace(text()), "\n")
	if text() != strings.Join(lines, "\n")+"\n" {
		t.Error("two exports of one ledger differ")
	}
	for i, want := range map[int]string{
		0:  `"last_plan":"cafe"`,
		1:  `"wire":"YQ==","uidvalidity":1,`,
		2:  `{"mailbox":1,"uid":1,"outcome":"copied","proof":"unverified","removal":"kept","size":50000,"date":"2026-11-22T13:00:00+01:00","flags":["\\Seen","$Forwarded"],"sha256":"0100000100000000000000000000000000000000000000000000000000000000","dest_uid":1}`,
		32: `"fence":8,"in_doubt":[5,6,7]`,
		33: `"outcome":"refused"`,
		34: `"proof":"verified","removal":"kept","size":0,"sha256":"0100000000000000000000000000000000000000000000000000000000000000","dest_uid":9,"proved_at":"2026-11-22T12:00:00Z"`,
		37: `"outcome":"in doubt"`,
	} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d of %d lacks %s:\n%s", i, len(lines), want, lines[min(i, len(lines)-1)])
		}
	}
	if len(lines) != 1+2+35 {
		t.Errorf("%d lines", len(lines))
	}
}
