package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func listed(t *testing.T, o ListOptions, capabilities, dialogue string) ([]mailbox.Info, error) {
	t.Helper()
	s := opened(t, converse(t, loggedIn(capabilities), dialogue))
	return s.List(within(t, time.Minute), o)
}

func TestListAsksOnceWhereItCan(t *testing.T) {
	got, err := listed(t, ListOptions{Status: true},
		"NAMESPACE LIST-EXTENDED SPECIAL-USE LIST-STATUS STATUS=SIZE CONDSTORE APPENDLIMIT", `
		C: $ NAMESPACE
		S: * NAMESPACE (("" "/")) (("Other Users/" "/")) (("#shared/" "/"))
		S: $ OK
		C: $ LIST "" "*" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE HIGHESTMODSEQ APPENDLIMIT))
		S: * LIST (\Subscribed \HasNoChildren) "/" inbox
		S: * STATUS INBOX (MESSAGES 3 UNSEEN 1 UIDNEXT 9 UIDVALIDITY 77 SIZE 5000000000 HIGHESTMODSEQ 12 APPENDLIMIT 35651584)
		S: * LIST (\sent) "/" "a \"b\" \\"
		S: * 4 EXISTS
		S: * STATUS "a \"b\" \\" (UIDNEXT 1 MESSAGES 0 UIDVALIDITY 1666390893380 NEW (1 2) APPENDLIMIT NIL)
		S: * LIST (\Noselect) "/" {5}
		S: Ap"pe
		S: * LIST (\NonExistent \Subscribed) "/" Gone
		S: * LIST () "/" "Other Users/bob"
		S: * LIST () "/" "Refused"
		S: * LIST () "/" "a \"b\" \\"
		S: $ OK
		C: $ LIST "" "#shared/*" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE HIGHESTMODSEQ APPENDLIMIT))
		S: $ NO you may not
		C: W6 STATUS "Other Users/bob" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE HIGHESTMODSEQ APPENDLIMIT)
		C: W7 STATUS "Refused" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE HIGHESTMODSEQ APPENDLIMIT)
		S: W7 NO [NOPERM] go away
		S: * STATUS "Other Users/bob" (MESSAGES 1)
		S: W6 OK
	`)
	if err != nil {
		t.Fatal(err)
	}
	want := []mailbox.Info{
		{Wire: "inbox", Name: mailbox.Name{"INBOX"}, Exact: true, Delimiter: "/", Attributes: []string{`\Subscribed`, `\HasNoChildren`},
			Role: mailbox.RoleInbox, Selectable: true, Subscribed: true,
			Status: &mailbox.Status{Messages: 3, Unseen: 1, UIDNext: 9, UIDValidity: 77, Size: 5_000_000_000, ModSeq: 12, AppendLimit: 35651584}},
		{Wire: `a "b" \`, Name: mailbox.Name{`a "b" \`}, Exact: true, Delimiter: "/", Attributes: []string{`\sent`}, Role: mailbox.RoleSent,
			Selectable: true, Status: &mailbox.Status{UIDNext: 1, Size: -1, AppendLimit: -1}},
		{Wire: `Ap"pe`, Name: mailbox.Name{`Ap"pe`}, Exact: true, Delimiter: "/", Attributes: []string{`\Noselect`}},
		{Wire: "Gone", Name: mailbox.Name{"Gone"}, Exact: true, Delimiter: "/", Attributes: []string{`\NonExistent`, `\Subscribed`},
			NonExistent: true, Subscribed: true},
		{Wire: "Other Users/bob", Name: mailbox.Name{"Other Users", "bob"}, Exact: true, Delimiter: "/", Selectable: true,
			Status: &mailbox.Status{Messages: 1, Size: -1, AppendLimit: -1}},
		{Wire: "Refused", Name: mailbox.Name{"Refused"}, Exact: true, Delimiter: "/", Selectable: true, Problem: "[NOPERM] go away"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestListWithoutAnyExtension(t *testing.T) {
	got, err := listed(t, ListOptions{Status: true}, "", `
		C: $ LIST "" ""
		S: * LIST (\Noselect) "." ""
		S: $ OK
		C: $ LIST "" "*"
		S: * LIST (\Marked) "." INBOX
		S: * LIST () "." "INBOX.a"
		S: * LIST () "." {10}
		S: line␍␊end␀
		S: * LIST () "." "raw ü"
		S: $ OK
		C: $ LSUB "" "*"
		S: * LSUB () "." inbox
		S: * LSUB () "." "INBOX.gone"
		S: * LSUB (\Noselect) "." "INBOX.a"
		S: $ OK
		C: $ STATUS {6}
		S: + go
		C: raw ü (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)
		S: $ NO what
		C: W6 STATUS "INBOX" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)
		C: W7 STATUS "INBOX.a" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)
		S: * STATUS "INBOX" (MESSAGES 2)
		S: W6 OK
		S: W7 OK
	`)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, i := range got {
		lines = append(lines, fmt.Sprintf("%q %v %v %v %q", i.Wire, i.Subscribed, i.Exact, i.Status != nil, i.Problem))
	}
	want := []string{
		`"INBOX" true true true ""`,
		`"INBOX.a" false true false "the server says OK and gives no numbers"`,
		`"line\r\nend\x00" false false false "the mailbox name \"line\\r\\nend\\x00\" contains the byte 0x0d, which no server can be told"`,
		`"raw ü" false false false "what"`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// A server that does not take what it advertises gets the plain question.
func TestListTakesRolesFromXLIST(t *testing.T) {
	got, err := listed(t, ListOptions{}, "XLIST", `
		C: $ LIST "" ""
		S: * LIST (\Noselect) "/" ""
		S: $ OK
		C: $ LIST "" "*"
		S: * LIST () "/" "INBOX"
		S: * LIST () "/" "Gesendet"
		S: * LIST () "/" "Werbung"
		S: * LIST () "/" "Other"
		S: $ OK
		C: $ LSUB "" "*"
		S: $ OK
		C: $ XLIST "" "*"
		S: * XLIST (\Inbox) "/" "Other"
		S: * XLIST (\HasNoChildren \Sent) "/" "Gesendet"
		S: * XLIST (\Spam) "/" "Werbung"
		S: * XLIST (\Trash) "/" "Nowhere"
		S: * XLIST nonsense
		S: $ OK
	`)
	if err != nil {
		t.Fatal(err)
	}
	var roles []mailbox.Role
	for _, i := range got {
		roles = append(roles, i.Role)
	}
	if want := []mailbox.Role{mailbox.RoleInbox, mailbox.RoleSent, mailbox.RoleJunk, mailbox.RoleNone}; !slices.Equal(roles, want) {
		t.Errorf("roles %q, want %q", roles, want)
	}
}

func TestListFallsBack(t *testing.T) {
	got, err := listed(t, ListOptions{}, "LIST-EXTENDED", `
		C: $ LIST "" ""
		S: * LIST (\Noselect) NIL ""
		S: $ OK
		C: $ LIST "" "*" RETURN (SUBSCRIBED CHILDREN)
		S: $ BAD what
		C: $ LIST "" "*"
		S: * LIST () NIL flat.name/x
		S: * LIST () "" other
		S: * LIST () "/" Sent Items
		S: $ OK
		C: $ LSUB "" "*"
		S: $ BAD what
	`)
	if err != nil || len(got) != 3 || got[0].Name.String() != `flat.name\/x` || got[0].Delimiter != "" || got[1].Delimiter != "" || got[2].Wire != "Sent Items" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestListErrors(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		class endpoint.Class
		words string
	}{
		"unreadable": {"S: * LIST what\nS: $ OK", endpoint.Protocol, `"* LIST what"`},
		"no name":    {"S: * LIST () \"/\"\nS: $ OK", endpoint.Protocol, "cannot be read"},
		"refused":    {"S: $ NO [SERVERBUG] oops", endpoint.Temporary, "oops"},
		"cut":        {"S: * LIST () \"/\" a\nS.", endpoint.Lost, "closed"},
		"nested":     {"S: * LIST " + strings.Repeat("(", 200) + "\nS...", endpoint.Protocol, "parentheses"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := listed(t, ListOptions{}, "", `
				C: $ LIST "" ""
				S: * LIST () "/" ""
				S: $ OK
				C: $ LIST "" "*"
				`+c.lines)
			if endpoint.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.words) || got != nil {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestListIsBounded(t *testing.T) {
	l := &listing{place: map[mailbox.Wire]int{}}
	var err error
	for i := 0; err == nil && i <= maxMailboxes; i++ {
		err = l.add(mailbox.Info{Wire: mailbox.Wire(fmt.Sprint(i))})
	}
	if _, flood := errors.AsType[*violation](err); !flood || len(l.found) != maxMailboxes {
		t.Error(len(l.found), err)
	}
}

func TestNamesAreKeptByteForByte(t *testing.T) {
	for line, want := range map[string]struct {
		wire  mailbox.Wire
		name  mailbox.Name
		exact bool
	}{
		`* LIST () "/" "Entw&APw-rfe"`:                      {"Entw&APw-rfe", mailbox.Name{"Entwürfe"}, true},
		`* LIST () "/" "&AOR-"`:                             {"&AOR-", mailbox.Name{"ä"}, false}, // pad bits are not zero
		`* LIST () "/" "R&D"`:                               {"R&D", mailbox.Name{"R&D"}, false},
		`* LIST () "/" "raw ü/x"`:                           {"raw ü/x", mailbox.Name{"raw ü", "x"}, false},
		`* LIST () "/" Inbox/Sub`:                           {"Inbox/Sub", mailbox.Name{"INBOX", "Sub"}, false},
		`* LIST () "/" "INBOX/Sub"`:                         {"INBOX/Sub", mailbox.Name{"INBOX", "Sub"}, true},
		`* LIST () "/" "a/"`:                                {"a/", mailbox.Name{"a"}, false},
		`* LIST () "." "a\\b\"c"`:                           {`a\b"c`, mailbox.Name{`a\b"c`}, true},
		`* LIST () "\\" "a\\b"`:                             {`a\b`, mailbox.Name{"a", "b"}, true},
		`* LIST () "/" " blanks "`:                          {" blanks ", mailbox.Name{" blanks "}, true},
		`* LIST () "/" (odd`:                                {"(odd", mailbox.Name{"(odd"}, true},
		`* LIST () "/" Gone ("CHILDINFO" ("SUBSCRIBED"))`:   {"Gone", mailbox.Name{"Gone"}, true},
		`* LIST () "/" Gone (("CHILDINFO" ("SUBSCRIBED")))`: {"Gone", mailbox.Name{"Gone"}, true},
		`* LIST () "/" ""`:                                  {"", mailbox.Name{""}, false},
		`* XLIST (\Spam) "/" Junk`:                          {"Junk", mailbox.Name{"Junk"}, true},
	} {
		info, err := parseList(&response{[]segment{{text: []byte(line)}}})
		if err != nil || info.Wire != want.wire || !info.Name.Equal(want.name) || info.Exact != want.exact {
			t.Errorf("%s: %q %q %v, %v", line, info.Wire, info.Name, info.Exact, err)
		}
	}
}

// Namespaces are asked for once in a session.
func TestNamespaces(t *testing.T) {
	for dialogue, want := range map[string]endpoint.Namespaces{
		`
		C: $ NAMESPACE
		S: * NAMESPACE (("INBOX." ".")("" NIL)) NIL (("#shared." "." "X-PARAM" ("a" "b"))("&AOQ-." ".")("short"))
		S: $ OK
		`: {Personal: []endpoint.Namespace{{Prefix: "INBOX.", Delimiter: "."}, {}},
			Shared: []endpoint.Namespace{{Prefix: "#shared.", Delimiter: "."}, {Prefix: "&AOQ-.", Delimiter: "."}}},
		`
		C: $ NAMESPACE
		S: * NAMESPACE NIL NIL NIL
		S: $ OK
		C: $ LIST "" ""
		S: * LIST (\Noselect) "\\" ""
		S: $ OK
		`: {Personal: []endpoint.Namespace{{Delimiter: `\`}}},
		`
		C: $ NAMESPACE
		S: $ BAD what
		C: $ LIST "" ""
		S: $ OK
		`: {Personal: []endpoint.Namespace{{}}},
	} {
		s := opened(t, converse(t, loggedIn("NAMESPACE"), dialogue))
		for range 2 {
			got, err := s.Namespaces(within(t, time.Minute))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		}
	}
}

func TestQuota(t *testing.T) {
	s := opened(t, converse(t, loggedIn("QUOTA"), `
		C: $ GETQUOTAROOT INBOX
		S: * QUOTAROOT INBOX "User quota" ""
		S: * QUOTA "User quota" (STORAGE 12 100 message 1 5 X -1 5 Y 1)
		S: * QUOTA "" ()
		S: $ OK
		C: $ GETQUOTAROOT INBOX
		S: $ NO no
	`))
	want := []endpoint.Quota{{Root: "User quota", Resource: "STORAGE", Used: 12, Limit: 100}, {Root: "User quota", Resource: "MESSAGE", Used: 1, Limit: 5}}
	got, err := s.Quota(within(t, time.Minute))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err = s.Quota(within(t, time.Minute)); endpoint.ClassOf(err) != endpoint.BadMailbox {
		t.Error(err)
	}
}
