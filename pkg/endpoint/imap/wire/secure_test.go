package wire

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
)

// authority signs certificates for a test.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.key, a.cert = a.sign(t, template)
	return a
}

func (a *authority) sign(t testing.TB, template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// server is a server's side with a certificate for name that ends at that time.
func (a *authority) server(t testing.TB, name string, until time.Time) *tls.Config {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{name},
	}
	if cn, legacy := strings.CutPrefix(name, "cn:"); legacy {
		template.DNSNames, template.Subject.CommonName = nil, cn
	}
	key, cert := a.sign(t, template)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
}

func (a *authority) client() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool}
}

// listening gives options for a server on a loopback port that does this with each connection.
func listening(t testing.TB, security string, serve func(net.Conn)) Options {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return Options{
		Host: "localhost", Port: l.Addr().(*net.TCPAddr).Port, Security: security, Timeout: 10 * time.Second, Login: passwordLogin,
		Account: "alice at localhost",
	}
}

// tlsPeer serves a dialogue inside TLS.
func tlsPeer(t testing.TB, config *tls.Config, dialogue string) func(net.Conn) {
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() != nil {
			return // the client's side of it is the test
		}
		p := &peer{t: t, conn: s, in: bufio.NewReader(s)}
		if p.play(dialogue) {
			p.farewell()
		}
	}
}

func TestOpenTLS(t *testing.T) {
	a := newAuthority(t)
	o := listening(t, TLS, tlsPeer(t, a.server(t, "localhost", time.Now().Add(time.Hour)), loggedIn("")))
	o.TLS = a.client()
	o.Login = func(_ endpoint.Capabilities, encrypted bool) (auth.Login, error) {
		if !encrypted {
			t.Error("not encrypted")
		}
		return passwordLogin(nil, true)
	}
	s := opened(t, o)
	if len(s.Identity().Key) != 64 {
		t.Errorf("key %q", s.Identity().Key)
	}
}

func TestOpenNeverTrustsWhatIsNotVerified(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	tomorrow, yesterday := time.Now().Add(time.Hour), time.Now().Add(-24*time.Hour)
	old := a.server(t, "localhost", tomorrow)
	old.MaxVersion = tls.VersionTLS11
	for name, c := range map[string]struct {
		server *tls.Config
		client *tls.Config
		words  string
		hint   string
	}{
		"unknown authority": {stranger.server(t, "localhost", tomorrow), a.client(), "authority that is not known", "ca_file"},
		"expired":           {a.server(t, "localhost", yesterday), a.client(), "valid from", "clock"},
		"other host":        {a.server(t, "imap.other.example", tomorrow), a.client(), "for \"imap.other.example\", not for \"localhost\"", "server_name"},
		"common name":       {a.server(t, "cn:localhost", tomorrow), a.client(), "no longer counts", "server_name"},
		"told not to verify": {stranger.server(t, "localhost", tomorrow), &tls.Config{InsecureSkipVerify: true, RootCAs: a.client().RootCAs},
			"authority that is not known", "ca_file"},
		"old TLS": {old, &tls.Config{MinVersion: tls.VersionTLS10, RootCAs: a.client().RootCAs}, "protocol version", "1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			o := listening(t, TLS, tlsPeer(t, c.server, "S: * OK hi\nS..."))
			o.TLS = c.client
			e := fails(t, o)
			if e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), c.words) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("class %v: %v", e.Class, e)
			}
		})
	}
}

func TestOpenTakesServerName(t *testing.T) {
	a := newAuthority(t)
	o := listening(t, TLS, tlsPeer(t, a.server(t, "imap.other.example", time.Now().Add(time.Hour)), loggedIn("")))
	o.TLS = a.client()
	o.TLS.ServerName = "imap.other.example"
	opened(t, o)
}

