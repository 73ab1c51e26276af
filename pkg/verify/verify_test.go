package verify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/verify"
)

func (b bytesContent) Size() int64       { return int64(len(b)) }
func (b bytesContent) Reader() io.Reader { return bytes.NewReader(b) }

// recorder keeps what was told.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
}

func (r *recorder) Emit(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) problems() (n int) {
	for _, e := range r.events {
		if _, ok := e.(event.MessageProblem); ok {
			n++
		}
	}
	return n
}

func TestContentProvesWhatIsThere(t *testing.T) {
	m := newMoved(t, 1200, memory.Options{}) // more than a page, more than a fetch
	r := m.verify()
	if r.Different() != 0 || r.Err() != nil || r.Totals.Proved != 1200 || r.Totals.Present != 1200 || r.Totals.Rows != 1200 {
		t.Fatalf("%+v %v %v", r.Totals, r.Differences, r.Err())
	}
	for _, uid := range []mailbox.UID{1, 500, 501, 1200} {
		if row := m.row("INBOX", uid); row.Proof != ledger.ProvedContent || !row.ProvedAt.Equal(noon) || row.Reason != "" {
			t.Errorf("row %d: %+v", uid, row)
		}
	}
	if m.to.Calls(memory.Fetch) != 1200 || m.source.Calls(memory.Fetch) != 0 {
		t.Errorf("%d copies and %d originals were read", m.to.Calls(memory.Fetch), m.source.Calls(memory.Fetch))
	}
	var bytes int64
	for _, e := range m.sink.events {
		if p, ok := e.(event.Progress); ok {
			bytes += p.Bytes
		}
	}
	if bytes != r.Totals.Bytes || bytes == 0 {
		t.Errorf("progress tells of %d bytes, the result of %d", bytes, r.Totals.Bytes)
	}
}

func TestMetadataReadsNoBytesAndProvesNoContent(t *testing.T) {
	m := newMoved(t, 5, memory.Options{})
	m.depth = verify.Metadata
	if r := m.verify(); r.Different() != 0 || r.Totals.Proved != 5 {
		t.Fatalf("%+v", r)
	}
	if n := m.to.Calls(memory.Fetch); n != 0 {
		t.Errorf("%d messages were read", n)
	}
	if p := m.row("INBOX", 3).Proof; p != ledger.ProvedMetadata {
		t.Errorf("proof is %s", p)
	}
}

func TestCountsProveNothing(t *testing.T) {
	m := newMoved(t, 5, memory.Options{})
	m.depth = verify.Counts
	if r := m.verify(); r.Different() != 0 || r.Totals.Proved != 5 {
		t.Fatalf("%+v", r)
	}
	if p := m.row("INBOX", 3).Proof; p != ledger.Unproved {
		t.Errorf("a count has proved a message: %s", p)
	}
	m.to.Remove("INBOX", 2)
	r := m.verify()
	if r.Totals.ContentDifferences != 1 || r.Differences[0].Kind != verify.Count {
		t.Errorf("%+v", r)
	}
}

func TestCountsOfASharedDestinationAreToldOnce(t *testing.T) {
	m := newMoved(t, 5, memory.Options{})
	m.source.Make("Old", mailbox.RoleNone, true)
	m.deliver("Old", 4)
	m.copy("Old", "INBOX")
	m.depth = verify.Counts
	if r := m.verify(); r.Different() != 0 {
		t.Fatalf("%+v", r.Differences)
	}
	m.to.Remove("INBOX", 1, 2)
	if r := m.verify(); r.Different() != 1 || r.Totals.Proved != 0 {
		t.Errorf("%+v %+v", r.Totals, r.Differences)
	}
}

