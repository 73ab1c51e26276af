package plan

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"imapmigrate/pkg/mailbox"
)

// fold is the same for all names that some server takes for one: they differ in case (Exchange) or in Unicode form (NFC, NFD: macOS) only.
func fold(n mailbox.Name) string {
	s := n.String()
	if ascii(s) {
		return strings.ToLower(s)
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(s)))
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// words makes a stranger's text fit to be kept: valid, on one line, of bounded length.
func words(s string) string {
	const most = 200
	cut := false
	if len(s) > most {
		s, cut = s[:most], true
	}
	quoted := strconv.Quote(strings.ToValidUTF8(s, "?"))
	quoted = quoted[1 : len(quoted)-1]
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\"`, `"`), `\\`, `\`)
	if cut {
		quoted += "..."
	}
	return quoted
}
