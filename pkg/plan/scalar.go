package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"imapmigrate/pkg/mailbox"
)

// text is a YAML scalar that reads back as s, whatever is in it: in single quotes where that saves escapes, in double quotes otherwise.
// What cannot be seen, or could turn the direction of the line, is written as an escape. s is valid UTF-8.
func text(s string) string {
	printable := true
	for _, r := range s {
		printable = printable && strconv.IsPrint(r)
	}
	if printable && strings.ContainsAny(s, `"\`) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// wireText writes any bytes in visible ASCII, as Go strings are: \xNN, \", \\.
func wireText(w mailbox.Wire) string {
	q := strconv.QuoteToASCII(string(w))
	return q[1 : len(q)-1]
}

func parseWire(s string) (mailbox.Wire, error) {
	w, err := strconv.Unquote(`"` + s + `"`)
	if err != nil {
		return "", fmt.Errorf(`is not in the form that the planner writes: plain ASCII with \" for a quote, \\ for a backslash, \xNN for other bytes`)
	}
	return mailbox.Wire(w), nil
}

// amount is a number that may be unknown.
type amount int64

func (a amount) String() string {
	if a < 0 {
		return "unknown"
	}
	return strconv.FormatInt(int64(a), 10)
}

// UnmarshalText reads what String writes.
func (a *amount) UnmarshalText(t []byte) error {
	if string(t) == "unknown" {
		*a = Unknown
		return nil
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("a count must be a whole number or unknown; leave the planner's number as it was")
	}
	*a = amount(n)
	return nil
}

// moment is a date, which stands for its first instant in UTC, or an instant.
type moment struct{ time.Time }

func (m moment) String() string {
	if m.Equal(m.Truncate(24 * time.Hour)) {
		return m.UTC().Format(time.DateOnly)
	}
	return m.UTC().Format(time.RFC3339Nano)
}

// UnmarshalText reads what String writes.
func (m *moment) UnmarshalText(t []byte) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if parsed, err := time.Parse(layout, string(t)); err == nil {
			m.Time = parsed.UTC()
			return nil
		}
	}
	return fmt.Errorf("this is no date; write it like 2015-01-31 or 2015-01-31T18:00:00Z")
}

// path is a name in the form of [mailbox.Name.String]; empty is nil.
type path mailbox.Name

// UnmarshalText reads a name.
func (p *path) UnmarshalText(t []byte) error {
	if len(t) == 0 {
		return nil
	}
	n, err := mailbox.ParseName(string(t))
	if err != nil {
		return fmt.Errorf(`%w; write parts with / between them, a slash inside a part as \/`, err)
	}
	*p = path(n)
	return nil
}

func valid(texts ...string) bool {
	for _, t := range texts {
		if !utf8.ValidString(t) {
			return false
		}
	}
	return true
}
