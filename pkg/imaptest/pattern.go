package imaptest

import "regexp"

// pattern is what a test says about a command: a regular expression that must fit from the command's beginning up to a
// blank or the end, in any case. "STORE" fits neither "UID STORE 1 ..." nor "STOREX".
//
// Whether a client writes INBOX or "INBOX" is its own affair: a command also fits when it does without the quotes
// around words that need none.
type pattern struct{ *regexp.Regexp }

var needlessQuotes = regexp.MustCompile(`"([\w.@/+-]+)"`)

func newPattern(text string) pattern {
	return pattern{regexp.MustCompile(`(?is)^(?:` + text + `)(?:\s|$)`)}
}

func newPatterns(texts []string) []pattern {
	var all []pattern
	for _, text := range texts {
		all = append(all, newPattern(text))
	}
	return all
}

func (p pattern) fits(line string) bool {
	return p.MatchString(line) || p.MatchString(needlessQuotes.ReplaceAllString(line, "$1"))
}
