package copier_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

var lifeSeed = flag.Uint64("life-seed", 1, "seed of what other clients do while TestLifeGoesOnMeanwhile copies")

// Every call of every kind, once, answered by "come again": the run waits as long as it is asked to, and goes on.
func TestAskedToComeAgain(t *testing.T) {
	for _, refusal := range []endpoint.Error{
		{Class: endpoint.Throttled, Code: "THROTTLED", Text: "slow down"},
		{Class: endpoint.Throttled, Text: "Suggested Backoff Time: 3 milliseconds", Wait: 3 * time.Millisecond},
		{Class: endpoint.Throttled, Code: "LIMIT", Text: "too many"},
		{Class: endpoint.Temporary, Code: "UNAVAILABLE", Text: "back soon"},
		{Class: endpoint.Temporary, Code: "INUSE", Text: "locked"},
	} {
		t.Run(refusal.Code+" "+refusal.Text, func(t *testing.T) {
			for _, verb := range []memory.Verb{memory.List, memory.Status, memory.Create, memory.Subscribe, memory.Examine, memory.Select, memory.Scan, memory.Fetch, memory.Append} {
				for _, onSource := range []bool{true, false} {
					s := newScene(t, memory.Options{}, memory.Options{})
					s.fill("INBOX", 4)
					s.fill("Sent", 2)
					var waited time.Duration
					s.job = func(j *copier.Job) {
						j.Workers = 1
						j.Patience = endpoint.Patience{First: time.Microsecond, Most: time.Microsecond, Total: time.Second, Waiting: func(_ error, wait time.Duration) { waited += wait }}
					}
					hit, side := false, s.destination
					if onSource {
						side = s.source
					}
					side.Inject(serial(func(c memory.Call) memory.Fault {
						if c.Verb == verb && c.Nth == 2 {
							hit = true
							return memory.Fault{Err: &refusal}
						}
						return memory.Fault{}
					}))
					s.mustRun()
					s.wantSame()
					if hit && waited < refusal.Wait && verb != memory.Status { // of a mailbox that LIST gave no status for it asks at once
						t.Errorf("%s: it waited %s, asked for were %s", verb, waited, refusal.Wait)
					}
				}
			}
		})
	}
}

// Some servers end a connection after ten errors. That ends neither the run, nor is a message that was only near it held guilty.
func TestTenErrorsThenBye(t *testing.T) {
	errors := 0
	s := newScene(t, memory.Options{}, memory.Options{Refuse: func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
		if strings.Contains(string(m.Content), "bad") {
			errors++
			return &endpoint.Error{Class: endpoint.BadMessage, Text: "invalid header"}
		}
		return nil
	}})
	s.destination.Inject(serial(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Append && errors >= 10 {
			errors = 0
			return memory.Fault{Err: &endpoint.Error{Class: endpoint.Lost, Text: "Too many errors"}}
		}
		return memory.Fault{}
	}))
	for i := range 60 {
		word := "bad"
		if i%5 == 0 {
			word = "good"
		}
		s.source.Deliver("INBOX", []byte(fmt.Sprintf("Subject: %s %d\r\n\r\n", word, i)), day)
	}
	s.job = func(j *copier.Job) { j.BatchMessages = 20; j.Patience.Total = 20 * time.Microsecond }
	result := s.mustRun()
	if c, r := result.Total(ledger.Copied).Messages, result.Total(ledger.Refused).Messages; c != 12 || r != 48 {
		t.Errorf("%d copied and %d refused, want 12 and 48", c, r)
	}
	for _, r := range s.rows("INBOX") {
		if r.Outcome == ledger.Refused && !strings.Contains(r.Reason, "invalid header") {
			t.Errorf("message %d is refused for %q, not for the server's words", r.UID, r.Reason)
		}
	}
}

