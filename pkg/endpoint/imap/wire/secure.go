package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
)

// startTLS is the whole talk in clear text: greeting, CAPABILITY, STARTTLS (RFC 9051 section 6.2.1). Nothing that is said here is kept.
// Any answer but the exact OK, and any byte behind it, ends it: that could be somebody in between.
func (o *Options) startTLS(raw net.Conn) error {
	c := &clearText{options: o, conn: raw, in: bufio.NewReaderSize(raw, maxClearLine)}
	if err := c.greeting(); err != nil {
		return err
	}
	if !c.listed.Has("STARTTLS") {
		if err := c.command("C1", "CAPABILITY"); err != nil {
			return err
		}
	}
	if !c.listed.Has("STARTTLS") {
		return c.untrusted("the server does not offer STARTTLS")
	}
	if err := c.command("C2", "STARTTLS"); err != nil {
		return err
	}
	if c.in.Buffered() > 0 {
		return c.untrusted("the server, or somebody in between, sent more in clear text behind its consent to STARTTLS")
	}
	return raw.SetDeadline(time.Time{})
}

const (
	maxClearLine  = 64 << 10
	maxClearLines = 100
)

// clearText is a connection before TLS.
type clearText struct {
	options *Options
	conn    net.Conn
	in      *bufio.Reader
	listed  endpoint.Capabilities
}

func (c *clearText) untrusted(what string) *endpoint.Error {
	e := c.options.problem(endpoint.Untrusted, "start TLS", errors.New(what))
	e.Hint = "nothing of the login was sent; use security tls, on port 993 as a rule, or ask the server's administrator"
	return e
}

func (c *clearText) greeting() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	g := parseStatus(line)
	switch {
	case g.tag == "*" && g.kind == "OK":
		if g.code == "CAPABILITY" {
			c.listed = readCapabilities(g.args)
		}
		return nil
	case g.tag == "*" && g.kind == "BYE":
		return Classify(Op{Words: "start TLS"}, c.options.Account, g.kind, g.code, g.text)
	case g.tag == "*" && g.kind == "PREAUTH":
		return c.options.preauthenticated()
	}
	e := c.untrusted(fmt.Sprintf("no IMAP server answers there but %q", cut(line, 60)))
	e.Hint = "check the port: 143 with security starttls, 993 with tls"
	return e
}

// command sends one and reads to its answer, which has to be OK.
func (c *clearText) command(tag, text string) error {
	if _, err := io.WriteString(c.conn, tag+" "+text+"\r\n"); err != nil {
		return c.failed(err)
	}
	for range maxClearLines {
		line, err := c.line()
		if err != nil {
			return err
		}
		s := parseStatus(line)
		switch {
		case s.tag == tag && s.kind == "OK":
			return nil
		case s.tag == tag:
			e := c.untrusted("")
			e.Op, e.Err, e.Code, e.Text = "start TLS: "+text, nil, s.code, strings.TrimSpace(s.kind+" "+s.text)
			return e
		case s.kind == "BYE":
			return Classify(Op{Words: "start TLS"}, c.options.Account, s.kind, s.code, s.text)
		case s.tag != "*":
			return c.untrusted(fmt.Sprintf("the server sent %q instead of an answer to %s", cut(line, 60), text))
		case strings.HasPrefix(strings.ToUpper(line), "* CAPABILITY "):
			c.listed = readCapabilities(line[len("* CAPABILITY "):])
		}
	}
	return c.untrusted("the server talks without answering " + text)
}

// line reads one line; each may take as long as the timeout.
func (c *clearText) line() (string, error) {
	_ = c.conn.SetDeadline(time.Now().Add(c.options.Timeout))
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", c.untrusted("the server sent an endless line")
	}
	if err != nil {
		return "", c.failed(err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func (c *clearText) failed(err error) error {
	e := c.options.problem(endpoint.Lost, "start TLS", readFailure(err))
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		e.Err = fmt.Errorf("the server was silent for %v", c.options.Timeout)
		e.Hint = "check the port: 143 with security starttls, 993 with tls"
	}
	return e
}

// handshake makes TLS over raw and verifies the server.
func (o *Options) handshake(ctx context.Context, raw net.Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	config := o.tlsConfig()
	stream := tls.Client(raw, config)
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, o.explainTLS(config.ServerName, err)
	}
	return stream, nil
}

// explainTLS says what is wrong with the server's TLS in words of its own for each case, and what can be done about it.
func (o *Options) explainTLS(name string, err error) error {
	e := o.problem(endpoint.Untrusted, "make TLS with "+o.address(), err)
	e.Hint = "nothing of the login was sent"
	if hint, what := o.explainPin(err); what != nil {
		e.Err, e.Hint = what, hint
		return e
	}
	if expired, ok := errors.AsType[x509.CertificateInvalidError](err); ok && expired.Reason == x509.Expired {
		return explainDates(e, expired)
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok {
		e.Err = fmt.Errorf("the certificate is for %q, not for %q", namesOf(other.Certificate), name)
		e.Hint = "if it is the right server, set server_name to the name in the certificate"
		return e
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		e.Err = errors.New("the certificate is signed by an authority that is not known here")
		if unknown.Cert != nil {
			e.Err = fmt.Errorf("the certificate is signed by an authority that is not known here (%q)", cut(unknown.Cert.Issuer.String(), maxServerName))
		}
		e.Hint = "if it is the right server, give the authority's certificate as ca_file"
		return e
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		e.Err = errors.New("the server does not speak TLS on this port")
		e.Hint = "nothing of the login was sent; check the port: 993 with security tls, 143 with starttls"
		return e
	}
	return o.explainBroken(e, err)
}

// explainBroken is for handshakes that did not fail over a certificate.
func (o *Options) explainBroken(e *endpoint.Error, err error) error {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		e.Class, e.Err = endpoint.Unreachable, fmt.Errorf("the server did not finish within %v", o.Timeout)
		e.Hint = "check the port: 993 with security tls, 143 with starttls"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Class, e.Err = endpoint.Lost, errServerClosed
	case !isAlert(err) && isNet:
		e.Class = endpoint.Lost
	case isAlert(err):
		e.Hint = "nothing of the login was sent; TLS 1.2 or better is needed"
	}
	return e
}

// isAlert reports whether one side has given TLS up by its own rules, as with no version or cipher in common.
func isAlert(err error) bool {
	_, alert := errors.AsType[tls.AlertError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	return alert || (isOp && op.Op == "remote error")
}

func explainDates(e *endpoint.Error, invalid x509.CertificateInvalidError) error {
	const form = "2006-01-02 15:04 MST"
	until, from := invalid.Cert.NotAfter.UTC().Format(form), invalid.Cert.NotBefore.UTC().Format(form)
	e.Err = fmt.Errorf("the certificate is valid from %s to %s only", from, until)
	e.Hint = "have it renewed on the server, or check this machine's clock; a certificate out of its time cannot be trusted by ca_file either"
	return e
}

// namesOf lists for whom a certificate was made.
func namesOf(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName + " (in the common name only, which no longer counts)"}
	}
	return cut(strings.Join(names, ", "), maxServerName)
}
