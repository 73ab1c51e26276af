package copier_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

// scene is one migration in memory: INBOX and Sent of a source, copied to INBOX and Gesendet of a destination.
type scene struct {
	t           testing.TB
	source      *memory.Account
	destination *memory.Account
	plan        *plan.Plan
	ledgerPath  string
	job         func(*copier.Job)
}

var day = time.Date(2019, 3, 31, 1, 30, 0, 0, time.FixedZone("", 3600))

func newScene(t testing.TB, from, to memory.Options) *scene {
	from.Host, to.Host = "old.example", "new.example"
	s := &scene{t: t, source: memory.New(from), destination: memory.New(to), ledgerPath: filepath.Join(imaptest.RAMDir(t), "state", "test.ledger.db")}
	s.source.Make("Sent", mailbox.RoleSent, true)
	return s
}

func (s *scene) replan() {
	entry := func(from, to mailbox.Wire, action plan.Action) plan.Entry {
		return plan.Entry{Source: mailbox.Name{string(from)}, SourceWire: from, Validity: s.source.Validity(from), Action: action,
			To: mailbox.Name{string(to)}, ToWire: to, Subscribe: true}
	}
	s.plan = &plan.Plan{Format: plan.Format, Name: "test", Mailboxes: []plan.Entry{entry("INBOX", "INBOX", plan.Merge), entry("Sent", "Gesendet", plan.Create)}}
}

// run copies once with a ledger opened for it, as a process of its own would.
func (s *scene) run() (*copier.Result, error) {
	s.t.Helper()
	if s.plan == nil {
		s.replan()
	}
	now := func() time.Time { return day }
	l, err := ledger.Create(s.ledgerPath, ledger.Facts{Name: "test", Source: s.source.Identity(), Destination: s.destination.Identity()}, ledger.Options{Command: "copy", Now: now})
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	job := copier.Job{Plan: s.plan, Ledger: l, Source: s.source.Source(), Destination: s.destination.Destination(), Workers: 2, Memory: 4 << 20,
		BatchMessages: 4, BatchBytes: 1 << 20, MatchExisting: true, Flags: s.destination.Flags(), SpoolDir: filepath.Dir(s.ledgerPath), Sink: event.Discard, Now: now,
		Patience: endpoint.Patience{First: time.Microsecond, Most: time.Microsecond, Total: time.Millisecond}, Settling: time.Microsecond}
	if s.job != nil {
		s.job(&job)
	}
	return copier.Run(context.Background(), job)
}

func (s *scene) mustRun() *copier.Result {
	s.t.Helper()
	result, err := s.run()
	if err != nil {
		s.t.Fatalf("copy: %v", err)
	}
	for _, b := range result.Problems() {
		s.t.Fatalf("mailbox %s: %s", b.Name, b.Problem)
	}
	return result
}