// TestDamagedCopies breaks one copy in every way and wants it named, recorded, and the others proved.
func TestDamagedCopies(t *testing.T) {
	flip := func(msg *memory.Message) {
		msg.Content = bytes.Clone(msg.Content)
		msg.Content[len(msg.Content)-4] ^= 1
	}
	for name, c := range map[string]struct {
		damage func(*moved)
		kind   verify.Kind
		proof  ledger.Proof
		words  string
	}{
		"removed":      {func(m *moved) { m.to.Remove("INBOX", 3) }, verify.Missing, ledger.Missing, "no message 3"},
		"flipped byte": {func(m *moved) { m.to.Edit("INBOX", 3, flip) }, verify.Altered, ledger.Altered, "the text itself differs"},
		"line ends": {func(m *moved) {
			m.to.Edit("INBOX", 3, func(msg *memory.Message) { msg.Content = bytes.ReplaceAll(msg.Content, []byte("\r\n"), []byte("\n")) })
		}, verify.Altered, ledger.Altered, "only line ends differ"},
		"final newline": {func(m *moved) {
			m.to.Edit("INBOX", 3, func(msg *memory.Message) { msg.Content = append(bytes.Clone(msg.Content), "\r\n\r\n"...) })
		}, verify.Altered, ledger.Altered, "the end of the message"},
		"no bytes": {func(m *moved) { m.to.Edit("INBOX", 3, func(msg *memory.Message) { msg.Problem = "disk\x1b error" }) },
			verify.Unreadable, ledger.Unproved, `disk\x1b error`},
		"swapped": {func(m *moved) {
			a, b := m.to.Messages("INBOX")[2].Content, m.to.Messages("INBOX")[3].Content
			m.to.Edit("INBOX", 3, func(msg *memory.Message) { msg.Content = b })
			m.to.Edit("INBOX", 4, func(msg *memory.Message) { msg.Content = a })
		}, verify.Altered, ledger.Altered, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMoved(t, 6, memory.Options{})
			m.verify() // the damage comes after a first proof
			c.damage(m)
			r := m.verify()
			if len(r.Differences) == 0 {
				t.Fatalf("nothing was noticed: %+v", r.Totals)
			}
			d := r.Differences[0]
			if d.Kind != c.kind || d.UID != 3 || d.Dest != 3 || d.Mailbox != "INBOX" || !strings.Contains(d.Reason, c.words) {
				t.Errorf("%+v", d)
			}
			if row := m.row("INBOX", 3); row.Proof != c.proof || row.Reason == "" {
				t.Errorf("row: %+v", row)
			}
			if row := m.row("INBOX", 5); row.Proof != ledger.ProvedContent {
				t.Errorf("a sound copy is %s", row.Proof)
			}
			if m.sink.problems() != len(r.Differences) {
				t.Errorf("%d problems told, %d differences", m.sink.problems(), len(r.Differences))
			}
		})
	}
}

func TestMissingAtDepthMetadataTakesTheProofAway(t *testing.T) {
	m := newMoved(t, 4, memory.Options{})
	m.verify()
	m.to.Remove("INBOX", 2)
	m.depth = verify.Metadata
	m.verify()
	if p := m.row("INBOX", 2).Proof; p != ledger.Missing {
		t.Errorf("a lost copy is %s", p)
	}
	if row := m.row("INBOX", 1); row.Proof != ledger.ProvedContent {
		t.Errorf("a look at the metadata has made %s of a proof of content", row.Proof)
	}
}

func TestAlteredStaysAlteredWithoutBytes(t *testing.T) {
	m := newMoved(t, 4, memory.Options{})
	m.to.Edit("INBOX", 2, func(msg *memory.Message) { msg.Content = []byte("other") })
	m.verify()
	m.depth = verify.Metadata
	if r := m.verify(); r.Totals.ContentDifferences != 1 || r.Totals.Proved != 3 {
		t.Errorf("%+v", r.Totals)
	}
	if row := m.row("INBOX", 2); row.Proof != ledger.Altered || !strings.Contains(row.Reason, "bytes") {
		t.Errorf("%+v", row)
	}
}

// TestSettlingShowsLateCopies has a server that hides a message from sessions which began too early.
func TestSettlingShowsLateCopies(t *testing.T) {
	for tries, want := range map[int]int64{0: 1, 2: 0} {
		m := newMoved(t, 4, memory.Options{})
		job := m.job()
		job.Settle = verify.Settle{Tries: tries, Wait: time.Millisecond}
		job.Destination = hiding{job.Destination, 3, new(int)}
		r, err := verify.Run(context.Background(), job)
		if err != nil || r.Err() != nil {
			t.Fatal(err, r.Err())
		}
		if r.Different() != want {
			t.Errorf("%d tries: %d differences, want %d: %+v", tries, r.Different(), want, r.Differences)
		}
	}
}

// hiding is an account whose first sessions of INBOX do not show one message.
type hiding struct {
	endpoint.Fetcher
	uid    mailbox.UID
	opened *int
}

