package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
)

// fails opens a session that must not open and gives the error.
func fails(t *testing.T, o Options) *endpoint.Error {
	t.Helper()
	s, err := Open(within(t, 10*time.Minute), o)
	if err == nil {
		s.Abandon()
		t.Fatal("the session opened")
	}
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok {
		t.Fatalf("not an endpoint.Error: %v", err)
	}
	if strings.Contains(err.Error(), "secret-word") || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "secret-word") {
		t.Errorf("the password is in the error: %v", err)
	}
	return e
}

func TestOpenLogsInAndHandsOver(t *testing.T) {
	o := converse(t, `
		S: * OK [CAPABILITY IMAP4rev1 LITERAL+ IMAP4rev2] Example ready
		C: $ LOGIN "alice" "secret-word"
		S: * OK [ALERT] disk is nearly full
		S: $ OK in
		C: $ CAPABILITY
		S: * CAPABILITY IMAP4rev1 IMAP4rev2 ID UIDPLUS X"ODD
		S: $ OK
		C: $ ID ("name" "imap\"migrate" "version" "1?")
		S: * ID ("name" "Example" "version" "3.6" "vendor" NIL)
		S: $ OK
		C: $ NOOP
		S: $ OK done
	`)
	o.ID = [][2]string{{"name", `imap"migrate`}, {"version", "1\n"}}
	s := opened(t, o)
	if got := s.Capabilities(); !got.Has("UIDPLUS") || got.Has("LITERAL+") {
		t.Errorf("capabilities %v", got)
	}
	want := endpoint.Identity{Host: "imap.example", Port: 143, User: "alice", Server: "Example 3.6"}
	if s.Identity() != want {
		t.Errorf("identity %+v", s.Identity())
	}
	if a := s.Alerts(); len(a) != 1 || a[0] != "disk is nearly full" {
		t.Errorf("alerts %q", a)
	}
	if caps := s.Client().Caps(); caps.Has("IMAP4rev2") || !caps.Has("UIDPLUS") {
		t.Errorf("go-imap was told %v", caps)
	}
	if err := s.Guard(within(t, time.Minute), Op{Words: "noop"}, func(c *imapclient.Client) error { return c.Noop().Wait() }); err != nil {
		t.Error(err)
	}
}

func TestOpenToleratesRefusedID(t *testing.T) {
	for _, answer := range []string{"NO not for you", "BAD what", "OK"} {
		s := opened(t, converse(t, loggedIn("ID"), `
			C: $ ID NIL
			S: $ `+answer+`
		`))
		if s.Identity().Server != "ready" {
			t.Errorf("server %q", s.Identity().Server)
		}
	}
}

func TestOpenRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		dialogue string
		class    endpoint.Class
		words    string
	}{
		"preauth":         {"S: * PREAUTH welcome back", endpoint.Untrusted, "PREAUTH"},
		"bye":             {"S: * BYE closed for today", endpoint.Lost, "closed for today"},
		"too many":        {"S: * BYE Too many connections from your address", endpoint.Throttled, "Too many"},
		"not imap":        {"S: 220 smtp.example ESMTP", endpoint.Protocol, "check the port"},
		"closes":          {"S.", endpoint.Lost, "closed the connection"},
		"no capabilities": {"S: * OK\nC: $ CAPABILITY\nS: * CAPABILITY POP3\nS: $ OK", endpoint.Protocol, "IMAP4rev1"},
		"login disabled": {"S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi", endpoint.LoginRefused,
			"forbids the LOGIN command"},
		"wrong password": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ NO [authenticationfailed] no secret-word here",
			endpoint.LoginRefused, "[AUTHENTICATIONFAILED] no *** here"},
		"bad instead of no": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ BAD what", endpoint.LoginRefused, "what"},
		"away": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ NO [UNAVAILABLE] later",
			endpoint.Temporary, "later"},
		"in use": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ NO [INUSE] later", endpoint.Temporary, "later"},
		"limit": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ NO [LIMIT] enough", endpoint.Throttled,
			"enough"},
		"gmail's alert": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ NO [ALERT] Too many simultaneous connections. (Failure)",
			endpoint.Throttled, "Too many"},
		"bye with the password": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: * BYE secret-word is wrong\nS.",
			endpoint.Lost, "*** is wrong"},
		"echo": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ LOGIN \"alice\" \"secret-word\"",
			endpoint.Protocol, "neither OK nor NO"},
		"echo without tag": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: secret-word",
			endpoint.Protocol, "was not sent"},
		"other tag": {"S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: X$ OK in", endpoint.Protocol, "was not sent"},
	} {
		t.Run(name, func(t *testing.T) {
			o := converse(t, c.dialogue+"\nS...")
			if e := fails(t, o); e.Class != c.class || !strings.Contains(e.Error(), c.words) {
				t.Errorf("class %v: %v", e.Class, e)
			}
		})
	}
}

