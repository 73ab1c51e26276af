package copier_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

func rematchAll(j *copier.Job) { j.Rematch = func(mailbox.Name) bool { return true } }

// stopped wants INBOX stopped, for a reason with that word, and nothing written on the destination.
func (s *scene) stopped(word string) {
	s.t.Helper()
	appended := s.destination.Calls(memory.Append)
	result, err := s.run()
	if err != nil {
		s.t.Fatal(err)
	}
	if p := result.Problems(); len(p) != 1 || p[0].Name.String() != "INBOX" || !strings.Contains(p[0].Problem, word) || !strings.Contains(p[0].Problem, "--rematch") {
		s.t.Errorf("problems: %+v; want INBOX, for its %s, with the next step", p, word)
	}
	if n := s.destination.Calls(memory.Append) - appended; n != 0 {
		s.t.Errorf("%d messages were sent", n)
	}
}

// tamperings void the UIDs of INBOX on one side or both, with the word that tells why the mailbox stops.
var tamperings = map[string]struct {
	word   string
	tamper func(s *scene)
}{
	"source renumbered":      {"uidvalidity", func(s *scene) { s.source.Renumber("INBOX") }},
	"destination renumbered": {"uidvalidity", func(s *scene) { s.destination.Renumber("INBOX") }},
	"destination made anew":  {"uidvalidity", func(s *scene) { s.destination.Recreate("INBOX") }},
	"both renumbered":        {"uidvalidity", func(s *scene) { s.source.Renumber("INBOX"); s.destination.Renumber("INBOX") }},
	"source restored":        {"next uid", func(s *scene) { s.source.Restore("INBOX", 5) }},
	"destination restored":   {"next uid", func(s *scene) { s.destination.Restore("INBOX", 5) }},
	"source's modseq back":   {"modseq", func(s *scene) { s.source.Restore("INBOX", 9) }},
}

// Void UIDs stop the mailbox, with mail of before and new mail alike, and nothing is sent. Matched again by content, each message is on the
// destination once, those that were never gone are not sent again, and the run after that has nothing to do.
func TestVoidUIDsStopTheMailboxAndARematchFindsEverything(t *testing.T) {
	twin := []byte("Subject: twin\r\n\r\ntwice\r\n")
	for name, c := range tamperings {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, memory.Options{}, memory.Options{})
			s.fill("INBOX", 7)
			s.source.Deliver("INBOX", twin, day)
			s.source.Deliver("INBOX", twin, day)
			for uid := range mailbox.UID(9) {
				setFlags(s.source, "INBOX", uid+1, mailbox.Seen) // a MODSEQ that a restored mailbox does not reach
			}
			s.mustRun()
			s.edit("INBOX", func(r *ledger.Row) { r.Proof, r.ProvedAt = ledger.ProvedContent, day })
			kept := len(s.destination.Messages("INBOX"))
			c.tamper(s)
			s.replan()
			if name != "source's modseq back" {
				s.source.Deliver("INBOX", []byte("Subject: new\r\n\r\n"), day, mailbox.Seen)
			}
			s.stopped(c.word)
			s.stopped(c.word)
			kept = min(kept, len(s.destination.Messages("INBOX")))
			before := s.destination.Calls(memory.Append)
			s.job = rematchAll
			result := s.mustRun()
			missing := len(s.source.Messages("INBOX")) - kept
			if name == "source restored" { // what the backup did not have stays on the destination
				missing = 1
			}
			if n := s.destination.Calls(memory.Append) - before; n != missing {
				t.Errorf("%d messages were sent, %d were missing; matched %+v", n, missing, result.Mailboxes[0].Matched)
			}
			for _, m := range s.source.Messages("INBOX") {
				if have, want := count(s.destination, m.Content), count(s.source, m.Content); have != want && name != "source restored" {
					t.Errorf("%q is there %d times, want %d", m.Content, have, want)
				}
			}
			for _, r := range s.rows("INBOX") {
				if !r.Outcome.Present() || r.Dest == 0 || r.Proof != ledger.Unproved {
					t.Errorf("message %d is %v at %d, %v", r.UID, r.Outcome, r.Dest, r.Proof)
				}
			}
			before = s.destination.Calls(memory.Append)
			s.job = nil
			s.mustRun()
			if n := s.destination.Calls(memory.Append) - before; n != 0 {
				t.Errorf("the run after that sent %d messages", n)
			}
		})
	}
}

