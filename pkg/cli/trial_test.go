package cli

import (
	"errors"
	"strings"
	"testing"

	"imapmigrate/pkg/trial"
)

// TestOutcomes: each fate of a trial's message has its words, and what must be seen is grave.
func TestOutcomes(t *testing.T) {
	r := &trial.Result{Mailbox: "imapmigrate-trial-0", Stays: "others have had mail in it", Messages: []trial.Message{{What: "kept"}, {What: "refused", Refused: `the server says "no"`}, {What: "gone", Missing: true},
		{What: "changed", Bytes: "3 of 4", Flags: "$x lost"}}}
	want := []struct {
		text  string
		grave bool
	}{{"kept: came back as it was sent", false}, {`refused: refused, the server says "no"`, false}, {"gone: taken, and not there", true}, {"changed: bytes: 3 of 4; flags: $x lost", false},
		{"it came to no end: lost", true}, {`mailbox "imapmigrate-trial-0" is still there: others have had mail in it`, true}}
	got := outcomes(r, errors.New("lost"))
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if f := got[i]; f.Fact != w.text || f.Grave != w.grave || strings.TrimSpace(f.Meaning) == "" {
			t.Errorf("%+v, want %+v", f, w)
		}
	}
}
