package trial_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/trial"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// TestRealServers: each server's own ways show, and afterwards the account is as it was.
//
//	test ──CREATE, APPEND, FETCH, DELETE──▶ server
func TestRealServers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		start   func(testing.TB) *imaptest.Server
		prefix  mailbox.Wire
		changed []string // beginnings of what is tried and does not come back as it was
	}{
		{"dovecot", func(tb testing.TB) *imaptest.Server {
			return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: "/", Storage: "sdbox", NoFsync: true})
		}, "", []string{"a line that ends"}},
		{"cyrus", imaptest.Cyrus, "", []string{"a line that ends", "a date before"}},
		{"courier", imaptest.Courier, "INBOX.", []string{"a line that ends", "no newline", "a date before"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := tt.start(t)
			user := server.NewUser(t)
			a := login(t, server, user)
			before := list(t, a)
			r, err := trial.Run(t.Context(), a.Trial(), tt.prefix, rand.Reader)
			if err != nil || r.Stays != "" {
				t.Fatalf("%v, %+v", err, r)
			}
			for _, m := range r.Messages {
				t.Logf("%+v", m)
				odd := slices.ContainsFunc(tt.changed, func(what string) bool { return strings.HasPrefix(m.What, what) })
				if m.Kept() == odd {
					t.Errorf("%s: kept %t", m.What, m.Kept())
				}
				if m.Missing {
					t.Errorf("%s: it was taken and is not there", m.What)
				}
			}
			if m := r.Messages[0]; !m.Kept() || m.Placed != a.Source().Capabilities().Has("UIDPLUS") {
				t.Errorf("%+v", m)
			}
			if after := list(t, a); after != before {
				t.Errorf("the account has %s, had %s", after, before)
			}
		})
	}
}

func list(t *testing.T, a *imap.Account) string {
	t.Helper()
	all, err := a.Source().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range all {
		names = append(names, string(m.Wire))
	}
	return strings.Join(names, " ")
}

func login(t *testing.T, server *imaptest.Server, user imaptest.Account) *imap.Account {
	t.Helper()
	a, err := imap.Open(t.Context(), imap.Options{Connections: 2, Options: wire.Options{
		Host: server.Host, Port: server.TLSPort, Security: wire.TLS, TLS: imaptest.ClientTLS("localhost"), Timeout: 30 * time.Second, Account: user.User + " at " + server.Host,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("auto", user.User, auth.NewSecret(user.Password), auth.Server{Host: server.Host}, caps, encrypted)
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}
