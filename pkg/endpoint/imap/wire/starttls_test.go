package wire

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
)

// inClear plays a dialogue in clear text and tells what the client has sent in all.
func inClear(t *testing.T, dialogue string, then func(*peer)) (Options, <-chan string) {
	t.Helper()
	sent := make(chan string, 1)
	o := listening(t, STARTTLS, func(conn net.Conn) {
		seen := &tapped{Conn: conn}
		p := &peer{t: t, conn: seen, in: bufio.NewReader(seen)}
		if p.play(dialogue) && then != nil {
			then(p)
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second)) // for a client that does not end it
		_, _ = io.Copy(io.Discard, p.in)
		sent <- seen.got.String()
	})
	return o, sent
}

// tapped keeps what is read.
type tapped struct {
	net.Conn
	got bytes.Buffer
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.got.Write(p[:n])
	return n, err
}

// onlyTheseTwo are all that may leave in clear text; a ClientHello may follow.
func onlyTheseTwo(t *testing.T, sent string) {
	t.Helper()
	rest := sent
	for _, command := range []string{"C1 CAPABILITY\r\n", "C2 STARTTLS\r\n"} {
		rest = strings.TrimPrefix(rest, command)
	}
	if rest != "" && rest[0] != 22 { // a record of TLS with a handshake in it, RFC 8446 section 5.1
		t.Errorf("in clear text left %q", sent)
	}
	for _, word := range []string{"alice", "secret", "LOGIN", "AUTHENTICATE", "YWxpY2U"} {
		if strings.Contains(sent, word) {
			t.Errorf("%q left in clear text: %q", word, sent)
		}
	}
}

const startTLSOffered = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\n"

