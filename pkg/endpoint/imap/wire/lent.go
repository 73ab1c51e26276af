package wire

import (
	"errors"
	"net"
	"time"
)

// lent is the conn as go-imap sees it.
type lent struct{ *conn }

var errClosedByGoIMAP = errors.New("go-imap gave the connection up")

func (l lent) Read(p []byte) (int, error)  { return l.read(byGoIMAP, p) }
func (l lent) Write(p []byte) (int, error) { return l.write(byGoIMAP, p) }

// Close is what go-imap does when it cannot go on: after a response that it cannot read, and when the connection has ended anyway. In the
// latter case a raw exchange may still be reading what arrived before.
func (l lent) Close() error {
	_ = l.end(errClosedByGoIMAP)
	return nil
}

func (l lent) LocalAddr() net.Addr  { return l.raw.LocalAddr() }
func (l lent) RemoteAddr() net.Addr { return l.raw.RemoteAddr() }

// go-imap's deadlines are fixed times for whole answers, whoever is slow; the conn has its own.

func (l lent) SetDeadline(time.Time) error      { return nil }
func (l lent) SetReadDeadline(time.Time) error  { return nil }
func (l lent) SetWriteDeadline(time.Time) error { return nil }
