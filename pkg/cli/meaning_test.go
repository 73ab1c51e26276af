package cli

import (
	"fmt"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
	"imapmigrate/pkg/view"
)

// seen builds a survey of one mailbox with ten messages of 1 MiB.
func seen(change func(*survey.Survey)) *survey.Survey {
	s := &survey.Survey{
		Identity: endpoint.Identity{Host: "h", User: "u"}, Capabilities: endpoint.NewCapabilities("IMAP4rev1", "UIDPLUS"),
		Namespaces: endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: "/"}}}, AppendLimit: -1,
		Mailboxes: []mailbox.Info{{Wire: "Sent", Name: mailbox.Name{"Sent"}, Role: mailbox.RoleSent, Selectable: true, Status: &mailbox.Status{Messages: 10, Size: 10 << 20}}},
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestMeaning(t *testing.T) {
	quota := func(used, limit int64, resource string) func(*survey.Survey) {
		return func(s *survey.Survey) { s.Quota = []endpoint.Quota{{Resource: resource, Used: used, Limit: limit}} }
	}
	cases := map[string]struct {
		source, destination func(*survey.Survey)
		side, topic         string
		want                string // part of fact and meaning
		grave               bool
	}{
		"the same delimiter":      {side: "source", topic: "names", want: `delimiter "/": the destination has the same delimiter`},
		"another delimiter":       {source: delimited(".", "INBOX."), side: "source", topic: "names", want: `delimiter ".", all below "INBOX.": names are translated to the destination's "/"`},
		"flat destination":        {destination: delimited("", ""), side: "destination", topic: "names", want: "no hierarchy", grave: true},
		"flat, seen from source":  {destination: delimited("", ""), side: "source", topic: "names", want: "the destination has no hierarchy"},
		"no UIDPLUS at source":    {source: capable("IMAP4rev1"), side: "source", topic: "purge", want: "no UIDPLUS: copy and verify work; purge will refuse"},
		"IMAP4rev2 has it":        {source: capable("IMAP4rev2"), side: "source", topic: "purge", want: "removed one by one"},
		"CONDSTORE":               {source: capable("UIDPLUS", "CONDSTORE"), side: "source", topic: "purge", want: "refuses to flag a message that was changed"},
		"no UIDPLUS at the end":   {destination: capable("IMAP4rev1"), side: "destination", topic: "resuming", want: "found again by UIDNEXT and its content: about two round trips more"},
		"batches":                 {destination: capable("MULTIAPPEND", "LITERAL+"), side: "destination", topic: "appending", want: "MULTIAPPEND, LITERAL+: messages go in batches, many in one command"},
		"asked before each":       {destination: capable("MULTIAPPEND"), side: "destination", topic: "appending", want: "one round trip for each"},
		"one by one":              {destination: capable("LITERAL-"), side: "destination", topic: "appending", want: "LITERAL- (short messages only), no MULTIAPPEND: messages go one by one, several"},
		"the slow way":            {side: "destination", topic: "appending", want: "two round trips for each"},
		"near":                    {source: func(s *survey.Survey) { s.RoundTrip = 312345 }, side: "source", topic: "round trip", want: "310µs: near"},
		"far":                     {destination: func(s *survey.Survey) { s.RoundTrip = 41234567 }, side: "destination", topic: "round trip", want: "41.2ms: opening"},
		"a view":                  {source: func(s *survey.Survey) { s.Mailboxes[0].Role = mailbox.RoleAll }, side: "source", topic: "views", want: `\All is Sent: they show messages of other mailboxes`},
		"role on both sides":      {side: "source", topic: "special uses", want: `\Sent is Sent: the destination has a mailbox for each`},
		"role to be made":         {destination: func(s *survey.Survey) { s.Mailboxes = nil; capable("CREATE-SPECIAL-USE")(s) }, side: "source", topic: "special uses", want: `none with \Sent yet; they are made with that use`},
		"role that cannot be":     {destination: func(s *survey.Survey) { s.Mailboxes = nil }, side: "source", topic: "special uses", want: "cannot be told"},
		"no roles":                {source: func(s *survey.Survey) { s.Mailboxes[0].Role = "" }, side: "source", topic: "special uses", want: "none: the server does not say"},
		"sizes":                   {side: "source", topic: "sizes", want: "told:"},
		"no sizes":                {source: func(s *survey.Survey) { s.Mailboxes[0].Status.Size = -1 }, side: "source", topic: "sizes", want: "not told by STATUS"},
		"no limit":                {side: "destination", topic: "largest message", want: "not stated"},
		"limit":                   {destination: func(s *survey.Survey) { s.AppendLimit = 35 << 20 }, side: "destination", topic: "largest message", want: "35.0 MiB: larger ones are not sent"},
		"no quota":                {side: "destination", topic: "quota", want: "not told"},
		"quota refused":           {destination: func(s *survey.Survey) { s.QuotaProblem = "no" }, side: "destination", topic: "quota", want: "refused: no"},
		"room enough":             {destination: quota(10, 20<<10, "STORAGE"), side: "destination", topic: "quota", want: "10.0 KiB of 20.0 MiB used: the source fits"},
		"not room enough":         {destination: quota(15<<10, 20<<10, "STORAGE"), side: "destination", topic: "quota", want: "the source does not fit", grave: true},
		"too many messages":       {destination: quota(5, 14, "MESSAGE"), side: "destination", topic: "quota", want: "5 of 14 messages used: the source does not fit", grave: true},
		"another resource":        {destination: quota(1, 2, "MAILBOX"), side: "destination", topic: "quota", want: "MAILBOX: 1 of 2 used"},
		"quota and unknown sizes": {source: func(s *survey.Survey) { s.Mailboxes[0].Status.Size = -1 }, destination: quota(1, 2, "STORAGE"), side: "destination", topic: "quota", want: "shows on the way"},
		"a mailbox that refuses":  {source: func(s *survey.Survey) { s.Mailboxes[0].Problem = "\x1b[0m" }, side: "source", topic: "mailbox", want: `the server says "\x1b[0m"`, grave: true},
		"other users": {source: func(s *survey.Survey) { s.Namespaces.Others = []endpoint.Namespace{{Prefix: "user/"}} }, side: "source", topic: "others",
			want: `below "user/": they are not this account's`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, found := finding(meaning(seen(c.source), seen(c.destination)), c.side, c.topic)
			if !found {
				t.Fatalf("nothing is said of %s on the %s", c.topic, c.side)
			}
			if text := f.Fact + ": " + f.Meaning; !strings.Contains(text, c.want) || f.Grave != c.grave {
				t.Errorf("%q (grave %v) does not hold %q (grave %v)", text, f.Grave, c.want, c.grave)
			}
		})
	}
}

