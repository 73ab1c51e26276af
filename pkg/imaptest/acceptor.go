package imaptest

import (
	"net"
	"sync"
	"time"
)

// acceptor listens and, from start on, hands every connection to a function of its own goroutine. Close ends all of it: nothing
// runs on afterwards.
type acceptor struct {
	listener net.Listener
	open     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

func listen(network, addr string) (*acceptor, error) {
	l, err := net.Listen(network, addr)
	return &acceptor{listener: l, conns: map[net.Conn]bool{}}, err
}

// start begins to accept. A connection is closed when handle comes back.
func (a *acceptor) start(handle func(net.Conn)) {
	a.open.Go(func() {
		for {
			conn, err := a.listener.Accept()
			if err != nil {
				return
			}
			a.track(conn)
			a.open.Go(func() {
				defer a.release(conn)
				handle(conn)
			})
		}
	})
}

// track has a connection closed by Close; at once when that was before.
func (a *acceptor) track(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns[conn] = true
	if a.closed {
		conn.Close()
	}
}

func (a *acceptor) release(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.conns, conn)
	conn.Close()
}

// port is the TCP port it listens on.
func (a *acceptor) port() int { return a.listener.Addr().(*net.TCPAddr).Port }

// Close closes the listener and every connection, and waits for the functions that serve them.
func (a *acceptor) Close() error {
	err := a.listener.Close()
	a.mu.Lock()
	a.closed = true
	for conn := range a.conns {
		conn.Close()
	}
	a.mu.Unlock()
	a.open.Wait()
	return err
}

// finish stops accepting and gives the connections that are open some time to come to their own end.
func (a *acceptor) finish(d time.Duration) {
	a.listener.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.open.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(d):
	}
	a.Close()
	<-ended
}

// drainTime is how long a connection that we end is still read. Closed with something unread, it would look broken to the
// other side, not ended.
const drainTime = 100 * time.Millisecond

// endWriting sends the end of the connection and lets it be read for drainTime.
func endWriting(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
	conn.SetDeadline(time.Now().Add(drainTime))
}

// reset closes a connection so that the other side sees it broken, not ended.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
