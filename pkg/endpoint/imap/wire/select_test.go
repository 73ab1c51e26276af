package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func TestSelect(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities, dialogue string
		readOnly               bool
		want                   endpoint.State
	}{
		"everything said": {"CONDSTORE", `
			C: $ EXAMINE "a b" (CONDSTORE)
			S: * FLAGS (\Seen $x)
			S: * OK [PERMANENTFLAGS (\Seen OIB-Seen-[Gmail]/All \Recent \*)] Limited
			S: * 172 EXISTS
			S: * 1 RECENT
			S: * OK [UIDVALIDITY 77] ok
			S: * OK [UIDNEXT 400] ok
			S: * OK [HIGHESTMODSEQ 90060128194045007] ok
			S: $ OK [READ-ONLY] done`, true,
			endpoint.State{Validity: 77, UIDNext: 400, Messages: 172, ModSeq: 90060128194045007, ReadOnly: true, Keywords: true,
				Permanent: []mailbox.Flag{`\Seen`, `OIB-Seen-[Gmail]/All`}}},
		"read-write, no codes": {"", `
			C: $ SELECT "a b"
			S: * FLAGS (\Seen \Draft)
			S: * 2 exists
			S: $ OK [READ-WRITE] done
			C: $ STATUS "a b" (UIDNEXT UIDVALIDITY)
			S: * STATUS "a b" (UIDNEXT 3 UIDVALIDITY 9)
			S: $ OK`, false,
			endpoint.State{Validity: 9, UIDNext: 3, Messages: 2, Permanent: []mailbox.Flag{`\Seen`, `\Draft`}}},
		"STATUS refused, read-only after all": {"", `
			C: $ SELECT "a b"
			S: * OK [UIDVALIDITY 9]
			S: $ OK [READ-ONLY] done
			C: $ STATUS "a b" (UIDNEXT UIDVALIDITY)
			S: $ NO not while it is open`, false,
			endpoint.State{Validity: 9, ReadOnly: true}},
		"UIDs do not last": {"QRESYNC", `
			C: $ EXAMINE "a b" (CONDSTORE)
			S: * OK [UIDVALIDITY 9]
			S: * OK [UIDNEXT 5]
			S: * NO [UIDNOTSTICKY] sorry
			S: * OK [HIGHESTMODSEQ 5]
			S: * OK [NOMODSEQ] sorry
			S: $ OK`, true,
			endpoint.State{UIDNext: 5, ReadOnly: true}},
		"a UIDVALIDITY beyond 32 bits": {"", `
			C: $ EXAMINE "a b"
			S: * OK [UIDVALIDITY 1666390893380]
			S: * OK [UIDNEXT 5]
			S: $ OK
			C: $ STATUS "a b" (UIDNEXT UIDVALIDITY)
			S: * STATUS "a b" (UIDNEXT 5 UIDVALIDITY 1666390893380)
			S: $ OK`, true,
			endpoint.State{UIDNext: 5, ReadOnly: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(c.capabilities), c.dialogue))
			got, err := s.Select(within(t, time.Minute), "a b", c.readOnly)
			c.want.Wire = "a b"
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

func TestSelectByExactBytes(t *testing.T) {
	s := opened(t, converse(t, loggedIn("LITERAL-"), `
		C: $ EXAMINE {2+}
		C: ä
		S: * OK [UIDVALIDITY 9]
		S: * OK [UIDNEXT 5]
		S: $ OK
	`))
	if _, err := s.Select(within(t, time.Minute), "ä", true); err != nil {
		t.Error(err)
	}
	for _, w := range []mailbox.Wire{"", "a\nb", "a\r", "\x00"} {
		if _, err := s.Select(within(t, time.Minute), w, true); endpoint.ClassOf(err) != endpoint.BadMailbox {
			t.Errorf("%q: %v", w, err)
		}
	}
}

func TestSelectRefused(t *testing.T) {
	const find = "\nC: $ LIST \"\" \"a*\"\n"
	for name, c := range map[string]struct {
		dialogue string
		class    endpoint.Class
	}{
		"by code":         {"S: $ NO [NONEXISTENT] no", endpoint.NoMailbox},
		"not there":       {"S: $ NO Mailbox does not exist" + find + "S: * LIST () \"/\" \"a*b\"\nS: $ OK", endpoint.NoMailbox},
		"only subscribed": {"S: $ NO no" + find + "S: * LIST (\\NonExistent) \"/\" \"a*\"\nS: $ OK", endpoint.NoMailbox},
		"not selectable":  {"S: $ NO no" + find + "S: * LIST (\\Noselect) \"/\" \"a*\"\nS: $ OK", endpoint.BadMailbox},
		"not allowed":     {"S: $ NO [NOPERM] no", endpoint.BadMailbox},
		"bad":             {"S: $ BAD no" + find + "S: * LIST () \"/\" \"a*\"\nS: $ OK", endpoint.BadMailbox},
		"away":            {"S: $ BAD User is authenticated but not connected.", endpoint.Temporary},
		"literal":         {"S: $ NO [INUSE] no", endpoint.Temporary},
		"just being made": {"S: $ NO [ALREADYEXISTS] Mailbox already exists", endpoint.Temporary},
		"token":           {"S: * BYE [EXPIRED] AccessTokenExpired\nS.", endpoint.LoginRefused},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(""), "C: $ SELECT \"a*\"\n"+c.dialogue))
			_, err := s.Select(within(t, time.Minute), "a*", false)
			if endpoint.ClassOf(err) != c.class || !strings.Contains(err.Error(), `open mailbox "a*"`) {
				t.Error(endpoint.ClassOf(err), err)
			}
		})
	}
}

