package mailbox

import (
	"slices"
	"strings"
)

// Flag is a system flag (leading backslash) or a keyword (RFC 9051 section 2.3.2). Flags are case-insensitive: compare with [Flag.Equal].
type Flag string

// The system flags. \Recent belongs to the server and is never copied.
const (
	Seen     Flag = `\Seen`
	Answered Flag = `\Answered`
	Flagged  Flag = `\Flagged`
	Deleted  Flag = `\Deleted`
	Draft    Flag = `\Draft`
	Recent   Flag = `\Recent`
)

var systemFlags = []Flag{Answered, Deleted, Draft, Flagged, Seen}

// Equal reports whether f and o are one flag.
func (f Flag) Equal(o Flag) bool { return strings.EqualFold(string(f), string(o)) }

// System reports whether f is one of the five flags that every server keeps and a client may set.
func (f Flag) System() bool { return slices.ContainsFunc(systemFlags, f.Equal) }

// Keyword reports whether f is a keyword that can be written as a plain atom (RFC 9051 section 9, flag-keyword). A flag that is neither
// System nor Keyword must never reach the wire: servers answer BAD and may run what follows as commands.
func (f Flag) Keyword() bool {
	if f == "" || len(f) > 200 {
		return false
	}
	for i := 0; i < len(f); i++ {
		if c := f[i]; c <= 0x20 || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return false
		}
	}
	return true
}

// Flags brings a set into one form: known flags in canonical case, no \Recent, no duplicates (the first spelling stays), sorted without
// regard to case. The argument is not changed.
func Flags(in ...Flag) []Flag {
	out := make([]Flag, 0, len(in))
	for _, f := range in {
		if i := slices.IndexFunc(systemFlags, f.Equal); i >= 0 {
			f = systemFlags[i]
		}
		if !f.Equal(Recent) && !slices.ContainsFunc(out, f.Equal) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Flag) int { return strings.Compare(strings.ToLower(string(a)), strings.ToLower(string(b))) })
	return out
}

// SameFlags reports whether a and b hold the same flags, \Recent aside.
func SameFlags(a, b []Flag) bool { return slices.EqualFunc(Flags(a...), Flags(b...), Flag.Equal) }
