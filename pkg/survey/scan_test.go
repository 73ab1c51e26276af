package survey_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

var noon = time.Date(2020, 5, 17, 12, 0, 0, 0, time.UTC)

// hurried does not wait for a server that comes back at once.
var hurried = endpoint.Patience{First: time.Microsecond, Most: time.Microsecond, Total: time.Minute}

// scanned surveys an account and looks into some of its mailboxes.
func scanned(t *testing.T, a *memory.Account, q survey.Question) (*survey.Survey, recorder, error) {
	t.Helper()
	l := a.Source()
	defer l.Close()
	s, err := survey.Take(t.Context(), l, event.Discard, ticks())
	if err != nil {
		t.Fatal(err)
	}
	q.Patience = hurried
	told := &crowd{}
	err = s.Scan(t.Context(), l, q, told, ticks())
	if n := a.OpenSessions(); n > 1 {
		t.Errorf("%d mailboxes are still open", n)
	}
	return s, told.heard, err
}

// crowd keeps what several goroutines tell.
type crowd struct {
	mu    sync.Mutex
	heard recorder
}

func (c *crowd) Emit(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard.Emit(e)
}

func mail(size int) []byte { return []byte("Subject: x\r\n\r\n" + strings.Repeat("x", size-14)) }

func TestScanCounts(t *testing.T) {
	a := memory.New(memory.Options{Without: []string{"STATUS=SIZE"}})
	a.Make("Old", mailbox.RoleNone, false)
	a.Deliver("Old", mail(100), noon, mailbox.Seen)
	a.Deliver("Old", mail(300), noon.AddDate(-10, 0, 0), "$Forwarded", "NonJunk")
	a.Deliver("Old", mail(50), time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), mailbox.Seen, mailbox.Deleted, "$forwarded")
	a.Edit("Old", a.Deliver("Old", mail(20), noon.AddDate(0, 0, 1), mailbox.Seen), func(m *memory.Message) { m.Flags = append(m.Flags, `\Forwarded`) })
	a.Deliver("INBOX", mail(1000), noon)
	s, _, err := scanned(t, a, survey.Question{Since: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), MaxSize: 299, Workers: 3,
		Mailboxes: []survey.Asked{{Wire: "Old", Limit: 99}, {Wire: "INBOX", Limit: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	got := *s.Contents["Old"]
	slices.Sort(got.Keywords)
	want := survey.Contents{Messages: 4, Bytes: 470, Oldest: time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), Newest: noon.AddDate(0, 0, 1), Unseen: 1, Deleted: 1, Largest: 300,
		Wanted: 3, WantedBytes: 170, TooLarge: 1, OddDates: 1, OddFlags: 1, Keyworded: 1, Keywords: []mailbox.Flag{"$forwarded"}, Homeless: -1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if in := s.Contents["INBOX"]; !in.Complete() || in.Messages != 1 || in.Wanted != 0 || in.TooLarge != 0 {
		t.Errorf("INBOX: %+v", in)
	}
	if steps := a.History(); len(steps) > 0 {
		t.Errorf("a scan changed the account: %v", steps)
	}
}

// TestScanGoesOn: what is wrong with one mailbox stops nothing, a connection that breaks is made again and counts nothing twice, and a
// server that stays away ends the scan.
func TestScanGoesOn(t *testing.T) {
	boxes := []survey.Asked{{Wire: "INBOX", Limit: -1}, {Wire: "Bad", Limit: -1}, {Wire: "Good", Limit: -1}}
	account := func() *memory.Account {
		a := memory.New(memory.Options{})
		for _, b := range boxes {
			a.Make(b.Wire, mailbox.RoleNone, false)
			for i := range 1200 {
				a.Deliver(b.Wire, mail(20+i%7), noon.Add(time.Duration(i)*time.Second))
			}
		}
		return a
	}
	t.Run("refused", func(t *testing.T) {
		a := account()
		a.Inject(memory.In("Bad", memory.Examine, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Op: "open", Text: "no\x1b"}}))
		s, told, err := scanned(t, a, survey.Question{Mailboxes: boxes})
		if err != nil || s.Contents["Bad"].Complete() || told.warnings() != 1 || s.Contents["Good"].Messages != 1200 {
			t.Errorf("%v, %+v, %d warnings", err, s.Contents["Bad"], told.warnings())
		}
	})
	t.Run("lost in the middle", func(t *testing.T) {
		a := account()
		a.Inject(memory.Nth(memory.Scan, 2, memory.Fault{Err: memory.Lost()}))
		s, told, err := scanned(t, a, survey.Question{Mailboxes: boxes})
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, e := range told {
			if p, ok := e.(event.Progress); ok {
				sum += p.Messages
			}
		}
		for _, b := range boxes {
			if c := s.Contents[b.Wire]; c.Messages != 1200 || !c.Complete() {
				t.Errorf("%s: %+v", b.Wire, c)
			}
		}
		if sum != 3600 {
			t.Errorf("%d messages were told", sum)
		}
	})
	t.Run("gone", func(t *testing.T) {
		a := account()
		a.Inject(memory.In("Bad", memory.Examine, memory.Fault{Err: &endpoint.Error{Class: endpoint.LoginRefused, Op: "log in"}}))
		if _, _, err := scanned(t, a, survey.Question{Mailboxes: boxes, Workers: 2}); endpoint.ClassOf(err) != endpoint.LoginRefused {
			t.Errorf("%v", err)
		}
	})
}

