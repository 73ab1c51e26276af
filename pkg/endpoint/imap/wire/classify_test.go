package wire

import (
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		kind               Kind
		status, code, text string
		want               endpoint.Class
		wait               time.Duration
	}{
		{Message, "NO", "OVERQUOTA", "", endpoint.OverQuota, 0},
		{Message, "NO", "overquota", "", endpoint.OverQuota, 0},
		{Message, "NO", "TOOBIG", "", endpoint.BadMessage, 0},
		{Message, "NO", "LIMIT", "Message too large", endpoint.BadMessage, 0},
		{Mailbox, "NO", "LIMIT", "", endpoint.Throttled, 0},
		{Message, "NO", "TRYCREATE", "", endpoint.NoMailbox, 0},
		{Mailbox, "NO", "NONEXISTENT", "", endpoint.NoMailbox, 0},
		{Mailbox, "NO", "NOPERM", "", endpoint.BadMailbox, 0},
		{Message, "NO", "NOPERM", "", endpoint.BadMailbox, 0},
		{Mailbox, "NO", "CANNOT", "", endpoint.BadMailbox, 0},
		{Message, "NO", "CANNOT", "Invalid characters in keyword", endpoint.BadMessage, 0},
		{Mailbox, "NO", "ALREADYEXISTS", "", endpoint.BadMailbox, 0},
		{Other, "NO", "UNAVAILABLE", "", endpoint.Temporary, 0},
		{Login, "NO", "UNAVAILABLE", "Temporary authentication failure", endpoint.Temporary, 0},
		{Login, "NO", "INUSE", "", endpoint.Temporary, 0},
		{Other, "NO", "SERVERBUG", "", endpoint.Temporary, 0},
		{Other, "NO", "THROTTLED", "", endpoint.Throttled, 0},
		{Other, "BAD", "", "Request is throttled. Suggested Backoff Time: 299609 milliseconds", endpoint.Throttled, 299609 * time.Millisecond},
		{Message, "NO", "", "Suggested Backoff Time: 30 seconds", endpoint.Throttled, 30 * time.Second},
		{Message, "NO", "", "backoff time 999999999999 s", endpoint.Throttled, time.Hour},
		{Login, "NO", "ALERT", "Too many simultaneous connections. (Failure)", endpoint.Throttled, 0},
		{Login, "NO", "UNAVAILABLE", "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", endpoint.Throttled, 0},
		{Other, "NO", "", "Account exceeded command or bandwidth limits. (Failure)", endpoint.Throttled, 0},
		{Message, "NO", "", "Message exceeded the maximum size limit", endpoint.BadMessage, 0},
		{Login, "NO", "AUTHENTICATIONFAILED", "Too many login attempts", endpoint.LoginRefused, 0},
		{Login, "NO", "AUTHORIZATIONFAILED", "", endpoint.LoginRefused, 0},
		{Login, "NO", "EXPIRED", "", endpoint.LoginRefused, 0},
		{Login, "BAD", "PRIVACYREQUIRED", "", endpoint.LoginRefused, 0},
		{Login, "NO", "", "Login failed, please try again", endpoint.LoginRefused, 0},
		{Login, "NO", "", "", endpoint.LoginRefused, 0},
		{Mailbox, "NO", "", "no", endpoint.BadMailbox, 0},
		{Message, "BAD", "", "Command Argument Error. 11", endpoint.BadMessage, 0},
		{Other, "NO", "", "no", endpoint.Unclassified, 0},
		{Mailbox, "BAD", "", "User is authenticated but not connected.", endpoint.Temporary, 0},
		{Message, "NO", "", "Server Unavailable. 15", endpoint.Temporary, 0},
		{Other, "BYE", "", "shutting down", endpoint.Lost, 0},
		{Other, "BYE", "", "Too many connections", endpoint.Throttled, 0},
		{Other, "BYE", "UNAVAILABLE", "", endpoint.Temporary, 0},
	} {
		e := Classify(Op{c.kind, "do it"}, "alice at x", c.status, c.code, c.text)
		if e.Class != c.want || e.Wait != c.wait {
			t.Errorf("%v %s [%s] %s: %v, %v", c.kind, c.status, c.code, c.text, e.Class, e.Wait)
		}
		if s := e.Error(); !strings.HasPrefix(s, "alice at x: do it: the server says ") {
			t.Errorf("%q", s)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for line, want := range map[string]status{
		"A1 OK":                                  {tag: "A1", kind: "OK"},
		"A1 no [LIMIT]x":                         {tag: "A1", kind: "NO", code: "LIMIT", text: "x"},
		"A1 NO [overquota 1 (a]b) \"]\"] full ]": {tag: "A1", kind: "NO", code: "OVERQUOTA", args: `1 (a]b) "]"`, text: "full ]"},
		"* BYE":                                  {tag: "*", kind: "BYE"},
		"A1 OK [unclosed text":                   {tag: "A1", kind: "OK", text: "[unclosed text"},
		"A1 OK [X (a] text":                      {tag: "A1", kind: "OK", code: "X", args: "(a", text: "text"},
		"A1  OK  two":                            {tag: "A1", kind: "OK", text: "two"},
		"* LIST":                                 {tag: "*", kind: "LIST"},
		"":                                       {},
	} {
		want.isText = isStatus(want.kind)
		if got := parseStatus(line); got != want {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
}
