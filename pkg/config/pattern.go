package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// stars reads a pattern for mailboxes as far as it can be wrong, and says what its stars are, in order: true for **. What a pattern
// matches is plan's to know.
func stars(pattern string) ([]bool, error) {
	if expression, ok := strings.CutPrefix(pattern, regular); ok {
		_, err := expressionOf(expression)
		return nil, err
	}
	if pattern == "" {
		return nil, errors.New("is empty; write a mailbox name, or ** for all")
	}
	plain, err := unescape(pattern)
	if err != nil {
		return nil, err
	}
	var found []bool
	for part := range strings.SplitSeq(plain, "/") {
		switch n := strings.Count(part, "*"); {
		case part == "":
			return nil, errors.New("has an empty part; write names as Parent/Child, without a slash at either end")
		case part == "**":
			found = append(found, true)
		case strings.Contains(part, "**"):
			return nil, errors.New("has ** beside other text; ** stands for whole parts, * for text within one")
		default:
			found = append(found, make([]bool, n)...)
		}
	}
	return found, nil
}

// unescape puts an x in the place of each escaped character, so that all slashes and stars that are left mean something.
func unescape(pattern string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c < ' ' || c == 0x7f:
			return "", errors.New("holds a control character; remove it")
		case c != '\\':
			b.WriteByte(c)
		case i+1 == len(pattern) || strings.IndexByte(`\/*`, pattern[i+1]) < 0:
			return "", errors.New("holds a lone backslash; write \\\\ for a backslash, \\/ for a slash inside a part, \\* for a star that is meant")
		default:
			i++
			b.WriteByte('x')
		}
	}
	return b.String(), nil
}

// regular begins a pattern that is a regular expression over the whole name.
const regular = "re:"

func expressionOf(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("is no regular expression (%v); correct it, or write the name without \"re:\" in front", err)
	}
	return re, nil
}

var groupPattern = regexp.MustCompile(`\$(?:\{(\w*)\}|(\w*))`)

// groups reports whether each $1 and ${name} of to has a group of the expression from to stand for.
func groups(from, to string) error {
	re, err := expressionOf(strings.TrimPrefix(from, regular))
	switch {
	case err != nil:
		return nil // said of from
	case to == "" || strings.Contains(to, "*"):
		return errors.New("is empty or has a star, which means nothing behind a regular expression; write $1 for what its first group matched")
	}
	for _, found := range groupPattern.FindAllStringSubmatch(strings.ReplaceAll(to, "$$", ""), -1) {
		name := found[1] + found[2]
		if n, err := strconv.Atoi(name); err == nil && n <= re.NumSubexp() || name != "" && re.SubexpIndex(name) > 0 {
			continue
		}
		return fmt.Errorf("has %s, which is no group of `from`; write ${1} for the first, $$ for a dollar", found[0])
	}
	return nil
}

// fits reports whether each star of to has one of from to stand for.
func fits(from, to []bool) error {
	if len(to) > len(from) {
		return errors.New("has more stars than `from`, so nothing is there for them to stand for; use as many at most")
	}
	for i, deep := range to {
		if deep != from[i] {
			return fmt.Errorf("has star %d unlike that of `from`; both must be *, or both **", i+1)
		}
	}
	return nil
}
