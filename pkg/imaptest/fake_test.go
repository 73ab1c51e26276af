package imaptest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// fakeTB is a test that may fail without failing the test that watches it.
type fakeTB struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	skipped  string
	cleanups []func()
}

// watch runs f as a test of its own, with its cleanups, and gives what became of it.
func watch(t *testing.T, f func(tb testing.TB)) *fakeTB {
	t.Helper()
	tb := &fakeTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer tb.cleanup()
		f(tb)
	}()
	<-done
	return tb
}

func (f *fakeTB) cleanup() {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
}

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Skip(args ...any) {
	f.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func (f *fakeTB) Cleanup(cleanup func()) { f.cleanups = append(f.cleanups, cleanup) }

// mustFailWith checks that it failed once, with these words.
func (f *fakeTB) mustFailWith(t *testing.T, words string) {
	t.Helper()
	if len(f.failures) != 1 || !strings.Contains(f.failures[0], words) {
		t.Errorf("failures are %q, want one with %q", f.failures, words)
	}
}

func (f *fakeTB) mustPass(t *testing.T) {
	t.Helper()
	if len(f.failures) > 0 || f.skipped != "" {
		t.Errorf("failures %q, skipped %q; want a test that passes", f.failures, f.skipped)
	}
}