func TestOpenEncodesTheLoginCommand(t *testing.T) {
	o := converse(t, `
		S: * OK [CAPABILITY IMAP4rev1] hi
		C: $ LOGIN "a \"lice\\" {9}
		S: * OK a moment
		S: + go on
		C: pässwör
		S: $ OK [CAPABILITY IMAP4rev1] in
	`)
	o.Login = func(endpoint.Capabilities, bool) (auth.Login, error) {
		return auth.Login{User: `a "lice\`, Password: auth.NewSecret("pässwör")}, nil
	}
	opened(t, o)
}

func TestOpenStopsWhenTheLiteralIsRefused(t *testing.T) {
	o := converse(t, `
		S: * OK [CAPABILITY IMAP4rev1] hi
		C: $ LOGIN "alice" {5}
		S: $ NO [PRIVACYREQUIRED] not here
		S...
	`)
	o.Login = func(endpoint.Capabilities, bool) (auth.Login, error) {
		return auth.Login{User: "alice", Password: auth.NewSecret("pärr")}, nil
	}
	if e := fails(t, o); e.Class != endpoint.LoginRefused || !strings.Contains(e.Error(), "wants TLS") {
		t.Error(e)
	}
}

func TestOpenRefusesLineEndsInTheLogin(t *testing.T) {
	o := converse(t, "S: * OK [CAPABILITY IMAP4rev1] hi\nS...")
	o.Login = func(endpoint.Capabilities, bool) (auth.Login, error) {
		return auth.Login{User: "alice", Password: auth.NewSecret("secret-word\r\nA1 DELETE INBOX")}, nil
	}
	if e := fails(t, o); e.Class != endpoint.LoginRefused {
		t.Error(e)
	}
}

// fixed is a SASL client that says what it is told to.
type fixed struct {
	mechanism string
	first     []byte
	next      [][]byte
	err       error
}

func (f *fixed) Start() (string, []byte, error) { return f.mechanism, f.first, nil }

func (f *fixed) Next([]byte) ([]byte, error) {
	if len(f.next) == 0 {
		return nil, f.err
	}
	answer := f.next[0]
	f.next = f.next[1:]
	return answer, nil
}

func TestOpenBySASL(t *testing.T) {
	for name, c := range map[string]struct {
		client   sasl.Client
		dialogue string
	}{
		"initial response": {sasl.NewPlainClient("", "alice", "secret-word"), `
			S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
			C: $ AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldC13b3Jk
			S: $ OK [CAPABILITY IMAP4rev1] in`},
		"without SASL-IR": {sasl.NewPlainClient("", "alice", "secret-word"), `
			S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi
			C: $ AUTHENTICATE PLAIN
			S: + Go ahead, no base64
			C: AGFsaWNlAHNlY3JldC13b3Jk
			S: $ OK [CAPABILITY IMAP4rev1] in`},
		"plus without blank": {sasl.NewPlainClient("", "alice", "secret-word"), `
			S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi
			C: $ AUTHENTICATE PLAIN
			S: +
			C: AGFsaWNlAHNlY3JldC13b3Jk
			S: $ OK [CAPABILITY IMAP4rev1] in`},
		"empty initial response": {&fixed{mechanism: "X", first: []byte{}}, `
			S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hi
			C: $ AUTHENTICATE X =
			S: $ OK [CAPABILITY IMAP4rev1] in`},
		"empty response later": {&fixed{mechanism: "X", next: [][]byte{[]byte("one"), {}}}, `
			S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hi
			C: $ AUTHENTICATE X
			S: +
			C: b25l
			S: * OK working
			S: + dj1wcm9vZg==
			C: 
			S: $ OK [CAPABILITY IMAP4rev1] in`},
	} {
		t.Run(name, func(t *testing.T) {
			o := converse(t, c.dialogue)
			o.Login = saslLogin(c.client)
			opened(t, o)
		})
	}
}

func TestOpenBySASLRefused(t *testing.T) {
	for name, c := range map[string]struct {
		client   sasl.Client
		dialogue string
		class    endpoint.Class
		words    string
	}{
		"token error": {&fixed{mechanism: "XOAUTH2", first: []byte("token-of-alice"), next: [][]byte{{}}}, `
			S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hi
			C: $ AUTHENTICATE XOAUTH2 dG9rZW4tb2YtYWxpY2U=
			S: + eyJzdGF0dXMiOiI0MDAifQ==
			C: 
			S: $ NO AUTHENTICATE failed for dG9rZW4tb2YtYWxpY2U=
			S...`, endpoint.LoginRefused, "failed for ***"},
		"client gives up": {&fixed{mechanism: "X", err: errors.New("not genuine")}, `
			S: * OK [CAPABILITY IMAP4rev1] hi
			C: $ AUTHENTICATE X
			S: + eA==
			C: *
			S: $ BAD cancelled
			S...`, endpoint.LoginRefused, "not genuine"},
		"challenge unreadable": {&fixed{mechanism: "X"}, `
			S: * OK [CAPABILITY IMAP4rev1] hi
			C: $ AUTHENTICATE X
			S: + %%%
			C: *
			S: $ BAD cancelled
			S...`, endpoint.LoginRefused, "cannot be read"},
		"endless": {&fixed{mechanism: "X", next: [][]byte{{}, {}, {}, {}, {}, {}, {}, {}}}, `
			S: * OK [CAPABILITY IMAP4rev1] hi
			C: $ AUTHENTICATE X
			S: +
			C: 
			S: +
			C: 
			S: +
			C: 
			S: +
			C: 
			S: +
			C: 
			S: +
			C: 
			S...`, endpoint.Protocol, "challenge after"},
		"echo": {&fixed{mechanism: "X", next: [][]byte{[]byte("secret-word")}}, `
			S: * OK [CAPABILITY IMAP4rev1] hi
			C: $ AUTHENTICATE X
			S: +
			C: c2VjcmV0LXdvcmQ=
			S: c2VjcmV0LXdvcmQ=
			S...`, endpoint.Protocol, "was not sent"},
	} {
		t.Run(name, func(t *testing.T) {
			o := converse(t, c.dialogue)
			o.Login = saslLogin(c.client)
			e := fails(t, o)
			if e.Class != c.class || !strings.Contains(e.Error(), c.words) {
				t.Errorf("class %v: %v", e.Class, e)
			}
			for _, secret := range []string{"c2VjcmV0", "dG9rZW4", "status", "token-of"} {
				if strings.Contains(e.Error(), secret) {
					t.Errorf("%q is in %v", secret, e)
				}
			}
		})
	}
}

func TestOpenAsksLoginOnceAndPassesItsRefusal(t *testing.T) {
	o := converse(t, "S: * OK [CAPABILITY IMAP4rev1 AUTH=X] hi\nS...")
	calls := 0
	o.Login = func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
		calls++
		if !caps.Has("AUTH=X") || encrypted {
			t.Errorf("capabilities %v, encrypted %v", caps, encrypted)
		}
		return auth.Login{}, &endpoint.Error{Class: endpoint.LoginRefused, Op: "log in", Err: errors.New("no such mechanism")}
	}
	if e := fails(t, o); e.Class != endpoint.LoginRefused || calls != 1 {
		t.Error(calls, e)
	}
}

func TestOpenWaitsAreBounded(t *testing.T) {
	for name, dialogue := range map[string]string{
		"greeting":   "S...",
		"capability": "S: * OK hi\nC: $ CAPABILITY\nS...",
		"login":      "S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS...",
		"literal":    "S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS: * X {100}\nS~ x\nS...",
		"half line":  "S~ * OK hi",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := converse(t, dialogue+"\nS...")
				start := time.Now()
				if e := fails(t, o); e.Class != endpoint.Lost || !strings.Contains(e.Error(), "silent for 10s") {
					t.Error(e)
				}
				if waited := time.Since(start); waited != o.Timeout {
					t.Errorf("it took %v", waited)
				}
			})
		})
	}
}

func TestOpenAsAWholeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running sync.WaitGroup
		defer running.Wait()
		o := converse(t)
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			running.Go(func() { // a line every nine seconds, and never an answer
				for {
					time.Sleep(9 * time.Second)
					if _, err := server.Write([]byte("* OK hi\r\n")); err != nil {
						return
					}
				}
			})
			running.Go(func() { _, _ = io.Copy(io.Discard, server) })
			return client, nil
		}
		start := time.Now()
		if e := fails(t, o); e.Class != endpoint.Unreachable || !strings.Contains(e.Error(), "too long") {
			t.Error(e)
		}
		if waited := time.Since(start); waited != 30*time.Second {
			t.Errorf("it took %v", waited)
		}
	})
}

func TestOpenEndsWithTheContext(t *testing.T) {
	for name, dialogue := range map[string]string{
		"greeting": "S...",
		"login":    "S: * OK [CAPABILITY IMAP4rev1] hi\nC: $ LOGIN \"alice\" \"secret-word\"\nS...",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				o := converse(t, dialogue)
				time.AfterFunc(time.Second, cancel)
				if _, err := Open(ctx, o); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		})
	}
}

func TestOpenUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	o := Options{Host: "127.0.0.1", Port: port, Security: Plaintext, Login: passwordLogin, Timeout: 5 * time.Second}
	if e := fails(t, o); e.Class != endpoint.Unreachable || !strings.Contains(e.Error(), "refused") || e.Hint == "" {
		t.Error(e)
	}
	o.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "imap.example", IsNotFound: true}}
	}
	if e := fails(t, o); e.Class != endpoint.Unreachable || e.Hint != "check the host name" {
		t.Error(e)
	}
}