func count(a *memory.Account, content []byte) (n int) {
	for _, m := range a.Messages("INBOX") {
		if string(m.Content) == string(content) {
			n++
		}
	}
	return n
}

// What left the source before it was made anew stays on record where it was, and its copy is nobody else's.
func TestRematchKeepsTheRecordOfWhatIsGone(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 4)
	s.mustRun()
	old := s.source.Validity("INBOX")
	gone := s.source.Messages("INBOX")[1].Content
	s.source.Remove("INBOX", 2)
	s.source.Renumber("INBOX")
	s.replan()
	s.job = rematchAll
	if m := s.mustRun().Mailboxes[0].Matched; m == nil || *m != (copier.Matched{Found: 3, Gone: 1}) {
		t.Errorf("matched %+v", m)
	}
	s.source.Deliver("INBOX", gone, day) // of equal content, and another message
	s.mustRun()
	if n := count(s.destination, gone); n != 2 {
		t.Errorf("it is there %d times, want twice: the old copy is not the new message's", n)
	}
	l, err := ledger.Open(s.ledgerPath, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m, found, err := l.Find("INBOX", old)
	if err != nil || !found {
		t.Fatalf("the old entry: found %v, %v", found, err)
	}
	if r, found, err := l.Row(m, 2); err != nil || !found || r.Dest != 2 {
		t.Errorf("the old row: %+v, found %v, %v", r, found, err)
	}
}

// A destination that changes what it stores is recognised all the same: nothing comes twice.
func TestRematchOnADestinationThatAltersMail(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{Change: func(b []byte) []byte { return append(slices.Clone(b), '\r', '\n') }})
	for i := range 5 {
		s.source.Deliver("INBOX", []byte(fmt.Sprintf("Subject: %d\r\n\r\nno final newline", i)), day)
	}
	s.mustRun()
	s.destination.Renumber("INBOX")
	s.job = rematchAll
	s.mustRun()
	if n := len(s.destination.Messages("INBOX")); n != 5 {
		t.Errorf("the destination holds %d messages, want 5", n)
	}
}

// What was purged from the source and is not on the destination any more is never silently forgotten.
func TestRematchKeepsTheAlarmOverWhatIsNowhere(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 3)
	s.mustRun()
	s.edit("INBOX", func(r *ledger.Row) {
		if r.UID == 2 {
			r.Removal = ledger.Gone
		}
	})
	s.source.Remove("INBOX", 2)
	s.destination.Renumber("INBOX")
	s.destination.Remove("INBOX", 2)
	s.job = rematchAll
	s.mustRun()
	r := s.rows("INBOX")[1]
	if r.UID != 2 || r.Proof != ledger.Missing || !r.Outcome.Present() {
		t.Errorf("the row is %+v", r)
	}
}

// Two mailboxes that were merged into one are matched one after the other, each message to its own.
func TestRematchOfMergedMailboxes(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	twin := []byte("Subject: twin\r\n\r\n")
	s.fill("INBOX", 3)
	s.source.Deliver("INBOX", twin, day)
	s.fill("Sent", 3)
	s.source.Deliver("Sent", twin, day)
	s.replan()
	s.plan.Mailboxes[1].To, s.plan.Mailboxes[1].ToWire = s.plan.Mailboxes[0].To, "INBOX"
	s.mustRun()
	s.destination.Renumber("INBOX")
	s.job = rematchAll
	s.mustRun()
	if n := len(s.destination.Messages("INBOX")); n != 8 {
		t.Errorf("the destination holds %d messages, want 8", n)
	}
}

