package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
)

// cutAnywhere cuts the first connections of a run after random numbers of bytes, on either side, in either direction.
func (p pair) cutAnywhere(t *testing.T, program string, chance *rand.Rand) {
	source := p.from.NewUser(t)
	fillCrash(t, source, 60, 2)
	rounds := 1
	if *all {
		rounds = 40
	}
	for range rounds {
		s := p.prepare(t, program, source)
		up, down := 500+chance.Int64N(400_000), 500+chance.Int64N(8_000)
		s.dest.Set(imaptest.Faults{Up: imaptest.Fault{After: up}, Down: imaptest.Fault{After: down}, Times: 2})
		s.source.Set(imaptest.Faults{Down: imaptest.Fault{After: 500 + chance.Int64N(1_000_000)}, Times: 1})
		out, err := s.run("copy")
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 1 {
			t.Errorf("seed %d: cut after %d bytes up, %d down: %v\n%s", *seed, up, down, err, out)
		}
		s.source.Set(imaptest.Faults{})
		s.dest.Set(imaptest.Faults{})
		s.finish(t, crashBoxes)
	}
}

// fullDisk lets the ledger grow no further than a run needs in the beginning: the limit on a file's size stands for a disk that is full.
func fullDisk(t *testing.T, program string, p pair) {
	source := p.from.NewUser(t)
	fillCrash(t, source, 300, 0)
	s := p.prepare(t, program, source)
	var first bool
	for _, kib := range []int{48, 64, 96} { // an empty ledger has 32 KiB or so
		cmd := exec.Command("bash", "-c", fmt.Sprintf("ulimit -f %d; exec %q copy", kib, s.program))
		cmd.Dir, cmd.Env = s.dir, s.command(nil, "IMAPMIGRATE_CRASH_WAIT=100ms").Env
		out, err := cmd.CombinedOutput()
		if err == nil || killed(err) {
			t.Fatalf("with %d KiB for a file it ended with %v\n%s", kib, err, out)
		}
		if strings.Contains(string(out), "could not be written, so nothing more is sent") {
			first = true
		}
	}
	if !first {
		t.Error("no run came to the limit while it was copying")
	}
	s.finish(t, crashBoxes)
}

// twoAtOnce starts a second run while the first is copying: it ends at once, with code 12, and the first is not disturbed.
func twoAtOnce(t *testing.T, program string, p pair) {
	source := p.from.NewUser(t)
	fillCrash(t, source, 100, 1)
	s := p.prepare(t, program, source)
	s.dest.Set(imaptest.Faults{Rate: 64 << 10})
	first := s.command([]string{"copy"})
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- first.Wait() }()
	ended := false
	defer func() {
		if !ended {
			_ = first.Process.Kill()
			<-done
		}
	}()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(s.dir, "state", "crash.ledger.db.holder")); err == nil && len(everything(t, s.to, "INBOX")) > 0 {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the first run copies nothing")
		}
	}
	out, err := s.run("copy")
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 12 || !strings.Contains(out, "is in use by \"imapmigrate copy\", process "+fmt.Sprint(first.Process.Pid)) {
		t.Errorf("the second run ended with %v\n%s", err, out)
	}
	s.dest.Set(imaptest.Faults{})
	if err := <-done; err != nil {
		t.Errorf("the first run ended with %v", err)
	}
	ended = true
	s.finish(t, crashBoxes)
}
