package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"testing"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// within bounds a test's waiting.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// text is a message's content in memory.
type text string

func (c text) Size() int64       { return int64(len(c)) }
func (c text) Reader() io.Reader { return bytes.NewReader([]byte(c)) }

func outgoing(content string, flags ...mailbox.Flag) endpoint.Outgoing {
	return endpoint.Outgoing{Flags: flags, Content: text(content)}
}

// account are the options for an account on a real server.
func account(a imaptest.Account, security, mechanism string) Options {
	s := a.Server
	o := Options{
		Host: s.Host, Port: s.Port, Security: security, Timeout: 20 * time.Second, Account: a.User + " at " + s.Host,
		TLS: &tls.Config{RootCAs: imaptest.ClientTLS("").RootCAs},
		ID:  [][2]string{{"name", "imapmigrate"}, {"version", "test"}},
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose(mechanism, a.User, auth.NewSecret(a.Password), auth.Server{Host: s.Host, Port: s.Port}, caps, encrypted)
		},
	}
	if security == TLS {
		o.Port = s.TLSPort
	}
	return o
}

// opened is a session that the test closes.
func opened(t testing.TB, o Options) *Session {
	t.Helper()
	s, err := Open(within(t, time.Minute), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// appendTo adds one message.
func appendTo(s *Session, ctx context.Context, w mailbox.Wire, m endpoint.Outgoing) (endpoint.Placed, error) {
	placed, err := s.Append(ctx, w, []endpoint.Outgoing{m}, AppendOptions{})
	return placed[0], err
}
