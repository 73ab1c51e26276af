package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"imapmigrate/pkg/mailbox"
)

// substitute stands for what a name cannot hold.
const substitute = "_"

// tolerance is what a destination takes in names.
type tolerance struct {
	delimiter string
	stand     string // stands for what cannot be in a name: "_", where that does not part names
	mark      string // before the digest of a shortened part: "~"
	number    string // format of a number behind a name: " (%d)"
	forbidden string // characters that the server refuses
	narrow    bool   // characters beyond U+FFFF are refused
	part      int    // bytes of one part
	total     int    // bytes of the whole name, delimiters included
	utf8      bool   // bytes are counted in UTF-8, not in what the name encodes to
}

// toleranceOf reads it from the delimiter and the server's own name. Where a part becomes a file name it may have 255 bytes; Maildir++
// ("." between the parts) makes one file name of the whole path without the prefix, and puts a "." before it. What known servers count
// and refuse was measured: Dovecot 2.3 takes 2,000 bytes in all where parts are folders, Cyrus 3.6 keeps 490, the user's name included,
// and has no bound for a part, Courier 5 keeps names in UTF-8.
func toleranceOf(s Side) tolerance {
	t := tolerance{delimiter: s.Delimiter, stand: substitute, mark: "~", number: " (%d)", part: 255, total: 440}
	switch s.Delimiter {
	case "_":
		t.stand = "-"
	case "~":
		t.mark = "-"
	case " ", "(", ")":
		t.number = "-%d"
	}
	switch server := strings.ToLower(s.Identity.Server); {
	case strings.Contains(server, "cyrus"):
		t.forbidden, t.part = "!\"%;<>\\^`{|}", t.total
		return t
	case strings.Contains(server, "courier"):
		t.forbidden, t.narrow, t.utf8 = "/", true, true
	case strings.Contains(server, "dovecot"):
		t.total = 2000
	}
	if s.Delimiter == "." || s.Delimiter == "" {
		t.total = 254 + t.length(s.Prefix)
	}
	return t
}

// fit makes one part of a name fit for the destination and says what was changed and why, "" when nothing was.
func (t tolerance) fit(part string) (fitted, why string) {
	var reasons []string
	say := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	fitted = strings.ToValidUTF8(part, t.stand)
	if t.delimiter != "" && strings.Contains(fitted, t.delimiter) {
		fitted = strings.ReplaceAll(fitted, t.delimiter, t.stand)
		say("%q parts names at the destination", t.delimiter)
	}
	if bad := strings.IndexFunc(fitted, unicode.IsControl); bad >= 0 {
		fitted = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return rune(t.stand[0])
			}
			return r
		}, fitted)
		say("control characters are refused")
	}
	if refused := t.refused(fitted); refused != "" {
		fitted = strings.Map(func(r rune) rune {
			if strings.ContainsRune(refused, r) {
				return rune(t.stand[0])
			}
			return r
		}, fitted)
		say("the destination refuses %q", refused)
	}
	if trimmed := strings.TrimSpace(fitted); trimmed != fitted {
		fitted = trimmed
		say("blanks at an end are refused or lost")
	}
	if fitted == "" || fitted == "." || fitted == ".." {
		fitted = strings.Repeat(t.stand, max(1, len(fitted)))
		say("%q is no name", part)
	}
	if short := t.shorten(fitted, t.part); short != fitted {
		fitted = short
		say("a part may have %d bytes", t.part)
	}
	return fitted, strings.Join(reasons, ", ")
}

// refused are the characters of part that the destination does not take, each once.
func (t tolerance) refused(part string) string {
	var out strings.Builder
	for _, r := range part {
		if (strings.ContainsRune(t.forbidden, r) || t.narrow && r > 0xFFFF) && !strings.ContainsRune(out.String(), r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// shorten cuts text so that it has at most room bytes when encoded.
func (t tolerance) shorten(text string, room int) string {
	if t.bytes(text) <= room {
		return text
	}
	return t.marked(text, text, room)
}

// marked is what of text has room, and eight digits of whole's digest: two names stay two, and come out the same in every plan.
func (t tolerance) marked(text, whole string, room int) string {
	room = max(room, 0)
	sum := sha256.Sum256([]byte(whole))
	mark := t.mark + hex.EncodeToString(sum[:4])
	if len(text) > 2*room { // no text counts less than half its bytes, so this cuts nothing that could stay
		text = strings.ToValidUTF8(text[:2*room], "")
	}
	for len(text) > 0 && t.bytes(text+mark) > room {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return strings.TrimRightFunc(text, unicode.IsSpace) + mark
}

// bytes is the length of one part as the destination counts it. The part holds no control character.
func (t tolerance) bytes(part string) int {
	if t.utf8 || plain(part) {
		return len(part)
	}
	w, err := mailbox.Encode(mailbox.Name{part}, "")
	if err != nil {
		return len(part) * 3
	}
	return len(w)
}

// plain reports whether part is what it encodes to.
func plain(part string) bool {
	for i := 0; i < len(part); i++ {
		if c := part[i]; c < 0x20 || c >= 0x7f || c == '&' {
			return false
		}
	}
	return true
}

// length is that of the whole name, delimiters included.
func (t tolerance) length(n mailbox.Name) int {
	total := 0
	for _, p := range n {
		total += t.bytes(p) + len(t.delimiter)
	}
	return total
}