type hidingReader struct {
	endpoint.Reader
	uid mailbox.UID
}

func (h hiding) Examine(ctx context.Context, w mailbox.Wire) (endpoint.Reader, error) {
	r, err := h.Fetcher.Examine(ctx, w)
	if err != nil || w != "INBOX" {
		return r, err
	}
	if *h.opened++; *h.opened > 2 {
		return r, nil
	}
	return hidingReader{r, h.uid}, nil
}

func (r hidingReader) Scan(ctx context.Context, set mailbox.UIDSet, visit func(mailbox.Message) error) error {
	return r.Reader.Scan(ctx, set, func(m mailbox.Message) error {
		if m.UID == r.uid {
			return nil
		}
		return visit(m)
	})
}

func (r hidingReader) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	return r.Reader.Fetch(ctx, set, func(b endpoint.Body) error {
		if b.UID == r.uid {
			return nil
		}
		return visit(b)
	})
}

func TestSourceIsAccountedFor(t *testing.T) {
	m := newMoved(t, 6, memory.Options{})
	m.deliver("INBOX", 3)       // after the copy
	m.source.Remove("INBOX", 2) // by its user
	box := m.box("INBOX")       // and one that copy forgot, below its cursor:
	box, _ = m.ledger.Advance(box, 9, 8)
	r := m.verify()
	if r.Totals.NewOnSource != 1 || r.Totals.LeftSource != 1 || r.Totals.ContentDifferences != 2 {
		t.Errorf("%+v %+v", r.Totals, r.Differences)
	}
	if d := r.Differences[0]; d.Kind != verify.Unaccounted || d.UID != 7 {
		t.Errorf("%+v", d)
	}
	// An unfinished mailbox has no new messages, only such as copy did not come to.
	if err := m.ledger.Trouble(box, "connection lost"); err != nil {
		t.Fatal(err)
	}
	if r := m.verify(); r.Totals.NewOnSource != 0 || r.Totals.ContentDifferences != 3 {
		t.Errorf("%+v %+v", r.Totals, r.Differences)
	}
}

