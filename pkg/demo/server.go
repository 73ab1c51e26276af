package demo

import (
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Options say what kind of server to start. The zero value is a server with "/" between the parts of a name and no namespace prefix.
type Options struct {
	Delimiter     string           // between the parts of a mailbox name, one character; "" means "/"
	Prefix        string           // of the personal namespace, ending in the delimiter: "INBOX."; "" means none
	CAFile        string           // where to write the PEM certificate to trust; "" writes none, see Server.Roots
	Without       []string         // capabilities to do without, of those in Offered
	FirstValidity uint32           // UIDVALIDITY of the first mailbox, each later one has the next; 0 means 1
	Now           func() time.Time // the internal date of a message appended without one; nil means time.Now
	Logf          func(format string, args ...any)
}

// Offered are the capabilities that Options.Without can take away: the server then neither lists nor does them. LITERAL-, UNSELECT,
// ENABLE, IDLE, SASL-IR and UTF8=ACCEPT come with go-imap and stay.
func Offered() []string {
	return []string{"CHILDREN", "CREATE-SPECIAL-USE", "ESEARCH", "LIST-EXTENDED", "LIST-STATUS", "LITERAL+", "MOVE", "NAMESPACE", "SPECIAL-USE", "STATUS=SIZE", "UIDPLUS"}
}

// Server is one IMAP server on a free port of 127.0.0.1, speaking TLS from the first byte. All methods may be called from several
// goroutines at once.
type Server struct {
	options  Options
	caps     imap.CapSet
	layout   layout
	roots    *x509.CertPool
	listener *listener
	serving  sync.WaitGroup

	mu       sync.Mutex
	accounts map[string]*Account
}

// StartServer makes a certificate, listens and serves until Close. The error names the option or the system call that failed.
func StartServer(o Options) (*Server, error) {
	s := &Server{options: o, accounts: make(map[string]*Account)}
	if err := s.configure(); err != nil {
		return nil, err
	}
	certificate, authority, err := newCertificate()
	if err != nil {
		return nil, fmt.Errorf("demo server: make a certificate: %w", err)
	}
	if o.CAFile != "" {
		if err := os.WriteFile(o.CAFile, authority, 0o644); err != nil {
			return nil, fmt.Errorf("demo server: %w", err)
		}
	}
	s.roots = x509.NewCertPool()
	s.roots.AppendCertsFromPEM(authority)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo server: %w", err)
	}
	s.listener = &listener{Listener: plain, open: make(map[net.Conn]struct{})}
	server := imapserver.New(&imapserver.Options{NewSession: s.newSession, Caps: s.caps, Logger: logger(s.options.Logf)})
	secured := tls.NewListener(s.listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	s.serving.Go(func() {
		if err := server.Serve(secured); err != nil {
			s.options.Logf("demo server: %v", err)
		}
	})
	return s, nil
}

// configure fills in defaults and refuses what cannot be.
func (s *Server) configure() error {
	o := &s.options
	if o.Delimiter == "" {
		o.Delimiter = "/"
	}
	if utf8.RuneCountInString(o.Delimiter) != 1 || o.Delimiter[0] < 0x20 || o.Delimiter[0] >= 0x7f {
		return fmt.Errorf("demo server: delimiter %q is not one printable ASCII character", o.Delimiter)
	}
	if o.Prefix != "" && !strings.HasSuffix(o.Prefix, o.Delimiter) {
		return fmt.Errorf("demo server: prefix %q does not end in the delimiter %q", o.Prefix, o.Delimiter)
	}
	if o.FirstValidity == 0 {
		o.FirstValidity = 1
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	s.layout = layout{delimiter: o.Delimiter, prefix: o.Prefix}
	s.caps = imap.CapSet{imap.CapIMAP4rev1: {}}
	for _, c := range Offered() {
		s.caps[imap.Cap(c)] = struct{}{}
	}
	for _, c := range o.Without {
		if _, known := s.caps[imap.Cap(c)]; !known || c == string(imap.CapIMAP4rev1) {
			return fmt.Errorf("demo server: cannot do without %q; what can be left out: %s", c, strings.Join(Offered(), " "))
		}
		delete(s.caps, imap.Cap(c))
	}
	return nil
}

// Host is the address without the port.
func (s *Server) Host() string { return "127.0.0.1" }

// Port is the TCP port, chosen by the system.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// CAFile is where the certificate to trust was written; empty if Options named no file.
func (s *Server) CAFile() string { return s.options.CAFile }

// Roots trusts this server and nothing else.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// AddUser makes an account that holds an empty INBOX. A user of that name must not be there yet.
func (s *Server) AddUser(user, password string) (*Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[user] != nil {
		return nil, fmt.Errorf("demo server: there is a user %q already", user)
	}
	a := newAccount(s.layout, s.options.FirstValidity, s.options.Now)
	a.password = password
	s.accounts[user] = a
	return a, nil
}

// Close ends all connections at once, as a crash would, and returns when nobody is served any more. The accounts can still be read.
// It may be called twice. (go-imap's own Close is not used: it waits for no session, and races with a Serve that has just begun.)
func (s *Server) Close() error {
	err := s.listener.Close()
	s.serving.Wait()
	s.listener.drop()
	s.listener.served.Wait()
	return err
}

func (s *Server) newSession(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	return &session{server: s}, &imapserver.GreetingData{}, nil
}

func (s *Server) login(user, password string) (*Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[user]
	if a == nil || subtle.ConstantTimeCompare([]byte(a.password), []byte(password)) != 1 {
		return nil, imapserver.ErrAuthFailed
	}
	return a, nil
}

func (s *Server) offers(c imap.Cap) bool {
	_, listed := s.caps[c]
	return listed
}

// logger is what go-imap wants to be told a function as.
type logger func(format string, args ...any)

// Printf is one line of go-imap's log.
func (l logger) Printf(format string, args ...any) { l(format, args...) }