// TestStartTLSAttacks are the cases for IMAP clients of "Why TLS Is Better Without STARTTLS" (Poddebniak, Ising, Böck, Schinzel; USENIX
// Security 2021), by the paper's names where it has one. Whatever somebody in between says in clear text: no session, nothing of the
// login sent, nothing of what was said believed. (Command injection is an attack on servers.)
func TestStartTLSAttacks(t *testing.T) {
	for name, c := range map[string]struct {
		dialogue string
		class    endpoint.Class
		words    string
	}{
		"STARTTLS stripped from the greeting":        {"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\nC: C1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: C1 OK", endpoint.Untrusted, "does not offer STARTTLS"},
		"STARTTLS stripped from CAPABILITY":          {"S: * OK hi\nC: C1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 XTARTTLS AUTH=PLAIN\nS: C1 OK", endpoint.Untrusted, "does not offer STARTTLS"},
		"CAPABILITY refused":                         {"S: * OK hi\nC: C1 CAPABILITY\nS: C1 NO", endpoint.Untrusted, ""},
		"PREAUTH":                                    {"S: * PREAUTH hi", endpoint.Untrusted, "PREAUTH"},
		"PREAUTH with STARTTLS on offer":             {"S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi", endpoint.Untrusted, "PREAUTH"},
		"PREAUTH in small letters":                   {"S: * preauth hi", endpoint.Untrusted, "PREAUTH"},
		"PREAUTH after an OK greeting":               {"S: * OK hi\nC: C1 CAPABILITY\nS: * PREAUTH hi\nS: * CAPABILITY IMAP4rev1 STARTTLS\nS: C1 OK\nC: C2 STARTTLS\nS: C2 NO", endpoint.Untrusted, ""},
		"NO to STARTTLS":                             {startTLSOffered + "C: C2 STARTTLS\nS: C2 NO not today", endpoint.Untrusted, "not today"},
		"BAD to STARTTLS":                            {startTLSOffered + "C: C2 STARTTLS\nS: C2 BAD what", endpoint.Untrusted, "what"},
		"PREAUTH to STARTTLS":                        {startTLSOffered + "C: C2 STARTTLS\nS: C2 PREAUTH you are in", endpoint.Untrusted, ""},
		"unknown answer to STARTTLS":                 {startTLSOffered + "C: C2 STARTTLS\nS: C2 YES go", endpoint.Untrusted, ""},
		"untagged OK instead of the tagged":          {startTLSOffered + "C: C2 STARTTLS\nS: * OK begin TLS\nS.", endpoint.Lost, "closed|reset by peer"},
		"an answer with another tag":                 {startTLSOffered + "C: C2 STARTTLS\nS: C3 OK begin TLS", endpoint.Untrusted, "instead of an answer"},
		"a continuation instead of the answer":       {startTLSOffered + "C: C2 STARTTLS\nS: + begin TLS", endpoint.Untrusted, "instead of an answer"},
		"response injection, one packet":             {startTLSOffered + "C: C2 STARTTLS\nS~ C2 OK go␍␊* CAPABILITY IMAP4rev1 AUTH=PLAIN␍␊", endpoint.Untrusted, "behind its consent"},
		"response injection, a tagged login":         {startTLSOffered + "C: C2 STARTTLS\nS~ C2 OK go␍␊W1 OK [CAPABILITY IMAP4rev1] logged in␍␊", endpoint.Untrusted, "behind its consent"},
		"response injection, PREAUTH":                {startTLSOffered + "C: C2 STARTTLS\nS~ C2 OK go␍␊* PREAUTH hi␍␊", endpoint.Untrusted, "behind its consent"},
		"response injection, half a line":            {startTLSOffered + "C: C2 STARTTLS\nS~ C2 OK go␍␊* OK ", endpoint.Untrusted, "behind its consent"},
		"response injection, one line end":           {startTLSOffered + "C: C2 STARTTLS\nS~ C2 OK go␍␊␍␊", endpoint.Untrusted, "behind its consent"},
		"tagged OK without a handshake":              {startTLSOffered + "C: C2 STARTTLS\nS: C2 OK go\nS: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] talk on in clear text", endpoint.Untrusted, ""},
		"tagged OK and the end":                      {startTLSOffered + "C: C2 STARTTLS\nS: C2 OK go\nS.", endpoint.Lost, ""},
		"referral in the greeting (RFC 2221)":        {"S: * BYE [REFERRAL IMAP://alice;AUTH=*@evil.example/] go there\nS.", endpoint.Lost, "go there"},
		"referral as answer to STARTTLS (RFC 2221)":  {startTLSOffered + "C: C2 STARTTLS\nS: C2 NO [REFERRAL IMAP://alice;AUTH=*@evil.example/] go there", endpoint.Untrusted, "go there"},
		"referral with an OK (RFC 2221)":             {startTLSOffered + "C: C2 STARTTLS\nS: C2 OK [REFERRAL IMAP://alice;AUTH=*@evil.example/] go there\nS.", endpoint.Lost, ""},
		"BYE instead of the answer":                  {startTLSOffered + "C: C2 STARTTLS\nS: * BYE no TLS for you\nS.", endpoint.Lost, "no TLS for you"},
		"mailbox data before TLS":                    {startTLSOffered + "C: C2 STARTTLS\nS: * LIST () \"/\" Evil\nS: * 1 EXISTS\nS: * 1 FETCH (BODY[] {4}\nS: evil)\nS: C2 OK go\nS.", endpoint.Untrusted, "instead of an answer"},
		"a literal before TLS that hides the answer": {startTLSOffered + "C: C2 STARTTLS\nS: * X {100}\nS: C2 OK go\nS.", endpoint.Lost, "closed|reset by peer"},
		"an endless answer":                          {startTLSOffered + "C: C2 STARTTLS\nS~ " + strings.Repeat("x", maxClearLine+1), endpoint.Untrusted, "endless"},
		"answers without end":                        {startTLSOffered + "C: C2 STARTTLS\n" + strings.Repeat("S: * OK wait\n", maxClearLines+1), endpoint.Untrusted, "without answering"},
	} {
		t.Run(name, func(t *testing.T) {
			o, sent := inClear(t, c.dialogue, nil)
			e := fails(t, o)
			// A server that ends with something unread of ours resets the connection, which may take its last words along.
			said := slices.ContainsFunc(strings.Split(c.words, "|"), func(words string) bool { return strings.Contains(e.Error(), words) })
			if e.Class != c.class || !said {
				t.Errorf("class %v, want %v with %q: %v", e.Class, c.class, c.words, e)
			}
			if strings.Contains(e.Error(), "evil.example") {
				t.Errorf("a referral is passed on: %v", e)
			}
			onlyTheseTwo(t, <-sent)
		})
	}
}