// rows reads the ledger as a later run would find it.
func (s *scene) rows(source mailbox.Wire) []ledger.Row {
	s.t.Helper()
	l, err := ledger.Open(s.ledgerPath, ledger.Options{Now: time.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	if found, err := l.Check(); err != nil || !found.Sound() {
		s.t.Errorf("the ledger is not sound: %+v, %v", found, err)
	}
	m, found, err := l.Find(source, s.source.Validity(source))
	if err != nil || !found {
		s.t.Fatalf("mailbox %s in the ledger: found %v, %v", source, found, err)
	}
	rows, err := l.Page(m, 1, 1<<20)
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

func (s *scene) fill(w mailbox.Wire, n int) {
	for i := range n {
		s.source.Deliver(w, []byte(fmt.Sprintf("Subject: %s %d\r\n\r\nbody of %d\r\n", w, i, i)), day.Add(time.Duration(i)*time.Hour), mailbox.Seen, "$label1")
	}
}

// serial lets a hook have state of its own: calls come from several goroutines.
func serial(hook func(memory.Call) memory.Fault) func(memory.Call) memory.Fault {
	var mu sync.Mutex
	return func(c memory.Call) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		return hook(c)
	}
}

// content lists what a mailbox holds: bytes, date and flags, in order.
func content(messages []memory.Message) []string {
	out := []string{}
	for _, m := range messages {
		out = append(out, fmt.Sprintf("%s %s %v", m.Content, m.InternalDate.UTC().Format(time.RFC3339), mailbox.Flags(m.Flags...)))
	}
	return out
}

func (s *scene) wantSame() {
	s.t.Helper()
	for from, to := range map[mailbox.Wire]mailbox.Wire{"INBOX": "INBOX", "Sent": "Gesendet"} {
		if d := cmp.Diff(content(s.source.Messages(from)), content(s.destination.Messages(to))); d != "" {
			s.t.Errorf("%s differs from %s (-source +destination):\n%s", to, from, d)
		}
	}
}

func TestCopyIsExactAndASecondRunDoesNothing(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 11)
	s.fill("Sent", 3)
	twin := []byte("Message-ID: <same@example.org>\r\n\r\ntwice\r\n")
	s.source.Deliver("INBOX", twin, day)
	s.source.Deliver("INBOX", twin, day)
	s.source.Deliver("INBOX", []byte("no header, bare\nnewline, lone\rreturn, \x00\xff no final newline"), day, mailbox.Answered, mailbox.Draft, mailbox.Deleted)
	s.source.Deliver("Sent", make([]byte, 3<<20), day) // goes through a file
	result := s.mustRun()
	s.wantSame()
	if got := result.Total(ledger.Copied).Messages; got != 18 {
		t.Errorf("copied %d messages, want 18", got)
	}
	if !s.destination.Subscribed("Gesendet") {
		t.Error("Gesendet is not subscribed")
	}
	fetched, appended := s.source.Calls(memory.Fetch), s.destination.Calls(memory.Append)
	result = s.mustRun()
	if got := result.Total(ledger.Copied).Messages; got != 0 {
		t.Errorf("the second run copied %d messages", got)
	}
	if s.source.Calls(memory.Fetch) != fetched || s.destination.Calls(memory.Append) != appended {
		t.Error("the second run read or sent messages")
	}
	if len(s.source.History()) != 0 {
		t.Errorf("the source was changed: %v", s.source.History())
	}
	s.fill("INBOX", 2)
	if got := s.mustRun().Total(ledger.Copied).Messages; got != 2 {
		t.Errorf("the third run copied %d messages, want the 2 new ones", got)
	}
	s.wantSame()
	if n := s.source.OpenSessions() + s.destination.OpenSessions(); n != 0 {
		t.Errorf("%d sessions were left open", n)
	}
}

// Every APPEND loses its connection once, before or after it took effect, with and without APPENDUID, in one run and in a run a crash ended.
func TestEveryLostAnswerEndsInOneCopy(t *testing.T) {
	faults := map[string]memory.Fault{"stored": memory.LostAnswer(), "not stored": {Err: memory.Lost()}}
	for _, without := range [][]string{nil, {"UIDPLUS"}} {
		for name, fault := range faults {
			for _, resumed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/without %v/new process %v", name, without, resumed), func(t *testing.T) {
					for n := 1; n <= 9; n++ {
						s := newScene(t, memory.Options{}, memory.Options{Without: without})
						s.fill("INBOX", 6)
						s.source.Deliver("INBOX", s.source.Messages("INBOX")[2].Content, day)
						s.fill("Sent", 2)
						s.destination.Inject(memory.Nth(memory.Append, n, fault))
						if resumed {
							s.job = func(j *copier.Job) { j.Patience.Total = 0 }
							if _, err := s.run(); endpoint.ClassOf(err) != endpoint.Lost {
								t.Fatalf("append %d: %v, want the connection lost", n, err)
							}
							s.destination.Heal()
						}
						s.mustRun()
						s.wantSame()
						for _, r := range append(s.rows("INBOX"), s.rows("Sent")...) {
							if r.Outcome != ledger.Copied || r.Dest == 0 {
								t.Errorf("append %d: message %d is %v at uid %d", n, r.UID, r.Outcome, r.Dest)
							}
						}
					}
				})
			}
		}
	}
}

