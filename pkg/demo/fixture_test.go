package demo

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"

	"imapmigrate/pkg/mailbox"
)

// Who talks to whom: go-imap's client and a raw TLS socket, both to the server of this package on a loopback port.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "alice@old.example"
	password = "correct horse \"battery\" \\ staple"
)

var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.FixedZone("", 2*3600))

// start runs a server with one account until the test ends. A panic inside the server, which go-imap only logs, fails the test.
func start(t testing.TB, o Options) (*Server, *Account) {
	t.Helper()
	o.Now = func() time.Time { return noon }
	o.Logf = func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); strings.Contains(line, "panic") {
			t.Error(line)
		}
	}
	s, err := StartServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := s.AddUser(user, password)
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

// client logs go-imap's client in, after the greeting: go-imap may otherwise still be busy with it.
func client(t testing.TB, s *Server, o *imapclient.Options) *imapclient.Client {
	t.Helper()
	if o == nil {
		o = &imapclient.Options{}
	}
	o.TLSConfig = &tls.Config{RootCAs: s.Roots(), ServerName: s.Host()}
	c, err := imapclient.DialTLS(s.Addr(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	must(t, c.WaitGreeting())
	must(t, c.Login(user, password).Wait())
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantRefused checks that err is the server's NO (or BAD) with that code.
func wantRefused(t testing.TB, err error, typ imap.StatusResponseType, code imap.ResponseCode) {
	t.Helper()
	if e, ok := errors.AsType[*imap.Error](err); !ok || e.Type != typ || e.Code != code {
		t.Errorf("got %v, want %s [%s]", err, typ, code)
	}
}

// put stores a small message and gives its UID.
func put(t testing.TB, a *Account, n mailbox.Name, content string, flags ...mailbox.Flag) mailbox.UID {
	t.Helper()
	uid, err := a.Append(n, Mail{mailbox.Message{Flags: flags}, []byte(content)})
	must(t, err)
	return uid
}

var inbox = mailbox.Name{mailbox.Inbox}

func uidsOf(t testing.TB, a *Account, n mailbox.Name) []mailbox.UID {
	t.Helper()
	all, err := a.Messages(n)
	must(t, err)
	uids := []mailbox.UID{}
	for _, m := range all {
		uids = append(uids, m.UID)
	}
	return uids
}

// raw speaks IMAP over a socket, line by line.
type raw struct {
	t    testing.TB
	conn *tls.Conn
	in   *bufio.Reader
	tags int
}

// rawClient connects and logs in.
func rawClient(t testing.TB, s *Server) *raw {
	t.Helper()
	r := rawConn(t, s)
	r.line()
	r.ok(fmt.Sprintf("LOGIN %s %q", user, password))
	return r
}

func rawConn(t testing.TB, s *Server) *raw {
	t.Helper()
	c, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: s.Roots(), ServerName: s.Host()})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.SetDeadline(time.Now().Add(time.Minute)))
	return &raw{t: t, conn: c, in: bufio.NewReader(c)}
}

var announced = regexp.MustCompile(`\{(\d+)\}\r\n$`)

// line reads one response, its literals included, without the CRLF.
func (r *raw) line() string {
	r.t.Helper()
	var all strings.Builder
	for {
		text, err := r.in.ReadString('\n')
		if err != nil {
			r.t.Fatalf("the server hung up after %q: %v", all.String()+text, err)
		}
		all.WriteString(text)
		literal := announced.FindStringSubmatch(text)
		if literal == nil {
			return strings.TrimSuffix(all.String(), "\r\n")
		}
		n, _ := strconv.ParseInt(literal[1], 10, 64)
		if _, err := io.CopyN(&all, r.in, n); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *raw) send(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r.conn, text); err != nil {
		r.t.Fatal(err)
	}
}

// do sends a command and gives the untagged responses and the tagged one without its tag.
func (r *raw) do(command string) (untagged []string, tagged string) {
	r.t.Helper()
	r.tags++
	tag := fmt.Sprintf("t%d", r.tags)
	r.send(tag + " " + command + "\r\n")
	for {
		line := r.line()
		if rest, done := strings.CutPrefix(line, tag+" "); done {
			return untagged, rest
		}
		untagged = append(untagged, line)
	}
}

// ok is do for a command that has to succeed.
func (r *raw) ok(command string) []string {
	r.t.Helper()
	untagged, tagged := r.do(command)
	if !strings.HasPrefix(tagged, "OK") {
		r.t.Fatalf("%.200s: %s", command, tagged)
	}
	return untagged
}

// refused is do for a command that has to fail with an answer that begins like this.
func (r *raw) refused(command, answer string) {
	r.t.Helper()
	if _, tagged := r.do(command); !strings.HasPrefix(tagged, answer) {
		r.t.Errorf("%.200s: got %q, want %q", command, tagged, answer)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func poolOf(t testing.TB, pem []byte) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no PEM certificate")
	}
	return pool
}

func parse(t testing.TB, date string) time.Time {
	t.Helper()
	d, err := time.Parse("_2-Jan-2006 15:04:05 -0700", date)
	must(t, err)
	return d
}

// convert makes flags of texts.
func convert[Flag ~string](texts []string) []Flag {
	var all []Flag
	for _, s := range texts {
		all = append(all, Flag(s))
	}
	return all
}
