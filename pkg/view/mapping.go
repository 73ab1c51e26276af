package view

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/report"
)

// mappingColumns are the titles of the mapping, in order.
var mappingColumns = []string{"source_mailbox", "source_uidvalidity", "source_uid", "destination_mailbox", "destination_uidvalidity", "destination_uid",
	"bytes", "sha256", "outcome", "proof", "source_copy", "reason"}

// Mapping writes one line of CSV (RFC 4180) for each link that each visits: where every message was and where it is. It holds one line at a
// time. Every field is quoted, made visible, and can be no formula in a spreadsheet. A number that nobody knows is an empty field.
func Mapping(w io.Writer, each func(visit func(report.Link) error) error) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if err := writeRecord(b, mappingColumns); err != nil {
		return err
	}
	err := each(func(l report.Link) error {
		return writeRecord(b, []string{l.Mailbox, number(l.Validity), number(l.UID), l.Dest, number(l.DestValidity), number(l.DestUID),
			strconv.FormatInt(l.Size, 10), digest(l.Digest), l.Outcome, l.Proof, l.Removal, l.Reason})
	})
	if err != nil {
		return err
	}
	return b.Flush()
}

func number[N ~uint32](n N) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

func digest(d mailbox.Digest) string {
	if d == (mailbox.Digest{}) {
		return ""
	}
	return d.String()
}

func writeRecord(b *bufio.Writer, fields []string) error {
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(harmlessCell(f), `"`, `""`))
		b.WriteByte('"')
	}
	_, err := b.WriteString("\r\n") // an error stays in b and shows here
	return err
}

// harmlessCell is a text from outside for a spreadsheet: visible, and with ' in front where a program could take it for a formula. Some look
// past blanks, some know the wide forms of the four signs, and some obey TAB and CR.
func harmlessCell(text string) string {
	if isPlain(text) { // nearly all of them
		return text
	}
	bare := strings.TrimLeftFunc(text, unicode.IsSpace)
	sign, _ := utf8.DecodeRuneInString(bare)
	formula := bare != "" && strings.ContainsRune("=+-@＝＋－＠", sign) || strings.IndexAny(text, "\t\r\n") == 0
	if text = Visible(text); formula {
		return "'" + text
	}
	return text
}

// isPlain reports whether text is short printable ASCII that begins with a letter or a digit.
func isPlain(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < ' ' || c > '~' || i == 0 && (c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z') {
			return false
		}
	}
	return len(text) <= most
}
