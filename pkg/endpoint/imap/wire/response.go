package wire

import (
	"io"
	"strings"
)

// segment is a stretch of one response: text of a line, or a literal.
type segment struct {
	text    []byte    // of the line without its CRLF, or the literal's bytes
	literal bool      //
	size    int64     // of the literal
	sink    io.Writer // where a streamed literal went; text is empty then
}

// response is one whole response of the server.
type response struct{ segments []segment }

// line is the first line, all there is unless there are literals.
func (r *response) line() string {
	if len(r.segments) == 0 {
		return ""
	}
	return string(r.segments[0].text)
}

// untagged is the upper-case name of an untagged response: "LIST", "EXISTS" with its number before it, "" for all others.
func (r *response) untagged() (number, name string) {
	words := strings.Fields(r.firstWords())
	if len(words) < 2 || words[0] != "*" {
		return "", ""
	}
	if strings.Trim(words[1], "0123456789") == "" && len(words) > 2 {
		return words[1], strings.ToUpper(words[2])
	}
	return "", strings.ToUpper(words[1])
}

// firstWords is enough of the line for its first three words.
func (r *response) firstWords() string {
	line := r.line()
	return line[:min(len(line), 100)]
}

// isStatus reports whether name is one of the status responses (RFC 9051 section 7.1).
func isStatus(name string) bool {
	switch name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return true
	}
	return false
}

// status is a status response taken apart: "A1 NO [OVERQUOTA 1] text".
type status struct {
	tag    string // "*" when untagged
	kind   string // OK, NO, BAD, BYE, PREAUTH; upper case
	code   string // upper case, without arguments
	args   string // of the code, as they came
	text   string
	isText bool // it is a status response at all
}

// parseStatus takes a line apart. Text may be missing (some servers say just "A1 OK"), the code may lack its closing bracket.
func parseStatus(line string) status {
	tag, rest, _ := strings.Cut(line, " ")
	kind, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	s := status{tag: tag, kind: strings.ToUpper(kind)}
	if s.isText = isStatus(s.kind); !s.isText {
		return s
	}
	rest = strings.TrimLeft(rest, " ")
	s.text = rest
	if !strings.HasPrefix(rest, "[") {
		return s
	}
	end := closingBracket(rest)
	if end < 0 {
		return s
	}
	s.code, s.args, _ = strings.Cut(rest[1:end], " ")
	s.code = strings.ToUpper(s.code)
	s.text = strings.TrimLeft(rest[end+1:], " ")
	return s
}

// closingBracket finds the end of a response code. Flags within parentheses may hold brackets of their own, as Gmail's do.
func closingBracket(s string) int {
	depth, quoted := 0, false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ']' && depth <= 0:
			return i
		}
	}
	return strings.IndexByte(s, ']')
}
