package wire

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
)

// The ways a connection is protected. There is no fallback from one to another.
const (
	TLS       = "tls"       // from the first byte on (RFC 8314)
	STARTTLS  = "starttls"  // demanded before anything of the login is sent
	Plaintext = "plaintext" // none; the configuration has asked for it twice
)

// DefaultTimeout holds where Options.Timeout is 0.
const DefaultTimeout = time.Minute

// openFactor times the timeout is how long it may take to open a session, with all its steps.
const openFactor = 3

// Options says how a session is opened.
type Options struct {
	Host     string
	Port     int
	Security string      // TLS, STARTTLS or Plaintext
	TLS      *tls.Config // RootCAs and ServerName; TLS 1.2 at least and verification are enforced. nil: the system's authorities, Host
	Pin      string      // SHA-256 of the only public key to trust, in hex, instead of authorities, name and dates; "" for none

	// Timeout is how long the server may be silent while an answer is owed, and take nothing while something is sent.
	Timeout time.Duration

	// Login is asked once, with the capabilities before login; encrypted is false on plaintext only.
	Login func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error)

	ID      [][2]string // field and value, in order, sent after login where the server knows ID (RFC 2971)
	Account string      // "alice@old.example at imap.old.example", for errors

	// Transcript gets what is said, redacted; nil is none.
	Transcript *Transcript

	// Dial opens the transport; nil is a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o Options) address() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }

func (o Options) encrypted() bool { return o.Security != Plaintext }

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}
