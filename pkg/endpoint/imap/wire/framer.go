package wire

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds on what a server may send before it counts as hostile. Bodies are streamed, so only their length is bounded.
const (
	maxLine       = 1 << 20  // bytes of one response outside its literals
	maxSearchLine = 16 << 20 // SEARCH and SORT answer with one line, however many messages match
	maxDepth      = 100      // parentheses within parentheses
	maxHeld       = 1 << 20  // bytes of literals in one response that are no message body: they will be held in memory
	maxBody       = 1<<32 - 1
	headSize      = 1024 // of a response's first line, kept for its words
)

// framer follows one direction of an IMAP stream and finds where responses (or commands) end. It knows quoted strings, literals
// (RFC 9051 section 4.3, RFC 7888, literal8 of RFC 3516) and that the text of a status response holds neither. It is the only place
// that decides what is a literal: the conn's scanners and the readers of raw exchanges all use it.
type framer struct {
	commands bool // this direction carries commands: no status text, no bounds

	inside  bool     // between the first byte of a response and its end
	kind    lineKind // of the response
	head    []byte   // beginning of the first line, up to headSize; stays until the next response begins
	line    int64    // bytes outside literals so far
	held    int64    // bytes of literals that are no body so far
	depth   int
	quoted  bool
	escaped bool
	prev    byte // the byte before, on this line
	mark    literalMark
	size    int64 // announced by mark
	pending int64 // bytes of the current literal still to come
}

type lineKind int

const (
	undecided lineKind = iota
	statusText
	plainData
	fetchData
	searchData
)

// literalMark is how much of "{123+}" has been seen.
type literalMark int

const (
	noMark literalMark = iota
	markOpen
	markDigits
	markPlus
	markClosed
	markClosedPlus
)

// event is what a framer has come upon.
type event int

const (
	more         event = iota // nothing yet, all bytes are used up
	literalAhead              // a line has ended with {n}: in a command, the server says "+" first
	literalPlus               // a line has ended with {n+}: the literal follows at once
	ended                     // the response or command is complete
)

// boundary reports whether the stream stands between two responses.
func (f *framer) boundary() bool { return !f.inside }

// next consumes bytes up to and including the next event; without one it consumes all of p. Bytes of a literal are no event: what is
// pending before the call is literal.
func (f *framer) next(p []byte) (int, event, error) {
	used := int(min(f.pending, int64(len(p))))
	f.pending -= int64(used)
	for used < len(p) {
		if f.kind == statusText {
			n, ev, err := f.text(p[used:])
			return used + n, ev, err
		}
		ev, err := f.step(p[used])
		used++
		if ev != more || err != nil {
			return used, ev, err
		}
	}
	return used, more, nil
}

// text skips to the end of a line that cannot hold a literal.
func (f *framer) text(p []byte) (int, event, error) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		f.keep(p)
		f.line += int64(len(p))
		return len(p), more, f.checkLine()
	}
	f.keep(p[:end])
	f.reset()
	return end + 1, ended, nil
}

func (f *framer) keep(p []byte) {
	f.head = append(f.head, p[:min(len(p), headSize-len(f.head))]...)
}

func (f *framer) step(b byte) (event, error) {
	if !f.inside {
		f.inside, f.head, f.prev = true, f.head[:0], ' '
	}
	f.line++
	if err := f.checkLine(); err != nil {
		return more, err
	}
	if b == '\n' {
		return f.endOfLine()
	}
	if len(f.head) < headSize {
		f.head = append(f.head, b)
	}
	if f.kind == undecided && b == ' ' {
		f.kind = f.decide()
	}
	return more, f.syntax(b)
}

func (f *framer) checkLine() error {
	limit := int64(maxLine)
	if f.kind == searchData {
		limit = maxSearchLine
	}
	if f.line <= limit || f.commands {
		return nil
	}
	return fmt.Errorf("a response of more than %d bytes", limit)
}

// decide finds out from the words so far what kind of response this is.
func (f *framer) decide() lineKind {
	if f.commands {
		return plainData
	}
	words := strings.Fields(string(f.head))
	switch {
	case len(words) == 0:
		return undecided
	case words[0] != "*":
		return statusText // "+" or a tag
	case len(words) == 1:
		return undecided
	}
	switch strings.ToUpper(words[1]) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return statusText
	case "SEARCH", "ESEARCH", "SORT":
		return searchData
	}
	switch {
	case strings.Trim(words[1], "0123456789") != "":
		return plainData
	case len(words) == 2:
		return undecided // "* 12 "
	case strings.EqualFold(words[2], "FETCH"):
		return fetchData
	}
	return plainData
}

// syntax follows quotes, parentheses and the mark of a literal.
func (f *framer) syntax(b byte) error {
	if b == '\r' {
		return nil
	}
	f.follow(b)
	switch {
	case f.escaped:
		f.escaped = false
	case f.quoted:
		f.escaped = b == '\\'
		f.quoted = b != '"'
	case b == '"':
		f.quoted = opensQuote(f.prev)
	case b == '(':
		f.depth++
	case b == ')' && f.depth > 0:
		f.depth--
	}
	f.prev = b
	if f.depth > maxDepth && !f.commands {
		return fmt.Errorf("more than %d parentheses within each other", maxDepth)
	}
	return nil
}

// opensQuote reports whether a quotation mark after prev begins a string. In the middle of an atom it is a server's slip.
func opensQuote(prev byte) bool { return strings.IndexByte(` ()[]"~`, prev) >= 0 }

// follow notices "{123}" and "{123+}" outside of quotes.
func (f *framer) follow(b byte) {
	switch {
	case f.quoted:
		f.mark = noMark
	case b == '{' && strings.IndexByte(` ()]>~`, f.prev) >= 0:
		f.mark, f.size = markOpen, 0
	case b >= '0' && b <= '9' && (f.mark == markOpen || f.mark == markDigits):
		f.mark, f.size = markDigits, min(f.size*10+int64(b-'0'), maxBody+1)
	case b == '+' && f.mark == markDigits:
		f.mark = markPlus
	case b == '}' && f.mark == markDigits:
		f.mark = markClosed
	case b == '}' && f.mark == markPlus:
		f.mark = markClosedPlus
	default:
		f.mark = noMark
	}
}

func (f *framer) endOfLine() (event, error) {
	if f.kind == undecided {
		f.kind = f.decide()
	}
	if f.kind == statusText || f.mark < markClosed {
		f.reset()
		return ended, nil
	}
	if err := f.checkLiteral(); err != nil {
		return more, err
	}
	ev := literalAhead
	if f.mark == markClosedPlus {
		ev = literalPlus
	}
	f.pending, f.mark, f.prev = f.size, noMark, '"'
	return ev, nil
}

// checkLiteral lets only bodies be long. In FETCH they stand directly within the outer parentheses.
func (f *framer) checkLiteral() error {
	if f.commands {
		return nil
	}
	if f.kind == fetchData && f.depth == 1 {
		if f.size > maxBody {
			return fmt.Errorf("a message of more than %d bytes", int64(maxBody))
		}
		return nil
	}
	if f.held += f.size; f.held > maxHeld {
		return fmt.Errorf("literals of more than %d bytes that are no message", maxHeld)
	}
	return nil
}

// reset stands between two responses again; only head stays, for whoever wants to know what has ended.
func (f *framer) reset() {
	*f = framer{commands: f.commands, head: f.head}
}
