package copier_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// A server that takes batches whole refuses the whole for one message. Each culprit ends alone, with the server's words, all others are
// copied in their order, and it does not take a command for every message.
func TestCulpritsOfARefusedBatchStandAlone(t *testing.T) {
	for name, odd := range map[string]string{"that look odd": "bare\nnewline", "that do not": "Subject: evil\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, memory.Options{}, memory.Options{Refuse: func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
				if strings.Contains(string(m.Content), odd) {
					return &endpoint.Error{Class: endpoint.BadMessage, Text: "I do not like it"}
				}
				return nil
			}})
			var want []string
			for i := range 300 {
				content := fmt.Sprintf("Subject: %d\r\n\r\nbody\r\n", i)
				if i%60 == 7 {
					content = fmt.Sprintf("%sNumber: %d\r\n", odd, i)
				} else {
					want = append(want, content)
				}
				s.source.Deliver("INBOX", []byte(content), day)
			}
			s.job = func(j *copier.Job) { j.BatchMessages = 50 }
			result := s.mustRun()
			if r := result.Total(ledger.Refused).Messages; r != 5 {
				t.Errorf("%d refused, want 5", r)
			}
			got := s.destination.Messages("INBOX")
			if len(got) != len(want) {
				t.Fatalf("%d messages arrived, want %d", len(got), len(want))
			}
			for i := range want {
				if string(got[i].Content) != want[i] {
					t.Fatalf("at place %d there is %q, want %q", i, got[i].Content, want[i])
				}
			}
			for _, r := range s.rows("INBOX") {
				if bad := r.UID%60 == 8; bad != (r.Outcome == ledger.Refused) || bad && !strings.Contains(r.Reason, "I do not like it") {
					t.Errorf("message %d is %v (%s)", r.UID, r.Outcome, r.Reason)
				}
			}
			if n := s.destination.Calls(memory.Append); n > 2000 {
				t.Errorf("%d messages were sent for 300", n)
			}
		})
	}
}

// A large mailbox goes over several connections at a time, and arrives in its order all the same.
func TestSeveralBatchesInTheAirKeepTheOrder(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 600)
	s.destination.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Append && c.Nth%10 == 0 {
			return memory.Fault{Wait: 200 * time.Microsecond}
		}
		return memory.Fault{}
	})
	s.job = func(j *copier.Job) { j.BatchMessages, j.Workers = 10, 4 }
	s.mustRun()
	s.wantSame()
	opened := 0
	for _, step := range s.destination.History() {
		if step.Verb == memory.Select && step.Mailbox == "INBOX" {
			opened++
		}
	}
	if opened < 2 {
		t.Errorf("INBOX was opened %d times for 60 batches: one at a time", opened)
	}
}

// When a batch in front is lost, those that were in the air behind it are not stored before it.
func TestLostBatchHoldsBackThoseBehindIt(t *testing.T) {
	for _, fault := range []memory.Fault{{Err: memory.Lost()}, memory.LostAnswer()} {
		s := newScene(t, memory.Options{}, memory.Options{})
		s.fill("INBOX", 200)
		for n := 25; n < 200; n += 40 {
			s.destination.Inject(memory.Nth(memory.Append, n, fault))
		}
		s.job = func(j *copier.Job) { j.BatchMessages, j.Workers = 5, 4 }
		s.mustRun()
		s.wantSame()
	}
}
