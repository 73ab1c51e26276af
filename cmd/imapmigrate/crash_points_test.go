package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imapmigrate/pkg/imaptest"
)

// place is the Nth time that the program comes to a named point.
type place struct {
	point string
	n     int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.point, p.n) }

// doubts are places that are only come to while what an earlier run left in doubt is looked for: that run dies first.
var doubts = [][]place{
	{{"copier.intended", 1}, {"copier.resolving", 1}},
	{{"wire.append.loaded", 1}, {"copier.resolving", 1}},
	{{"wire.append.sent", 1}, {"copier.finding", 1}},
	{{"copier.answered", 2}, {"copier.finding", 1}},
	{{"copier.answered", 1}, {"ledger.write.after", 2}},
	{{"wire.append.literal", 2}, {"copier.intended", 1}},
	{{"wire.append.sent", 2}, {"wire.append.sent", 1}},
}

// killEverywhere kills it at every named point of the protocol, and before and after every single write of the ledger: the first time that
// the program comes there, the second, and so on until a run finishes. Without -all it is a sample.
func (p pair) killEverywhere(t *testing.T, program string, chance *rand.Rand, i int) {
	source := p.from.NewUser(t)
	fillCrash(t, source, 12, 2)
	places, chains := p.places(t, program), doubts
	if !*all {
		chance.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
		places, chains = places[:min(3, len(places))], chains[i:i+1]
	}
	t.Logf("seed %d: killed at %v, %v", *seed, places, chains)
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) { p.killAt(t, program, source, at) })
	}
	for _, chain := range chains {
		t.Run(fmt.Sprint(chain), func(t *testing.T) { p.killAt(t, program, source, chain...) })
	}
}

// places are all that a run from beginning to end comes to.
func (p pair) places(t *testing.T, program string) []place {
	t.Helper()
	source := p.from.NewUser(t)
	fillCrash(t, source, 12, 2)
	s := p.prepare(t, program, source)
	trace := filepath.Join(s.dir, "trace")
	if out, err := s.command([]string{"copy"}, "IMAPMIGRATE_CRASH_TRACE="+trace).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	var places []place
	for _, point := range strings.Fields(string(text)) {
		counts[point]++
		places = append(places, place{point, counts[point]})
	}
	for _, must := range []string{"ledger.write.before", "ledger.write.after", "copier.intended", "copier.answered", "copier.spooling", "copier.created", "wire.append.sent"} {
		if counts[must] == 0 {
			t.Errorf("a run never comes to %s: the point is gone, or in the wrong place", must)
		}
	}
	return places
}

// killAt kills one migration at one place after the other, finishes it and compares. Several mailboxes at a time come to places in changing
// order: a place that is not come to is no fault.
func (p pair) killAt(t *testing.T, program string, source imaptest.Account, at ...place) {
	t.Helper()
	s := p.prepare(t, program, source)
	for _, where := range at {
		out, err := s.command([]string{"copy"}, "IMAPMIGRATE_CRASH_AT="+where.String(), "IMAPMIGRATE_CRASH_WAIT=100ms").CombinedOutput()
		if err != nil && !killed(err) {
			t.Errorf("killed at %v: copy ended by itself: %v\n%s", at, err, out)
			return
		}
	}
	s.finish(t, crashBoxes)
}
