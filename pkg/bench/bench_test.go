// Package bench owns the measure of speed: the program against the floor of the same two servers and against other tools, as ratios within
// one run. It is tests only, measures processes from outside, and says nothing about time that is not a ratio or a bar of its own.
//
//	go test ./pkg/bench                                   # a small copy in all its forms: that the measure itself is right
//	go test ./pkg/bench -speed -v -timeout 90m            # the table; `make bench` does this
//	go test ./pkg/bench -speed -v -scale 0.1 -peers ""    # a quick look
//
//	corpus ──▶ Dovecot (source) ──[delay]──▶ floor | imapmigrate | mbsync | imapsync ──[delay]──▶ Dovecot (fresh user) ──▶ compared, message by message
//
// The floor is what no tool can beat by much: raw sockets, FETCH and MULTIAPPEND at once, no names, no ledger, no checks.
package bench

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/imaptest"
)

var (
	speed   = flag.Bool("speed", false, "measure; without it a small copy shows that the measure works")
	scale   = flag.Float64("scale", 1, "of the corpora")
	rtt     = flag.Duration("rtt", 40*time.Millisecond, "round trip on each leg of the second half")
	corpora = flag.String("corpora", "medium,many", "which to measure")
	peers   = flag.String("peers", "mbsync,imapsync,doveadm", "other tools to measure where they are installed")
	limit   = flag.Duration("limit", 5*time.Minute, "after which a tool is stopped; its time then counts as a lower bound")
	strict  = flag.Bool("strict", false, "fail when a bar is missed")
	profile = flag.String("profile", "", "`folder` for CPU profiles of our steps, which slow them down a little")
)

// The environment tells this binary, run again as a process of its own, what to be.
const (
	floorEnv   = "IMAPMIGRATE_BENCH_FLOOR"   // a floorJob as JSON
	programEnv = "IMAPMIGRATE_BENCH_PROGRAM" // the program, with a CPU profile into this file; none if it is "-"
)

func TestMain(m *testing.M) {
	if job := os.Getenv(floorEnv); job != "" {
		exit(runFloor(job))
	}
	if file := os.Getenv(programEnv); file != "" {
		os.Exit(program(file))
	}
	imaptest.Main(m)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func program(profile string) int {
	if profile != "-" {
		f, err := os.Create(profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			exit(err)
		}
		defer pprof.StopCPUProfile()
	}
	return cli.Main(context.Background(), os.Args[1:], cli.FromFiles(os.Stdin, os.Stdout, os.Stderr))
}

func runFloor(text string) error {
	var j floorJob
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	return j.run()
}

// TestSpeed fills the source once, has each tool copy it into a fresh account, compares, and prints the table.
func TestSpeed(t *testing.T) {
	chosen := small()
	if *speed {
		chosen = large()
	} else {
		*peers, *rtt = "", 4*time.Millisecond
	}
	s := newStage(t)
	var all []measured
	for _, c := range chosen {
		from := s.source.NewUser(t)
		s.fill(t, c, from)
		for _, delay := range slices.Compact([]time.Duration{0, *rtt}) {
			for _, tool := range s.tools(t, c) {
				all = append(all, s.measure(t, tool, c, from, delay)...)
			}
		}
	}
	for _, m := range all {
		if m.tool == "ours" && m.step == "again" && m.waits > fewWaits {
			t.Errorf("%s: a run with nothing to do waited for %d round trips; %d are for logging in and looking at both accounts", m.corpus, m.waits, fewWaits)
		}
	}
	to := io.Discard // times of so little mean nothing
	if *speed {
		to = os.Stdout
	}
	if missed := report(to, all); missed > 0 && *strict {
		t.Errorf("%d bars were missed", missed)
	}
}

// fewWaits are the round trips, on both legs together, that a run with nothing to do may take, however many mailboxes there are.
const fewWaits = 20

// small is enough to see that everything here works.
func small() []*corpus {
	c := medium(0.01)
	c.boxes = c.boxes[:6]
	return []*corpus{c, many(0.004)}
}

func large() (all []*corpus) {
	for _, name := range strings.Split(*corpora, ",") {
		switch name {
		case "medium":
			all = append(all, medium(*scale))
		case "many":
			all = append(all, many(*scale))
		}
	}
	return all
}

// tools are those that are there: the floor and ourselves always.
func (s *stage) tools(t *testing.T, c *corpus) []tool {
	t.Helper()
	all := []tool{{"floor", s.floor}, {"ours", s.ours}}
	if len(c.boxes) == 1 {
		all = slices.Insert(all, 1, tool{"floor spread", s.spread})
	}
	for _, peer := range []tool{{"mbsync", s.mbsync}, {"doveadm", s.doveadm}, {"imapsync", s.imapsync}} {
		if !slices.Contains(strings.Split(*peers, ","), peer.name) {
			continue
		}
		if _, err := exec.LookPath(peer.name); err != nil {
			t.Logf("%s is not installed: not measured", peer.name)
			continue
		}
		all = append(all, peer)
	}
	return all
}
