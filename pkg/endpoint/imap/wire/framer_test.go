package wire

import (
	"fmt"
	"strings"
	"testing"
)

// frames cuts a stream into whole responses with a framer that is given it in pieces of n bytes.
func frames(stream string, n int, commands bool) (whole []string, rest string, err error) {
	f := framer{commands: commands}
	start := 0
	for at := 0; at < len(stream); {
		used, ev, err := f.next([]byte(stream[at:min(len(stream), at+n)]))
		at += used
		if err != nil {
			return whole, stream[start:], err
		}
		if ev == ended {
			whole = append(whole, stream[start:at])
			start = at
		}
	}
	return whole, stream[start:], nil
}

func TestFramerFindsTheEndOfResponses(t *testing.T) {
	for _, response := range []string{
		"* OK ready\r\n",
		"* ok ends like a literal {5}\r\n",
		"* BYE\r\n",
		"A1 NO [X] \"unclosed {3}\r\n",
		"+ go {12}\r\n",
		"+\r\n",
		"\r\n",
		"*\r\n",
		"* 12\r\n",
		"* 12 EXISTS\n",
		"* LIST () \"/\" {5}\r\na\r\nb\"\r\n",
		"* LIST () \"/\" ~{5}\r\na\r\nb\"\r\n",
		"* LIST () \"/\" {5+}\r\na\r\nb\"\r\n",
		"* LIST () \"/\" \"a {5}\"\r\n",
		"* LIST () \"/\" \"a\\\" {5}\r\n",         // never closed: it ends with the line
		"* LIST () \"/\" \"a\\\\\" {1}\r\n\n\r\n", // closed
		"* LIST () \"/\" Foo\"bar {1}\r\nx\r\n",   // a quotation mark within an atom opens nothing
		"* LIST () \"/\" Foo{5}\r\n",              // no literal within an atom
		"* LIST () \"/\" {5} \r\n",
		"* LIST () \"/\" {5}}\r\n",
		"* LIST () \"/\" {}\r\n",
		"* LIST () \"/\" {+}\r\n",
		"* LIST () \"/\" {0}\r\n\r\n",
		"* 1 FETCH (UID 7 BODY[] {3}\r\n\r\n) FLAGS (\\Seen))\r\n",
		"* 1 FETCH (BODY[]{3}\r\nabc BODY[] {0}\r\n \"x{9}\")\r\n",
		"* SEARCH 1 2 3\r\n",
	} {
		stream := response + "* next\r\n" + response
		for n := 1; n <= len(stream); n++ {
			whole, rest, err := frames(stream, n, false)
			if err != nil || rest != "" || len(whole) != 3 || whole[0] != response || whole[2] != response {
				t.Fatalf("%q in pieces of %d: got %q, rest %q, %v", response, n, whole, rest, err)
			}
		}
	}
}

func TestFramerFollowsCommands(t *testing.T) {
	for _, command := range []string{
		"W1 NOOP\r\n",
		"W1 OK {3}\r\nabc\r\n", // no status text in this direction
		"W1 APPEND \"x\" {5}\r\n+ OK\n\r\n",
		"W1 LOGIN {2+}\r\n\"\" {0}\r\n\r\n",
	} {
		whole, rest, err := frames(command+command, 3, true)
		if err != nil || rest != "" || len(whole) != 2 || whole[0] != command {
			t.Errorf("%q: got %q, rest %q, %v", command, whole, rest, err)
		}
	}
}

