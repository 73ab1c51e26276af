package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
)

// Open makes a connection and logs in. Errors are *endpoint.Error of the classes Unreachable, Untrusted, LoginRefused, Lost, Throttled,
// Temporary or Protocol, or ctx's error. Nothing of the login is sent before the connection is as protected as Options.Security asks.
func Open(ctx context.Context, o Options) (*Session, error) {
	o = o.withDefaults()
	limited, cancel := context.WithTimeoutCause(ctx, openFactor*o.Timeout, errOpeningTooLong)
	defer cancel()
	s, err := open(limited, &o)
	if err == nil {
		return s, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if limited.Err() != nil {
		err = o.problem(endpoint.Unreachable, "log in", fmt.Errorf("%w (%v)", errOpeningTooLong, openFactor*o.Timeout))
	}
	return nil, err
}

var errOpeningTooLong = errors.New("it took too long until the session was open")

func open(ctx context.Context, o *Options) (*Session, error) {
	raw, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := o.protect(ctx, raw)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	// With STARTTLS the greeting came in clear text, and is forgotten.
	s := &Session{options: *o, conn: newConn(raw, stream, o.Timeout, o.Security != STARTTLS)}
	s.conn.transcribe(o.Transcript, transport(stream)+" to "+o.address())
	s.identity = endpoint.Identity{Host: o.Host, Port: o.Port, Key: keyOf(stream)}
	op := Op{Kind: Login, Words: "log in"}
	if err := s.use(ctx, op, func() error { return s.begin(s.exchange(op)) }); err != nil {
		s.Abandon()
		s.settle()
		return nil, err
	}
	return s, nil
}

func (o *Options) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	raw, err := o.Dial(ctx, "tcp", o.address())
	if err == nil {
		return raw, nil
	}
	e := o.problem(endpoint.Unreachable, "connect to "+o.address(), err)
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		e.Hint = "check the host name"
	} else {
		e.Hint = "check host and port, and whether a firewall is in the way"
	}
	return nil, e
}

func (o *Options) problem(class endpoint.Class, words string, err error) *endpoint.Error {
	return &endpoint.Error{Class: class, Account: o.Account, Op: words, Err: err}
}

// protect makes the stream that everything else goes over. ctx closes raw.
func (o *Options) protect(ctx context.Context, raw net.Conn) (net.Conn, error) {
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	switch o.Security {
	case Plaintext:
		return raw, nil
	case STARTTLS:
		if err := o.startTLS(raw); err != nil {
			return nil, err
		}
		return o.handshake(ctx, raw)
	case TLS:
		return o.handshake(ctx, raw)
	}
	return nil, o.problem(endpoint.Untrusted, "connect", fmt.Errorf("unknown security %q", o.Security))
}

// begin goes from the greeting to the hand-over to go-imap.
func (s *Session) begin(x *Exchange) error {
	if s.options.Security != STARTTLS {
		if err := s.greet(x); err != nil {
			return err
		}
	}
	if s.caps == nil {
		if err := s.capability(x); err != nil {
			return err
		}
	}
	if err := s.logIn(x); err != nil {
		return err
	}
	if s.caps == nil {
		if err := s.capability(x); err != nil {
			return err
		}
	}
	if err := s.introduce(x); err != nil {
		return err
	}
	return s.handOver()
}

// greet reads the greeting. PREAUTH is refused: nobody has checked who we are, so the account would not be the one that was asked for, and
// a man in the middle could send it to keep the password from being asked for (RFC 9051 sections 7.1.4 and 11.1).
func (s *Session) greet(x *Exchange) error {
	r, err := x.read(nil)
	if err != nil {
		return err
	}
	g := parseStatus(r.line())
	switch {
	case g.tag == "*" && g.kind == "OK":
	case g.tag == "*" && g.kind == "BYE":
		return Classify(x.op, s.options.Account, g.kind, g.code, g.text)
	case g.tag == "*" && g.kind == "PREAUTH":
		return s.options.preauthenticated()
	default:
		e := s.problem(x.op, fmt.Errorf("no IMAP server answers there but %q", cut(r.line(), 60)))
		e.Class, e.Hint = endpoint.Protocol, "check the port: 993 with security tls, 143 with starttls"
		return e
	}
	s.identity.Server = cut(g.text, maxServerName)
	s.caps = volunteered(g)
	return nil
}

// volunteered is the list that a server gives without being asked, nil if there is none.
func volunteered(answer status) endpoint.Capabilities {
	if answer.code != "CAPABILITY" {
		return nil
	}
	if listed := readCapabilities(answer.args); isIMAP4(listed) {
		return listed
	}
	return nil
}

func isIMAP4(c endpoint.Capabilities) bool { return c.Has("IMAP4REV1") || c.Has("IMAP4REV2") }

// maxServerName bounds what is kept of a server's name for itself.
const maxServerName = 200

func (o *Options) preauthenticated() error {
	e := o.problem(endpoint.Untrusted, "log in", errors.New("the server greets with PREAUTH: it has logged us in before we said who we are"))
	e.Hint = "nothing was sent; check host and port with the server's administrator"
	return e
}

// maxCapabilities a server lists; more are ignored.
const maxCapabilities = 500

func readCapabilities(list string) endpoint.Capabilities {
	words := strings.Fields(list)
	words = words[:min(len(words), maxCapabilities)]
	return endpoint.NewCapabilities(words...)
}

// capability asks afresh.
func (s *Session) capability(x *Exchange) error {
	var listed endpoint.Capabilities
	err := x.ask(verb("CAPABILITY"), func(r *response) error {
		if _, name := r.untagged(); name == "CAPABILITY" {
			words := strings.Fields(r.line())
			listed = readCapabilities(strings.Join(words[2:], " "))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !isIMAP4(listed) {
		e := s.problem(x.op, errors.New("the server does not speak IMAP4rev1"))
		e.Class = endpoint.Protocol
		return e
	}
	s.caps = listed
	return nil
}

// plainCapability is what go-imap is told of; it gives a connection up over an odd one.
var plainCapability = regexp.MustCompile(`^[A-Z0-9+=._/:&$-]{1,100}$`)

// handOver lends the connection to go-imap. IMAP4rev2 is kept from it: it would then write mailbox names in another way.
func (s *Session) handOver() error {
	hello := "* PREAUTH [CAPABILITY IMAP4rev1"
	for _, c := range s.caps {
		if c != "IMAP4REV1" && c != "IMAP4REV2" && plainCapability.MatchString(c) {
			hello += " " + c
		}
	}
	s.conn.greet(hello + "] handed over\r\n")
	s.client = imapclient.New(lent{s.conn}, nil)
	if err := s.client.WaitGreeting(); err != nil {
		return s.conn.end(fmt.Errorf("go-imap does not take the connection: %w", err))
	}
	return nil
}
