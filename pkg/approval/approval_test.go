package approval_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/endpoint"
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	alice   = approval.Person{Name: "Alice Adams", User: "alice", Host: "admin-box"}
	subject = approval.Subject{Kind: approval.Purge, Sum: strings.Repeat("ab", 32), Messages: 1234, Account: endpoint.Identity{Host: "imap.old.example", Port: 993, User: "alice@old.example"}}
)

func give(t *testing.T) *approval.Approval {
	t.Helper()
	a, err := approval.Give(subject, subject.Phrase(), alice, "ticket 4711", noon)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestPhraseNamesNumberAndAccount(t *testing.T) {
	back := subject
	back.Kind = approval.Rollback
	if got := back.Phrase(); got != "rollback 1234 messages on alice@old.example at imap.old.example" {
		t.Errorf("the phrase is %q", got)
	}
	if got := subject.Phrase(); got != "purge 1234 messages from alice@old.example at imap.old.example" {
		t.Errorf("the phrase is %q", got)
	}
}

func TestOnlyThePhraseApproves(t *testing.T) {
	for _, typed := range []string{"", " ", "y", "yes", "purge", "purge 1235 messages from alice@old.example at imap.old.example",
		"Purge 1234 messages from alice@old.example at imap.old.example", "purge 1234 messages from alice@old.example at imap.new.example",
		"purge 1234  messages from alice@old.example at imap.old.example", subject.Phrase() + "."} {
		a, err := approval.Give(subject, typed, alice, "", noon)
		e, ok := errors.AsType[*approval.NotApprovedError](err)
		if a != nil || !ok || !strings.Contains(e.Error(), subject.Phrase()) {
			t.Errorf("%q gave %v, %v", typed, a, err)
		}
	}
	if a, err := approval.Give(subject, "\t"+subject.Phrase()+"\r\n", alice, "", noon); err != nil || a.Given[0].Phrase != subject.Phrase() {
		t.Errorf("space around the phrase matters: %v", err)
	}
	late := subject
	late.NotBefore = noon.Add(approval.ValidFor)
	if _, err := approval.Give(late, late.Phrase(), alice, "", noon); err == nil {
		t.Error("a yes was taken that ends before anything may be removed")
	}
	nothing := subject
	nothing.Messages = 0
	if _, err := approval.Give(nothing, nothing.Phrase(), alice, "", noon); err == nil {
		t.Error("an empty checkpoint was approved")
	}
	if _, err := approval.Give(subject, subject.Phrase(), alice, strings.Repeat("x", 2001), noon); err == nil {
		t.Error("a note without bounds was taken")
	}
}

func TestCheck(t *testing.T) {
	change := func(f func(*approval.Subject)) approval.Subject { s := subject; f(&s); return s }
	for name, c := range map[string]struct {
		subject approval.Subject
		edit    func(*approval.Approval)
		now     time.Time
		want    string // "", "not approved", "void" or "early"
	}{
		"holds":               {now: noon},
		"holds to the end":    {now: noon.Add(approval.ValidFor - time.Second)},
		"other checkpoint":    {subject: change(func(s *approval.Subject) { s.Sum = strings.Repeat("cd", 32) }), want: "void"},
		"no checkpoint":       {subject: change(func(s *approval.Subject) { s.Sum = "" }), edit: func(a *approval.Approval) { a.Checkpoint = "" }, want: "void"},
		"other count":         {subject: change(func(s *approval.Subject) { s.Messages++ }), want: "void"},
		"other user":          {subject: change(func(s *approval.Subject) { s.Account.User = "bob" }), want: "void"},
		"other host":          {subject: change(func(s *approval.Subject) { s.Account.Host = "imap.new.example" }), want: "void"},
		"other kind":          {edit: func(a *approval.Approval) { a.Kind = "rollback" }, want: "not approved"},
		"nobody":              {edit: func(a *approval.Approval) { a.Given = nil }, want: "not approved"},
		"days of grace":       {subject: change(func(s *approval.Subject) { s.NotBefore = noon.Add(2 * time.Hour) }), want: "early"},
		"grace is over":       {subject: change(func(s *approval.Subject) { s.NotBefore = noon.Add(time.Hour) })},
		"signature wanted":    {subject: change(func(s *approval.Subject) { s.Approvers = approval.Approvers{Needed: 1, Keys: []string{"SHA256:a"}} }), want: "void"},
		"expired":             {now: noon.Add(approval.ValidFor), want: "void"},
		"long ago":            {now: noon.AddDate(1, 0, 0), want: "void"},
		"from the future":     {now: noon.Add(-time.Second), want: "void"},
		"far in the future":   {edit: func(a *approval.Approval) { a.Given[0].At = noon.AddDate(50, 0, 0) }, want: "void"},
		"never given":         {edit: func(a *approval.Approval) { a.Given[0].At = time.Time{} }, want: "void"},
		"phrase taken out":    {edit: func(a *approval.Approval) { a.Given[0].Phrase = "" }, want: "void"},
		"checkpoint exchange": {edit: func(a *approval.Approval) { a.Checkpoint = strings.Repeat("cd", 32) }, want: "void"},
	} {
		t.Run(name, func(t *testing.T) {
			a := give(t)
			if c.edit != nil {
				c.edit(a)
			}
			if c.subject.Kind == "" {
				c.subject = subject
			}
			if c.now.IsZero() {
				c.now = noon.Add(time.Hour)
			}
			err := approval.Check(a, c.subject, approval.Policy{}, c.now)
			_, not := errors.AsType[*approval.NotApprovedError](err)
			_, void := errors.AsType[*approval.VoidError](err)
			_, early := errors.AsType[*approval.EarlyError](err)
			if (err == nil) != (c.want == "") || early != (c.want == "early") || not != (c.want == "not approved") || void != (c.want == "void") {
				t.Errorf("want %q, have %v", c.want, err)
			}
		})
	}
	_, not := errors.AsType[*approval.NotApprovedError](approval.Check(nil, subject, approval.Policy{}, noon))
	if !not {
		t.Error("no approval at all is not 'not approved'")
	}
}

func TestFileRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~äöü🎉]{1,40}`)
		by := approval.Person{Name: text.Draw(t, "name"), User: text.Draw(t, "user"), Host: text.Draw(t, "host")}
		now := time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "now"), 5)
		want, err := approval.Give(subject, subject.Phrase(), by, text.Draw(t, "note"), now)
		if err != nil {
			t.Fatal(err)
		}
		data, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := approval.Read("a.yaml", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestReadIsStrict(t *testing.T) {
	good, err := give(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"unknown key":   string(good) + "forever: true\n",
		"double key":    string(good) + "kind: purge\n",
		"newer format":  strings.Replace(string(good), "format: 1", "format: 2", 1),
		"other kind":    strings.Replace(string(good), "kind: purge", "kind: copy", 1),
		"no digest":     strings.Replace(string(good), "checkpoint: ", "checkpint: ", 1),
		"no time":       strings.Replace(string(good), "at: 2026", "at: noon # ", 1),
		"two documents": string(good) + "---\nformat: 1\n",
	} {
		if a, err := approval.Read("a.yaml", []byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, a)
		} else if _, ok := errors.AsType[strict.Faults](err); !ok || !strings.HasPrefix(err.Error(), "a.yaml:") {
			t.Errorf("%s: want faults with their place, have %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	a, err := approval.Give(subject, subject.Phrase(), alice, "note", noon)
	if err != nil {
		f.Fatal(err)
	}
	data, err := a.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("format: 1\nkind: &a purge\ncheckpoint: *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := approval.Read("a.yaml", data)
		if err != nil {
			return
		}
		text, err := a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := approval.Read("again.yaml", text)
		if err != nil || !cmp.Equal(a, again) {
			t.Fatalf("what was read does not come back: %v\n%s", err, text)
		}
	})
}