func TestRefusedMessageIsRecordedAndTheRestGoesOn(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{Refuse: func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
		if len(m.Content) > 0 && m.Content[0] == 'X' {
			return &endpoint.Error{Class: endpoint.BadMessage, Text: "invalid header"}
		}
		return nil
	}})
	s.fill("INBOX", 3)
	bad := s.source.Deliver("INBOX", []byte("X no header"), day)
	s.fill("INBOX", 3)
	result := s.mustRun()
	if got := result.Total(ledger.Refused).Messages; got != 1 {
		t.Errorf("%d refused, want 1", got)
	}
	if n := len(s.destination.Messages("INBOX")); n != 6 {
		t.Errorf("the destination holds %d messages, want the 6 good ones", n)
	}
	for _, r := range s.rows("INBOX") {
		if (r.Outcome == ledger.Refused) != (r.UID == bad) {
			t.Errorf("message %d is %v", r.UID, r.Outcome)
		}
		if r.UID == bad && !strings.Contains(r.Reason, "invalid header") {
			t.Errorf("the reason %q does not hold the server's words", r.Reason)
		}
	}
}

func TestRefusedButStoredIsNotSentAgain(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 3)
	s.destination.Inject(memory.Nth(memory.Append, 2, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMessage, Text: "internal error"}, Done: true}))
	s.mustRun()
	s.wantSame()
}

func TestFlagsTheDestinationDoesNotTakeAreDroppedAndRecorded(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{NoKeywords: true})
	s.fill("INBOX", 1)
	s.mustRun()
	r := s.rows("INBOX")[0]
	if !slices.Equal(r.Dropped, []mailbox.Flag{"$label1"}) || r.Outcome != ledger.Copied {
		t.Errorf("outcome %v, dropped %v; want $label1 dropped", r.Outcome, r.Dropped)
	}
	if got := s.destination.Messages("INBOX")[0].Flags; !mailbox.SameFlags(got, []mailbox.Flag{mailbox.Seen}) {
		t.Errorf("the destination has %v", got)
	}
}

func TestExistingMailIsAdoptedOnceEach(t *testing.T) {
	twin := []byte("Subject: twin\r\n\r\nsame\r\n")
	for _, match := range []bool{true, false} {
		s := newScene(t, memory.Options{}, memory.Options{})
		for range 3 {
			s.source.Deliver("INBOX", twin, day)
		}
		s.fill("INBOX", 2)
		s.destination.Deliver("INBOX", twin, day.Add(time.Hour))
		s.destination.Deliver("INBOX", twin, day)
		s.destination.Deliver("INBOX", []byte("Subject: twin\r\n\r\nSAME\r\n"), day) // same size and date, other bytes
		s.job = func(j *copier.Job) { j.MatchExisting = match }
		result := s.mustRun()
		want := map[bool]int64{true: 2, false: 0}[match]
		if got := result.Total(ledger.AlreadyThere).Messages; got != want {
			t.Errorf("match %v: %d adopted, want %d", match, got, want)
		}
		if got := result.Total(ledger.Copied).Messages; got != 5-want {
			t.Errorf("match %v: %d copied, want %d", match, got, 5-want)
		}
	}
}

func TestVanishedMessageIsAnOutcome(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 9)
	removed := false
	s.destination.Inject(serial(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Append && !removed {
			removed = true
			go s.source.Remove("INBOX", 9)
			time.Sleep(20 * time.Millisecond)
		}
		return memory.Fault{}
	}))
	result := s.mustRun()
	if c, v := result.Total(ledger.Copied).Messages, result.Total(ledger.Vanished).Messages; c+v != 9 || v != 1 {
		t.Errorf("%d copied, %d vanished; want 8 and 1", c, v)
	}
}

