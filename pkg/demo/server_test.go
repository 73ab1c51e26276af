package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

func TestLogin(t *testing.T) {
	s, _ := start(t, Options{})
	r := rawConn(t, s)
	greeting := r.line()
	for _, c := range []string{"AUTH=PLAIN", "IMAP4rev1"} {
		if !strings.Contains(greeting, c) {
			t.Errorf("greeting lacks %s: %s", c, greeting)
		}
	}
	r.refused(`LOGIN alice@old.example wrong`, "NO [AUTHENTICATIONFAILED]")
	r.refused(`LOGIN nobody ""`, "NO [AUTHENTICATIONFAILED]")
	r.refused(`SELECT INBOX`, "BAD")
	r.refused(`AUTHENTICATE PLAIN AGEAYg==`, "NO [AUTHENTICATIONFAILED]")
	client(t, s, nil)
}

func TestEveryCapabilityOfTheDemoIsListedAfterLogin(t *testing.T) {
	s, _ := start(t, Options{})
	listed := " " + rawClient(t, s).ok("CAPABILITY")[0] + " "
	for _, c := range append(Offered(), "UNSELECT", "ENABLE", "IDLE") {
		if !strings.Contains(listed, " "+c+" ") {
			t.Errorf("%s is not listed: %s", c, listed)
		}
	}
}

func TestOnlyTLSWithOwnCertificate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	s, _ := start(t, Options{CAFile: file})
	if content, err := os.ReadFile(s.CAFile()); err != nil || !s.Roots().Equal(poolOf(t, content)) {
		t.Errorf("CAFile does not hold the authority: %v", err)
	}
	if _, err := tls.Dial("tcp", s.Addr(), &tls.Config{ServerName: s.Host()}); err == nil {
		t.Error("trusted without its authority")
	}
	if _, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: s.Roots(), ServerName: "imap.old.example"}); err == nil {
		t.Error("trusted under another name")
	}
	c, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: s.Roots(), ServerName: "localhost"})
	must(t, err)
	must(t, c.Close())
	plain, err := net.Dial("tcp", s.Addr())
	must(t, err)
	defer plain.Close()
	must(t, plain.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(plain, "a LOGIN x y\r\n")
	must(t, err)
	if answer, _ := io.ReadAll(plain); strings.Contains(string(answer), "*") {
		t.Errorf("answers clear text with %q", answer)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []Options{
		{Delimiter: "::"}, {Delimiter: "é"}, {Delimiter: "\t"}, {Prefix: "INBOX."}, {Without: []string{"IMAP4rev1"}}, {Without: []string{"uidplus"}},
		{CAFile: filepath.Join(t.TempDir(), "missing", "ca.pem")},
	} {
		if s, err := StartServer(o); err == nil {
			s.Close()
			t.Errorf("%+v is taken", o)
		}
	}
	s, _ := start(t, Options{})
	if _, err := s.AddUser(user, "again"); err == nil {
		t.Error("a user can be added twice")
	}
}

// Nothing waits for the clients: one idles, one is in the middle of a literal, one has not even said hello.
func TestCloseEndsEveryConnection(t *testing.T) {
	s, _ := start(t, Options{})
	idle := rawClient(t, s)
	idle.ok("SELECT INBOX")
	idle.send("i IDLE\r\n")
	idle.line()
	half := rawClient(t, s)
	half.send("h APPEND INBOX {100000+}\r\nabc")
	silent, err := net.Dial("tcp", s.Addr())
	must(t, err)
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 2)
	go func() { done <- errors.Join(s.Close(), s.Close()) }()
	select {
	case err := <-done:
		must(t, err)
	case <-ctx.Done():
		t.Fatal("Close hangs")
	}
	for _, r := range []*raw{idle, half} {
		if _, err := r.in.ReadByte(); err == nil {
			t.Error("a connection is still served")
		}
	}
	if c, err := net.Dial("tcp", s.Addr()); err == nil {
		c.Close()
		t.Error("still listening")
	}
}

func TestTwoServersAreStrangers(t *testing.T) {
	s1, a1 := start(t, Options{})
	s2, a2 := start(t, Options{})
	put(t, a1, inbox, "x")
	if got := uidsOf(t, a2, inbox); len(got) != 0 {
		t.Error("the servers share mail")
	}
	if _, err := imapclient.DialTLS(s1.Addr(), &imapclient.Options{TLSConfig: &tls.Config{RootCAs: s2.Roots(), ServerName: s1.Host()}}); err == nil {
		t.Error("the servers share a certificate")
	}
	_, err := client(t, s2, nil).Select("nothing", nil).Wait()
	wantRefused(t, err, imap.StatusResponseTypeNo, imap.ResponseCodeNonExistent)
}