// Messages whose answer was lost, in a mailbox whose UIDs then became void, end there once.
func TestRematchWithMessagesInDoubt(t *testing.T) {
	for name, c := range tamperings {
		for answer, fault := range map[string]memory.Fault{"stored": memory.LostAnswer(), "not stored": {Err: memory.Lost()}} {
			t.Run(name+"/"+answer, func(t *testing.T) {
				s := newScene(t, memory.Options{}, memory.Options{})
				s.fill("INBOX", 9)
				s.destination.Inject(memory.Nth(memory.Append, 6, fault))
				s.job = func(j *copier.Job) { j.Patience.Total = 0 }
				if _, err := s.run(); endpoint.ClassOf(err) != endpoint.Lost {
					t.Fatalf("%v, want the connection lost", err)
				}
				s.destination.Heal()
				if strings.HasPrefix(name, "destination restored") {
					s.destination.Restore("INBOX", 3)
				} else {
					c.tamper(s)
				}
				s.replan()
				s.job = rematchAll
				s.mustRun()
				for _, m := range s.source.Messages("INBOX") {
					if n := count(s.destination, m.Content); n != 1 {
						t.Errorf("%q is there %d times", m.Content, n)
					}
				}
			})
		}
	}
}

// Whatever happens to both sides between runs, and whatever is lost while they run, no message is lost and none comes twice.
func TestRematchSurvivesAnyFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		to := memory.Options{}
		if rapid.Bool().Draw(rt, "without UIDPLUS") {
			to.Without = []string{"UIDPLUS"}
		}
		s := newScene(t, memory.Options{}, to)
		s.fill("INBOX", rapid.IntRange(0, 8).Draw(rt, "messages"))
		for range rapid.IntRange(0, 3).Draw(rt, "twins") {
			s.source.Deliver("INBOX", []byte("twin"), day)
		}
		s.mustRun()
		for round := range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			there := len(s.source.Messages("INBOX"))
			switch rapid.IntRange(0, 4).Draw(rt, "what happens") {
			case 0:
				s.source.Renumber("INBOX")
			case 1:
				s.destination.Renumber("INBOX")
			case 2:
				s.source.Renumber("INBOX")
				s.destination.Renumber("INBOX")
			case 3:
				s.destination.Recreate("INBOX")
			case 4:
				s.destination.Restore("INBOX", rapid.IntRange(0, there).Draw(rt, "restored to"))
			}
			s.source.Deliver("INBOX", []byte(fmt.Sprintf("round %d", round)), day)
			s.replan()
			s.faultyRuns(rt)
		}
		s.rows("INBOX")
		want, got := content(s.source.Messages("INBOX")), content(s.destination.Messages("INBOX"))
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatalf("INBOX (-source +destination):\n%s", d)
		}
	})
}

// faultyRuns runs until a run ends well, each connection lost at drawn calls.
func (s *scene) faultyRuns(rt *rapid.T) {
	faults := rapid.SliceOfN(rapid.IntRange(1, 50), 0, 6).Draw(rt, "faulty calls")
	done := rapid.SliceOfN(rapid.Bool(), len(faults), len(faults)).Draw(rt, "took effect")
	calls := 0
	hook := serial(func(memory.Call) memory.Fault {
		calls++
		if i := slices.Index(faults, calls); i >= 0 {
			return memory.Fault{Err: memory.Lost(), Done: done[i]}
		}
		return memory.Fault{}
	})
	s.destination.Inject(hook)
	s.source.Inject(hook)
	defer s.destination.Heal()
	defer s.source.Heal()
	s.job = func(j *copier.Job) { rematchAll(j); j.Workers = 1; j.Patience.Total = 0 }
	for run := 0; ; run++ {
		result, err := s.run()
		if err == nil && len(result.Problems()) == 0 {
			return
		}
		if err != nil && endpoint.ClassOf(err) != endpoint.Lost || run > 40 {
			rt.Fatalf("run %d: %v, %+v", run, err, result)
		}
	}
}

// Only what verify has found missing is sent again, and only on request; an altered one never.
func TestMissingMessagesAreCopiedAgainOnRequest(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 5)
	s.mustRun()
	s.destination.Remove("INBOX", 2, 4)
	s.edit("INBOX", func(r *ledger.Row) {
		switch r.UID {
		case 2, 4:
			r.Proof = ledger.Missing
		case 3:
			r.Proof = ledger.Altered
		}
	})
	s.mustRun()
	if n := len(s.destination.Messages("INBOX")); n != 3 {
		t.Fatalf("a plain run left %d messages, want 3", n)
	}
	s.destination.Inject(memory.Nth(memory.Append, s.destination.Calls(memory.Append)+2, memory.LostAnswer()))
	s.job = func(j *copier.Job) { j.RecopyMissing = true }
	result := s.mustRun()
	if got := result.Total(ledger.Copied).Messages; got != 2 {
		t.Errorf("%d copied again, want 2", got)
	}
	if n := len(s.destination.Messages("INBOX")); n != 5 {
		t.Errorf("%d messages, want 5", n)
	}
	for _, r := range s.rows("INBOX") {
		if want := map[mailbox.UID]ledger.Proof{3: ledger.Altered}[r.UID]; r.Proof != want || r.Dest == 0 {
			t.Errorf("message %d is %v at %d", r.UID, r.Proof, r.Dest)
		}
	}
	s.mustRun()
	if n := len(s.destination.Messages("INBOX")); n != 5 {
		t.Errorf("after another run %d messages, want 5", n)
	}
}

