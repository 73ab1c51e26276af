package demo

import (
	"bytes"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// bodySection cuts BODY[...] out of a message. The whole, HEADER, TEXT and HEADER.FIELDS are cut from the bytes as they are; only parts
// are left to go-imap, which parses and gives nothing where it cannot.
func bodySection(content []byte, b *imap.FetchItemBodySection) []byte {
	if len(b.Part) > 0 {
		return imapserver.ExtractBodySection(bytes.NewReader(content), b)
	}
	header, text := splitHeader(content)
	switch b.Specifier {
	case imap.PartSpecifierHeader:
		content = header
		if len(b.HeaderFields) > 0 || len(b.HeaderFieldsNot) > 0 {
			content = headerFields(header, b.HeaderFields, b.HeaderFieldsNot)
		}
	case imap.PartSpecifierText:
		content = text
	}
	if b.Partial == nil {
		return content
	}
	first := min(max(b.Partial.Offset, 0), int64(len(content)))
	return content[first : first+min(max(b.Partial.Size, 0), int64(len(content))-first)]
}

// splitHeader divides at the first empty line, which belongs to the header (RFC 9051 section 6.4.5.1). Without one all is header.
func splitHeader(content []byte) (header, text []byte) {
	for i := 0; i < len(content); {
		line := nextLine(content[i:])
		i += len(line)
		if emptyLine(line) {
			return content[:i], content[i:]
		}
	}
	return content, nil
}

// headerFields keeps the named fields, or all but those, and ends with the empty line.
func headerFields(header []byte, only, not []string) []byte {
	var out []byte
	keep := false
	for rest := header; len(rest) > 0; {
		line := nextLine(rest)
		rest = rest[len(line):]
		if emptyLine(line) {
			break
		}
		if line[0] != ' ' && line[0] != '\t' { // else it continues the field above
			name, _, _ := strings.Cut(string(line), ":")
			named := func(s string) bool { return strings.EqualFold(s, strings.TrimRight(name, " \t\r\n")) }
			keep = slices.ContainsFunc(only, named) || len(only) == 0 && !slices.ContainsFunc(not, named)
		}
		if keep {
			out = append(out, line...)
		}
	}
	return append(out, "\r\n"...)
}

func nextLine(content []byte) []byte {
	if i := bytes.IndexByte(content, '\n'); i >= 0 {
		return content[:i+1]
	}
	return content
}

func emptyLine(line []byte) bool { return string(line) == "\r\n" || string(line) == "\n" }
