package imaptest

import (
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// Stats counts what a FaultProxy has seen.
type Stats struct {
	Connections int   // made by clients, the refused ones too
	Struck      int   // connections that a fault has hit
	Up, Down    int64 // bytes passed on: to the server, to the client

	// Waits counts how often a client spoke after an answer while nothing was under way in either direction: the round trips that nothing
	// else was done in. Without RoundTrip little is ever under way, and pipelined commands are counted too.
	Waits int64
}

// FaultProxy stands between a client and a server, and breaks connections as told. It stops with the test.
type FaultProxy struct {
	Host string // always "127.0.0.1"
	Port int

	target   string
	acceptor *acceptor

	mu     sync.Mutex
	faults compiled
	stats  Stats
	links  map[*link]bool
	closed bool
}

// Proxy starts a proxy to target, an address as Server.Addr gives it. Bytes are passed as they are: with TLS through
// it, faults can be found by number, not by pattern.
func Proxy(tb testing.TB, target string, f Faults) *FaultProxy {
	tb.Helper()
	p := &FaultProxy{Host: "127.0.0.1", target: target, faults: f.compile(), links: map[*link]bool{}}
	var err error
	if p.acceptor, err = listen("tcp", "127.0.0.1:0"); err != nil {
		tb.Fatalf("fault proxy: %v", err)
	}
	p.Port = p.acceptor.port()
	p.acceptor.start(p.serve)
	tb.Cleanup(p.close)
	return p
}

// Addr is where the proxy listens.
func (p *FaultProxy) Addr() string { return net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) }

// Set changes the faults, for open connections too: what they have passed so far counts, they can be struck again, and
// Skip is about new ones. RoundTrip and Rate hold from the next bytes on.
func (p *FaultProxy) Set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f.compile()
	for l := range p.links {
		l.struck, l.spared = false, false
	}
}

// Stats are the counters so far.
func (p *FaultProxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// CutNow cuts all open connections.
func (p *FaultProxy) CutNow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut(false)
	}
}

func (p *FaultProxy) close() {
	p.mu.Lock()
	p.closed = true // links that are being made see it
	p.mu.Unlock()
	p.CutNow()
	p.acceptor.Close()
}

func (p *FaultProxy) serve(client net.Conn) {
	refuse := p.arrived()
	if refuse {
		reset(client)
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	p.acceptor.track(server)
	defer p.acceptor.release(server)
	l := p.link(client, server)
	defer p.unlink(l)
	l.run()
}

func (p *FaultProxy) arrived() (refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Connections++
	return p.faults.Refuse
}

func (p *FaultProxy) link(client, server net.Conn) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &link{proxy: p, client: client, server: server, spared: p.faults.spare(),
		dead: make(chan struct{}), hung: make(chan struct{})}
	p.links[l] = true
	if p.closed {
		l.cut(false)
	}
	return l
}

func (p *FaultProxy) unlink(l *link) {
	l.cut(false)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// current is what holds at this moment, and whether a fault can still hit this link.
func (p *FaultProxy) current(l *link) (now compiled, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults, !l.spared && !l.struck && (p.faults.Times == 0 || p.faults.hits < p.faults.Times)
}

// fault is what may strike in one direction of this link.
func (p *FaultProxy) fault(l *link, up bool) (Fault, *regexp.Regexp) {
	now, open := p.current(l)
	switch {
	case !open:
		return Fault{}, nil
	case up:
		return now.Up, now.up
	}
	return now.Down, now.down
}

// strike claims the fault for a link; another may have been first.
func (p *FaultProxy) strike(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.struck || (p.faults.Times > 0 && p.faults.hits >= p.faults.Times) {
		return false
	}
	l.struck = true
	p.faults.hits++
	p.stats.Struck++
	return true
}

func (p *FaultProxy) waited() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Waits++
}

func (p *FaultProxy) count(up bool, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if up {
		p.stats.Up += int64(n)
	} else {
		p.stats.Down += int64(n)
	}
}
