package bench

import (
	"io"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
)

func took(tool, step, corpus string, delay time.Duration, seconds, cpu float64) measured {
	return measured{tool: tool, step: step, corpus: corpus, delay: delay, messages: 100,
		cost: cost{wall: time.Duration(seconds * float64(time.Second)), cpu: time.Duration(cpu * float64(time.Second)), rss: 100 << 20}}
}

// The bars say what a person would say who has the table before him.
func TestBars(t *testing.T) {
	const far = 40 * time.Millisecond
	all := []measured{
		took("floor", "copy", "medium", 0, 10, 1), took("ours", "copy", "medium", 0, 13, 3.9), took("ours", "again", "medium", 0, 0.31, 0), took("mbsync", "copy", "medium", 0, 90, 1),
		took("floor", "copy", "medium", far, 10, 1), took("ours", "copy", "medium", far, 18, 4), took("ours", "again", "medium", far, 0.9, 0), took("mbsync", "copy", "medium", far, 300, 1),
		took("floor", "copy", "many", 0, 10, 1), took("floor spread", "copy", "many", 0, 8, 1), took("ours", "copy", "many", 0, 13, 4), took("ours", "again", "many", 0, 0.9, 0),
	}
	all[7].stopped = true
	want := map[string]bool{
		"medium, 0s: copy over the floor": true, "medium, 0s: copy CPU seconds over the floor's": true, "medium, 0s: nothing to do": false, "medium, 0s: copy against mbsync": false,
		"medium, 40ms: copy over our own without delay": false, "medium, 40ms: nothing to do": true, "medium, 40ms: copy against mbsync": true,
		"many, 0s: copy over the floor": false, "many, 0s: nothing to do": true, "peak memory of ours, any step": true,
	}
	for _, b := range bars(all) {
		met, known := want[b.what]
		if !known || met != b.met {
			t.Errorf("%s: %s, wanted %s: met %v", b.what, b.measured, b.wanted, b.met)
		}
		delete(want, b.what)
	}
	for what := range want {
		t.Errorf("nothing is said of %q", what)
	}
	if missed := report(io.Discard, all); missed != 4 {
		t.Errorf("%d bars missed, want 4", missed)
	}
	var text strings.Builder
	report(&text, all)
	for _, part := range []string{">300.00", ">16.7 times as fast", "stopped at the limit", "1.62", "MISSED"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the table does not say %q:\n%s", part, text.String())
		}
	}
}

// A comparison sees each thing that can go wrong with a copy.
func TestComparisonSeesWhatIsWrong(t *testing.T) {
	to := imaptest.Dovecot(t, imaptest.DovecotOptions{Storage: "sdbox", QuotaBytes: 1 << 40, NoFsync: true})
	c := &corpus{name: "few"}
	c.add(0, 6, func() int { return 2000 })
	for name, test := range map[string]struct {
		change func([]imaptest.RawMessage) []imaptest.RawMessage
		want   comparison
	}{
		"nothing":  {func(m []imaptest.RawMessage) []imaptest.RawMessage { return m }, comparison{6, 6, 6, 0, 0, 0}},
		"lost":     {func(m []imaptest.RawMessage) []imaptest.RawMessage { return m[1:] }, comparison{6, 5, 5, 0, 0, 0}},
		"doubled":  {func(m []imaptest.RawMessage) []imaptest.RawMessage { return append(m, m[0]) }, comparison{6, 7, 6, 0, 0, 0}},
		"disorder": {func(m []imaptest.RawMessage) []imaptest.RawMessage { m[4], m[5] = m[5], m[4]; return m }, comparison{6, 6, 6, 0, 0, 1}},
		"altered": {func(m []imaptest.RawMessage) []imaptest.RawMessage {
			m[2].Body = append(m[2].Body, "x\r\n"...)
			return m
		}, comparison{6, 6, 5, 0, 0, 0}},
		"date":  {func(m []imaptest.RawMessage) []imaptest.RawMessage { m[1].Date = m[1].Date.Add(time.Second); return m }, comparison{6, 6, 6, 1, 0, 0}},
		"flags": {func(m []imaptest.RawMessage) []imaptest.RawMessage { m[1].Flags = []string{`\Draft`}; return m }, comparison{6, 6, 6, 0, 1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			account := to.NewUser(t)
			var all []imaptest.RawMessage
			for i := range c.boxes[0].sizes {
				all = append(all, c.boxes[0].message(i))
			}
			account.Dial(t).Fill("INBOX", test.change(all))
			got := compare(t, c, account)
			if *got != test.want {
				t.Errorf("%+v, want %+v", *got, test.want)
			}
			if same := got.String() == "all the same"; same != (name == "nothing") {
				t.Errorf("%s", got)
			}
		})
	}
}