func TestUnselectNeverExpunges(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "")) // any command, CLOSE above all, would fail the test
	if err := s.Unselect(within(t, time.Minute)); err != nil {
		t.Error(err)
	}
	s = opened(t, converse(t, loggedIn("UNSELECT"), "C: $ UNSELECT\nS: $ OK"))
	if err := s.Unselect(within(t, time.Minute)); err != nil {
		t.Error(err)
	}
}

func TestStatus(t *testing.T) {
	s := opened(t, converse(t, loggedIn("STATUS=SIZE"), `
		C: $ STATUS "inbox" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE)
		S: * STATUS other (MESSAGES 9)
		S: * STATUS INBOX (MESSAGES 4294967295 UNSEEN 99999999999 UIDNEXT 4294967295 UIDVALIDITY 1 SIZE -5)
		S: $ OK
		C: $ STATUS "x" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE)
		S: $ NO [NONEXISTENT] no
		C: $ STATUS "x" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE)
		S: $ OK
		C: $ STATUS "{x" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE)
		S: $ NO not there
		C: $ LIST "" "%x"
		S: * LIST () "/" "ax"
		S: $ OK
	`))
	got, err := s.Status(within(t, time.Minute), "inbox")
	want := mailbox.Status{Messages: 4294967295, UIDNext: 4294967295, UIDValidity: 1, Size: -1, AppendLimit: -1}
	if got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.Status(within(t, time.Minute), "x"); endpoint.ClassOf(err) != endpoint.NoMailbox {
		t.Error(err)
	}
	if _, err := s.Status(within(t, time.Minute), "x"); endpoint.ClassOf(err) != endpoint.BadMailbox {
		t.Error(err)
	}
	if _, err := s.Status(within(t, time.Minute), "{x"); endpoint.ClassOf(err) != endpoint.NoMailbox {
		t.Error(err)
	}
}

func TestCreate(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities string
		role         mailbox.Role
		dialogue     string
		made         bool
		class        endpoint.Class
	}{
		"plain":            {"", mailbox.RoleSent, "C: $ CREATE \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"Sent\"\nS: * LIST () \"/\" Sent\nS: $ OK", true, 0},
		"with use":         {"CREATE-SPECIAL-USE", mailbox.RoleSent, "C: $ CREATE \"Sent\" (USE (\\Sent))\nS: $ OK\nC: $ LIST \"\" \"Sent\"\nS: * LIST () \"/\" Sent\nS: $ OK", true, 0},
		"no use for views": {"CREATE-SPECIAL-USE", mailbox.RoleAll, "C: $ CREATE \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"Sent\"\nS: * LIST () \"/\" Sent\nS: $ OK", true, 0},
		"no use for INBOX": {"CREATE-SPECIAL-USE", mailbox.RoleInbox, "C: $ CREATE \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"Sent\"\nS: * LIST () \"/\" Sent\nS: $ OK", true, 0},
		"there already":    {"", "", "C: $ CREATE \"Sent\"\nS: $ NO [ALREADYEXISTS] no\nC: $ LIST \"\" \"Sent\"\nS: * LIST () \"/\" Sent\nS: $ OK", false, 0},
		"there, no code":   {"", "", "C: $ CREATE \"Sent\"\nS: $ NO Cannot create\nC: $ LIST \"\" \"Sent\"\nS: * LIST () \"/\" \"Sent\"\nS: $ OK", false, 0},
		"refused":          {"", "", "C: $ CREATE \"Sent\"\nS: $ NO Cannot create\nC: $ LIST \"\" \"Sent\"\nS: $ OK", false, endpoint.BadMailbox},
		"over quota":       {"", "", "C: $ CREATE \"Sent\"\nS: $ NO [OVERQUOTA] no\nC: $ LIST \"\" \"Sent\"\nS: $ OK", false, endpoint.OverQuota},
		"container in place": {"", "", "C: $ CREATE \"Sent\"\nS: $ NO no\nC: $ LIST \"\" \"Sent\"\nS: * LIST (\\Noselect) \"/\" Sent\nS: $ OK", false,
			endpoint.BadMailbox},
		"use refused": {"CREATE-SPECIAL-USE", mailbox.RoleSent, `
			C: $ CREATE "Sent" (USE (\Sent))
			S: $ NO [USEATTR] another has it
			C: $ LIST "" "Sent"
			S: $ OK
			C: $ CREATE "Sent"
			S: $ OK
			C: $ LIST "" "Sent"
			S: * LIST () "/" "Sent"
			S: $ OK`, true, 0},
		"OK that lies": {"", "", "C: $ CREATE \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"\"\nS: * LIST (\\Noselect) \"/\" \"\"\nS: $ OK\nC: $ STATUS \"Sent\" (UIDVALIDITY)\nS: $ NO no such mailbox", false,
			endpoint.BadMailbox},
		"LIST that lags": {"", "", "C: $ CREATE \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"Sent\"\nS: $ OK\nC: $ LIST \"\" \"\"\nS: * LIST (\\Noselect) \"/\" \"\"\nS: $ OK\nC: $ STATUS \"Sent\" (UIDVALIDITY)\nS: * STATUS Sent (UIDVALIDITY 4)\nS: $ OK", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(c.capabilities), c.dialogue))
			made, err := s.Create(within(t, time.Minute), "Sent", c.role)
			if made != c.made || endpoint.ClassOf(err) != c.class || (c.class == 0 && err != nil) {
				t.Error(made, err)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: $ SUBSCRIBE \"a\\\"b\"\nS: $ OK\nC: $ SUBSCRIBE \"x\"\nS: $ NO no"))
	if err := s.Subscribe(within(t, time.Minute), `a"b`); err != nil {
		t.Error(err)
	}
	if err := s.Subscribe(within(t, time.Minute), "x"); endpoint.ClassOf(err) != endpoint.BadMailbox {
		t.Error(err)
	}
}
