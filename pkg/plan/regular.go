package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"imapmigrate/pkg/mailbox"
)

// regular begins a pattern that is a regular expression (RE2 syntax) over the whole decoded name, with / between the parts.
const regular = "re:"

// parseRegular reads what stands behind "re:". It has to match from the beginning to the end.
func parseRegular(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`\A(?:` + norm.NFC.String(text) + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q is no regular expression: %w", regular+text, err)
	}
	return re, nil
}

// parseRegularMapping reads a map rule whose from is a regular expression: to is a name in which $1 or ${name} stands for what that group
// matched, and $$ for a dollar.
func parseRegularMapping(m MapRule, from pattern) (mapping, error) {
	if err := checkGroups(m.To, from.re); err != nil {
		return mapping{}, fmt.Errorf("map: to %q: %w", m.To, err)
	}
	return mapping{rule: m, from: from}, nil
}

var group = regexp.MustCompile(`\$(?:\{(\w*)\}|(\w*))`)

func checkGroups(to string, re *regexp.Regexp) error {
	if to == "" || strings.Contains(to, "*") {
		return fmt.Errorf("a star means nothing here, and a name cannot be empty; write $1 for what the first group of from matched")
	}
	for _, found := range group.FindAllStringSubmatch(strings.ReplaceAll(to, "$$", ""), -1) {
		name := found[1] + found[2]
		if n, err := strconv.Atoi(name); err == nil && n <= re.NumSubexp() || name != "" && re.SubexpIndex(name) > 0 {
			continue
		}
		return fmt.Errorf("%s is no group of from; write ${1} for the first, and $$ for a dollar", found[0])
	}
	return nil
}

// expand is the name that a regular rule makes of n, nil when it does not fit or nothing is left. Parts that come out empty are left out.
func (m mapping) expand(n mailbox.Name) mailbox.Name {
	subject := norm.NFC.String(n.String())
	at := m.from.re.FindStringSubmatchIndex(subject)
	if at == nil {
		return nil
	}
	var out mailbox.Name
	var part strings.Builder
	text := string(m.from.re.ExpandString(nil, m.rule.To, subject, at))
	for i := 0; i <= len(text); i++ {
		switch {
		case i == len(text) || text[i] == '/':
			if part.Len() > 0 {
				out = append(out, part.String())
			}
			part.Reset()
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`\/`, text[i+1]) >= 0:
			i++
			part.WriteByte(text[i])
		default:
			part.WriteByte(text[i])
		}
	}
	return out
}