func TestPlannedMailboxThatCopyNeverCameTo(t *testing.T) {
	m := newMoved(t, 2, memory.Options{})
	job := m.job()
	job.Planned = map[mailbox.Wire]mailbox.Name{"INBOX": {"INBOX"}, "Sent": {"Sent"}, "Archive": {"Archive"}}
	r, err := verify.Run(context.Background(), job)
	if err != nil || r.Totals.ContentDifferences != 1 || r.Differences[0].Mailbox != "Archive" {
		t.Errorf("%+v %v", r, err)
	}
	job.Mailboxes = func(n mailbox.Name) bool { return n.IsInbox() }
	if r, err := verify.Run(context.Background(), job); err != nil || r.Different() != 0 || len(r.Mailboxes) != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestAttentionIsCounted(t *testing.T) {
	m := newMoved(t, 6, memory.Options{})
	m.to.Remove("INBOX", 2, 3)
	for uid, o := range map[mailbox.UID]ledger.Outcome{2: ledger.Refused, 3: ledger.Oversize} {
		m.edit("INBOX", uid, func(r *ledger.Row) { r.Outcome, r.Dest, r.Reason = o, 0, "too big" })
	}
	if r := m.verify(); r.Different() != 0 || r.Totals.Attention != 2 || r.Totals.Present != 4 {
		t.Errorf("%+v", r.Totals)
	}
}

func TestMetadataThatDidNotSurvive(t *testing.T) {
	keep := func(msg *memory.Message) { msg.Flags = []mailbox.Flag{mailbox.Seen} }
	t.Run("lost flag", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{})
		m.to.Edit("INBOX", 2, keep)
		r := m.verify()
		if r.Totals.MetadataDifferences != 1 || r.Totals.ContentDifferences != 0 || r.Totals.Proved != 3 || r.Differences[0].Kind != verify.Flags {
			t.Errorf("%+v %+v", r.Totals, r.Differences)
		}
		if row := m.row("INBOX", 2); row.Proof != ledger.ProvedContent || !strings.Contains(row.Reason, "$Forwarded") {
			t.Errorf("%+v", row)
		}
		if r := m.verify(); r.Totals.MetadataDifferences != 1 {
			t.Errorf("the second look forgot it: %+v", r.Totals)
		}
	})
	t.Run("flag taken away later", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{})
		m.verify()
		m.to.Edit("INBOX", 2, keep)
		if r := m.verify(); r.Different() != 0 || r.Totals.FlagsChanged != 1 {
			t.Errorf("%+v %+v", r.Totals, r.Differences)
		}
	})
	t.Run("flag added", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{})
		m.to.Edit("INBOX", 2, func(msg *memory.Message) { msg.Flags = append(msg.Flags, mailbox.Answered) })
		if r := m.verify(); r.Different() != 0 || r.Totals.FlagsChanged != 1 {
			t.Errorf("%+v %+v", r.Totals, r.Differences)
		}
	})
	t.Run("dropped keyword", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{NoKeywords: true})
		m.edit("INBOX", 1, func(r *ledger.Row) { r.Dropped = []mailbox.Flag{"$forwarded"} })
		if r := m.verify(); r.Totals.Dropped != 1 || r.Totals.MetadataDifferences != 2 {
			t.Errorf("%+v %+v", r.Totals, r.Differences)
		}
	})
	t.Run("date", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{})
		m.to.Edit("INBOX", 2, func(msg *memory.Message) { msg.InternalDate = noon })
		m.to.Edit("INBOX", 3, func(msg *memory.Message) { msg.InternalDate = msg.InternalDate.UTC() }) // the same instant
		if r := m.verify(); r.Totals.MetadataDifferences != 1 || r.Differences[0].Kind != verify.Date || r.Differences[0].UID != 2 {
			t.Errorf("%+v %+v", r.Totals, r.Differences)
		}
	})
	t.Run("was there before us", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{})
		m.edit("INBOX", 2, func(r *ledger.Row) { r.Outcome = ledger.AlreadyThere })
		m.to.Edit("INBOX", 2, func(msg *memory.Message) { msg.InternalDate, msg.Flags = noon, nil })
		if r := m.verify(); r.Different() != 0 || r.Totals.FlagsChanged != 1 || r.Totals.Proved != 3 {
			t.Errorf("%+v %+v", r.Totals, r.Differences)
		}
	})
	t.Run("metadata depth", func(t *testing.T) {
		m := newMoved(t, 3, memory.Options{})
		m.depth = verify.Metadata
		m.to.Edit("INBOX", 2, keep)
		m.verify()
		if row := m.row("INBOX", 2); row.Proof != ledger.Unproved {
			t.Errorf("a lost flag is proved by metadata: %+v", row)
		}
	})
}

// TestWithoutUIDPLUS finds copies by their content, each at most once.
func TestWithoutUIDPLUS(t *testing.T) {
	m := newMoved(t, 0, memory.Options{Without: []string{"UIDPLUS"}})
	m.to.Deliver("INBOX", []byte("Subject: was here\r\n\r\nold\r\n"), day)
	for range 3 { // the same message three times
		m.source.Deliver("INBOX", []byte("Subject: thrice\r\n\r\nx\r\n"), day)
	}
	m.deliver("INBOX", 300)
	m.copy("INBOX", "INBOX")
	m.depth = verify.Metadata
	if r := m.verify(); r.Totals.Unlocated != 303 || r.Totals.Proved != 0 || r.Different() != 0 {
		t.Fatalf("%+v %+v", r.Totals, r.Differences)
	}
	m.depth = verify.Content
	if r := m.verify(); r.Totals.Proved != 303 || r.Totals.Unlocated != 0 || r.Different() != 0 {
		t.Fatalf("%+v %+v", r.Totals, r.Differences)
	}
	seen := map[mailbox.UID]bool{1: true}
	for uid := mailbox.UID(1); uid <= 303; uid++ {
		row := m.row("INBOX", uid)
		if seen[row.Dest] || row.Proof != ledger.ProvedContent {
			t.Fatalf("row %d: %+v", uid, row)
		}
		seen[row.Dest] = true
	}
	calls := m.to.Calls(memory.Fetch)
	m.verify()
	if n := m.to.Calls(memory.Fetch) - calls; n != 303 {
		t.Errorf("the second run read %d messages", n)
	}
}

