package demo

import (
	"errors"
	"net"
	"sync"
)

// listener remembers the connections it gave out. go-imap's server neither waits for those it serves nor knows those whose goroutine
// has not started yet; with this, Close leaves nothing behind.
type listener struct {
	net.Listener
	served sync.WaitGroup // one for each accepted connection, done when its session is closed

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// Accept counts the connection as served until session.Close.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.served.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return &conn{Conn: c, listener: l}, nil
}

// Close stops listening; a second time it does nothing.
func (l *listener) Close() error {
	if err := l.Listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// drop closes what is open.
func (l *listener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
}

type conn struct {
	net.Conn
	listener *listener
}

// Close forgets the connection.
func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c.Conn)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
