package subject

import (
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// Longest is how many bytes of a header field are asked for, and how long a subject can become.
const Longest = 2000

// Decode makes text of the bytes of a Subject field, with its name and its folds (RFC 5322 section 2.2.3): unfolded, encoded words read in
// whatever charset they say (RFC 2047). What cannot be read stays as it stands; bytes that are not UTF-8 become U+FFFD. Empty when there is
// no such field.
func Decode(field []byte) string {
	name, value, found := strings.Cut(string(field[:min(len(field), Longest)]), ":")
	if !found || !strings.EqualFold(strings.TrimSpace(name), "subject") {
		return ""
	}
	value = strings.TrimSpace(unfold(value))
	if text, err := decoder.DecodeHeader(value); err == nil {
		value = text
	}
	value = strings.ToValidUTF8(value, "\uFFFD")
	if len(value) > Longest {
		value = value[:Longest]
		for len(value) > 0 && !utf8.ValidString(value[len(value)-min(len(value), utf8.UTFMax):]) {
			value = value[:len(value)-1]
		}
	}
	return value
}

// unfold takes the line ends out; the blanks behind them stay.
func unfold(s string) string { return strings.NewReplacer("\r\n", "", "\r", "", "\n", "").Replace(s) }

// decoder knows the charsets of the web (WHATWG Encoding Standard), which are those of mail.
var decoder = &mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(input), nil
}}