func finding(accounts []view.Account, side, topic string) (view.Finding, bool) {
	for _, a := range accounts {
		for _, f := range a.Findings {
			if a.Side == side && f.Topic == topic {
				return f, true
			}
		}
	}
	return view.Finding{}, false
}

func delimited(delimiter, prefix string) func(*survey.Survey) {
	return func(s *survey.Survey) {
		s.Namespaces.Personal[0] = endpoint.Namespace{Prefix: mailbox.Wire(prefix), Delimiter: delimiter}
	}
}

func capable(names ...string) func(*survey.Survey) {
	return func(s *survey.Survey) { s.Capabilities = endpoint.NewCapabilities(names...) }
}

func TestShellWords(t *testing.T) {
	got := shellWords([]string{"-c", "a b", "it's", "x", "\x1b", fmt.Sprint(1)})
	if want := `-c 'a b' 'it'\''s' x '\x1b' 1`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNameOf(t *testing.T) {
	for file, want := range map[string]string{
		"/home/x/acme-alice/migration.yaml": "acme-alice", "/home/x/Acme Alice/m.yaml": "acme-alice", "/migration.yaml": "my-migration",
		"/home/日本/m.yaml": "my-migration", "/home/.hidden/m.yaml": "hidden",
	} {
		if got, err := nameOf(file); err != nil || got != want {
			t.Errorf("nameOf(%q) = %q, %v, want %q", file, got, err, want)
		}
	}
}
