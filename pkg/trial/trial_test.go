package trial_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/trial"
)

var summer = time.Date(2009, 7, 1, 0, 0, 0, 0, time.UTC)

func random() *strings.Reader { return strings.NewReader("sixteen bytes ..and more") }

// only fails the test when anything but the trial's own mailbox was touched, and tells whether that is gone.
func only(t *testing.T, a *memory.Account, r *trial.Result) (gone bool) {
	t.Helper()
	for _, s := range a.History() {
		if s.Mailbox != r.Mailbox {
			t.Errorf("%s of %q", s.Verb, s.Mailbox)
		}
		gone = gone || s.Verb == memory.Delete
	}
	if n := a.OpenSessions(); n > 0 {
		t.Errorf("%d sessions are open", n)
	}
	return gone
}

func TestWhatComesBack(t *testing.T) {
	tests := []struct {
		name  string
		o     memory.Options
		check func(t *testing.T, r *trial.Result)
	}{
		{"a server that keeps everything", memory.Options{}, func(t *testing.T, r *trial.Result) {
			for _, m := range r.Messages {
				if !m.Kept() || !m.Placed {
					t.Errorf("%+v", m)
				}
			}
			if !r.Keywords || len(r.Messages) < 5 {
				t.Errorf("%+v", r)
			}
		}},
		{"one that drops keywords", memory.Options{NoKeywords: true}, func(t *testing.T, r *trial.Result) {
			if m := r.Messages[1]; m.Flags != "$Forwarded imapmigrate-trial lost" || m.Bytes != "" || r.Keywords {
				t.Errorf("%+v", m)
			}
			if !r.Messages[0].Kept() {
				t.Errorf("%+v", r.Messages[0])
			}
		}},
		{"one that changes line ends", memory.Options{Change: func(c []byte) []byte {
			return []byte(strings.ReplaceAll(strings.ReplaceAll(string(c), "\r\n", "\n"), "\n", "\r\n"))
		}}, func(t *testing.T, r *trial.Result) {
			for _, m := range r.Messages {
				if odd := strings.Contains(m.What, "bare LF"); odd != strings.Contains(m.Bytes, "line ends were changed") {
					t.Errorf("%+v", m)
				}
			}
		}},
		{"one that refuses eight-bit text", memory.Options{Without: []string{"UIDPLUS"}, Refuse: func(w mailbox.Wire, m memory.Message) *endpoint.Error {
			if strings.Contains(string(m.Content), "\xff") {
				return &endpoint.Error{Class: endpoint.BadMessage, Text: "8bit"}
			}
			return nil
		}}, func(t *testing.T, r *trial.Result) {
			for _, m := range r.Messages {
				if odd := strings.Contains(m.What, "eight-bit"); odd != (m.Refused != "") || m.Missing || m.Placed {
					t.Errorf("%+v", m)
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := memory.New(tt.o)
			l := a.Trial()
			r, err := trial.Run(t.Context(), l, "", random())
			if err != nil || r.Stays != "" {
				t.Fatalf("%v, %+v", err, r)
			}
			tt.check(t, r)
			l.Close()
			if !only(t, a, r) {
				t.Error("the mailbox is still there")
			}
		})
	}
}

// TestTheMailboxGoes: whatever happens in the middle, the trial's mailbox is taken away, or it is said that it was not; and what is not the
// trial's own is never touched.
func TestTheMailboxGoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name   string
		ctx    context.Context
		fault  func(a *memory.Account, c memory.Call) memory.Fault
		stays  string
		failed bool
	}{
		{"lost while sending", t.Context(), func(a *memory.Account, c memory.Call) memory.Fault {
			return memory.Nth(memory.Append, 2, memory.LostAnswer())(c)
		}, "", true},
		{"lost while reading", t.Context(), func(a *memory.Account, c memory.Call) memory.Fault {
			return memory.Nth(memory.Fetch, 2, memory.Fault{Err: memory.Lost()})(c)
		}, "", true},
		{"stopped by a person", ctx, func(a *memory.Account, c memory.Call) memory.Fault {
			if c.Verb == memory.Append && c.Nth == 3 {
				cancel()
			}
			return memory.Fault{}
		}, "", true},
		{"somebody else delivers into it", t.Context(), func(a *memory.Account, c memory.Call) memory.Fault {
			return memory.Fault{}
		}, "others have had mail in it", false},
		{"refused to go", t.Context(), func(a *memory.Account, c memory.Call) memory.Fault {
			if c.Verb == memory.Delete {
				return memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Op: "delete", Text: "no"}}
			}
			return memory.Fault{}
		}, `the server says "no"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := memory.New(memory.Options{})
			counts := map[memory.Verb]int{}
			a.Inject(func(c memory.Call) memory.Fault {
				counts[c.Verb]++
				c.Nth = counts[c.Verb]
				return tt.fault(a, c)
			})
			var l endpoint.Trialist = a.Trial()
			if strings.HasPrefix(tt.stays, "others") {
				l = meddler{l, a}
			}
			r, err := trial.Run(tt.ctx, l, "", random())
			if (err != nil) != tt.failed || r == nil || (tt.stays == "") != (r.Stays == "") || !strings.Contains(r.Stays, tt.stays) {
				t.Fatalf("%v, %+v", err, r)
			}
			l.Close()
			if gone := only(t, a, r); gone != (tt.stays == "") {
				t.Errorf("gone: %t", gone)
			}
		})
	}
}

// meddler has somebody deliver into the trial's mailbox before it goes.
type meddler struct {
	endpoint.Trialist
	account *memory.Account
}

func (m meddler) Discard(ctx context.Context, w mailbox.Wire, messages uint32) (bool, string, error) {
	m.account.Deliver(w, []byte("Subject: mine\r\n\r\n"), summer)
	return m.Trialist.Discard(ctx, w, messages)
}

// TestNothingButTrials: the right to discard is for what was begun, and nothing else is ever begun.
func TestNothingButTrials(t *testing.T) {
	a := memory.New(memory.Options{})
	mine := mailbox.Wire(endpoint.TrialName + strings.Repeat("0a", 16))
	a.Make(mine, mailbox.RoleNone, false)
	l := a.Trial()
	defer l.Close()
	for _, w := range []mailbox.Wire{"INBOX", "Sent", endpoint.TrialName, mine + "/x", mine} {
		if err := l.Begin(t.Context(), w); endpoint.ClassOf(err) != endpoint.BadMailbox {
			t.Errorf("begun: %q (%v)", w, err)
		}
		if gone, _, err := l.Discard(t.Context(), w, 1000); gone || endpoint.ClassOf(err) != endpoint.BadMailbox {
			t.Errorf("discarded: %q (%v)", w, err)
		}
	}
	if steps := a.History(); len(steps) > 0 {
		t.Errorf("%v", steps)
	}
	if _, err := trial.Run(t.Context(), l, "", strings.NewReader("short")); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
