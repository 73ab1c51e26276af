package imaptest

import (
	"bufio"
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// grace is how long after the test a conversation may go on: what the client sent last may be on its way.
const grace = 500 * time.Millisecond

// Scripted is a server that says what a test tells it to, on a free loopback port: see Script and Serve. It stops with
// the test, and then fails it for what was expected and did not come.
type Scripted struct {
	Host   string // always "127.0.0.1"
	Port   int
	CAFile string // PEM file with the authority that signed its certificate

	tb       testing.TB
	tls      *tls.Config
	implicit bool
	acceptor *acceptor
	talk     func(*Conversation)

	mu          sync.Mutex
	connections int
	commands    []Command
}

// Addr is where the server listens.
func (s *Scripted) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Commands are the lines of all commands so far, without tags, in the order of their arrival.
func (s *Scripted) Commands() []string {
	var lines []string
	for _, c := range s.Received() {
		lines = append(lines, c.Line)
	}
	return lines
}

// Received are all commands so far with their literals.
func (s *Scripted) Received() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Connections is how many connections were made so far.
func (s *Scripted) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// listen begins to serve. Each connection is given to talk; after the test and the end of all, verify is called.
func (s *Scripted) listen(tb testing.TB, talk func(*Conversation), verify func()) {
	tb.Helper()
	var err error
	if s.tls, err = authority.serverTLS(false); err != nil {
		tb.Fatalf("scripted server: %v", err)
	}
	if s.CAFile, err = authority.file(tb.TempDir()); err != nil {
		tb.Fatalf("scripted server: %v", err)
	}
	s.tb, s.talk, s.Host = tb, talk, "127.0.0.1"
	if s.acceptor, err = listen("tcp", "127.0.0.1:0"); err != nil {
		tb.Fatalf("scripted server: %v", err)
	}
	s.Port = s.acceptor.port()
	s.acceptor.start(s.serve)
	tb.Cleanup(func() {
		s.acceptor.finish(grace)
		verify()
	})
}

func (s *Scripted) serve(conn net.Conn) {
	c := &Conversation{script: s, raw: conn, conn: conn, r: bufio.NewReader(conn)}
	s.mu.Lock()
	s.connections++
	c.Connection = s.connections
	s.mu.Unlock()
	if s.implicit && c.StartTLS() != nil {
		return
	}
	s.talk(c)
}

// note records a command that has been read.
func (s *Scripted) note(c Command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, c)
}
