package plan

import "testing"

// TestRegularExpressions: a rule with re: matches whole names, fills its groups in, leaves alone what nothing is left of, and keeps apart
// what it was not told to bring together.
func TestRegularExpressions(t *testing.T) {
	tests := []struct {
		from, to, source, want string
	}{
		{`re:Lists/(\w+)-([0-9]{4})`, "Lists/$2/$1", "Lists/golang-2019", "create Lists/2019/golang"},
		{`re:Lists/(\w+)-([0-9]{4})`, "Lists/$2/$1", "Old Lists/golang-2019", "create Old Lists/golang-2019"},
		{`re:(?P<who>.*) \(old\)`, "Archive/${who}", "Smith (old)", "create Archive/Smith"},
		{`re:(?i)work`, "Job", "WORK", "create Job"},
		{`re:INBOX/(.*)`, "$1", "Projects", "create Projects"}, // with the source's prefix before it
		{`re:a(b?)`, "$1", "a", "create a"},
		{`re:a(b?)`, "x$$1", "a", "create x$1"},
		{`re:caf.`, "x", "cafe&AwE-", "create x"},
		{`re:(a)\\/b`, "${1}_b", "a&AC8-b", "create a_b"},
	}
	for _, tt := range tests {
		source := from(".", "INBOX.", "INBOX", "INBOX."+tt.source)
		if tt.source != "Projects" {
			source = from("/", "", "INBOX", tt.source)
		}
		p := build(t, source, to("/", "", "INBOX"), Rules{Map: []MapRule{{tt.from, tt.to}}})
		if got := line(&p.Mailboxes[1]); got != tt.want {
			t.Errorf("%s to %s: %s becomes %s, want %s (%s)", tt.from, tt.to, tt.source, got, tt.want, p.Mailboxes[1].Reason)
		}
	}
	source := from("/", "", "INBOX", "Lists/a", "Lists/b", "x")
	p := build(t, source, to("/", "", "INBOX"), Rules{Exclude: []string{"re:Lists(/.*)?"}, Include: []string{"re:.*"}})
	if p.Totals().Skip != 2 {
		t.Errorf("%+v", p.Mailboxes)
	}
}
