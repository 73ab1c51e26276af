package imaptest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection through a FaultProxy. Its marks spared and struck belong to the proxy's lock.
type link struct {
	proxy          *FaultProxy
	client, server net.Conn
	spared, struck bool

	cutting, hanging sync.Once
	flying           atomic.Int64  // pieces that were read and not yet passed on, in both directions
	heard            atomic.Bool   // something was passed on to the client since it spoke last
	dead             chan struct{} // closed by cut
	hung             chan struct{} // closed by hang
}

// run passes bytes on until both sides have ended.
func (l *link) run() {
	var both sync.WaitGroup
	both.Go(func() { l.direction(true).run() })
	both.Go(func() { l.direction(false).run() })
	both.Wait()
}

func (l *link) direction(up bool) *direction {
	d := &direction{link: l, up: up, from: l.server, to: l.client, queue: newQueue()}
	if up {
		d.from, d.to = l.client, l.server
	}
	return d
}

// cut ends the connection on both sides; broken, if they are to see a reset.
func (l *link) cut(broken bool) {
	l.cutting.Do(func() {
		close(l.dead)
		for _, conn := range []net.Conn{l.client, l.server} {
			if broken {
				reset(conn)
			} else {
				endWriting(conn)
			}
		}
	})
}

// began notes that something was said, by the client or the server.
func (l *link) began(byClient bool) {
	if byClient && l.heard.Swap(false) && l.flying.Load() == 0 {
		l.proxy.waited()
	}
	l.flying.Add(1)
}

// arrived notes that something is about to be heard.
func (l *link) arrived(byClient bool) {
	if byClient {
		l.heard.Store(true)
	}
	l.flying.Add(-1)
}

func (l *link) hang() { l.hanging.Do(func() { close(l.hung) }) }

// alive waits out a hanging connection, and tells whether there is one to write to.
func (l *link) alive() bool {
	select {
	case <-l.hung:
		<-l.dead
	default:
	}
	select {
	case <-l.dead:
		return false
	default:
		return true
	}
}

// sleep ends early with the link.
func (l *link) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-l.dead:
	}
}