func TestFramerBoundsWhatAServerMaySend(t *testing.T) {
	numbers := strings.Repeat(" 123456", maxLine/7+10)
	for name, c := range map[string]struct {
		stream string
		bad    bool
	}{
		"endless line":              {"* LIST " + strings.Repeat("x", maxLine), true},
		"endless text":              {"* OK " + strings.Repeat("x", maxLine), true},
		"long but bounded":          {"* LIST " + strings.Repeat("x", maxLine-100), false},
		"long search":               {"* SEARCH" + numbers, false},
		"nested":                    {"* 1 FETCH " + strings.Repeat("(", maxDepth), false},
		"too deep":                  {"* 1 FETCH " + strings.Repeat("(", maxDepth+1), true},
		"parentheses in quotes":     {"* LIST () \"" + strings.Repeat("(", 2*maxDepth) + "\"", false},
		"literal in memory":         {fmt.Sprintf("* LIST () NIL {%d}\r\n", maxHeld), false},
		"too large for memory":      {fmt.Sprintf("* LIST () NIL {%d}\r\n", maxHeld+1), true},
		"many literals":             {"* LIST " + strings.Repeat("{400000}\r\n"+strings.Repeat("x", 400000)+" ", 3), true},
		"large body":                {fmt.Sprintf("* 1 FETCH (BODY[] {%d}\r\n", int64(maxBody)), false},
		"too large a body":          {fmt.Sprintf("* 1 FETCH (BODY[] {%d}\r\n", int64(maxBody)+1), true},
		"number beyond all bounds":  {"* 1 FETCH (BODY[] {99999999999999999999999999}\r\n", true},
		"large literal in envelope": {"* 1 FETCH (ENVELOPE (NIL {2000000}\r\n", true},
	} {
		if _, _, err := frames(c.stream, 1000, false); (err != nil) != c.bad {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFramerBoundsEvenSearches(t *testing.T) {
	f := framer{}
	if _, _, err := f.next([]byte("* SEARCH 1 2 3 ")); err != nil || f.kind != searchData {
		t.Fatal(f.kind, err)
	}
	f.line = maxSearchLine - 3
	if _, _, err := f.next([]byte("456 789 ")); err == nil {
		t.Error("it goes on for ever")
	}
}

// simpleFrames is the framer's job done in the simplest way, on a whole stream: the reference for FuzzFramer.
func simpleFrames(stream string) (whole []string, rest string) {
	start := 0
	for start < len(stream) {
		end := simpleEnd(stream[start:])
		if end < 0 {
			break
		}
		whole = append(whole, stream[start:start+end])
		start += end
	}
	return whole, stream[start:]
}

// simpleEnd is the length of the first response, -1 if it is not complete.
func simpleEnd(s string) int {
	at, first := 0, true
	for {
		lf := strings.IndexByte(s[at:], '\n')
		if lf < 0 {
			return -1
		}
		line := strings.ReplaceAll(s[at:at+lf], "\r", "")
		at += lf + 1
		if first && simpleIsText(line) {
			return at
		}
		n, literal := simpleLiteral(line, first)
		if !literal {
			return at
		}
		if at += n; at > len(s) {
			return -1
		}
		first = false
	}
}

func simpleIsText(line string) bool {
	words := strings.Fields(line[:min(len(line), headSize)])
	if len(words) == 0 {
		return false
	}
	return words[0] != "*" || (len(words) > 1 && isStatus(strings.ToUpper(words[1])))
}

// simpleLiteral looks for {n} at the end of a line, outside of quotes.
func simpleLiteral(line string, first bool) (n int, literal bool) {
	quoted, prev := false, byte('"')
	if first {
		prev = ' '
	}
	mark := -1
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case quoted && b == '\\':
			i++
			if i < len(line) {
				b = line[i]
			}
		case quoted:
			quoted = b != '"'
		case b == '"':
			quoted = opensQuote(prev)
		case b == '{' && strings.IndexByte(" ()]>~", prev) >= 0:
			mark = i
		}
		prev = b
	}
	if mark < 0 || !strings.HasSuffix(line, "}") {
		return 0, false
	}
	digits := strings.TrimSuffix(line[mark+1:len(line)-1], "+")
	if digits == "" || len(digits) > 6 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	_, err := fmt.Sscan(digits, &n)
	return n, err == nil
}

// FuzzFramer compares the framer with the reference, whatever the pieces are in which the stream arrives.
func FuzzFramer(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, 7)
	}
	f.Fuzz(func(t *testing.T, stream string, n int) {
		if strings.Contains(stream, "0000000") || len(stream) > 100_000 {
			t.Skip("the reference reads six digits")
		}
		n = max(1, n%50)
		got, rest, err := frames(stream, n, false)
		if err != nil {
			return // a bound; the reference has none
		}
		want, left := simpleFrames(stream)
		if strings.Join(got, "|") != strings.Join(want, "|") || rest != left {
			t.Fatalf("%q in pieces of %d:\n got %q rest %q\nwant %q rest %q", stream, n, got, rest, want, left)
		}
	})
}
