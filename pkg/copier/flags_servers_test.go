package copier_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
)

// migration is one plan between two real accounts, run as often as wanted.
type migration struct {
	t        *testing.T
	from, to imaptest.Account
	plan     *plan.Plan
	ledger   *ledger.Ledger
	examined atomic.Int32
	job      func(*copier.Job)
}

func newMigration(t *testing.T, from, to imaptest.Account) *migration {
	t.Helper()
	m := &migration{t: t, from: from, to: to}
	m.replan()
	l, err := ledger.Create(filepath.Join(t.TempDir(), "state", "test.ledger.db"),
		ledger.Facts{Name: "test", Source: login(t, from).Source().Identity(), Destination: login(t, to).Source().Identity()}, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	m.ledger = l
	return m
}

func (m *migration) replan() {
	m.t.Helper()
	src, err := survey.Take(m.t.Context(), login(m.t, m.from).Source(), event.Discard, time.Now)
	if err != nil {
		m.t.Fatal(err)
	}
	dst, err := survey.Take(m.t.Context(), login(m.t, m.to).Source(), event.Discard, time.Now)
	if err != nil {
		m.t.Fatal(err)
	}
	if m.plan, err = plan.Build(src, dst, plan.Rules{Name: "test", Tool: "test"}, time.Now()); err != nil {
		m.t.Fatal(err)
	}
}

// counting counts how many mailboxes of the source are opened.
type counting struct {
	endpoint.Fetcher
	examined *atomic.Int32
}

func (c counting) Examine(ctx context.Context, w mailbox.Wire) (endpoint.Reader, error) {
	c.examined.Add(1)
	return c.Fetcher.Examine(ctx, w)
}

func (m *migration) run() *copier.Result {
	m.t.Helper()
	destination := login(m.t, m.to)
	job := copier.Job{Plan: m.plan, Ledger: m.ledger, Source: counting{login(m.t, m.from).Source(), &m.examined}, Destination: destination.Destination(), Flags: destination.Flags(),
		Workers: 2, Memory: 16 << 20, BatchMessages: 20, BatchBytes: 1 << 20, MatchExisting: true, SpoolDir: filepath.Dir(m.ledger.Path()), Sink: event.Discard, Now: time.Now,
		Patience: endpoint.Patience{First: time.Millisecond, Most: time.Second, Total: time.Minute}, Settling: 50 * time.Millisecond}
	if m.job != nil {
		m.job(&job)
	}
	result, err := copier.Run(m.t.Context(), job)
	if err != nil {
		m.t.Fatalf("copy: %v", err)
	}
	return result
}

// store is what a mail client does to a message of INBOX.
func store(c *imaptest.Client, uid int, change string) {
	c.MustCmd("SELECT INBOX")
	c.MustCmd(fmt.Sprintf("UID STORE %d %s", uid, change))
	c.Cmd("UNSELECT") // Courier has none
}

func TestFlagsComeAlongBetweenRealServers(t *testing.T) {
	for _, c := range []struct {
		name      string
		from, to  func(testing.TB) *imaptest.Server
		condstore bool // on the source
	}{
		{"Dovecot to Dovecot", dovecotA, dovecotB, true},
		{"Dovecot to Cyrus", dovecotB, imaptest.Cyrus, true},
		{"Cyrus to Courier", imaptest.Cyrus, imaptest.Courier, true},
		{"Courier to Dovecot", imaptest.Courier, dovecotA, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := c.from(t).NewUser(t), c.to(t).NewUser(t)
			source, destination := from.Dial(t), to.Dial(t)
			for i := range 5 {
				source.Append("INBOX", `\Seen $Forwarded`, "", fmt.Appendf(nil, "Subject: %d\r\n\r\nbody\r\n", i))
			}
			m := newMigration(t, from, to)
			m.run()
			opened := m.examined.Load()
			if m.run(); c.condstore && m.examined.Load() != opened {
				t.Errorf("a second run with nothing to do opened %d mailboxes", m.examined.Load()-opened)
			}
			store(source, 1, `+FLAGS (\Flagged NonJunk)`)
			store(source, 2, `-FLAGS (\Seen $Forwarded)`)
			store(source, 3, `+FLAGS (\Deleted)`)
			store(source, 4, `FLAGS (\Answered)`)
			store(destination, 4, `+FLAGS (\Draft)`)
			store(destination, 5, `-FLAGS (\Seen)`)
			if got, want := m.run().Mailboxes[0].Flags, (copier.FlagCount{Brought: 2, Touched: 1}); got != want {
				t.Errorf("flags %+v, want %+v", got, want)
			}
			want := []string{`$Forwarded NonJunk \Flagged \Seen`, ``, `$Forwarded \Seen`, `$Forwarded \Draft \Seen`, `$Forwarded`}
			for i, raw := range to.Dial(t).FetchAll("INBOX") {
				got := make([]string, 0, len(raw.Flags))
				for _, f := range flags(raw.Flags) {
					got = append(got, string(f))
				}
				slices.Sort(got)
				if have := strings.Join(got, " "); !strings.EqualFold(have, want[i]) {
					t.Errorf("message %d has %q, want %q", i+1, have, want[i])
				}
			}
			if n := m.run().Mailboxes[0].Flags.Brought; n != 0 {
				t.Errorf("another run brought flags of %d messages along", n)
			}
		})
	}
}

// A real Dovecot mailbox that is deleted and made anew, on either side, with a new UIDVALIDITY.
func TestRematchBetweenRealServers(t *testing.T) {
	for _, side := range []string{"source", "destination"} {
		t.Run(side, func(t *testing.T) {
			from, to := dovecotA(t).NewUser(t), imaptest.Cyrus(t).NewUser(t)
			letters := []imaptest.RawMessage{}
			for i := range 12 {
				letters = append(letters, imaptest.RawMessage{Body: fmt.Appendf(nil, "Subject: %d\r\n\r\n\xe4 body\r\n", i%10)})
			}
			source := from.Dial(t)
			source.Create("INBOX.Box")
			source.Fill("INBOX.Box", letters)
			m := newMigration(t, from, to)
			m.run()
			where, c := "INBOX.Box", source
			if side == "destination" {
				where, c = "Box", to.Dial(t)
				for _, e := range m.plan.Mailboxes {
					if e.Source.String() == "INBOX/Box" || e.Source.String() == "Box" {
						where = string(e.ToWire)
					}
				}
			}
			time.Sleep(1100 * time.Millisecond) // a UIDVALIDITY may be the second in which a mailbox was made
			c.MustCmd("DELETE " + imaptest.Quote(where))
			c.Create(where)
			c.Fill(where, letters[2:])
			m.replan()
			if p := m.run().Problems(); len(p) != 1 || !strings.Contains(p[0].Problem, "uidvalidity") {
				t.Fatalf("problems %+v, want the mailbox stopped", p)
			}
			m.job = rematchAll
			result := m.run()
			if len(result.Problems()) != 0 {
				t.Fatalf("problems %+v", result.Problems())
			}
			there := to.Dial(t)
			for _, e := range m.plan.Mailboxes {
				if !strings.HasSuffix(e.Source.String(), "Box") {
					continue
				}
				if n := len(there.FetchAll(string(e.ToWire))); n != 12 {
					t.Errorf("%d messages, want 12; %+v", n, result.Mailboxes)
				}
			}
			if n := m.run().Total(ledger.Copied).Messages; n != 0 {
				t.Errorf("another run copied %d messages", n)
			}
		})
	}
}
