package mailbox

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Wire is a mailbox name exactly as the server sent it (after unquoting, before any decoding).
// It goes back to that server byte for byte; only [Name] is for people and for mapping.
type Wire string

// Name is the path of a mailbox in decoded parts, outermost first. It has no delimiter: each server brings its own.
type Name []string

// Inbox is the one name every account has; it is case-insensitive (RFC 9051 section 5.1).
const Inbox = "INBOX"

// String joins the parts with "/". A "/" inside a part is written `\/` and a backslash `\\`, so that the text can be read back by [ParseName].
func (n Name) String() string {
	parts := make([]string, len(n))
	for i, p := range n {
		parts[i] = partEscaper.Replace(p)
	}
	return strings.Join(parts, "/")
}

var partEscaper = strings.NewReplacer(`\`, `\\`, `/`, `\/`)

// ParseName reads the form that [Name.String] writes. It refuses empty names, empty parts and unknown escapes.
func ParseName(s string) (Name, error) {
	if s == "" {
		return nil, fmt.Errorf("a mailbox name cannot be empty")
	}
	var n Name
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			i++
			if i == len(s) || (s[i] != '\\' && s[i] != '/') {
				return nil, fmt.Errorf(`mailbox name %q: a backslash is written \\, a slash inside a part \/`, s)
			}
			part.WriteByte(s[i])
		case '/':
			n = append(n, part.String())
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	n = append(n, part.String())
	for _, p := range n {
		if p == "" {
			return nil, fmt.Errorf("mailbox name %q has an empty part", s)
		}
	}
	return n, nil
}

// Equal reports whether both names have the same parts; a leading INBOX is compared without regard to case.
func (n Name) Equal(o Name) bool {
	if len(n) != len(o) {
		return false
	}
	for i := range n {
		if n[i] != o[i] && (i > 0 || !strings.EqualFold(n[0], Inbox) || !strings.EqualFold(o[0], Inbox)) {
			return false
		}
	}
	return true
}

// IsInbox reports whether n is the INBOX itself, in any case.
func (n Name) IsInbox() bool { return len(n) == 1 && strings.EqualFold(n[0], Inbox) }

// HasPrefix reports whether n is p or lies below it.
func (n Name) HasPrefix(p Name) bool { return len(n) >= len(p) && n[:len(p)].Equal(p) }

// Parent is the name one level up, nil at the top.
func (n Name) Parent() Name {
	if len(n) < 2 {
		return nil
	}
	return n[:len(n)-1]
}

// Child is n with one more part; n is not changed.
func (n Name) Child(parts ...string) Name {
	return append(append(make(Name, 0, len(n)+len(parts)), n...), parts...)
}

// Decode splits a wire name at delimiter ("" for a flat name space, RFC 9051 section 7.3.1: NIL) and decodes each part from modified
// UTF-7 (RFC 3501 section 5.1.3). exact is false when the name is not canonical modified UTF-7: then encoding the parts again would
// name another mailbox, and parts that cannot be decoded stand as they came, bytes outside UTF-8 written \xNN.
func Decode(w Wire, delimiter string) (n Name, exact bool) {
	parts := []string{string(w)}
	if delimiter != "" {
		parts = strings.Split(strings.TrimSuffix(string(w), delimiter), delimiter)
	}
	exact = true
	for _, p := range parts {
		text, err := decodeUTF7(p)
		if err != nil {
			text = visible(p)
		}
		exact = exact && err == nil && encodeUTF7(text) == p
		n = append(n, text)
	}
	return n, exact
}

// Encode is the wire name of n for a server with that delimiter, in canonical modified UTF-7. It refuses what cannot be told apart on
// the wire: a part that holds the delimiter, several parts without one, empty parts, control characters, invalid UTF-8.
func Encode(n Name, delimiter string) (Wire, error) {
	if len(n) == 0 {
		return "", fmt.Errorf("a mailbox name cannot be empty")
	}
	if delimiter == "" && len(n) > 1 {
		return "", fmt.Errorf("mailbox %q: the server has no hierarchy, so a name can have one part only", n)
	}
	parts := make([]string, len(n))
	for i, p := range n {
		if err := checkPart(p, delimiter); err != nil {
			return "", fmt.Errorf("mailbox %q: part %q %w", n, p, err)
		}
		parts[i] = encodeUTF7(p)
	}
	return Wire(strings.Join(parts, delimiter)), nil
}

func checkPart(p, delimiter string) error {
	switch {
	case p == "":
		return fmt.Errorf("is empty")
	case !utf8.ValidString(p):
		return fmt.Errorf("is not valid UTF-8")
	case delimiter != "" && strings.Contains(p, delimiter):
		return fmt.Errorf("contains the server's delimiter %q", delimiter)
	}
	for _, r := range p {
		if r < 0x20 || r == 0x7f {
			return fmt.Errorf("contains a control character (U+%04X)", r)
		}
	}
	return nil
}

func visible(p string) string {
	if utf8.ValidString(p) {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRuneInString(p[i:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02X`, p[i])
		} else {
			b.WriteString(p[i : i+size])
		}
		i += size
	}
	return b.String()
}
