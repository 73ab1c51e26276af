package checkpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// Wire is a [mailbox.Wire] that can stand in a text file: bytes that are not printable ASCII are written \xNN, a backslash \\.
type Wire mailbox.Wire

// MarshalText gives ASCII.
func (w Wire) MarshalText() ([]byte, error) {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		switch c := w[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c < 0x20 || c > 0x7e:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return []byte(b.String()), nil
}

// UnmarshalText reads what MarshalText writes, and nothing else: one name has one text.
func (w *Wire) UnmarshalText(text []byte) error {
	var b strings.Builder
	for s := string(text); s != ""; {
		plain, rest, escaped := strings.Cut(s, `\`)
		b.WriteString(plain)
		switch {
		case !escaped:
			s = ""
		case strings.HasPrefix(rest, `\`):
			b.WriteByte('\\')
			s = rest[1:]
		default:
			c, err := escapedByte(rest)
			if err != nil {
				return err
			}
			b.WriteByte(c)
			s = rest[3:]
		}
	}
	read := Wire(b.String())
	if again, _ := read.MarshalText(); string(again) != string(text) {
		return errors.New("this is not how a mailbox name is written here; leave the file as the program wrote it")
	}
	*w = read
	return nil
}

func escapedByte(s string) (byte, error) {
	if len(s) >= 3 && s[0] == 'x' {
		if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return byte(n), nil
		}
	}
	return 0, errors.New(`a backslash stands for nothing here; write \\ or \xNN`)
}

// UIDs is a [mailbox.UIDSet] in a text file, "1:3,7".
type UIDs mailbox.UIDSet

// Set is the same as the type that everybody uses.
func (u UIDs) Set() mailbox.UIDSet { return mailbox.UIDSet(u) }

// MarshalText is the wire form of RFC 9051.
func (u UIDs) MarshalText() ([]byte, error) { return []byte(u.Set().String()), nil }

// UnmarshalText refuses anything that is not explicit, ascending and apart.
func (u *UIDs) UnmarshalText(text []byte) error {
	set, err := mailbox.ParseUIDSet(string(text))
	if err != nil {
		return err
	}
	*u = UIDs(set)
	return nil
}

// visible is a stranger's text for a file that people read: everything that does not print, or that turns the reading direction, is escaped.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}
