package survey_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// recorder keeps what a survey tells.
type recorder []event.Event

func (r *recorder) Emit(e event.Event) { *r = append(*r, e) }

func (r *recorder) warnings() int {
	n := 0
	for _, e := range *r {
		if _, ok := e.(event.Warning); ok {
			n++
		}
	}
	return n
}

// ticks is a clock that goes on by a second each time it is asked.
func ticks() func() time.Time {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func TestTake(t *testing.T) {
	a := memory.New(memory.Options{Delimiter: ".", Prefix: "INBOX.", Quota: 1 << 20, AppendLimit: 1 << 16})
	a.Make("INBOX.Sent", mailbox.RoleSent, true)
	a.MakeNoselect("INBOX.Top")
	a.Deliver("INBOX.Sent", []byte("Subject: x\r\n\r\nbody\r\n"), time.Time{})
	l := a.Source()
	defer l.Close()
	var told recorder
	s, err := survey.Take(t.Context(), l, &told, ticks())
	if err != nil {
		t.Fatal(err)
	}
	sent := s.Find("INBOX.Sent")
	switch {
	case sent == nil || sent.Role != mailbox.RoleSent || !sent.Subscribed || sent.Status.Messages != 1:
		t.Errorf("Sent: %+v", sent)
	case s.Find("INBOX.Top").Selectable:
		t.Error("Top can be opened")
	case s.Delimiter() != "." || s.Namespaces.Personal[0].Prefix != "INBOX." || s.Derived:
		t.Errorf("%+v", s.Namespaces)
	case s.AppendLimit != 1<<16 || len(s.Quota) == 0:
		t.Errorf("limit %d, quota %+v", s.AppendLimit, s.Quota)
	case s.Find("INBOX.Nothing") != nil:
		t.Error("found what is not there")
	}
	if messages, bytes := s.Totals(); messages != 1 || bytes != 20 {
		t.Errorf("%d messages, %d bytes", messages, bytes)
	}
	done, ok := told[len(told)-1].(event.StageDone)
	if !ok || done.Took != time.Second || done.Messages != 1 || told[0] != (event.StageStarted{Stage: survey.Stage}) {
		t.Errorf("%+v", told)
	}
	if steps := a.History(); len(steps) > 0 {
		t.Errorf("a survey changed the account: %v", steps)
	}
}

// TestUnknownSizesStayUnknown: a server without STATUS=SIZE has no bytes to show, and 0 would be a lie, except where there is no message.
func TestUnknownSizesStayUnknown(t *testing.T) {
	a := memory.New(memory.Options{Without: []string{"STATUS=SIZE"}})
	l := a.Source()
	defer l.Close()
	s, err := survey.Take(t.Context(), l, event.Discard, ticks())
	if err != nil {
		t.Fatal(err)
	}
	if messages, bytes := s.Totals(); messages != 0 || bytes != 0 {
		t.Errorf("%d messages, %d bytes in an empty account", messages, bytes)
	}
	a.Deliver("INBOX", []byte("x"), time.Time{})
	if s, err = survey.Take(t.Context(), l, event.Discard, ticks()); err != nil {
		t.Fatal(err)
	}
	if messages, bytes := s.Totals(); messages != 1 || bytes != -1 {
		t.Errorf("%d messages, %d bytes", messages, bytes)
	}
}

// lister is an account that a test writes down, for what no orderly server does.
type lister struct {
	endpoint.Lister // nil: what the test did not write down is not called
	caps            endpoint.Capabilities
	namespaces      endpoint.Namespaces
	list            []mailbox.Info
	quota           error
	failure         error
}

func (l lister) Identity() endpoint.Identity         { return endpoint.Identity{Host: "h", User: "u"} }
func (l lister) Capabilities() endpoint.Capabilities { return l.caps }
func (l lister) Namespaces(context.Context) (endpoint.Namespaces, error) {
	return l.namespaces, nil
}
func (l lister) List(context.Context) ([]mailbox.Info, error)    { return l.list, l.failure }
func (l lister) Quota(context.Context) ([]endpoint.Quota, error) { return nil, l.quota }

func info(w string) mailbox.Info {
	n, _ := mailbox.Decode(mailbox.Wire(w), ".")
	return mailbox.Info{Wire: mailbox.Wire(w), Name: n, Delimiter: ".", Selectable: true, Status: &mailbox.Status{AppendLimit: -1}}
}

func TestNamespacesThatAreNotStated(t *testing.T) {
	dot := endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: "."}}}
	tests := []struct {
		name string
		l    lister
		want mailbox.Wire
	}{
		{"all below INBOX", lister{namespaces: dot, list: []mailbox.Info{info("INBOX"), info("INBOX.a"), info("INBOX.b")}}, "INBOX."},
		{"one beside INBOX", lister{namespaces: dot, list: []mailbox.Info{info("INBOX"), info("INBOX.a"), info("b")}}, ""},
		{"INBOX alone tells nothing", lister{namespaces: dot, list: []mailbox.Info{info("INBOX")}}, ""},
		{"stated is stated", lister{caps: endpoint.NewCapabilities("NAMESPACE"), namespaces: dot, list: []mailbox.Info{info("INBOX"), info("INBOX.a")}}, ""},
		{"none at all", lister{caps: endpoint.NewCapabilities("NAMESPACE"), list: []mailbox.Info{info("INBOX"), info("INBOX.a")}}, "INBOX."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := survey.Take(t.Context(), tt.l, event.Discard, ticks())
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Namespaces.Personal[0]; got.Prefix != tt.want || got.Delimiter != "." || s.Derived != (tt.want != "") {
				t.Errorf("%+v, derived %t", got, s.Derived)
			}
		})
	}
}

// TestRepeatedLines: what a server lists twice is one mailbox; planned twice, it would be copied twice.
func TestRepeatedLines(t *testing.T) {
	s, err := survey.Take(t.Context(), lister{list: []mailbox.Info{info("INBOX"), info("a"), info("a")}}, event.Discard, ticks())
	if err != nil || len(s.Mailboxes) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestProblems(t *testing.T) {
	silent := info("a")
	silent.Status, silent.Problem = nil, "NO\x07 not today"
	var told recorder
	s, err := survey.Take(t.Context(), lister{list: []mailbox.Info{silent}, quota: &endpoint.Error{Class: endpoint.BadMailbox, Op: "ask for the quota", Text: "no"}}, &told, ticks())
	if err != nil || s.QuotaProblem == "" || told.warnings() != 2 {
		t.Errorf("%+v, %v, %+v", s, err, told)
	}
	if messages, bytes := s.Totals(); messages != -1 || bytes != -1 {
		t.Errorf("%d messages, %d bytes", messages, bytes)
	}
	lost := &endpoint.Error{Class: endpoint.Lost, Op: "x"}
	for _, l := range []lister{{quota: lost}, {failure: lost}} {
		if _, err := survey.Take(t.Context(), l, event.Discard, ticks()); !errors.Is(err, lost) {
			t.Errorf("%v", err)
		}
	}
}

func TestSmallestLimitCounts(t *testing.T) {
	narrow := info("a")
	narrow.Status.AppendLimit = 10
	s, err := survey.Take(t.Context(), lister{caps: endpoint.NewCapabilities("APPENDLIMIT=20"), list: []mailbox.Info{info("INBOX"), narrow}}, event.Discard, ticks())
	if err != nil || s.AppendLimit != 10 {
		t.Errorf("%d, %v", s.AppendLimit, err)
	}
}