func TestOpenTLSOnAPlainPort(t *testing.T) {
	o := listening(t, TLS, func(c net.Conn) {
		_, _ = io.WriteString(c, "* OK this is plain text\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	if e := fails(t, o); e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), "does not speak TLS") {
		t.Error(e)
	}
	o = listening(t, TLS, func(net.Conn) {})
	if e := fails(t, o); e.Class != endpoint.Lost {
		t.Error(e)
	}
	o = listening(t, TLS, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	o.Timeout = 300 * time.Millisecond
	if e := fails(t, o); e.Class != endpoint.Unreachable || !strings.Contains(e.Hint, "port") {
		t.Error(e)
	}
}

func TestOpenRefusesPreauthInsideTLS(t *testing.T) {
	a := newAuthority(t)
	o := listening(t, TLS, tlsPeer(t, a.server(t, "localhost", time.Now().Add(time.Hour)), "S: * PREAUTH hi\nS..."))
	o.TLS = a.client()
	if e := fails(t, o); e.Class != endpoint.Untrusted {
		t.Error(e)
	}
}

func TestOpenSTARTTLS(t *testing.T) {
	a := newAuthority(t)
	for name, clear := range map[string]string{
		"in the greeting": "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=CLEARTEXT] hi",
		"asked for":       "S: * OK hi\nC: C1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS AUTH=CLEARTEXT\nS: * OK [ALERT] hm\nS: C1 OK",
	} {
		t.Run(name, func(t *testing.T) {
			o := listening(t, STARTTLS, func(c net.Conn) {
				p := &peer{t: t, conn: c, in: bufio.NewReader(c)}
				if p.play(clear + "\nC: C2 STARTTLS\nS: C2 OK [CAPABILITY IMAP4rev1 AUTH=CLEARTEXT] go") {
					tlsPeer(t, a.server(t, "localhost", time.Now().Add(time.Hour)), strings.TrimPrefix(loggedIn(""), "\n\t\tS: * OK ready\n"))(c)
				}
			})
			o.TLS = a.client()
			o.Login = func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
				if caps.Has("AUTH=CLEARTEXT") || !encrypted {
					t.Errorf("what was said in clear text is believed: %v, %v", caps, encrypted)
				}
				return passwordLogin(caps, encrypted)
			}
			opened(t, o)
		})
	}
}

// Whatever the server does, nothing but CAPABILITY and STARTTLS may leave in clear text.
func TestOpenSTARTTLSSendsNothingInClearText(t *testing.T) {
	const offered = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\n"
	for name, c := range map[string]struct {
		dialogue string
		words    string
	}{
		"not offered":   {"S: * OK hi\nC: C1 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: C1 OK", "does not offer STARTTLS"},
		"preauth":       {"S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi", "PREAUTH"},
		"no":            {offered + "C: C2 STARTTLS\nS: C2 NO not today", "not today"},
		"bad":           {offered + "C: C2 STARTTLS\nS: C2 BAD what", "what"},
		"plus":          {offered + "C: C2 STARTTLS\nS: + go", "instead of an answer"},
		"other tag":     {offered + "C: C2 STARTTLS\nS: C20 OK go", "instead of an answer"},
		"unknown word":  {offered + "C: C2 STARTTLS\nS: C2 FINE go", ""},
		"injected":      {offered + "C: C2 STARTTLS\nS~ C2 OK go␍␊* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] evil␍␊", "behind its consent"},
		"endless line":  {"S~ * OK " + strings.Repeat("x", maxClearLine), "endless line"},
		"endless lines": {offered + "C: C2 STARTTLS\n" + strings.Repeat("S: * OK\n", maxClearLines+1), "without answering"},
		"not imap":      {"S: 220 smtp.example ESMTP", "check the port"},
	} {
		t.Run(name, func(t *testing.T) {
			rest := make(chan string, 1)
			o := listening(t, STARTTLS, func(conn net.Conn) {
				p := &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
				p.play(c.dialogue)
				after, _ := io.ReadAll(p.in)
				rest <- string(after)
			})
			e := fails(t, o)
			if e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), c.words) || e.Hint == "" {
				t.Errorf("class %v: %v", e.Class, e)
			}
			if sent := <-rest; sent != "" {
				t.Errorf("in clear text left %q", sent)
			}
		})
	}
}

func TestOpenSTARTTLSByeAndSilence(t *testing.T) {
	o := converse(t, "S: * BYE Too many connections\nS...")
	o.Security = STARTTLS
	if e := fails(t, o); e.Class != endpoint.Throttled {
		t.Error(e)
	}
	synctest.Test(t, func(t *testing.T) {
		o := converse(t, "S...")
		o.Security = STARTTLS
		if e := fails(t, o); e.Class != endpoint.Lost || !strings.Contains(e.Error(), "silent") || !strings.Contains(e.Hint, "993") {
			t.Error(e)
		}
	})
	synctest.Test(t, func(t *testing.T) { // silence where the handshake should be
		o := converse(t, "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: C2 STARTTLS\nS: C2 OK\nS...")
		o.Security = STARTTLS
		if e := fails(t, o); e.Class != endpoint.Unreachable || !strings.Contains(e.Error(), "within 10s") {
			t.Error(e)
		}
	})
}

func TestOpenKnowsNoOtherSecurity(t *testing.T) {
	o := converse(t, "S...")
	o.Security = ""
	if e := fails(t, o); e.Class != endpoint.Untrusted {
		t.Error(e)
	}
}
