package imaptest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a Client waits for the server before the test fails.
const patience = 60 * time.Second

// Client is a plain IMAP client for filling and comparing accounts. It pipelines nothing but Fill, and shares no
// code with what is tested. A broken connection fails the test.
type Client struct {
	tb   testing.TB
	conn net.Conn
	r    *bufio.Reader
	tag  int

	// Greeting is the server's first line.
	Greeting string
}

// Dial gives a client that has logged in, over plain text. The connection is closed with the test.
func (a Account) Dial(tb testing.TB) *Client {
	tb.Helper()
	c := DialAddr(tb, a.Server.Addr())
	c.Login(a.User, a.Password)
	return c
}

// DialAddr gives a client on any plain text port: a proxy's, a scripted server's.
func DialAddr(tb testing.TB, addr string) *Client {
	tb.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		tb.Fatalf("imaptest client: %v", err)
	}
	return newClient(tb, conn)
}

// DialTLS gives a client that has not logged in, over TLS from the first byte.
func (s *Server) DialTLS(tb testing.TB) *Client {
	tb.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", s.TLSAddr(), ClientTLS("localhost"))
	if err != nil {
		tb.Fatalf("imaptest client: %v", err)
	}
	return newClient(tb, conn)
}

func newClient(tb testing.TB, conn net.Conn) *Client {
	tb.Helper()
	tb.Cleanup(func() { conn.Close() })
	c := &Client{tb: tb, conn: conn, r: bufio.NewReaderSize(conn, 1<<16)}
	c.Greeting = c.line()
	return c
}

// StartTLS goes over to TLS.
func (c *Client) StartTLS() {
	c.tb.Helper()
	c.MustCmd("STARTTLS")
	c.conn = tls.Client(c.conn, ClientTLS("localhost"))
	c.r.Reset(c.conn)
}

// Login logs in with LOGIN.
func (c *Client) Login(user, password string) {
	c.tb.Helper()
	c.MustCmd("LOGIN " + Quote(user) + " " + Quote(password))
}

// Authenticate runs one SASL exchange: the first response goes with the command if it is not empty, respond answers
// each challenge. Both are without base64. It gives the tagged answer.
func (c *Client) Authenticate(mechanism, first string, respond func(challenge string) string) (tagged string) {
	c.tb.Helper()
	tag := c.nextTag()
	line := tag + " AUTHENTICATE " + mechanism
	if first != "" {
		line += " " + base64.StdEncoding.EncodeToString([]byte(first))
	}
	c.send(line + "\r\n")
	for {
		line := c.line()
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			return rest
		}
		if challenge, ok := strings.CutPrefix(line, "+ "); ok {
			plain, _ := base64.StdEncoding.DecodeString(challenge)
			c.send(base64.StdEncoding.EncodeToString([]byte(respond(string(plain)))) + "\r\n")
		}
	}
}

// Close closes the connection without a word.
func (c *Client) Close() { c.conn.Close() }

// Cmd sends one command without tag and waits for its end. Untagged answers come without line end, literals
// inside them as they are; the tagged one without its tag: "OK done".
func (c *Client) Cmd(line string) (untagged []string, tagged string) {
	c.tb.Helper()
	tag := c.nextTag()
	c.send(tag + " " + line + "\r\n")
	return c.answer(tag)
}

// MustCmd is Cmd, and the test fails if the answer is not OK.
func (c *Client) MustCmd(line string) []string {
	c.tb.Helper()
	untagged, tagged := c.Cmd(line)
	c.mustOK(line, tagged)
	return untagged
}

// Append adds one message with a synchronizing literal and gives the tagged answer. flags is a list without
// parentheses; date is what INTERNALDATE takes, without quotes; both may be empty.
func (c *Client) Append(mailbox, flags, date string, body []byte) (tagged string) {
	c.tb.Helper()
	tag := c.nextTag()
	c.send(tag + " APPEND " + Quote(mailbox) + appendArguments(flags, date, len(body)) + "}\r\n")
	for {
		line := c.line()
		if strings.HasPrefix(line, "+") {
			break
		}
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			return rest
		}
	}
	c.send(string(body) + "\r\n")
	_, tagged = c.answer(tag)
	return tagged
}

// Create makes a mailbox, from its name in wire form.
func (c *Client) Create(mailbox string) {
	c.tb.Helper()
	c.MustCmd("CREATE " + Quote(mailbox))
}

// Quote makes a quoted string of a name in wire form.
func Quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// appendArguments is what follows APPEND and the mailbox, up to the size in the literal's head.
func appendArguments(flags, date string, size int) string {
	var b strings.Builder
	if flags != "" {
		fmt.Fprintf(&b, " (%s)", flags)
	}
	if date != "" {
		fmt.Fprintf(&b, ` "%s"`, date)
	}
	fmt.Fprintf(&b, " {%d", size)
	return b.String()
}

func (c *Client) nextTag() string {
	c.tag++
	return fmt.Sprintf("t%d", c.tag)
}

func (c *Client) mustOK(command, tagged string) {
	c.tb.Helper()
	if !strings.HasPrefix(tagged, "OK") {
		c.tb.Fatalf("imaptest client: %.200s: %s", command, tagged)
	}
}

func (c *Client) send(s string) {
	c.tb.Helper()
	c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.tb.Fatalf("imaptest client: sending %.80q: %v", s, err)
	}
}

// answer reads up to the tagged line.
func (c *Client) answer(tag string) (untagged []string, tagged string) {
	c.tb.Helper()
	for {
		line := c.response()
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			return untagged, rest
		}
		untagged = append(untagged, line)
	}
}

// response reads one response: a line, and as long as it ends in a literal's head, the literal and the next line.
func (c *Client) response() string {
	c.tb.Helper()
	line := c.line()
	if _, ok := literalSize(line); !ok {
		return line
	}
	var b strings.Builder
	for {
		b.WriteString(line)
		size, ok := literalSize(line)
		if !ok {
			return b.String()
		}
		b.WriteString("\r\n")
		c.literal(&b, size)
		line = c.line()
	}
}

func (c *Client) literal(b *strings.Builder, size int64) {
	c.tb.Helper()
	if _, err := io.CopyN(b, c.r, size); err != nil {
		c.tb.Fatalf("imaptest client: in a literal of %d bytes: %v", size, err)
	}
}

func (c *Client) line() string {
	c.tb.Helper()
	c.conn.SetDeadline(time.Now().Add(patience))
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.tb.Fatalf("imaptest client: reading (%q so far): %v", line, err)
	}
	return strings.TrimRight(line, "\r\n")
}

// literalSize finds the head of a literal at a line's end: {12}, {12+} and ~{12} (RFC 9051 section 4.3, RFC 3516).
func literalSize(line string) (size int64, ok bool) {
	open := strings.LastIndexByte(line, '{')
	if open < 0 || !strings.HasSuffix(line, "}") {
		return 0, false
	}
	size, err := strconv.ParseInt(strings.TrimSuffix(line[open+1:len(line)-1], "+"), 10, 64)
	return size, err == nil && size >= 0
}