// A run that is cut off in the middle of sending something again does not forget it: the next one, told nothing, goes on.
func TestInterruptedSecondTryIsFinished(t *testing.T) {
	for _, again := range []string{"refused", "missing"} {
		t.Run(again, func(t *testing.T) {
			refuse := true
			s := newScene(t, memory.Options{}, memory.Options{Refuse: func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
				if refuse && again == "refused" && strings.Contains(string(m.Content), "INBOX 1") {
					return &endpoint.Error{Class: endpoint.BadMessage, Text: "no"}
				}
				return nil
			}})
			s.fill("INBOX", 4)
			s.mustRun()
			refuse = false
			if again == "missing" {
				s.destination.Remove("INBOX", 2)
				s.edit("INBOX", func(r *ledger.Row) {
					if r.UID == 2 {
						r.Proof = ledger.Missing
					}
				})
			}
			s.destination.Inject(memory.In("INBOX", memory.Append, memory.Fault{Err: memory.Lost()}))
			s.job = func(j *copier.Job) { j.RetryRefused, j.RecopyMissing, j.Patience.Total = true, true, 0 }
			if _, err := s.run(); endpoint.ClassOf(err) != endpoint.Lost {
				t.Fatalf("%v, want the connection lost", err)
			}
			s.job = func(j *copier.Job) { j.Patience.Total = 0 } // it resolves the doubt, takes the message back, and is cut off again
			if _, err := s.run(); err == nil {
				t.Fatal("the destination still breaks every APPEND")
			}
			s.destination.Heal()
			s.mustRun()
			if rows := s.rows("INBOX"); len(rows) != 4 || len(s.destination.Messages("INBOX")) != 4 {
				t.Errorf("%d rows, %d messages; want 4 of each", len(rows), len(s.destination.Messages("INBOX")))
			}
		})
	}
}

// A message that purge has removed is not the one of equal content that is still there.
func TestRematchTellsThePurgedFromItsTwin(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	twin := []byte("Subject: twin\r\n\r\n")
	s.source.Deliver("INBOX", twin, day)
	s.source.Deliver("INBOX", twin, day)
	s.mustRun()
	s.edit("INBOX", func(r *ledger.Row) {
		if r.UID == 1 {
			r.Removal = ledger.Gone
		}
	})
	s.source.Remove("INBOX", 1)
	s.source.Renumber("INBOX")
	s.replan()
	s.job = rematchAll
	s.mustRun()
	if rows := s.rows("INBOX"); len(rows) != 1 || rows[0].Dest != 2 || rows[0].Removal != ledger.Kept {
		t.Errorf("rows %+v; want the one that is left, with its own copy", rows)
	}
}

// A missing message that somebody has put back on the destination is found there, and not sent again.
func TestMissingMessageThatCameBackIsAdopted(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.mustRun()
	lost := s.destination.Messages("INBOX")[0]
	s.destination.Remove("INBOX", 1)
	s.edit("INBOX", func(r *ledger.Row) {
		if r.UID == 1 {
			r.Dest, r.Proof = 0, ledger.Missing
		}
	})
	s.destination.Deliver("INBOX", lost.Content, lost.InternalDate, lost.Flags...)
	s.job = func(j *copier.Job) { j.RecopyMissing = true }
	result := s.mustRun()
	if n := result.Total(ledger.AlreadyThere).Messages; n != 1 || len(s.destination.Messages("INBOX")) != 2 {
		t.Errorf("%d adopted, %d messages; want 1 and 2", n, len(s.destination.Messages("INBOX")))
	}
}
