package copier_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// liar is a destination whose APPENDUID is not to be believed.
type liar struct {
	endpoint.Appender
	lie func(endpoint.Placed) endpoint.Placed
}

func (l liar) Target(ctx context.Context, w mailbox.Wire) (endpoint.Target, error) {
	t, err := l.Appender.Target(ctx, w)
	return lyingTarget{t, l.lie}, err
}

type lyingTarget struct {
	endpoint.Target
	lie func(endpoint.Placed) endpoint.Placed
}

func (l lyingTarget) Append(ctx context.Context, batch []endpoint.Outgoing, turn func(context.Context) error) ([]endpoint.Placed, error) {
	placed, err := l.Target.Append(ctx, batch, turn)
	for i := range placed {
		placed[i] = l.lie(placed[i])
	}
	return placed, err
}

// An APPENDUID counts only if it can be true; otherwise the message is found by its content, at the UID where it is.
func TestAPPENDUIDThatCannotBeTrue(t *testing.T) {
	for name, lie := range map[string]func(endpoint.Placed) endpoint.Placed{
		"below the fence":     func(p endpoint.Placed) endpoint.Placed { p.UID = 1; return p },
		"another uidvalidity": func(p endpoint.Placed) endpoint.Placed { p.Validity++; p.UID += 7; return p },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, memory.Options{}, memory.Options{})
			s.destination.Deliver("INBOX", []byte("was here before"), day)
			s.fill("INBOX", 5)
			s.job = func(j *copier.Job) { j.Destination = liar{j.Destination, lie} }
			s.mustRun()
			for i, r := range s.rows("INBOX") {
				if want := mailbox.UID(i + 2); r.Outcome != ledger.Copied || r.Dest != want {
					t.Errorf("message %d is %v at %d, want at %d", r.UID, r.Outcome, r.Dest, want)
				}
			}
			if n := len(s.destination.Messages("INBOX")); n != 6 {
				t.Errorf("the destination holds %d messages, want 6", n)
			}
		})
	}
}

// A message that is refused for a keyword goes without it, at its place in the order.
func TestRefusedKeywordIsLeftOffAndTheOrderKept(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{Refuse: func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
		if slices.Contains(m.Flags, "odd:keyword") {
			return &endpoint.Error{Class: endpoint.BadMessage, Code: "CANNOT", Text: "Invalid keyword"}
		}
		return nil
	}})
	s.fill("INBOX", 2)
	odd := s.source.Deliver("INBOX", []byte("Subject: odd\r\n\r\n"), day, mailbox.Flagged, "odd:keyword")
	s.fill("INBOX", 3)
	s.mustRun()
	want, got := s.source.Messages("INBOX"), s.destination.Messages("INBOX")
	if len(got) != len(want) {
		t.Fatalf("%d messages became %d", len(want), len(got))
	}
	for i := range want {
		if string(want[i].Content) != string(got[i].Content) {
			t.Errorf("at place %d there is %q, want %q", i, got[i].Content, want[i].Content)
		}
	}
	r := s.rows("INBOX")[odd-1]
	if !slices.Equal(r.Dropped, []mailbox.Flag{"odd:keyword"}) || !mailbox.SameFlags(got[odd-1].Flags, []mailbox.Flag{mailbox.Flagged}) {
		t.Errorf("dropped %v, the destination has %v", r.Dropped, got[odd-1].Flags)
	}
}

func TestRefusedOldDateIsReplacedAndSaid(t *testing.T) {
	old := time.Date(1960, 5, 1, 0, 0, 0, 0, time.UTC)
	s := newScene(t, memory.Options{}, memory.Options{Refuse: func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
		if m.InternalDate.Unix() <= 0 {
			return &endpoint.Error{Class: endpoint.BadMessage, Text: "Invalid date"}
		}
		return nil
	}})
	s.source.Deliver("INBOX", []byte("old"), old)
	s.mustRun()
	r := s.rows("INBOX")[0]
	if r.Outcome != ledger.Copied || !r.Date.Equal(old) || r.Reason == "" {
		t.Errorf("outcome %v, date %v, reason %q", r.Outcome, r.Date, r.Reason)
	}
}

// A server may still be at work on what a broken connection gave it: what arrives while it is looked for is not sent again.
func TestMessageThatArrivesLateIsNotSentAgain(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{Without: []string{"MULTIAPPEND"}}) // else all of a batch arrives, or nothing
	s.fill("INBOX", 3)
	s.job = func(j *copier.Job) { j.MatchExisting = false } // which would find it too
	lost := false
	looks := 0
	s.destination.Inject(serial(func(c memory.Call) memory.Fault {
		switch {
		case c.Verb == memory.Append && c.Nth == 2:
			lost = true
			return memory.Fault{Err: memory.Lost()}
		case c.Verb == memory.Examine && lost:
			if looks++; looks == 2 {
				m := s.source.Messages("INBOX")[1]
				s.destination.Deliver("INBOX", m.Content, m.InternalDate, m.Flags...)
			}
		}
		return memory.Fault{}
	}))
	s.mustRun()
	s.wantSame()
	if looks < 2 {
		t.Errorf("it was looked for %d times", looks)
	}
}

// A message that was copied to a place not known still owns one of its like on the destination: its twin must not adopt that one.
func TestTwinOfAMessageWithoutAPlaceIsCopied(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.mustRun()
	twin := s.source.Messages("INBOX")[0]
	l, err := ledger.Open(s.ledgerPath, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := l.Find("INBOX", s.source.Validity("INBOX"))
	if err != nil {
		t.Fatal(err)
	}
	row, _, err := l.Row(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	row.Dest = 0
	if err := errors.Join(l.Update(m, row), l.Close()); err != nil {
		t.Fatal(err)
	}
	s.source.Deliver("INBOX", twin.Content, twin.InternalDate, twin.Flags...)
	s.mustRun()
	s.wantSame()
}
