package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

func TestPattern(t *testing.T) {
	tests := []struct {
		pattern, name string
		captures      string // "-": no match
	}{
		{"a", "a", ""}, {"a", "b", "-"}, {"a", "a/b", "-"}, {"*", "a", "a"}, {"*", "a/b", "-"}, {"a/*", "a/b", "b"}, {"a/*", "a", "-"},
		{"a*c", "abbc", "bb"}, {"a*c", "ac", ""}, {"*a*", "bac", "b,c"}, {"a*b*c", "axbxbxc", "x,xbx"}, {"a*a", "a", "-"},
		{"**", "a", "a"}, {"**", "a/b", "a/b"}, {"a/**", "a", "-"}, {"a/**", "a/b/c", "b/c"}, {"**/b", "b", ""}, {"**/b", "a/x/b", "a/x"}, {"**/b", "a/b/c", "-"},
		{"a/**/z", "a/z", ""}, {"a/**/z", "a/b/c/z", "b/c"}, {"**/b/**", "a/b/c/d", "a,c/d"}, {"**/b/*/**", "x/b/b/c/d", "x,b,c/d"}, {"**/a/**/a", "a/a/a", ",a"},
		{"inbox", "INBOX", ""}, {"Inbox/x", "INBOX/x", ""}, {"Work", "work", "-"}, {`AC\/DC`, `AC\/DC`, ""}, {`\*`, "*", ""}, {`\*`, "a", "-"}, {`a\\b`, `a\\b`, ""},
		{"\u00fc*", "u\u0308ber", "ber"},
	}
	for _, tt := range tests {
		p, err := parsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		name, err := mailbox.ParseName(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := p.match(name)
		texts := make([]string, len(got))
		for i, c := range got {
			texts[i] = c.String()
		}
		if have := strings.Join(texts, ","); ok != (tt.captures != "-") || ok && have != tt.captures {
			t.Errorf("%s matches %s: %t %q, want %q", tt.pattern, tt.name, ok, have, tt.captures)
		}
		if ok && len(got) != len(p.stars()) {
			t.Errorf("%s has %d stars and gave %d captures", tt.pattern, len(p.stars()), len(got))
		}
	}
	for _, bad := range []string{"", "/", "a/", "/a", "a//b", `\`, `a\b`, "a**", "**a", "***"} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q is a pattern", bad)
		}
	}
}

// TestPatternAgreesWithPlainSearch compares the matcher with one that tries every way.
func TestPatternAgreesWithPlainSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := parsePattern(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "**", "a*", "*b*"}), 1, 6).Draw(t, "pattern"), "/"))
		if err != nil {
			t.Skip()
		}
		name := mailbox.Name(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab", "ba", "c"}), 1, 7).Draw(t, "name"))
		if _, got := p.match(name); got != everyWay(p.parts, name) {
			t.Fatalf("%s and %s: %t", p.text, name, got)
		}
	})
}

func everyWay(parts []partPattern, name mailbox.Name) bool {
	switch {
	case len(parts) == 0:
		return len(name) == 0
	case !parts[0].deep:
		if len(name) == 0 {
			return false
		}
		_, ok := parts[0].match(name[0])
		return ok && everyWay(parts[1:], name[1:])
	case len(parts) == 1:
		return len(name) > 0
	}
	for i := range len(name) + 1 {
		if everyWay(parts[1:], name[i:]) {
			return true
		}
	}
	return false
}

// TestTenThousandMailboxes: the mapping of a very large account, every fourth name of which has to be rewritten and numbered, stays below what a person
// would notice. The bound is generous, because test machines are busy; BenchmarkBuild measures.
func TestTenThousandMailboxes(t *testing.T) {
	source, destination := from(".", "INBOX."), to("/", "")
	for i := range 10_000 {
		switch i % 4 {
		case 0:
			source.boxes = append(source.boxes, fmt.Sprintf("INBOX.Projects.%d", i))
		case 1:
			source.boxes = append(source.boxes, fmt.Sprintf("INBOX.Projects.%d.Gel&APY-scht", i-1))
		case 2:
			source.boxes = append(source.boxes, fmt.Sprintf("INBOX.a/%d ", i%100)+strings.Repeat(" ", i/100))
		case 3:
			destination.boxes = append(destination.boxes, fmt.Sprintf("Projects/%d", i))
			source.boxes = append(source.boxes, fmt.Sprintf("INBOX.Projects.%d", i))
		}
	}
	s, d := source.survey(), destination.survey()
	best := time.Hour
	for range 3 {
		start := time.Now()
		p, err := Build(s, d, Rules{Name: "big", Include: []string{"*"}, Exclude: []string{"**/Spam"}}, noon)
		best = min(best, time.Since(start))
		if err != nil || len(p.Mailboxes) != 10_000 {
			t.Fatalf("%v", err)
		}
	}
	t.Logf("%v", best)
	if best > 2*time.Second {
		t.Errorf("took %v", best)
	}
}

func BenchmarkBuild(b *testing.B) {
	source, destination := from(".", "INBOX."), to("/", "")
	for i := range 10_000 {
		source.boxes = append(source.boxes, fmt.Sprintf("INBOX.Projects.%d.%d", i/100, i))
	}
	s, d := source.survey(), destination.survey()
	for b.Loop() {
		if _, err := Build(s, d, Rules{Name: "big", Include: []string{"*"}}, noon); err != nil {
			b.Fatal(err)
		}
	}
}
