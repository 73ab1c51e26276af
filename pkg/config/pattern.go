package config

import (
	"errors"
	"fmt"
	"strings"
)

// stars reads a pattern for mailboxes as far as it can be wrong, and says what its stars are, in order: true for **. What a pattern
// matches is plan's to know.
func stars(pattern string) ([]bool, error) {
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
