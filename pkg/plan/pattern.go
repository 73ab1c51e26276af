package plan

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"imapmigrate/pkg/mailbox"
)

// pattern matches decoded names. "/" stands between the parts, * for any text within one part, ** for any number of parts: none too,
// but at the end at least one. A backslash takes the meaning from * and / and itself. What begins with "re:" is a regular expression.
type pattern struct {
	text  string
	parts []partPattern  // empty with re
	re    *regexp.Regexp // over the name's text
}

// partPattern is the literal texts around the stars of one part; deep is **.
type partPattern struct {
	deep     bool
	literals []string
}

func (p partPattern) literal() bool { return !p.deep && len(p.literals) == 1 }

// parsePattern reads a pattern. A first part INBOX is brought to upper case, because INBOX is the same in any case.
func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	if expression, ok := strings.CutPrefix(text, regular); ok {
		var err error
		p.re, err = parseRegular(expression)
		return p, err
	}
	raw, err := splitPattern(text)
	if err != nil {
		return p, err
	}
	for i, r := range raw {
		part, err := parsePart(r)
		if err != nil {
			return p, fmt.Errorf("pattern %q: %w", text, err)
		}
		if i == 0 && part.literal() && strings.EqualFold(part.literals[0], mailbox.Inbox) {
			part.literals[0] = mailbox.Inbox
		}
		p.parts = append(p.parts, part)
	}
	return p, nil
}

// splitPattern cuts at the slashes that no backslash stands before; escapes stay in the parts.
func splitPattern(text string) ([]string, error) {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			if i == len(text) || strings.IndexByte(`\/*`, text[i]) < 0 {
				return nil, fmt.Errorf(`pattern %q: a backslash is written \\, a slash inside a part \/, a star that is meant \*`, text)
			}
		case '/':
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	parts = append(parts, text[start:])
	for _, p := range parts {
		if p == "" {
			return nil, fmt.Errorf("pattern %q has an empty part; write names as Parent/Child, without a slash at either end", text)
		}
	}
	return parts, nil
}

func parsePart(raw string) (partPattern, error) {
	if raw == "**" {
		return partPattern{deep: true}, nil
	}
	var literals []string
	var text strings.Builder
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
			text.WriteByte(raw[i])
		case '*':
			if i > 0 && raw[i-1] == '*' && len(literals) > 0 && text.Len() == 0 {
				return partPattern{}, fmt.Errorf("** stands for whole parts, so nothing else can be in its part")
			}
			literals = append(literals, norm.NFC.String(text.String()))
			text.Reset()
		default:
			text.WriteByte(raw[i])
		}
	}
	return partPattern{literals: append(literals, norm.NFC.String(text.String()))}, nil
}

// byName reports whether the pattern's first part is written out, so that whoever wrote it meant that name.
func (p pattern) byName() bool { return p.re == nil && p.parts[0].literal() }

// stars are what the pattern's stars stand for, in order: true for **.
func (p pattern) stars() []bool {
	var out []bool
	for _, part := range p.parts {
		if part.deep {
			out = append(out, true)
			continue
		}
		out = append(out, make([]bool, len(part.literals)-1)...)
	}
	return out
}

// match reports whether p matches all of n, and what its stars stood for. Each ** but the last takes as few parts as it can.
func (p pattern) match(n mailbox.Name) (captures []mailbox.Name, ok bool) {
	if p.re != nil {
		return nil, p.re.MatchString(norm.NFC.String(n.String()))
	}
	taken := make([][]mailbox.Name, len(p.parts))
	i, j := 0, 0        // next of p.parts, next of n
	star, from := -1, 0 // the last ** and where it began
	for i < len(p.parts) || j < len(n) {
		if i < len(p.parts) && p.parts[i].deep {
			star, from = i, j
			if i == len(p.parts)-1 {
				taken[i] = []mailbox.Name{n[j:]}
				return flatten(taken), j < len(n)
			}
			taken[i] = []mailbox.Name{nil}
			i++
			continue
		}
		if i < len(p.parts) && j < len(n) {
			if got, ok := p.parts[i].match(norm.NFC.String(n[j])); ok {
				taken[i] = got
				i, j = i+1, j+1
				continue
			}
		}
		if star < 0 || j >= len(n) {
			return nil, false
		}
		i, j = star+1, from+len(taken[star][0])+1
		if j > len(n) {
			return nil, false
		}
		taken[star][0] = n[from:j]
	}
	return flatten(taken), true
}

func flatten(taken [][]mailbox.Name) []mailbox.Name {
	var out []mailbox.Name
	for _, t := range taken {
		out = append(out, t...)
	}
	return out
}

// match compares one part and returns what the stars stood for, each as a name of one part ("" where a star stood for nothing).
func (p partPattern) match(text string) ([]mailbox.Name, bool) {
	if len(p.literals) == 1 {
		return nil, text == p.literals[0]
	}
	first, last := p.literals[0], p.literals[len(p.literals)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return nil, false
	}
	rest := text[len(first) : len(text)-len(last)]
	var got []mailbox.Name
	for _, lit := range p.literals[1 : len(p.literals)-1] {
		before, after, found := strings.Cut(rest, lit)
		if !found {
			return nil, false
		}
		got, rest = append(got, mailbox.Name{before}), after
	}
	return append(got, mailbox.Name{rest}), true
}
