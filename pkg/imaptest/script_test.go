package imaptest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestScriptPlaysDialogue(t *testing.T) {
	s := Script(t, Dialogue(t, `
		# a login, and a message in two literals
		S: * OK hello
		C: LOGIN a pass
		S: * CAPABILITY IMAP4rev1
		S: $tag OK in
		C: APPEND INBOX \(\) \{5\}
		S: $tag OK [APPENDUID 1 2] done
		C: NOOP
		! pause 1ms
		S: * BYE tired
		! close
	`)...)
	c := DialAddr(t, s.Addr())
	if got := c.MustCmd("LOGIN a pass"); !slices.Equal(got, []string{"* CAPABILITY IMAP4rev1"}) {
		t.Errorf("LOGIN: %q", got)
	}
	c.send("x APPEND INBOX () {5}\r\n")
	if got := c.line(); got != "+ go ahead" {
		t.Errorf("for the literal: %q", got)
	}
	c.send("hello\r\n")
	if got := c.line(); got != "x OK [APPENDUID 1 2] done" {
		t.Errorf("APPEND: %q", got)
	}
	c.send("y NOOP\r\n")
	if rest, err := io.ReadAll(c.r); string(rest) != "* BYE tired\r\n" || err != nil {
		t.Errorf("then %q, %v", rest, err)
	}
	if got := s.Commands(); !slices.Equal(got, []string{"LOGIN a pass", "APPEND INBOX () {5}", "NOOP"}) {
		t.Errorf("recorded %q", got)
	}
	if got := s.Received()[1]; string(got.Literals[0]) != "hello" || got.Tag != "x" || got.Connection != 1 {
		t.Errorf("recorded %+v", got)
	}
}

func TestScriptAsksForNoLiteralAtHead(t *testing.T) {
	s := Script(t, Dialogue(t, `
		S: * OK hello
		C< APPEND INBOX \{99\}
		S: $tag NO [OVERQUOTA] too much
		C> DONE
	`)...)
	c := DialAddr(t, s.Addr())
	if tagged := c.Append("INBOX", "", "", make([]byte, 99)); tagged == "" {
		t.Error("no answer")
	}
	c.send("DONE\r\n")
}

func TestScriptBreaksConnections(t *testing.T) {
	s := Script(t, Raw("* OK half a gree"), Close())
	s.Then(Send("* OK"), Expect("NOOP"), Reset())
	s.Then(Send("* OK"), Stall())
	want := []error{io.EOF, syscall.ECONNRESET, errTimeout}
	for i, want := range want {
		conn := dial(t, s.Addr())
		io.WriteString(conn, "a NOOP\r\n")
		conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		_, err := io.ReadAll(conn)
		if err == nil {
			err = io.EOF
		}
		var timeout interface{ Timeout() bool }
		if errors.As(err, &timeout) && timeout.Timeout() {
			err = errTimeout
		}
		if !errors.Is(err, want) {
			t.Errorf("connection %d ends with %v, want %v", i+1, err, want)
		}
	}
}

func TestScriptSpeaksTLS(t *testing.T) {
	s := Script(t, Dialogue(t, "S: * OK hi\nC: STARTTLS\nS: $tag OK go\n! tls\nC: NOOP\nS: $tag OK secret")...)
	s.Then(StartTLS(), Send("* OK implicit"))
	c := DialAddr(t, s.Addr())
	c.StartTLS()
	c.MustCmd("NOOP")

	conn := dialTLS(t, s.Addr())
	line := make([]byte, 100)
	if n, _ := conn.Read(line); string(line[:n]) != "* OK implicit\r\n" {
		t.Errorf("over TLS: %q", line[:n])
	}
}

func TestScriptFailsOnOtherCommand(t *testing.T) {
	watch(t, func(tb testing.TB) {
		s := Script(tb, Send("* OK"), Expect("LOGIN .*"))
		c := DialAddr(tb, s.Addr())
		c.send("a SELECT INBOX\r\n")
		io.Copy(io.Discard, c.r)
	}).mustFailWith(t, `"SELECT INBOX"`)
}

func TestScriptFailsWhenNotPlayed(t *testing.T) {
	watch(t, func(tb testing.TB) { Script(tb, Send("* OK")) }).mustFailWith(t, "never played")
	watch(t, func(tb testing.TB) {
		s := Script(tb, Send("* OK"), Expect("NOOP"))
		DialAddr(tb, s.Addr()).Close()
	}).mustFailWith(t, "C: NOOP")
}

func TestScriptFailsOnConnectionWithoutDialogue(t *testing.T) {
	watch(t, func(tb testing.TB) {
		s := Script(tb, Send("* OK"))
		for range 2 {
			io.Copy(io.Discard, dial(tb, s.Addr()))
		}
	}).mustFailWith(t, "connection 2")
}

