package wire

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
)

func pinOf(t *testing.T, server *tls.Config) string {
	t.Helper()
	c, err := x509.ParseCertificate(server.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return keyHash(c)
}

// A pinned key is trusted whoever signed it, for whatever name and time, and nothing else is.
func TestPinnedKey(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	tomorrow := time.Now().Add(time.Hour)
	for name, server := range map[string]*tls.Config{
		"signed by nobody known": stranger.server(t, "localhost", tomorrow),
		"for another name":       stranger.server(t, "imap.other.example", tomorrow),
		"out of date":            stranger.server(t, "localhost", time.Now().Add(-time.Hour)),
		"signed by somebody":     a.server(t, "localhost", tomorrow),
	} {
		t.Run(name, func(t *testing.T) {
			o := listening(t, TLS, tlsPeer(t, server, loggedIn("")))
			o.TLS, o.Pin = a.client(), pinOf(t, server)
			if s := opened(t, o); s.Identity().Key != o.Pin {
				t.Errorf("key %s", s.Identity().Key)
			}
		})
	}
	t.Run("another key", func(t *testing.T) {
		server := a.server(t, "localhost", tomorrow) // which would be trusted without a pin
		o := listening(t, TLS, tlsPeer(t, server, "S: * OK hi\nS..."))
		o.TLS, o.Pin = a.client(), strings.Repeat("ab", 32)
		e := fails(t, o)
		if e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), pinOf(t, server)) || !strings.Contains(e.Error(), o.Pin) || !strings.Contains(e.Hint, "replaced") {
			t.Error(e)
		}
	})
	t.Run("the key without the certificate's secret", func(t *testing.T) {
		stolen, own := a.server(t, "localhost", tomorrow), stranger.server(t, "localhost", tomorrow)
		pin := pinOf(t, stolen)
		stolen.Certificates[0].PrivateKey = own.Certificates[0].PrivateKey
		o := listening(t, TLS, tlsPeer(t, stolen, "S: * OK hi\nS..."))
		o.TLS, o.Pin = a.client(), pin
		if e := fails(t, o); e.Class != endpoint.Untrusted && e.Class != endpoint.Lost {
			t.Error(e)
		}
	})
	t.Run("old TLS", func(t *testing.T) {
		old := a.server(t, "localhost", tomorrow)
		old.MaxVersion = tls.VersionTLS11
		o := listening(t, TLS, tlsPeer(t, old, "S: * OK hi\nS..."))
		o.TLS, o.Pin = a.client(), pinOf(t, old)
		if e := fails(t, o); e.Class != endpoint.Untrusted || !strings.Contains(e.Hint, "1.2") {
			t.Error(e)
		}
	})
	t.Run("behind STARTTLS", func(t *testing.T) {
		server := stranger.server(t, "localhost", tomorrow)
		o := listening(t, STARTTLS, func(c net.Conn) {
			p := &peer{t: t, conn: c, in: bufio.NewReader(c)}
			if p.play(startTLSOffered + "C: C2 STARTTLS\nS: C2 OK go") {
				tlsPeer(t, server, strings.TrimPrefix(loggedIn(""), "\n\t\tS: * OK ready\n"))(c)
			}
		})
		o.TLS, o.Pin = a.client(), pinOf(t, server)
		opened(t, o)
		o.Pin = strings.Repeat("00", 32)
		if e := fails(t, o); e.Class != endpoint.Untrusted {
			t.Error(e)
		}
	})
}

// The handshake names the host, and says that IMAP is what will be spoken.
func TestHandshakeSaysWhoAndWhat(t *testing.T) {
	a := newAuthority(t)
	hello := make(chan tls.ClientHelloInfo, 1)
	server := a.server(t, "localhost", time.Now().Add(time.Hour))
	server.NextProtos = []string{"h2", "imap"}
	server.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { hello <- *h; return nil, nil }
	o := listening(t, TLS, tlsPeer(t, server, loggedIn("")))
	o.TLS = a.client()
	opened(t, o)
	h := <-hello
	if h.ServerName != "localhost" || len(h.SupportedProtos) != 1 || h.SupportedProtos[0] != "imap" {
		t.Errorf("SNI %q, ALPN %q", h.ServerName, h.SupportedProtos)
	}
	for _, version := range h.SupportedVersions {
		if version < tls.VersionTLS12 && version&0x0f0f != 0x0a0a { // GREASE, RFC 8701
			t.Errorf("TLS version %#x is offered", version)
		}
	}
}

// A server that knows ALPN and speaks something else refuses, as RFC 7301 wants it, and we say so; one that does not know ALPN is fine.
func TestServerOfAnotherProtocol(t *testing.T) {
	a := newAuthority(t)
	web := a.server(t, "localhost", time.Now().Add(time.Hour))
	web.NextProtos = []string{"h2", "http/1.1"}
	o := listening(t, TLS, tlsPeer(t, web, "S: * OK hi\nS..."))
	o.TLS = a.client()
	if e := fails(t, o); e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), "does not speak IMAP on this port") {
		t.Error(e)
	}
}
