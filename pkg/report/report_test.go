package report_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/report"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type book struct {
	*ledger.Ledger
	t *testing.T
}

func newBook(t *testing.T) book {
	t.Helper()
	l, err := ledger.Create(filepath.Join(t.TempDir(), "a.ledger"), ledger.Facts{Name: "acme", Source: endpoint.Identity{Host: "old", Port: 993, User: "alice"}, Destination: endpoint.Identity{Host: "new", Port: 993, User: "alice"}},
		ledger.Options{Command: "test", Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return book{l, t}
}

// finished is a mailbox whose rows all have their outcome.
func (b book) finished(name string, validity mailbox.UIDValidity, rows ...ledger.Row) ledger.Mailbox {
	b.t.Helper()
	m, err := b.Enrol(ledger.Mailbox{Source: mailbox.Wire(name), Name: mailbox.Name{name}, Validity: validity, Dest: mailbox.Wire(name), DestName: mailbox.Name{name}, DestValidity: 9})
	if err == nil {
		err = b.Update(m, rows...)
	}
	if err == nil {
		m, err = b.Advance(m, 1000, uint32(len(rows)))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func (b book) report(o report.Options) *report.Report {
	b.t.Helper()
	o.Now = noon
	r, err := report.Build(b.Ledger, o)
	if err != nil {
		b.t.Fatal(err)
	}
	// Whatever is in it, the sums of the outcomes are the messages, everywhere.
	for _, n := range append([]report.Numbers{r.Totals}, numbers(r)...) {
		var sum report.Count
		for _, c := range n.Outcome {
			sum.Messages += c.Messages
			sum.Bytes += c.Bytes
		}
		if sum != n.Messages {
			b.t.Errorf("the outcomes add up to %+v, not to %+v", sum, n.Messages)
		}
	}
	return r
}

func numbers(r *report.Report) (all []report.Numbers) {
	for _, m := range r.Mailboxes {
		all = append(all, m.Numbers)
	}
	return all
}

func copied(uid mailbox.UID) ledger.Row {
	return ledger.Row{UID: uid, Outcome: ledger.Copied, Proof: ledger.ProvedContent, ProvedAt: noon, Size: 10, Dest: uid, Date: noon}
}

func with(r ledger.Row, change func(*ledger.Row)) ledger.Row { change(&r); return r }

func TestCleanMigration(t *testing.T) {
	b := newBook(t)
	b.finished("INBOX", 7, copied(1), copied(2), ledger.Row{UID: 3, Outcome: ledger.Excluded, Size: 5, Reason: "older than messages.since"}, ledger.Row{UID: 4, Outcome: ledger.Vanished})
	b.finished("Sent", 7)
	if err := b.RecordPlan("abc", noon); err != nil {
		t.Fatal(err)
	}
	r := b.report(report.Options{Problems: 10})
	if !r.Clean() || r.Totals.Messages.Messages != 4 || r.Totals.Source != 4 || len(r.Problems)+len(r.Notes) != 0 || r.Plan != "abc" || r.Format != 1 {
		t.Errorf("%+v", r)
	}
	want := map[string]report.Count{"copied": {Messages: 2, Bytes: 20}, "excluded": {Messages: 1, Bytes: 5}, "vanished": {Messages: 1}}
	if d := cmp.Diff(want, r.Totals.Outcome); d != "" {
		t.Error(d)
	}
	if r.Totals.Proof["verified"].Messages != 2 || r.Totals.Removal["kept"].Messages != 2 {
		t.Errorf("%+v", r.Totals)
	}
}

// TestEveryBadOutcomeIsNamed gives one message of each kind that needs somebody.
func TestEveryBadOutcomeIsNamed(t *testing.T) {
	b := newBook(t)
	m := b.finished("INBOX", 7,
		copied(1),
		ledger.Row{UID: 2, Outcome: ledger.Refused, Size: 20, Reason: "the server says \"no\""},
		ledger.Row{UID: 3, Outcome: ledger.Oversize, Size: 30, Reason: "too big"},
		with(copied(4), func(r *ledger.Row) { r.Proof, r.Reason = ledger.Altered, "line ends" }),
		with(copied(5), func(r *ledger.Row) { r.Proof, r.Reason = ledger.Missing, "not there" }),
		with(copied(6), func(r *ledger.Row) { r.Removal = ledger.Purging }),
		with(copied(7), func(r *ledger.Row) { r.Reason = "did not survive: flags" }),
		with(copied(8), func(r *ledger.Row) { r.Reason = "not purged: its flags were changed" }),
	)
	if err := b.Commit(m, ledger.Commit{Intended: []ledger.Row{{UID: 9, Size: 90}}}); err != nil {
		t.Fatal(err)
	}
	r := b.report(report.Options{Problems: 100})
	if r.Clean() || r.Totals.Attention != 6 || len(r.Problems) != 6 || len(r.Notes) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Problems {
		if p.Mailbox != "INBOX" || p.Validity != 7 || p.UID == 0 || p.Next == "" || p.Outcome == "" {
			t.Errorf("no address, or no next step: %+v", p)
		}
	}
	if p := r.Problems[0]; p.UID != 2 || p.Reason == "" || p.Size != 20 {
		t.Errorf("%+v", p)
	}
	short := b.report(report.Options{Problems: 2})
	if len(short.Problems) != 2 || short.MoreProblems != 4 || len(short.Notes) != 2 || short.Totals.Attention != 6 {
		t.Errorf("%+v", short)
	}
	status := b.report(report.Options{})
	if len(status.Problems)+len(status.Notes) != 0 || status.MoreProblems != 6 || status.MoreNotes != 2 || status.Clean() {
		t.Errorf("%+v", status)
	}
}

func TestWhatIsNotAccountedForIsNamed(t *testing.T) {
	b := newBook(t)
	m := b.finished("INBOX", 7, copied(1), copied(2))
	if _, err := b.Advance(m, 1000, 5); err != nil {
		t.Fatal(err)
	}
	r := b.report(report.Options{})
	if r.Clean() || r.Totals.Unaccounted != 3 || !strings.Contains(r.Mailboxes[0].Problem, "3 messages are not accounted for") || r.Mailboxes[0].Next == "" {
		t.Errorf("%+v", r)
	}
}

func TestUnfinishedMailboxes(t *testing.T) {
	b := newBook(t)
	b.finished("INBOX", 7, copied(1))
	if _, err := b.Enrol(ledger.Mailbox{Source: "Sent", Name: mailbox.Name{"Sent"}, Validity: 3, Dest: "Sent", DestName: mailbox.Name{"Sent"}, DestValidity: 1}); err != nil {
		t.Fatal(err)
	}
	if err := b.Trouble(b.finished("Old", 7), "connection lost"); err != nil {
		t.Fatal(err)
	}
	r := b.report(report.Options{Planned: map[mailbox.Wire]mailbox.Name{"INBOX": {"INBOX"}, "Never": {"Never"}}})
	if r.Clean() || r.Totals.Unfinished != 3 || len(r.Mailboxes) != 4 {
		t.Fatalf("%+v", r)
	}
	for _, m := range r.Mailboxes[1:] {
		if m.Finished || m.Problem == "" || m.Next == "" || m.Begun == (m.Name == "Never") {
			t.Errorf("%+v", m)
		}
	}
	only := b.report(report.Options{Mailboxes: func(n mailbox.Name) bool { return n.IsInbox() }, Planned: map[mailbox.Wire]mailbox.Name{"Never": {"Never"}}})
	if !only.Clean() || len(only.Mailboxes) != 1 {
		t.Errorf("%+v", only)
	}
}

func TestSupersededMailboxIsNotCountedTwice(t *testing.T) {
	b := newBook(t)
	b.finished("INBOX", 7, copied(1), ledger.Row{UID: 2, Outcome: ledger.Refused})
	b.finished("INBOX", 8, with(copied(1), func(r *ledger.Row) { r.Dest = 50 }))
	r := b.report(report.Options{Problems: 10})
	if !r.Clean() || r.Totals.Messages.Messages != 1 || !r.Mailboxes[0].Superseded || r.Mailboxes[1].Superseded {
		t.Errorf("%+v", r)
	}
}

func TestApprovalInTheReport(t *testing.T) {
	s := approval.Subject{Kind: approval.Purge, Sum: "ab", Messages: 3, Account: endpoint.Identity{User: "alice", Host: "old"}}
	a, err := approval.Give(s, s.Phrase(), approval.Person{User: "alice", Host: "here"}, "why not", noon)
	if err != nil {
		t.Fatal(err)
	}
	if got := report.OfApproval(a, s, approval.Policy{}, noon); !got.Valid || got.Why != "" || !got.Expires.Equal(noon.Add(approval.ValidFor)) {
		t.Errorf("%+v", got)
	}
	s.Sum = "cd"
	if got := report.OfApproval(a, s, approval.Policy{}, noon); got.Valid || got.Why == "" {
		t.Errorf("%+v", got)
	}
	if report.OfApproval(nil, s, approval.Policy{}, noon) != nil {
		t.Error("no approval became one")
	}
}

// TestJSON holds the names in the published form.
func TestJSON(t *testing.T) {
	b := newBook(t)
	b.finished("INBOX", 7, copied(1), ledger.Row{UID: 2, Outcome: ledger.AlreadyThere, Dest: 2, Date: noon}, ledger.Row{UID: 3, Outcome: ledger.Refused, Reason: "no\x1b[31m"})
	r := b.report(report.Options{Problems: 5, Checkpoint: &report.Checkpoint{Digest: "ab", Created: noon, Messages: 1, Bytes: 10}})
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"format": 1`, `"name": "acme"`, `"already_there"`, `"unaccounted": 0`, `"next_step"`, `"uidvalidity": 7`, `"checkpoint": {`, `"problems": [`, `\u001b[31m`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "0001-01-01") {
		t.Errorf("a date that nobody knows is shown:\n%s", text)
	}
}