// While copies run, other clients deliver, expunge, move and flag on the source, and deliver, flag and expunge their own mail on the destination.
// When they are done, one more run brings everything to where it belongs: once, and with the source's flags.
func TestLifeGoesOnMeanwhile(t *testing.T) {
	t.Logf("-life-seed %d", *lifeSeed)
	from, to := dovecotB(t).NewUser(t), dovecotA(t).NewUser(t)
	l := &life{t: t, random: rand.New(rand.NewPCG(*lifeSeed, 7)), source: from.Dial(t), destination: to.Dial(t), ever: map[string]bool{}, foreign: map[string]bool{}}
	l.source.Create("Other")
	for range 150 {
		l.deliver("INBOX")
	}
	for range 20 {
		l.deliver("Other")
	}
	m := newMigration(t, from, to)
	names := map[string]string{}
	for _, e := range m.plan.Mailboxes {
		if e.Action.Copies() {
			names[string(e.SourceWire)] = string(e.ToWire)
		}
	}
	for range 3 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, b := range m.run().Problems() {
				t.Errorf("mailbox %s: %s", b.Name, b.Problem)
			}
		}()
		for running := true; running; {
			l.step(names)
			select {
			case <-done:
				running = false
			default:
			}
		}
	}
	m.run()
	if n := m.run().Total(ledger.Copied).Messages; n != 0 {
		t.Errorf("a last run copied %d messages", n)
	}
	source, destination := from.Dial(t), to.Dial(t)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		l.compare(name, source.FetchAll(name), destination.FetchAll(names[name]))
	}
	if found, err := m.ledger.Check(); err != nil || !found.Sound() {
		t.Errorf("the ledger is not sound: %+v, %v", found, err)
	}
	t.Logf("%d steps, %d messages", l.steps, l.next)
}

// life is what other clients do.
type life struct {
	t                   *testing.T
	random              *rand.Rand
	source, destination *imaptest.Client
	next, steps         int
	ever, foreign       map[string]bool // contents that the source has had; that somebody has put on the destination
}

func (l *life) deliver(name string) {
	l.next++
	body := fmt.Sprintf("Subject: %d\r\n\r\n%s\r\n", l.next, strings.Repeat("x", l.random.IntN(2000)))
	l.ever[body] = true
	if answer := l.source.Append(name, "", "", []byte(body)); !strings.HasPrefix(answer, "OK") {
		l.t.Fatalf("delivering: %s", answer)
	}
}

var lifeFlags = []string{`\Seen`, `\Flagged`, `\Answered`, "$Forwarded", "$Own"}

// step is one thing that one client does.
func (l *life) step(names map[string]string) {
	l.steps++
	name := []string{"INBOX", "Other"}[l.random.IntN(2)]
	sign := []string{"+", "-"}[l.random.IntN(2)]
	flag := lifeFlags[l.random.IntN(len(lifeFlags))]
	n := 1 + l.random.IntN(l.next)
	switch l.random.IntN(8) {
	case 0, 1:
		l.deliver(name)
	case 2, 3, 4:
		l.source.MustCmd("SELECT " + name)
		l.source.MustCmd(fmt.Sprintf("UID STORE %d %sFLAGS (%s)", n, sign, flag))
	case 5:
		l.source.MustCmd("SELECT " + name)
		l.source.MustCmd(fmt.Sprintf(`UID STORE %d +FLAGS (\Deleted)`, n))
		l.source.MustCmd(fmt.Sprintf("UID EXPUNGE %d", n))
	case 6:
		l.source.MustCmd("SELECT INBOX")
		l.source.MustCmd(fmt.Sprintf("UID MOVE %d Other", n))
	case 7:
		body := fmt.Sprintf("Subject: foreign %d\r\n\r\n\r\n", l.steps)
		l.foreign[body] = true
		l.destination.Append(names[name], flag, "", []byte(body))
	}
}

// compare holds one mailbox to the source as it is now.
func (l *life) compare(name string, source, destination []imaptest.RawMessage) {
	l.t.Helper()
	there := map[string][]imaptest.RawMessage{}

	for _, m := range destination {
		body := string(m.Body)
		there[body] = append(there[body], m)
		if l.foreign[body] {
			continue
		}
		if !l.ever[body] {
			l.t.Errorf("%s: %q was never on the source", name, body)
		}
	}
	for _, m := range source {
		have := there[string(m.Body)]
		if len(have) != 1 {
			l.t.Errorf("%s: message %d is on the destination %d times", name, m.UID, len(have))
			continue
		}
		if want, got := flags(m.Flags), flags(have[0].Flags); !mailbox.SameFlags(want, got) {
			l.t.Errorf("%s: message %d has %v, its copy %v", name, m.UID, want, got)
		}
	}
}
