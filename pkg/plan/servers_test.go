package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// servers are the four that everything is tried on: two Dovecots that differ in all that concerns names, Cyrus, and Courier.
var servers = []struct {
	name  string
	start func(testing.TB) *imaptest.Server
}{
	{"dovecot below INBOX.", func(tb testing.TB) *imaptest.Server {
		return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", Storage: "maildir", SpecialUse: map[string]string{"Sent Items": `\Sent`, "Papierkorb": `\Trash`}})
	}},
	{"dovecot", func(tb testing.TB) *imaptest.Server {
		return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: "/", Storage: "sdbox", SpecialUse: map[string]string{"Sent": `\Sent`}})
	}},
	{"cyrus", imaptest.Cyrus},
	{"courier", imaptest.Courier},
}

// awkward are names that people have, and that some server cannot have.
var awkward = []mailbox.Name{
	{"Sent"}, {"Trash"}, {"TRASH"}, {"trash"}, {"Work"}, {"Work", "2020"}, {"INBOX", "child"}, {"child"}, {"two  blanks"}, {" lead"}, {"trail "}, {"~tilde"}, {"#hash"}, {"&"}, {"*"}, {"%"}, {"50% \"off\""},
	{`back\slash`}, {"{5}"}, {"a;b"}, {"a.b"}, {"a_b"}, {"AC/DC"}, {"[x]"}, {"(y)"}, {"Entwürfe"}, {"Entwu\u0308rfe"}, {"日本語", "受信"}, {"📎 clips"}, {"."}, {".."}, {"x", "..", "y"}, {"-"}, {"'"}, {"^caret|pipe"}, {"tab\tinside"}, {"!\"#$%&'()*+,-:;<=>?@[]^_`{|}~"},
	{strings.Repeat("n", 200)}, {strings.Repeat("ü", 100)}, {strings.Repeat("語", 66)}, {strings.Repeat("long ", 60) + "end"}, {strings.Repeat("d", 120), strings.Repeat("e", 120), strings.Repeat("f", 120)},
	{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}, {"user"}, {"shared"}, {"shared", "x"}, {"#shared", "y"}, {"Other Users"}, {"Other Users", "bob"}, {"Shared Folders"}, {"dbox-Mails"}, {"cur"}, {"new"}, {"tmp"}, {"dovecot.index"}, {"INBOX "},
}