func TestWithoutUIDPLUSOneCopyDoesNotStandForTwo(t *testing.T) {
	m := newMoved(t, 0, memory.Options{Without: []string{"UIDPLUS"}})
	for range 3 {
		m.source.Deliver("INBOX", []byte("Subject: thrice\r\n\r\nx\r\n"), day)
	}
	m.copy("INBOX", "INBOX")
	m.to.Remove("INBOX", 2)
	r := m.verify()
	if r.Totals.Proved != 2 || r.Totals.ContentDifferences != 1 || r.Differences[0].Kind != verify.Missing {
		t.Errorf("%+v %+v", r.Totals, r.Differences)
	}
}

func TestWithoutUIDPLUSSizesMayLie(t *testing.T) {
	m := newMoved(t, 0, memory.Options{Without: []string{"UIDPLUS"}})
	m.deliver("INBOX", 5)
	m.copy("INBOX", "INBOX")
	for uid := mailbox.UID(1); uid <= 5; uid++ {
		m.to.Edit("INBOX", uid, func(msg *memory.Message) { msg.ClaimedSize = 1 })
	}
	if r := m.verify(); r.Totals.Proved != 5 || r.Different() != 0 {
		t.Errorf("%+v %+v", r.Totals, r.Differences)
	}
}

func TestStaleMailboxesStop(t *testing.T) {
	for name, c := range map[string]func(*moved){
		"source made anew":        func(m *moved) { m.source.Recreate("INBOX") },
		"source renumbered":       func(m *moved) { m.source.Renumber("INBOX") },
		"destination made anew":   func(m *moved) { m.to.Recreate("INBOX") },
		"destination renumbered":  func(m *moved) { m.to.Renumber("INBOX") },
		"destination deleted":     func(m *moved) { m.to.Delete("INBOX") },
		"source deleted":          func(m *moved) { m.source.Delete("INBOX") },
		"destination set back":    func(m *moved) { m.edit("INBOX", 3, func(r *ledger.Row) { r.Dest = 4000 }) },
		"source was further once": func(m *moved) { m.update(m.box("INBOX"), ledger.Row{UID: 4000, Outcome: ledger.Vanished}) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMoved(t, 5, memory.Options{})
			m.deliver("Sent", 2)
			m.copy("Sent", "Gesendet")
			c(m)
			r := m.verify()
			if _, ok := errors.AsType[*endpoint.StaleError](r.Err()); !ok {
				t.Fatalf("want a StaleError, have %v", r.Err())
			}
			if r.Mailboxes[0].Err == nil || r.Mailboxes[0].Problem == "" || r.Mailboxes[1].Err != nil || r.Mailboxes[1].Totals.Proved != 2 {
				t.Errorf("the other mailbox did not go on: %+v", r.Mailboxes)
			}
			if p := m.row("INBOX", 1).Proof; p != ledger.Unproved {
				t.Errorf("a message of a stale mailbox is %s", p)
			}
		})
	}
}

func TestAnotherAccountIsRefused(t *testing.T) {
	m := newMoved(t, 2, memory.Options{})
	job := m.job()
	job.Destination = memory.New(memory.Options{Host: "new.example", User: "bob"}).Destination()
	if _, err := verify.Run(context.Background(), job); !isStale(err) {
		t.Errorf("want a StaleError, have %v", err)
	}
	job = m.job()
	job.Source = memory.New(memory.Options{Host: "elsewhere.example"}).Source()
	if _, err := verify.Run(context.Background(), job); !isStale(err) {
		t.Errorf("want a StaleError, have %v", err)
	}
}

func isStale(err error) bool {
	_, ok := errors.AsType[*endpoint.StaleError](err)
	return ok
}

// TestLostConnections breaks every single call once; the run must come to the same end as an undisturbed one.
func TestLostConnections(t *testing.T) {
	for _, without := range [][]string{nil, {"UIDPLUS"}} {
		for verb, most := range map[memory.Verb]int{memory.Examine: 3, memory.Scan: 6, memory.Fetch: 12} {
			for n := 1; n <= most; n++ {
				for _, f := range []memory.Fault{{Err: memory.Lost()}, {Err: memory.Lost(), Cut: 5}} {
					m := newMoved(t, 0, memory.Options{Without: without})
					m.deliver("INBOX", 12)
					m.copy("INBOX", "INBOX")
					m.source.Inject(memory.Nth(verb, m.source.Calls(verb)+n, f))
					m.to.Inject(memory.Nth(verb, m.to.Calls(verb)+n, f))
					if r := m.verify(); r.Totals.Proved != 12 || r.Different() != 0 || r.Err() != nil {
						t.Fatalf("%v, call %d of %s lost: %+v %v %v", without, n, verb, r.Totals, r.Differences, r.Err())
					}
				}
			}
		}
	}
}

