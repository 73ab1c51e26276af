package strict

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Nearest is the candidate that word was most likely meant to be: at most one slip in three characters away, and at most three.
func Nearest(word string, candidates []string) (string, bool) {
	if len(word) > 64 {
		return "", false
	}
	word = strings.ToLower(word)
	best, slips := "", min(3, (utf8.RuneCountInString(word)+2)/3)+1
	for _, c := range candidates {
		if n := distance(word, strings.ToLower(c)); n < slips {
			best, slips = c, n
		}
	}
	return best, best != ""
}

// distance counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}

// tick puts a file's words between backticks, bounded and with control characters visible: they are shown on a terminal.
func tick(s string) string {
	if utf8.RuneCountInString(s) > 80 {
		s = string([]rune(s)[:80]) + "..."
	}
	q := strconv.Quote(s)
	return "`" + strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`) + "`"
}
