package imaptest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// requireEnv makes a server that cannot be started a failure instead of a skip.
const requireEnv = "IMAPMIGRATE_REQUIRE_SERVERS"

// Main runs a package's tests and stops the servers they started. It is the whole of a TestMain:
//
//	func TestMain(m *testing.M) { imaptest.Main(m) }
//
// Without it a server lives as long as the tests that asked for it, and is started again for the next.
func Main(m *testing.M) {
	pool.keep()
	code := m.Run()
	pool.stopAll()
	os.Exit(code) // TestMain's contract: the one place outside cmd that may
}

// pool is what this process has running. Tests that ask for the same server share it.
var pool = servers{running: map[string]*shared{}}

type servers struct {
	mu      sync.Mutex
	kept    bool
	running map[string]*shared
}

// shared is one server and the number of tests that use it. start runs once, under its own lock, so
// that different servers start side by side.
type shared struct {
	start sync.Once
	*Server
	err  error
	uses int
}

func (p *servers) keep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = true
}

func (p *servers) stopAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all sync.WaitGroup
	for _, s := range p.running {
		if s.Server != nil {
			all.Go(s.Server.Stop)
		}
	}
	all.Wait()
	clear(p.running)
}

// use gives the running server of this key, started if it is not there. The test fails, or is skipped,
// when it cannot be had.
func (p *servers) use(tb testing.TB, key string, missing func() string, start func() (*Server, error)) *Server {
	tb.Helper()
	if reason := missing(); reason != "" {
		skip(tb, reason)
		return nil // a testing.TB of the caller's own may come back from Skip
	}
	s := p.acquire(key)
	tb.Cleanup(func() { p.release(key, s) })
	s.start.Do(func() { s.Server, s.err = startAgain(start) })
	if s.err != nil {
		tb.Fatalf("starting %s: %v", key, s.err)
	}
	return s.Server
}

func (p *servers) acquire(key string) *shared {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.running[key]
	if s == nil {
		s = &shared{}
		p.running[key] = s
	}
	s.uses++
	return s
}

func (p *servers) release(key string, s *shared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.uses--
	if p.kept || s.uses > 0 || p.running[key] != s {
		return
	}
	delete(p.running, key)
	if s.Server != nil {
		s.Server.Stop()
	}
}

// startAgain tries three times: between the choice of a free port and the server's bind another process
// may have taken it.
func startAgain(start func() (*Server, error)) (s *Server, err error) {
	for range 3 {
		if s, err = start(); err == nil {
			return s, nil
		}
		if s != nil {
			s.Stop()
		}
	}
	return nil, err
}

// skip ends the test for want of a server: as a failure where servers are required.
func skip(tb testing.TB, reason string) {
	tb.Helper()
	if os.Getenv(requireEnv) == "1" {
		tb.Fatalf("%s, and %s=1 asks for it", reason, requireEnv)
	}
	tb.Skip(reason)
}

// missing says in one sentence why a server made of these files cannot run here, or nothing.
func missing(name string, files ...string) string {
	if reason := unsupported(); reason != "" {
		return fmt.Sprintf("%s cannot be started: %s", name, reason)
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return fmt.Sprintf("%s is not installed (%s is missing; pkg/imaptest/install.sh installs it)", name, file)
		}
	}
	return ""
}