func TestFullDestinationStopsTheRunAndResumes(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 10)
	s.destination.Inject(serial(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Append && c.Nth > 5 {
			return memory.Fault{Err: &endpoint.Error{Class: endpoint.OverQuota, Code: "OVERQUOTA", Text: "Quota exceeded"}}
		}
		return memory.Fault{}
	}))
	if _, err := s.run(); endpoint.ClassOf(err) != endpoint.OverQuota {
		t.Fatalf("copy into a full account: %v", err)
	}
	if n := s.destination.Calls(memory.Append); n > 9 {
		t.Errorf("%d APPENDs were tried although the account was full at the sixth", n)
	}
	s.destination.Heal()
	s.mustRun()
	s.wantSame()
}

func TestChangedUIDValidityStopsTheMailboxOnly(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.fill("Sent", 2)
	s.mustRun()
	s.destination.Renumber("Gesendet")
	s.fill("INBOX", 1)
	s.fill("Sent", 1)
	result, err := s.run()
	if err != nil {
		t.Fatal(err)
	}
	if p := result.Problems(); len(p) != 1 || p[0].Name.String() != "Sent" || !strings.Contains(p[0].Problem, "uidvalidity") {
		t.Errorf("problems: %+v; want Sent, for its uidvalidity", p)
	}
	if n := len(s.destination.Messages("INBOX")); n != 3 {
		t.Errorf("INBOX holds %d messages, want 3", n)
	}
}

// A destination that repairs what it stores and gives no APPENDUID still ends with one copy each.
func TestAlteringDestinationWithoutUIDPLUS(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{Without: []string{"UIDPLUS"}, Change: func(b []byte) []byte { return append(slices.Clone(b), '\r', '\n') }})
	for i := range 5 {
		s.source.Deliver("INBOX", []byte(fmt.Sprintf("Subject: %d\r\n\r\nno final newline", i)), day)
	}
	s.destination.Inject(memory.Nth(memory.Append, 3, memory.LostAnswer()))
	s.mustRun()
	if n := len(s.destination.Messages("INBOX")); n != 5 {
		t.Errorf("the destination holds %d messages, want 5", n)
	}
}

// One message that breaks the connection each time it is sent or read does not end the run.
func TestMessageThatBreaksTheConnectionIsIsolated(t *testing.T) {
	for _, side := range []string{"source", "destination"} {
		t.Run(side, func(t *testing.T) {
			breaks := func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
				if side == "destination" && string(m.Content) == "poison" {
					return memory.Lost()
				}
				return nil
			}
			s := newScene(t, memory.Options{}, memory.Options{Refuse: breaks})
			s.fill("INBOX", 6)
			bad := s.source.Deliver("INBOX", []byte("poison"), day)
			s.fill("INBOX", 6)
			s.source.Inject(serial(func(c memory.Call) memory.Fault {
				if side == "source" && c.Verb == memory.Fetch && c.UID == bad {
					return memory.Fault{Err: memory.Lost()}
				}
				return memory.Fault{}
			}))
			s.job = func(j *copier.Job) { j.Patience.Total = 100 * time.Microsecond }
			result := s.mustRun()
			if r, c := result.Total(ledger.Refused).Messages, result.Total(ledger.Copied).Messages; r != 1 || c != 12 {
				t.Errorf("%d refused and %d copied, want 1 and 12", r, c)
			}
		})
	}
}

