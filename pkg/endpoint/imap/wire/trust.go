package wire

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
)

// protocolName is IMAP's in the handshake (RFC 7301, IANA's registry of ALPN protocol IDs). A server of something else, to which somebody
// in between has led us, then refuses to talk instead of taking IMAP for its own language.
const protocolName = "imap"

// tlsConfig never verifies less than it should.
func (o Options) tlsConfig() *tls.Config {
	config := &tls.Config{}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = o.Host
	}
	config.NextProtos = []string{protocolName}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.InsecureSkipVerify = o.Pin != ""
	if o.Pin != "" {
		config.VerifyConnection = o.verifyPin
	}
	return config
}

// pinError is a server with another key than the pinned one.
type pinError struct{ key string }

func (e *pinError) Error() string { return "the server has another key, " + e.key }

// verifyPin stands in for the verification of a certificate: the handshake proves that the server holds the key in it.
func (o Options) verifyPin(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server shows no certificate")
	}
	if key := keyHash(state.PeerCertificates[0]); key != o.Pin {
		return &pinError{key}
	}
	return nil
}

func keyHash(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// keyOf is the hash of the public key that the server has proved to hold.
func keyOf(stream net.Conn) string {
	t, ok := stream.(*tls.Conn)
	if !ok || len(t.ConnectionState().PeerCertificates) == 0 {
		return ""
	}
	return keyHash(t.ConnectionState().PeerCertificates[0])
}

// explainPin gives the words of a handshake that failed over the pin, or over what is spoken; what is nil for all others.
func (o *Options) explainPin(err error) (hint string, what error) {
	if other, is := errors.AsType[*pinError](err); is {
		return "nothing of the login was sent; ask the server's administrator whether the key was replaced, and over another way than this one",
			fmt.Errorf("the server's public key has the SHA-256 %s, and pin_sha256 is %s", other.key, o.Pin)
	}
	// crypto/tls gives a server's alert as a type of its own that has the same words.
	if remote, is := errors.AsType[*net.OpError](err); is && remote.Op == "remote error" && remote.Err.Error() == noApplicationProtocol.Error() {
		return "nothing of the login was sent; check host and port", errors.New("the server does not speak IMAP on this port, it says")
	}
	return "", nil
}

// noApplicationProtocol is the alert of RFC 7301 section 3.2.
const noApplicationProtocol tls.AlertError = 120