func TestDialogueWithFaultIsRefused(t *testing.T) {
	for _, text := range []string{"X: what", "! explode", "! pause long"} {
		watch(t, func(tb testing.TB) { Dialogue(tb, "S: * OK\n"+text) }).mustFailWith(t, "line 2")
	}
}

func TestRulesDefaults(t *testing.T) {
	s := Serve(t, Rules{Expect: []string{"LOGIN", "APPEND"}})
	c := DialAddr(t, s.Addr())
	if !strings.Contains(c.Greeting, "LITERAL+") {
		t.Errorf("greeting %q", c.Greeting)
	}
	c.StartTLS()
	c.Login("a", "b")
	for command, want := range map[string]string{
		"CAPABILITY":                          "* CAPABILITY IMAP4rev1 LITERAL+",
		`LIST "" ""`:                          `* LIST (\Noselect) "/" ""`,
		`LIST "" "*"`:                         `* LIST (\HasNoChildren) "/" INBOX`,
		"STATUS INBOX (MESSAGES UIDVALIDITY)": "* STATUS INBOX (MESSAGES 0 UIDVALIDITY 1)",
		"ID NIL":                              "* ID NIL",
	} {
		if got := strings.Join(c.MustCmd(command), "\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	if _, tagged := c.Cmd("EXAMINE Other"); !strings.HasPrefix(tagged, "NO [NONEXISTENT]") {
		t.Errorf("EXAMINE Other: %s", tagged)
	}
	if _, tagged := c.Cmd("FROBNICATE"); !strings.HasPrefix(tagged, "BAD") {
		t.Errorf("FROBNICATE: %s", tagged)
	}
	c.Fill("INBOX", []RawMessage{{Body: []byte(mail(1))}})
	if got := c.FetchAll("INBOX"); got != nil {
		t.Errorf("INBOX holds %v", got)
	}
	c.MustCmd("LOGOUT")
}

func TestRulesAnswer(t *testing.T) {
	m := RawMessage{UID: 7, Flags: []string{`\Seen`}, Date: time.Unix(1e9, 0), Body: []byte(mail(1))}
	s := Serve(t, Rules{On: []Rule{
		{Pattern: "EXAMINE", Answer: Say("* 1 EXISTS", "$tag OK")},
		{Pattern: "UID FETCH", Answer: Say(FetchResponse(1, m), "* 1 FETCH (FLAGS ())", "$tag OK")},
		{Pattern: "NOOP", Times: 1, Answer: Say("$tag NO [UNAVAILABLE] later")},
		{Pattern: `APPEND .*\{5\}`, Head: true, Answer: Say("$tag NO [TOOBIG] no")},
	}})
	c := DialAddr(t, s.Addr())
	got := c.FetchAll("INBOX")
	if len(got) != 1 || got[0].UID != 7 || string(got[0].Body) != mail(1) || !got[0].Date.Equal(m.Date) {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{"NO [UNAVAILABLE] later", "OK done"} {
		if _, tagged := c.Cmd("NOOP"); tagged != want {
			t.Errorf("NOOP: %s, want %s", tagged, want)
		}
	}
	if tagged := c.Append("INBOX", "", "", []byte("hello")); tagged != "NO [TOOBIG] no" {
		t.Errorf("APPEND: %s", tagged)
	}
	s.Rule(Rule{Pattern: "NOOP", Answer: func(c *Conversation) { c.Reset() }})
	c.send("t NOOP\r\n")
	if _, err := c.r.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after the new rule: %v", err)
	}
}

func TestRulesFailOnForbiddenCommand(t *testing.T) {
	for _, command := range []string{"EXPUNGE", "uid expunge 1:*", "STORE 1 +FLAGS ()", "CLOSE", "DELETE INBOX"} {
		watch(t, func(tb testing.TB) {
			s := Serve(tb, Rules{Forbid: Removals})
			c := DialAddr(tb, s.Addr())
			c.MustCmd("NOOP")
			if _, tagged := c.Cmd(command); !strings.HasPrefix(tagged, "NO") {
				t.Errorf("%s: %s", command, tagged)
			}
		}).mustFailWith(t, command)
	}
}

func TestRulesFailWhenExpectedCommandNeverCame(t *testing.T) {
	watch(t, func(tb testing.TB) {
		s := Serve(tb, Rules{Expect: []string{"NOOP", "LOGOUT"}})
		DialAddr(tb, s.Addr()).MustCmd("NOOP")
	}).mustFailWith(t, `"LOGOUT"`)
}

func TestRulesAllowWhatIsNotForbidden(t *testing.T) {
	watch(t, func(tb testing.TB) {
		s := Serve(tb, Rules{TLS: true, Forbid: Writes, Expect: []string{"LOGIN a b"}})
		c := newClient(tb, dialTLS(tb, s.Addr()))
		c.Login("a", "b")
		c.MustCmd("EXAMINE INBOX")
	}).mustPass(t)
}