// TestHomeless: a view is only a view when every message of it has its like in one single other mailbox, and doubt counts against it.
func TestHomeless(t *testing.T) {
	type letter struct {
		box   mailbox.Wire
		size  int
		at    int // seconds
		flags []mailbox.Flag
	}
	both := []survey.Asked{{Wire: "All", View: true}, {Wire: "INBOX"}, {Wire: "Sent"}}
	tests := []struct {
		name    string
		letters []letter
		asked   []survey.Asked
		edit    func(a *memory.Account)
		want    int64
	}{
		{"all have homes", []letter{{"All", 20, 1, nil}, {"All", 30, 2, nil}, {"INBOX", 20, 1, nil}, {"Sent", 30, 2, nil}}, both, nil, 0},
		{"one has none", []letter{{"All", 20, 1, nil}, {"All", 30, 2, nil}, {"INBOX", 20, 1, nil}}, both, nil, 1},
		{"another size", []letter{{"All", 20, 1, nil}, {"INBOX", 21, 1, nil}}, both, nil, 1},
		{"another date", []letter{{"All", 20, 1, nil}, {"INBOX", 20, 2, nil}}, both, nil, 1},
		{"other flags", []letter{{"All", 20, 1, []mailbox.Flag{mailbox.Flagged}}, {"INBOX", 20, 1, nil}}, both, nil, 1},
		{"keywords and \\Recent do not count", []letter{{"All", 20, 1, []mailbox.Flag{"x", mailbox.Seen}}, {"INBOX", 20, 1, []mailbox.Flag{`\SEEN`, mailbox.Recent}}}, both, nil, 0},
		{"two alike, two in one mailbox", []letter{{"All", 20, 1, nil}, {"All", 20, 1, nil}, {"INBOX", 20, 1, nil}, {"INBOX", 20, 1, nil}}, both, nil, 0},
		{"two alike, one each in two mailboxes: it may be one message with two labels", []letter{{"All", 20, 1, nil}, {"All", 20, 1, nil}, {"INBOX", 20, 1, nil}, {"Sent", 20, 1, nil}}, both, nil, 1},
		{"a home that is not asked about is none", []letter{{"All", 20, 1, nil}, {"Sent", 20, 1, nil}}, both[:2], nil, 1},
		{"a home that cannot be read is none", []letter{{"All", 20, 1, nil}, {"Sent", 20, 1, nil}}, both, func(a *memory.Account) {
			a.Inject(memory.In("Sent", memory.Scan, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Op: "x"}}))
		}, 1},
		{"a view that cannot be read is none", []letter{{"INBOX", 20, 1, nil}}, both, func(a *memory.Account) {
			a.Inject(memory.In("All", memory.Scan, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Op: "x"}}))
		}, -1},
		{"empty", nil, both, nil, 0},
		{"a view that has to be copied is a home for the next", []letter{{"All", 20, 1, nil}, {"Sent", 20, 1, nil}}, []survey.Asked{{Wire: "Sent", View: true}, {Wire: "All", View: true}, {Wire: "INBOX"}}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := memory.New(memory.Options{})
			a.Make("All", mailbox.RoleAll, false)
			a.Make("Sent", mailbox.RoleSent, false)
			for _, l := range tt.letters {
				a.Deliver(l.box, mail(l.size), noon.Add(time.Duration(l.at)*time.Second), l.flags...)
			}
			if tt.edit != nil {
				tt.edit(a)
			}
			for _, workers := range []int{1, 4} {
				s, _, err := scanned(t, a, survey.Question{Mailboxes: tt.asked, Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				if got := s.Contents["All"].Homeless; got != tt.want {
					t.Errorf("%d are homeless, want %d", got, tt.want)
				}
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	a := memory.New(memory.Options{})
	l := a.Source()
	defer l.Close()
	s, err := survey.Take(t.Context(), l, event.Discard, ticks())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Time(t.Context(), l, ticks()); err != nil || s.RoundTrip != time.Second {
		t.Errorf("%v, %v", s.RoundTrip, err)
	}
	s.RoundTrip = 0
	a.Inject(memory.In("INBOX", memory.Status, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Op: "x"}}))
	if err := s.Time(t.Context(), l, ticks()); err != nil || s.RoundTrip != 0 {
		t.Errorf("a server that does not answer to this: %v, %v", s.RoundTrip, err)
	}
}