// What comes behind the answer, in a packet of its own, is taken for a record of TLS, which it is not.
func TestStartTLSResponseInjectedLater(t *testing.T) {
	o, sent := inClear(t, startTLSOffered+"C: C2 STARTTLS\nS: C2 OK go", func(p *peer) {
		_, _ = p.in.Peek(1) // the ClientHello: the client has read the answer, and nothing behind it
		_ = p.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] evil\r\n* PREAUTH hi\r\n")
	})
	if e := fails(t, o); e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), "does not speak TLS") {
		t.Error(e)
	}
	onlyTheseTwo(t, <-sent)
}

// What was said before TLS counts for nothing after it: neither capabilities, nor alerts, nor the server's name for itself.
func TestStartTLSForgetsWhatWasSaidBefore(t *testing.T) {
	a := newAuthority(t)
	o := listening(t, STARTTLS, func(c net.Conn) {
		p := &peer{t: t, conn: c, in: bufio.NewReader(c)}
		if p.play("S: * OK [CAPABILITY IMAP4rev1 STARTTLS LITERAL+ X-EVIL AUTH=X-EVIL] evil.example ready\nC: C2 STARTTLS\n" +
			"S: * OK [ALERT] call this number\nS: * CAPABILITY IMAP4rev1 X-EVIL LOGINDISABLED\nS: * NO [ALERT] call that number\nS: C2 OK [CAPABILITY IMAP4rev1 X-EVIL] go") {
			tlsPeer(t, a.server(t, "localhost", time.Now().Add(time.Hour)), "C: $ CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK\nC: $ LOGIN \"alice\" \"secret-word\"\nS: $ OK [CAPABILITY IMAP4rev1 REAL] in")(c)
		}
	})
	o.TLS = a.client()
	s := opened(t, o)
	if caps := s.Capabilities(); caps.Has("X-EVIL") || caps.Has("LITERAL+") || !caps.Has("REAL") {
		t.Errorf("capabilities %v", caps)
	}
	if got := s.Alerts(); len(got) != 0 {
		t.Errorf("alerts from before TLS: %q", got)
	}
	if strings.Contains(s.Identity().Server, "evil") {
		t.Errorf("the server's name is from before TLS: %q", s.Identity().Server)
	}
}

// The handshake behind STARTTLS is held to the same as the one of implicit TLS.
func TestStartTLSVerifies(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	tomorrow := time.Now().Add(time.Hour)
	old := a.server(t, "localhost", tomorrow)
	old.MaxVersion = tls.VersionTLS11
	for name, server := range map[string]*tls.Config{
		"unknown authority": stranger.server(t, "localhost", tomorrow), "other host": a.server(t, "evil.example", tomorrow),
		"expired": a.server(t, "localhost", time.Now().Add(-time.Hour)), "TLS 1.1": old,
	} {
		t.Run(name, func(t *testing.T) {
			o := listening(t, STARTTLS, func(c net.Conn) {
				p := &peer{t: t, conn: c, in: bufio.NewReader(c)}
				if p.play(startTLSOffered + "C: C2 STARTTLS\nS: C2 OK go") {
					tlsPeer(t, server, "S...")(c)
				}
			})
			o.TLS = a.client()
			if e := fails(t, o); e.Class != endpoint.Untrusted {
				t.Error(e)
			}
		})
	}
}

// LOGINDISABLED is obeyed in clear text, whatever else is offered (RFC 9051 section 6.2.3).
func TestLoginDisabledIsObeyed(t *testing.T) {
	o := converse(t, "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi\nS...")
	if e := fails(t, o); e.Class != endpoint.LoginRefused || !strings.Contains(e.Error(), "forbids") {
		t.Error(e)
	}
}