// TestLostConnectionTellsNothingTwice breaks off a page in which differences were found already.
func TestLostConnectionTellsNothingTwice(t *testing.T) {
	m := newMoved(t, 12, memory.Options{})
	m.deliver("INBOX", 2)
	if _, err := m.ledger.Advance(m.box("INBOX"), 100, 14); err != nil {
		t.Fatal(err)
	}
	m.source.Remove("INBOX", 3)
	m.to.Remove("INBOX", 5)
	m.to.Edit("INBOX", 7, func(msg *memory.Message) { msg.Content = []byte("other") })
	for n := 1; n <= 11; n++ {
		m.to.Inject(memory.Nth(memory.Fetch, m.to.Calls(memory.Fetch)+n, memory.Fault{Err: memory.Lost()}))
		r := m.verify()
		if r.Totals.ContentDifferences != 4 || r.Totals.LeftSource != 1 || len(r.Differences) != 4 || r.Totals.Proved != 10 {
			t.Errorf("call %d lost: %+v %+v", n, r.Totals, r.Differences)
		}
		m.to.Heal()
	}
}

func TestConnectionThatStaysLostEndsTheRun(t *testing.T) {
	m := newMoved(t, 3, memory.Options{})
	m.to.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Fetch {
			return memory.Fault{Err: memory.Lost()}
		}
		return memory.Fault{}
	})
	r, err := verify.Run(context.Background(), m.job())
	if endpoint.ClassOf(err) != endpoint.Lost || r.Totals.Proved != 0 {
		t.Errorf("%+v %v", r.Totals, err)
	}
	if p := m.row("INBOX", 1).Proof; p != ledger.Unproved {
		t.Errorf("a message is %s without having been read", p)
	}
}

func TestCancelledRun(t *testing.T) {
	m := newMoved(t, 30, memory.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	m.to.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Fetch && c.UID == 20 {
			cancel()
		}
		return memory.Fault{}
	})
	if _, err := verify.Run(ctx, m.job()); !errors.Is(err, context.Canceled) {
		t.Errorf("want the context's error, have %v", err)
	}
	if n := m.source.OpenSessions() + m.to.OpenSessions(); n != 0 {
		t.Errorf("%d sessions are still open", n)
	}
}

func TestWorkersHoldOneConnectionPerSide(t *testing.T) {
	m := newMoved(t, 20, memory.Options{Connections: 2})
	for _, w := range []mailbox.Wire{"A", "B", "C", "D"} {
		m.source.Make(w, mailbox.RoleNone, true)
		m.to.Make(w, mailbox.RoleNone, true)
		m.deliver(w, 20)
		m.copy(w, w)
	}
	m.to.Inject(memory.Latency(time.Millisecond / 10))
	job := m.job()
	job.Workers = 2 // one more connection and the account's limit would stop them for ever
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := verify.Run(ctx, job)
	if err != nil || r.Totals.Proved != 100 || len(r.Mailboxes) != 6 {
		t.Errorf("%+v %v", r.Totals, err)
	}
}

func TestParseDepth(t *testing.T) {
	for _, d := range []verify.Depth{verify.Counts, verify.Metadata, verify.Content} {
		if got, err := verify.ParseDepth(d.String()); err != nil || got != d {
			t.Errorf("%s: %v, %v", d, got, err)
		}
	}
	if _, err := verify.ParseDepth("all"); err == nil {
		t.Error("depth all was taken")
	}
}

// TestManyDifferencesAreBounded has more differences than a result names.
func TestManyDifferencesAreBounded(t *testing.T) {
	m := newMoved(t, 300, memory.Options{})
	for uid := mailbox.UID(1); uid <= 300; uid++ {
		m.to.Remove("INBOX", uid)
	}
	m.to.Deliver("INBOX", []byte("x"), day)
	r := m.verify()
	if len(r.Differences) != 200 || r.More != 100 || r.Totals.ContentDifferences != 300 {
		t.Errorf("%d named, %d more, %d in all", len(r.Differences), r.More, r.Totals.ContentDifferences)
	}
}