// Whatever is lost wherever, runs until one succeeds end with each message once, in order, with one outcome.
func TestAnyFaultsEndInOneCopyEach(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		to := memory.Options{}
		if rapid.Bool().Draw(rt, "without UIDPLUS") {
			to.Without = []string{"UIDPLUS"}
		}
		if rapid.Bool().Draw(rt, "one by one") {
			to.Without = append(to.Without, "MULTIAPPEND")
		}
		s := newScene(t, memory.Options{}, to)
		s.fill("INBOX", rapid.IntRange(0, 24).Draw(rt, "inbox"))
		for range rapid.IntRange(0, 3).Draw(rt, "twins") {
			s.source.Deliver("INBOX", []byte("twin"), day)
		}
		s.fill("Sent", rapid.IntRange(0, 3).Draw(rt, "sent"))
		faults := rapid.SliceOfN(rapid.IntRange(1, 60), 0, 12).Draw(rt, "faulty calls")
		done := rapid.SliceOfN(rapid.Bool(), len(faults), len(faults)).Draw(rt, "took effect")
		foreign := rapid.IntRange(0, 20).Draw(rt, "somebody else delivers at call")
		calls := 0
		hook := serial(func(c memory.Call) memory.Fault {
			calls++
			if i := slices.Index(faults, calls); i >= 0 {
				return memory.Fault{Err: memory.Lost(), Done: done[i]}
			}
			return memory.Fault{}
		})
		s.destination.Inject(hook)
		s.source.Inject(hook)
		workers, batch := rapid.IntRange(1, 3).Draw(rt, "workers"), rapid.IntRange(1, 5).Draw(rt, "batch")
		s.job = func(j *copier.Job) { j.Workers, j.BatchMessages, j.Patience.Total = workers, batch, 0 }
		for run := 0; ; run++ {
			if run == foreign {
				s.destination.Deliver("INBOX", []byte("a stranger's"), day)
			}
			result, err := s.run()
			if err == nil && len(result.Problems()) == 0 {
				break
			}
			if err != nil && endpoint.ClassOf(err) != endpoint.Lost {
				rt.Fatalf("run %d: %v", run, err)
			}
			if run > 40 {
				rt.Fatalf("the run does not end: %v, %v", err, result)
			}
		}
		got := slices.DeleteFunc(content(s.destination.Messages("INBOX")), func(c string) bool { return c[0] == 'a' })
		if d := cmp.Diff(content(s.source.Messages("INBOX")), got); d != "" {
			rt.Fatalf("INBOX (-source +destination):\n%s", d)
		}
		if d := cmp.Diff(content(s.source.Messages("Sent")), content(s.destination.Messages("Gesendet"))); d != "" {
			rt.Fatalf("Sent (-source +destination):\n%s", d)
		}
	})
}

func TestCancelledRunReturnsSoonAndResumes(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 20)
	s.replan()
	ctx, cancel := context.WithCancel(context.Background())
	s.destination.Inject(serial(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Append && c.Nth == 7 {
			cancel()
		}
		return memory.Fault{}
	}))
	l, err := ledger.Create(s.ledgerPath, ledger.Facts{Name: "test", Source: s.source.Identity(), Destination: s.destination.Identity()}, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	job := copier.Job{Plan: s.plan, Ledger: l, Source: s.source.Source(), Destination: s.destination.Destination(), Workers: 2, Memory: 1 << 20, BatchMessages: 4, BatchBytes: 1 << 20,
		SpoolDir: filepath.Dir(s.ledgerPath), Sink: event.Discard, Now: time.Now, Patience: endpoint.DefaultPatience}
	if _, err := copier.Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("copy after cancel: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.destination.Heal()
	s.mustRun()
	s.wantSame()
}

// A destination that cannot be made is its mailbox's problem, even where its bare name is there, and not a matter of subscription.
func TestMailboxThatCannotBeMadeIsAProblem(t *testing.T) {
	for _, named := range []bool{false, true} {
		s := newScene(t, memory.Options{}, memory.Options{RefuseName: func(w mailbox.Wire) *endpoint.Error {
			return &endpoint.Error{Class: endpoint.BadMailbox, Code: "NOPERM", Text: "not allowed"}
		}})
		if named {
			s.destination.MakeNoselect("Gesendet")
		}
		s.fill("INBOX", 2)
		s.fill("Sent", 2)
		result, err := s.run()
		if err != nil {
			t.Fatal(err)
		}
		if p := result.Problems(); len(p) != 1 || p[0].Name.String() != "Sent" || !strings.Contains(p[0].Problem, "not allowed") {
			t.Errorf("name there %v: problems %+v; want Sent, with the server's words", named, p)
		}
		if n := len(s.destination.Messages("INBOX")); n != 2 {
			t.Errorf("name there %v: INBOX holds %d messages, want 2", named, n)
		}
	}
}

func TestRefusedSubscriptionIsOnlyAWarning(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("Sent", 1)
	s.destination.Inject(memory.In("Gesendet", memory.Subscribe, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Text: "no"}}))
	s.mustRun()
	s.wantSame()
}
