package imaptest

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// realServers are all of them, each as its own does.
var realServers = map[string]func(testing.TB) *Server{
	"dovecot":       func(tb testing.TB) *Server { return Dovecot(tb, DovecotOptions{}) },
	"dovecot sdbox": func(tb testing.TB) *Server { return Dovecot(tb, DovecotOptions{Storage: "sdbox", NoFsync: true}) },
	"cyrus":         Cyrus,
	"courier":       Courier,
}

func onEach(t *testing.T, test func(t *testing.T, s *Server)) {
	for name, get := range realServers {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			s := get(t)
			t.Logf("there after %v", time.Since(began).Round(time.Millisecond))
			test(t, s)
		})
	}
}

func TestAccountIsFreshAndEmpty(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		began := time.Now()
		a, b := s.NewUser(t), s.NewUser(t)
		t.Logf("two accounts after %v", time.Since(began).Round(10*time.Microsecond))
		if a.User == b.User {
			t.Errorf("two accounts, both %s", a.User)
		}
		began = time.Now()
		c := a.Dial(t)
		t.Logf("logged in after %v", time.Since(began).Round(time.Millisecond))
		if got := c.FetchAll("INBOX"); len(got) != 0 {
			t.Errorf("a fresh INBOX holds %v", got)
		}
	})
}

func TestLoginOverEachTransport(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		account := s.NewUser(t)
		account.Dial(t)

		c := DialAddr(t, s.Addr())
		c.StartTLS()
		c.Login(account.User, account.Password)

		c = s.DialTLS(t)
		c.Login(account.User, account.Password)
		if c.MustCmd("NOOP"); !strings.HasPrefix(c.Greeting, "* OK") {
			t.Errorf("greeting %q", c.Greeting)
		}
	})
}

func TestWrongPasswordIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		t.Parallel() // Courier takes 5 s to say so
		account := s.NewUser(t)
		c := DialAddr(t, s.Addr())
		if _, tagged := c.Cmd("LOGIN " + account.User + " wrong"); !strings.HasPrefix(tagged, "NO") {
			t.Errorf("LOGIN with a wrong password: %s", tagged)
		}
	})
}

func TestChosenNameIsOneAccount(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		s.User(t, "alice").Dial(t).Append("INBOX", "", "", []byte(mail(1)))
		if n := len(s.User(t, "alice").Dial(t).FetchAll("INBOX")); n == 0 {
			t.Error("alice's message is gone")
		}
	})
}

// mail is a small message that every server takes as it is.
func mail(n int) string {
	return fmt.Sprintf("From: a@example.org\r\nSubject: message %d\r\nMessage-ID: <%d@example.org>\r\n\r\nbody (1) {3}\r\n%d\r\n", n, n, n)
}

func TestAppendComesBack(t *testing.T) {
	date := time.Date(2001, 2, 3, 4, 5, 6, 0, time.FixedZone("", 5400))
	onEach(t, func(t *testing.T, s *Server) {
		c := s.NewUser(t).Dial(t)
		if tagged := c.Append("INBOX", `\Seen \Flagged work`, date.Format(internalDate), []byte(mail(1))); !strings.HasPrefix(tagged, "OK") {
			t.Fatalf("APPEND: %s", tagged)
		}
		got := c.FetchAll("INBOX")
		if len(got) != 1 {
			t.Fatalf("%d messages", len(got))
		}
		m := got[0]
		if m.UID == 0 || !m.Date.Equal(date) || string(m.Body) != mail(1) || m.Size != int64(len(m.Body)) {
			t.Errorf("got %+v", m)
		}
		for _, flag := range []string{`\Seen`, `\Flagged`, "work"} {
			if !slices.Contains(m.Flags, flag) {
				t.Errorf("flags %v, want %s among them", m.Flags, flag)
			}
		}
	})
}

func TestAppendToMissingMailboxIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		c := s.NewUser(t).Dial(t)
		if tagged := c.Append("INBOX.Missing", "", "", []byte(mail(1))); !strings.HasPrefix(tagged, "NO") {
			t.Errorf("APPEND: %s", tagged)
		}
		c.MustCmd("NOOP")
	})
}

func TestFillKeepsOrderFlagsAndDates(t *testing.T) {
	var want []RawMessage
	for i := range 60 {
		want = append(want, RawMessage{
			Flags: []string{`\Answered`, `\Recent`},
			Date:  time.Date(2010, 1, 1+i, 0, 0, 0, 0, time.UTC),
			Body:  []byte(mail(i)),
		})
	}
	onEach(t, func(t *testing.T, s *Server) {
		c := s.NewUser(t).Dial(t)
		c.Fill("INBOX", want)
		got := c.FetchAll("INBOX")
		if len(got) != len(want) {
			t.Fatalf("%d messages, want %d", len(got), len(want))
		}
		for i := range want {
			if string(got[i].Body) != string(want[i].Body) || !got[i].Date.Equal(want[i].Date) || !slices.Contains(got[i].Flags, `\Answered`) {
				t.Errorf("message %d is %+v", i, got[i])
			}
		}
	})
}

func TestManyConnectionsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		account := s.NewUser(t)
		account.Dial(t).MustCmd("EXAMINE INBOX") // makes it: Dovecot refuses others that come in that moment
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() { account.Dial(t).MustCmd("EXAMINE INBOX") })
		}
		all.Wait()
	})
}

func TestCertificateIsFromTheAuthority(t *testing.T) {
	onEach(t, func(t *testing.T, s *Server) {
		for _, name := range []string{"localhost", "127.0.0.1"} {
			conn, err := tls.Dial("tcp", s.TLSAddr(), ClientTLS(name))
			if err != nil {
				t.Errorf("as %s: %v", name, err)
				continue
			}
			conn.Close()
		}
		if _, err := tls.Dial("tcp", s.TLSAddr(), ClientTLS("imap.example.org")); err == nil {
			t.Error("it passes for imap.example.org")
		}
	})
}
