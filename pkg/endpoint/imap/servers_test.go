package imap_test

import (
	"bytes"
	"testing"
	"time"

	"go.uber.org/goleak"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/endpointtest"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// dovecotA and dovecotB are the two Dovecots of the speed tables: Maildir++ below "INBOX.", and sdbox without a prefix.
func dovecotA(tb testing.TB) *imaptest.Server {
	return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", Storage: "maildir"})
}

func dovecotB(tb testing.TB) *imaptest.Server {
	return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: "/", Storage: "sdbox"})
}

// options reach an account over TLS.
func options(a imaptest.Account) imap.Options {
	return imap.Options{Connections: 4, Options: wire.Options{
		Host: a.Server.Host, Port: a.Server.TLSPort, Security: wire.TLS, TLS: imaptest.ClientTLS("localhost"), Timeout: 30 * time.Second,
		Account: a.User + " at " + a.Server.Host, Login: login(a.User, a.Password),
	}}
}

func login(user, password string) func(endpoint.Capabilities, bool) (auth.Login, error) {
	return func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
		return auth.Choose("auto", user, auth.NewSecret(password), auth.Server{Host: "127.0.0.1"}, caps, encrypted)
	}
}

// open logs in; the account is closed with the test, and then nothing of it may still run.
func open(t *testing.T, o imap.Options) *imap.Account {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if err := goleak.Find(before); err != nil {
			t.Errorf("after the account was closed: %v", err)
		}
	})
	a, err := imap.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return a
}

// factory makes accounts on a real server.
func factory(s *imaptest.Server, facts endpointtest.Facts) endpointtest.Factory {
	return endpointtest.Factory{Facts: facts, Open: func(t *testing.T) endpointtest.Account {
		user := s.NewUser(t)
		a := open(t, options(user))
		return endpointtest.Account{
			Fetcher: a.Source(), Appender: a.Destination(), Expunger: a.Removal(), Flagger: a.Flags(), Unmaker: a.Unmaking(),
			Deliver: func(tb testing.TB, w mailbox.Wire, content []byte) {
				c := user.Dial(tb)
				defer c.Close()
				if answer := c.Append(string(w), "", "", content); answer[:2] != "OK" {
					tb.Fatalf("delivering: %s", answer)
				}
			},
		}
	}}
}

// crlf is what servers make of bare line feeds.
func crlf(content []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// headerOf is everything before the first empty line.
func headerOf(content []byte) []byte {
	if i := bytes.Index(content, []byte("\r\n\r\n")); i >= 0 {
		return content[:i+2]
	}
	return content
}
