package demo_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/demo"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

// The demo ends well only if every message of its scene can be read and appended: this carries all of them, without the program's rules,
// from one server to the other by endpoint/imap as migration.yaml says, and compares what arrived.
func TestEveryMessageOfTheSceneCanBeCarried(t *testing.T) {
	s, err := demo.Prepare(filepath.Join(t.TempDir(), "demo"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := config.Load(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	source, destination := configured(t, c.Source).Source(), configured(t, c.Destination).Destination()
	listed, err := source.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	carried := 0
	for i, m := range listed {
		if !m.Selectable {
			continue
		}
		name := mailbox.Name{fmt.Sprintf("carried %d", i)}
		batch := read(t, source, m.Wire)
		write(t, destination, mailbox.Wire(name[0]), batch)
		want, err := s.SourceAccount.Messages(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.DestinationAccount.Messages(name)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, m.Name, got, want)
		carried += len(got)
	}
	if carried < 300 {
		t.Errorf("only %d messages", carried)
	}
}

func compare(t *testing.T, n mailbox.Name, got, want []demo.Mail) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%q: %d messages arrived, %d left", n, len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i].Content, want[i].Content) || !got[i].InternalDate.Equal(want[i].InternalDate) || !mailbox.SameFlags(got[i].Flags, want[i].Flags) {
			t.Errorf("%q UID %d arrived as %s %q %.80q, left as %s %q %.80q", n, want[i].UID,
				got[i].InternalDate, got[i].Flags, got[i].Content, want[i].InternalDate, want[i].Flags, want[i].Content)
		}
	}
}

// held is a message in memory.
type held []byte

func (h held) Size() int64       { return int64(len(h)) }
func (h held) Reader() io.Reader { return bytes.NewReader(h) }

func read(t *testing.T, from endpoint.Fetcher, w mailbox.Wire) []endpoint.Outgoing {
	t.Helper()
	r, err := from.Examine(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	flags := make(map[mailbox.UID]mailbox.Message)
	if err := r.Scan(t.Context(), r.State().Everything(), func(m mailbox.Message) error {
		flags[m.UID] = m
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var batch []endpoint.Outgoing
	if err := r.Fetch(t.Context(), r.State().Everything(), func(b endpoint.Body) error {
		content, err := io.ReadAll(b.Content)
		m := flags[b.UID]
		batch = append(batch, endpoint.Outgoing{Flags: m.Flags, InternalDate: m.InternalDate, Content: held(content)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return batch
}

func write(t *testing.T, to endpoint.Appender, w mailbox.Wire, batch []endpoint.Outgoing) {
	t.Helper()
	if _, err := to.Create(t.Context(), w, mailbox.RoleNone); err != nil {
		t.Fatal(err)
	}
	target, err := to.Target(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	placed, err := target.Append(t.Context(), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range placed {
		if p.Verdict != endpoint.Stored || p.UID != mailbox.UID(i+1) {
			t.Errorf("message %d of %q: %+v", i, w, p)
		}
	}
}

// configured logs in with what the configuration and its files say.
func configured(t *testing.T, a config.Account) *imap.Account {
	t.Helper()
	authority, err := os.ReadFile(a.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) || a.Security != config.TLS {
		t.Fatalf("%s: security %s, authority %q", a, a.Security, authority)
	}
	secret, err := os.ReadFile(a.Auth.Password.File)
	if err != nil {
		t.Fatal(err)
	}
	return login(t, a.Host, a.Port, roots, a.User, strings.TrimSuffix(string(secret), "\n"))
}

func login(t *testing.T, host string, port int, roots *x509.CertPool, user, password string) *imap.Account {
	t.Helper()
	a, err := imap.Open(t.Context(), imap.Options{Connections: 4, Options: wire.Options{
		Host: host, Port: port, Security: wire.TLS, TLS: &tls.Config{RootCAs: roots}, Timeout: 30 * time.Second, Account: user,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("auto", user, auth.NewSecret(password), auth.Server{Host: host}, caps, encrypted)
		},
	}})
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
