package imaptest

import (
	"errors"
	"testing"
)

func nothingMissing() string { return "" }

// idle is a server without a process.
func idle() (*Server, error) { return newServer("idle") }

func TestServersAreSharedByOptions(t *testing.T) {
	a := Dovecot(t, DovecotOptions{})
	if b := Dovecot(t, DovecotOptions{Storage: "maildir", Separator: "."}); a != b {
		t.Error("the defaults, told and not told, are two servers")
	}
	if b := Dovecot(t, DovecotOptions{Prefix: "INBOX."}); a == b {
		t.Error("different options are one server")
	}
}

func TestServerLivesAsLongAsItsTests(t *testing.T) {
	p := &servers{running: map[string]*shared{}}
	var first *Server
	watch(t, func(tb testing.TB) {
		first = p.use(tb, "idle", nothingMissing, idle)
		watch(t, func(inner testing.TB) {
			if p.use(inner, "idle", nothingMissing, idle) != first {
				t.Error("a second test got a second server")
			}
		})
		if p.running["idle"] == nil {
			t.Error("the server ended with the second test, while the first still runs")
		}
	})
	if len(p.running) != 0 {
		t.Error("the server outlived its tests")
	}
}

func TestServerIsKeptForMain(t *testing.T) {
	p := &servers{running: map[string]*shared{}}
	p.keep()
	watch(t, func(tb testing.TB) { p.use(tb, "idle", nothingMissing, idle) })
	if len(p.running) != 1 {
		t.Error("the server ended with the test")
	}
	p.stopAll()
	if len(p.running) != 0 {
		t.Error("the server outlived Main")
	}
}

func TestMissingServerSkips(t *testing.T) {
	t.Setenv(requireEnv, "")
	missing := func() string { return "Dovecot is not installed" }
	use := func(tb testing.TB) { pool.use(tb, "missing", missing, idle) }
	if got := watch(t, use); got.skipped != "Dovecot is not installed" || len(got.failures) != 0 {
		t.Errorf("skipped %q, failures %q", got.skipped, got.failures)
	}
	t.Setenv(requireEnv, "1")
	watch(t, use).mustFailWith(t, "Dovecot is not installed")
}

func TestMissingNamesTheFile(t *testing.T) {
	if unsupported() != "" {
		t.Skip(unsupported())
	}
	if got := missing("Cyrus", "/bin/sh", "/no/such/file"); got != "Cyrus is not installed (/no/such/file is missing; pkg/imaptest/install.sh installs it)" {
		t.Errorf("got %q", got)
	}
}

func TestFailedStartFailsTest(t *testing.T) {
	p := &servers{running: map[string]*shared{}}
	tries := 0
	broken := func() (*Server, error) { tries++; return nil, errors.New("no port") }
	watch(t, func(tb testing.TB) { p.use(tb, "broken", nothingMissing, broken) }).mustFailWith(t, "starting broken: no port")
	if tries != 3 {
		t.Errorf("%d tries", tries)
	}
}
