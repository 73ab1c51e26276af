package survey_test

import (
	"testing"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// TestRealServers: what a survey says of the same small account on servers that differ in prefix, delimiter and extensions, and that
// looking at it leaves the messages as new as they were.
//
//	test ──CREATE, APPEND, SUBSCRIBE──▶ server ◀──survey, twice
func TestRealServers(t *testing.T) {
	tests := []struct {
		name      string
		start     func(testing.TB) *imaptest.Server
		prefix    mailbox.Wire
		delimiter string
		sizes     bool         // STATUS=SIZE
		sent      mailbox.Wire // what the server marks \Sent; "" where it marks nothing
		recent    int          // of two appended messages, those that are \Recent
	}{
		{"dovecot below INBOX.", func(tb testing.TB) *imaptest.Server {
			return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", Storage: "maildir", SpecialUse: map[string]string{"Outbox": `\Sent`}})
		}, "INBOX.", ".", true, "INBOX.Outbox", 2},
		{"dovecot", func(tb testing.TB) *imaptest.Server {
			return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: "/", Storage: "sdbox", SpecialUse: map[string]string{"Outbox": `\Sent`}})
		}, "", "/", true, "Outbox", 2},
		{"cyrus", imaptest.Cyrus, "", "/", true, "Sent", 2},
		{"courier", imaptest.Courier, "INBOX.", ".", false, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := tt.start(t)
			user := server.NewUser(t)
			a := login(t, server, user)
			outbox := tt.prefix + "Outbox"
			if _, err := a.Destination().Create(t.Context(), outbox, mailbox.RoleNone); err != nil {
				t.Fatal(err)
			}
			if err := a.Destination().Subscribe(t.Context(), outbox); err != nil {
				t.Fatal(err)
			}
			c := user.Dial(t)
			defer c.Close()
			c.Append(string(outbox), "", "", []byte("Subject: one\r\n\r\n1\r\n"))
			c.Append(string(outbox), `\Seen`, "", []byte("Subject: two\r\n\r\n2\r\n"))
			for range 2 {
				s, err := survey.Take(t.Context(), a.Source(), event.Discard, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				look(t, s, outbox, tt.prefix, tt.delimiter, tt.sizes)
				lookInto(t, s, a.Source(), outbox)
				if m := s.Find(tt.sent); tt.sent != "" && (m == nil || m.Role != mailbox.RoleSent) {
					t.Errorf("%q: %+v", tt.sent, m)
				}
			}
			r, err := a.Source().Examine(t.Context(), outbox)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			fresh := 0
			if err := r.Scan(t.Context(), r.State().Everything(), func(m mailbox.Message) error {
				for _, f := range m.Flags {
					if f.Equal(mailbox.Recent) {
						fresh++
					}
				}
				return nil
			}); err != nil || fresh != tt.recent {
				t.Errorf("%d messages are still recent, want %d (%v)", fresh, tt.recent, err)
			}
		})
	}
}

func look(t *testing.T, s *survey.Survey, outbox, prefix mailbox.Wire, delimiter string, sizes bool) {
	t.Helper()
	if p := s.Namespaces.Personal[0]; p.Prefix != prefix || p.Delimiter != delimiter || s.Derived {
		t.Errorf("%+v", s.Namespaces)
	}
	m := s.Find(outbox)
	if m == nil || !m.Subscribed || m.Status == nil || m.Status.UIDValidity == 0 || m.Status.UIDNext != 3 {
		t.Fatalf("%+v", m)
	}
	messages, bytes := survey.Counts(*m)
	if messages != 2 || sizes && bytes < 30 || !sizes && bytes != -1 {
		t.Errorf("%d messages, %d bytes", messages, bytes)
	}
	if in := s.Find("INBOX"); in == nil || in.Role != mailbox.RoleInbox {
		t.Errorf("INBOX: %+v", in)
	}
}

// lookInto holds a scan to what was appended: one message of two is seen.
func lookInto(t *testing.T, s *survey.Survey, f endpoint.Fetcher, outbox mailbox.Wire) {
	t.Helper()
	q := survey.Question{Mailboxes: []survey.Asked{{Wire: outbox, Limit: 18}, {Wire: "INBOX", Limit: -1}}, Workers: 2, Patience: endpoint.DefaultPatience}
	if err := s.Scan(t.Context(), f, q, event.Discard, time.Now); err != nil {
		t.Fatal(err)
	}
	c := s.Contents[outbox]
	if !c.Complete() || c.Messages != 2 || c.Unseen != 1 || c.Bytes < 30 || c.TooLarge != 2 || c.OddDates != 0 || c.Newest.Before(c.Oldest) || c.Newest.IsZero() {
		t.Errorf("%+v", c)
	}
	if in := s.Contents["INBOX"]; !in.Complete() || in.Messages != 0 {
		t.Errorf("INBOX: %+v", in)
	}
	if err := s.Time(t.Context(), f, time.Now); err != nil || s.RoundTrip <= 0 {
		t.Errorf("%v, %v", s.RoundTrip, err)
	}
}

func login(t testing.TB, server *imaptest.Server, user imaptest.Account) *imap.Account {
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
