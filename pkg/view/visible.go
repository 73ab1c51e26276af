package view

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// most is how many bytes of a stranger's text are shown at all. A line of IMAP may be longer; nobody reads that in a table.
const most = 2000

const (
	joiner   = '\u200d' // ZERO WIDTH JOINER, which makes one emoji of several
	selector = '\ufe0f' // VARIATION SELECTOR-16: the character before as emoji
)

// Visible makes a text from outside safe to print on one line of a terminal: control characters, escape sequences, direction and other
// format characters, line separators, invalid UTF-8 and unassigned characters are written as \n, \x1b, \u202e and the like. It is for
// reading, not for reading back: a backslash stays one. What is longer than 2000 bytes ends in "...".
func Visible(text string) string {
	cut := len(text) > most
	if cut {
		text = text[:most]
		for len(text) > most-utf8.UTFMax && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
	}
	var b strings.Builder
	var before rune
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case shown(r, before):
			b.WriteRune(r)
		default:
			b.WriteString(escape(r))
		}
		before = r
		i += size
	}
	if cut {
		b.WriteString("...")
	}
	return b.String()
}

// shown reports whether r may be printed as it is after the rune before.
func shown(r, before rune) bool {
	switch {
	case r == ' ':
		return true
	case r == joiner:
		return unicode.Is(unicode.So, before) || unicode.Is(unicode.Sk, before) || before == selector
	case unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
		return false
	}
	// IsPrint leaves out Cc, Cf (which holds the bidirectional controls), Co, Cs and Cn.
	return unicode.IsPrint(r) && !invisible(r)
}

// invisible finds letters and marks that show nothing at all: fillers that make two names look like one.
func invisible(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u17b4', '\u17b5', '\u2800', '\u034f':
		return true
	}
	return false
}

func escape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case r < 0x80: // beyond, \xNN is a byte that is not UTF-8
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// Width is how many columns of a terminal text takes.
func Width(text string) int { return uniseg.StringWidth(text) }

// Clip makes a text from outside visible and shortens it to at most width columns, with "…" at the end where something is missing.
func Clip(text string, width int) string {
	text = Visible(text)
	if Width(text) <= width {
		return text
	}
	if width < 1 {
		return ""
	}
	head, _ := split(text, width-1)
	return head + "…"
}

// split takes from the front of text as many whole characters (grapheme clusters) as fit into width columns.
func split(text string, width int) (head, rest string) {
	used, at, state := 0, 0, -1
	for at < len(text) {
		cluster, _, w, next := uniseg.FirstGraphemeClusterInString(text[at:], state)
		if used+w > width {
			break
		}
		used, at, state = used+w, at+len(cluster), next
	}
	return text[:at], text[at:]
}
