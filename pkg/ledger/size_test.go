package ledger

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/mailbox"
)

// usualMessage is a row as most mail makes it: an internal date, a flag and a keyword.
func usualMessage(uid mailbox.UID) Row {
	return Row{UID: uid, Size: 50_000, Date: noon.In(time.FixedZone("", 3600)), Flags: []mailbox.Flag{mailbox.Seen, "$Forwarded"},
		Digest: mailbox.Digest{byte(uid), byte(uid >> 8), byte(uid >> 16), 1}}
}

// live takes messages through what copy and verify do with them: the outcomes of one batch with the intents of the next, then proofs.
func live(t testing.TB, l *Ledger, m Mailbox, messages, batch int) {
	t.Helper()
	copyAll(t, l, m, messages, batch)
	for first := 1; first <= messages; first += batch {
		rows, err := l.Page(m, mailbox.UID(first), batch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i].Proof, rows[i].ProvedAt = ProvedContent, noon
		}
		if err := l.Update(m, rows...); err != nil {
			t.Fatal(err)
		}
	}
}

func copyAll(t testing.TB, l *Ledger, m Mailbox, messages, batch int) {
	t.Helper()
	var settled []Row
	for first := 1; first <= messages; first += batch {
		var intended []Row
		for uid := first; uid < first+batch && uid <= messages; uid++ {
			intended = append(intended, usualMessage(mailbox.UID(uid)))
		}
		if err := l.Commit(m, Commit{Settled: settled, Intended: intended, Fence: Fence{1, mailbox.UID(first)}}); err != nil {
			t.Fatal(err)
		}
		settled = intended
		for i := range settled {
			settled[i].Outcome, settled[i].Dest = Copied, settled[i].UID
		}
	}
	if err := l.Update(m, settled...); err != nil {
		t.Fatal(err)
	}
}

// A message costs less than 150 bytes of file, all its life long, and summing up costs the same for any number of them.
func TestLedgerStaysSmall(t *testing.T) {
	messages := 60_000
	if testing.Short() {
		messages = 20_000
	}
	path := filepath.Join(t.TempDir(), "a.ledger")
	l := create(t, path)
	m := enrolled(t, l, "INBOX")
	counting := func() float64 {
		return testing.AllocsPerRun(10, func() {
			if _, err := l.Counts(m); err != nil {
				t.Fatal(err)
			}
		})
	}
	live(t, l, m, 10, 10)
	few := counting()
	live(t, l, enrolled(t, l, "another"), messages, 2000)
	m = enrolled(t, l, "another")
	if many := counting(); many > few {
		t.Errorf("summing up %d messages takes %v allocations, 10 messages take %v: it reads them", messages, many, few)
	}
	if c, err := l.Counts(m); err != nil || c.Proof[ProvedContent].Messages != int64(messages) {
		t.Errorf("%d are proved, %v", c.Proof[ProvedContent].Messages, err)
	}
	var used float64 // without what the file has grown ahead
	if err := l.view(func(tx *bbolt.Tx) error { used = float64(tx.Size()); return nil }); err != nil {
		t.Fatal(err)
	}
	if each := used / float64(messages); each > 140 {
		t.Errorf("a message takes %.1f bytes", each)
	}
	if ahead := fileSize(t, path) - used; ahead > 2*allocation {
		t.Errorf("the file is %.0f bytes longer than what it holds", ahead)
	}
}

func fileSize(t testing.TB, path string) float64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return float64(info.Size())
}