func open(tb testing.TB, s *imaptest.Server) *imap.Account {
	tb.Helper()
	user := s.NewUser(tb)
	a, err := imap.Open(tb.Context(), imap.Options{Connections: 2, Options: wire.Options{
		Host: s.Host, Port: s.TLSPort, Security: wire.TLS, TLS: imaptest.ClientTLS("localhost"), Timeout: 30 * time.Second, Account: user.User + " at " + s.Host,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("auto", user.User, auth.NewSecret(user.Password), auth.Server{Host: s.Host}, caps, encrypted)
		},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { a.Close() })
	return a
}

func look(tb testing.TB, l endpoint.Lister) *survey.Survey {
	tb.Helper()
	s, err := survey.Take(tb.Context(), l, event.Discard, time.Now)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestEveryPlannedNameCanBeMade is the proof of the name rules: every destination of the plan is made on the real server and listed by it
// as what the plan says, and a plan made afterwards sends everything to the same places.
//
//	awkward names ──▶ a source that has them all ──plan──▶ Dovecot, Cyrus, Courier: CREATE, LIST, plan again
func TestEveryPlannedNameCanBeMade(t *testing.T) {
	for _, x := range servers {
		t.Run(x.name, func(t *testing.T) {
			destination := open(t, x.start(t)).Destination()
			source := imagined()
			p, err := plan.Build(source, look(t, destination), plan.Rules{Name: "names", Tool: "test"}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if stale := p.Check(source, look(t, destination), nil); stale != nil {
				t.Errorf("at once: %v", stale)
			}
			for _, e := range p.Mailboxes {
				if e.Action == plan.Skip || e.There {
					continue
				}
				if made, err := destination.Create(t.Context(), e.ToWire, e.ToRole); err != nil || !made {
					t.Errorf("%s to %s: made %t: %v (%s)", e.Source, e.To, made, err, e.Reason)
				}
			}
			after := look(t, destination)
			for _, e := range p.Mailboxes {
				now := after.Find(e.ToWire)
				if e.Action.Copies() && (now == nil || !now.Selectable || !now.Name.Equal(e.To)) {
					t.Errorf("%s to %s: listed as %+v", e.Source, e.To, now)
				}
			}
			again, err := plan.Build(source, after, plan.Rules{Name: "names", Tool: "test"}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range again.Mailboxes {
				if first := p.Mailboxes[i]; e.ToWire != first.ToWire || e.Action != plan.Merge {
					t.Errorf("%s goes to %s, and in the second plan to %s (%s; %s)", e.Source, first.To, e.To, e.Action, e.Reason)
				}
			}
		})
	}
}

// imagined is an account on a server that allows everything in a name.
func imagined() *survey.Survey {
	const delimiter = "\x1f"
	s := &survey.Survey{Identity: endpoint.Identity{Host: "imagined.example", Port: 993, User: "alice", Key: "00"}, Capabilities: endpoint.NewCapabilities("NAMESPACE", "UIDPLUS"),
		Namespaces: endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: delimiter}}}, AppendLimit: -1}
	for i, n := range append([]mailbox.Name{{"INBOX"}}, awkward...) {
		w, err := mailbox.Encode(n, delimiter)
		if err != nil { // a tab
			w = mailbox.Wire(strings.ReplaceAll(n.String(), "\t", "&AAk-"))
		}
		s.Mailboxes = append(s.Mailboxes, mailbox.Info{Wire: w, Name: n, Exact: true, Delimiter: delimiter, Selectable: true,
			Status: &mailbox.Status{UIDValidity: mailbox.UIDValidity(100 + i), UIDNext: 2, Messages: 1, Size: 10, AppendLimit: -1}})
	}
	return s
}

// TestFromServerToServer surveys two real accounts in all pairs: what the source would make of the names is planned, written, read, and
// still fits the accounts.
func TestFromServerToServer(t *testing.T) {
	for _, from := range servers {
		t.Run("from "+from.name, func(t *testing.T) {
			source := open(t, from.start(t)).Destination()
			had := 0
			side := look(t, source)
			for _, n := range awkward {
				n = append(slices.Clone(prefix(side)), n...)
				w, err := mailbox.Encode(n, side.Delimiter())
				if err != nil {
					continue
				}
				if made, err := source.Create(t.Context(), w, mailbox.RoleNone); made && err == nil {
					had++
				}
			}
			if had < 20 {
				t.Errorf("only %d mailboxes could be made", had)
			}
			before := look(t, source)
			for _, to := range servers {
				t.Run("to "+to.name, func(t *testing.T) {
					fromTo(t, before, open(t, to.start(t)).Source())
				})
			}
			if after := look(t, source); len(after.Mailboxes) != len(before.Mailboxes) {
				t.Error("the source has changed")
			}
		})
	}
}

func fromTo(t *testing.T, source *survey.Survey, destination endpoint.Lister) {
	t.Helper()
	there := look(t, destination)
	p, err := plan.Build(source, there, plan.Rules{Name: "pair", Tool: "test", Include: []string{"*"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Mailboxes) != len(source.Mailboxes) {
		t.Errorf("%d mailboxes, %d planned", len(source.Mailboxes), len(p.Mailboxes))
	}
	var file strings.Builder
	if err := p.Encode(&file); err != nil {
		t.Fatal(err)
	}
	read, err := plan.Read("pair.plan.yaml", []byte(file.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, file.String())
	}
	if read.Edited() {
		t.Error("the plan changed on its way through the file")
	}
	if err := read.Check(source, look(t, destination), nil); err != nil {
		t.Error(err)
	}
}

func prefix(s *survey.Survey) mailbox.Name {
	if p := s.Namespaces.Personal[0]; p.Prefix != "" {
		n, _ := mailbox.Decode(p.Prefix, p.Delimiter)
		return n
	}
	return nil
}
