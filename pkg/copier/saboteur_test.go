package copier_test

import (
	"bufio"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// harm is what a saboteur does at one command.
type harm int

const (
	byeBefore  harm = iota // the command does not arrive; the client is told BYE
	loseAnswer             // the command is carried out, and the connection ends instead of the answer
	garble                 // the command is passed on, and something that is no IMAP comes before the answer
	fallSilent             // nothing is passed on any more, in neither direction; the connection stays open
)

// saboteur passes a connection's lines on, counts commands over all connections, and does its harm once, at one of them.
type saboteur struct {
	target   string
	listener net.Listener
	how      harm
	at       int // the number of the command; 0 is none

	mu     sync.Mutex
	seen   int
	struck string // the command that was hit
	conns  []net.Conn
	work   sync.WaitGroup
}

// sabotage starts a saboteur in front of a server; it stops with stop.
func sabotage(t *testing.T, target string, at int, how harm) *saboteur {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &saboteur{target: target, listener: l, how: how, at: at}
	s.work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			s.work.Go(func() { s.serve(client) })
		}
	})
	return s
}

func (s *saboteur) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// stop ends everything and says which command was hit, if one was, and how many there were.
func (s *saboteur) stop() (struck string, commands int) {
	s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
	return s.struck, s.seen
}

func (s *saboteur) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
}

// command counts a line of the client, if it is a command, and says whether it is the one.
func (s *saboteur) command(line string) (tag string, hit bool) {
	words := aCommand.FindStringSubmatch(line)
	if words == nil {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen++
	if hit = s.seen == s.at; hit {
		s.struck = strings.TrimSpace(line[len(words[1])+1:])
	}
	return words[1], hit
}

var aCommand = regexp.MustCompile(`^([A-Za-z]+[0-9]+) [A-Z]+`)

func (s *saboteur) serve(client net.Conn) {
	s.keep(client)
	server, err := net.Dial("tcp", s.target)
	if err != nil {
		client.Close()
		return
	}
	s.keep(server)
	w := &wiretap{saboteur: s, client: client, server: server}
	s.work.Go(w.down)
	w.up()
	if !w.silent() {
		client.Close()
		server.Close()
	}
}

// wiretap is one connection through a saboteur.
type wiretap struct {
	*saboteur
	client, server net.Conn

	talking sync.Mutex
	quiet   bool
	losing  string // the tag whose answer never arrives
}

func (w *wiretap) silent() bool {
	w.talking.Lock()
	defer w.talking.Unlock()
	return w.quiet
}

// up passes on what the client says. Whatever stands in a literal is a line like any other.
func (w *wiretap) up() {
	r := bufio.NewReader(w.client)
	for {
		line, err := r.ReadString('\n')
		if tag, hit := w.command(line); hit && !w.strike(tag) {
			return
		}
		if _, werr := io.WriteString(w.server, line); err != nil || werr != nil {
			return
		}
	}
}

// strike does the harm; false when the command is not to be passed on.
func (w *wiretap) strike(tag string) bool {
	w.talking.Lock()
	defer w.talking.Unlock()
	switch w.how {
	case byeBefore:
		io.WriteString(w.client, "* BYE the server is going down\r\n")
		return false
	case loseAnswer:
		w.losing = tag
	case garble:
		io.WriteString(w.client, "* 7 FETCH (UID (((( \x00\xff{12\r\n")
	case fallSilent:
		w.quiet = true
		return false
	}
	return true
}

// down passes on what the server says.
func (w *wiretap) down() {
	r := bufio.NewReader(w.server)
	for {
		line, err := r.ReadString('\n')
		if !w.pass(line) || err != nil {
			break
		}
	}
	if !w.silent() {
		w.client.Close()
		w.server.Close()
	}
}

func (w *wiretap) pass(line string) bool {
	w.talking.Lock()
	defer w.talking.Unlock()
	switch {
	case w.quiet:
		return true
	case w.losing != "" && strings.HasPrefix(line, w.losing+" "):
		return false
	case w.losing != "" && !strings.HasPrefix(line, "+"):
		return true
	}
	_, err := io.WriteString(w.client, line)
	return err == nil
}
