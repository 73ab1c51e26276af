package imaptest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Password is the password of every account on every server.
const Password = "pass"

// Server is one running IMAP server.
type Server struct {
	Name    string // "dovecot", "cyrus" or "courier"
	Host    string // always "127.0.0.1"; the certificate is good for "localhost" too
	Port    int    // plain text, with STARTTLS
	TLSPort int    // TLS from the first byte
	CAFile  string // PEM file with the authority that signed the server's certificate

	dir      string // temporary, removed by Stop
	process  *process
	services []interface{ Close() error } // what the server asks over a socket: logins, tokens
	addUser  func(user string) error      // prepares what a fresh account needs; may be nil
	users    atomic.Int64
	stop     sync.Once
}

// Account is one account on a server.
type Account struct {
	Server         *Server
	User, Password string
}

// Addr is where the server takes plain text and STARTTLS.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// TLSAddr is where the server takes TLS.
func (s *Server) TLSAddr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.TLSPort)) }

// NewUser gives a fresh account without messages, with a name that no other account on the server has.
// Mailboxes which the server creates by itself at the first login (Cyrus: Drafts, Sent, Trash, Junk,
// Archive; Dovecot: as told by DovecotOptions.SpecialUse) are not there before it.
func (s *Server) NewUser(tb testing.TB) Account {
	tb.Helper()
	return s.User(tb, fmt.Sprintf("user%d", s.users.Add(1)))
}

// User gives the account of this name, for a test that wants to choose: "alice@example.org". Names are made of
// letters, digits and ".@-_"; a name that was used before on this server is the same account.
func (s *Server) User(tb testing.TB, name string) Account {
	tb.Helper()
	if s.addUser != nil {
		if err := s.addUser(name); err != nil {
			tb.Fatalf("%s: account %s: %v", s.Name, name, err)
		}
	}
	return Account{Server: s, User: name, Password: Password}
}

// ConfigFile is Dovecot's configuration, for the tools that come with it.
func (s *Server) ConfigFile() string { return filepath.Join(s.dir, dovecotConf) }

// Log is what the server has logged so far.
func (s *Server) Log() string { return s.process.log() }

// Stop ends the server at once and removes all its mail. It may be called twice.
func (s *Server) Stop() {
	s.stop.Do(func() {
		if s.process != nil {
			s.process.stop()
		}
		for _, service := range s.services {
			service.Close()
		}
		os.RemoveAll(s.dir)
	})
}

// newServer gives a server that is not running yet: ports and a folder of its own.
func newServer(name string) (*Server, error) {
	dir, err := os.MkdirTemp(tempRoot(), "imaptest-")
	if err != nil {
		return nil, err
	}
	// The servers give up their rights and must still be able to walk in.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s := &Server{Name: name, Host: "127.0.0.1", Port: ports[0], TLSPort: ports[1], dir: dir}
	s.CAFile, err = authority.file(dir)
	return s, err
}

// tempRoot is where the servers' folders go. They hold Unix sockets, whose paths end at 108 bytes.
func tempRoot() string {
	if dir := os.TempDir(); len(dir) < 50 {
		return dir
	}
	return "/tmp"
}

// freePorts finds n ports that nobody listens on at this moment.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // only when all are chosen, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// tail is the end of a log, for a failure's text.
func tail(log string, lines int) string {
	all := strings.Split(strings.TrimRight(log, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
