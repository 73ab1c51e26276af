package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parser reads the values of one response: atoms, quoted strings, literals, lists. It is tolerant where servers are loose: blanks may be
// doubled, letters of any case, quoted strings may hold any byte, and an unclosed one ends with the line.
type parser struct {
	segments []segment
	at       int // segment
	pos      int // byte in it, where it is a line
	values   int // read so far
}

type valueKind int

const (
	atomValue valueKind = iota
	quotedValue
	literalValue
	listValue
)

// value is one argument of a response.
type value struct {
	kind    valueKind
	text    string
	list    []value
	literal *segment // of a literal
}

// isNil reports whether the value is the atom NIL.
func (v value) isNil() bool { return v.kind == atomValue && strings.EqualFold(v.text, "NIL") }

// number is the value as a number without sign of so many bits; anything else is 0 and not ok.
func (v value) number(bits int) (n uint64, ok bool) {
	n, err := strconv.ParseUint(v.text, 10, bits)
	if err != nil || (v.kind != atomValue && v.kind != quotedValue) {
		return 0, false
	}
	return n, true
}

// maxValues of one response; beyond it a server floods us.
const maxValues = 200_000

var errNoValue = errors.New("the response ends where a value should be")

func newParser(r *response) *parser { return &parser{segments: r.segments} }

// rest is what is left of the current line; nil at a literal and at the end.
func (p *parser) rest() []byte {
	for p.at < len(p.segments) {
		s := &p.segments[p.at]
		if s.literal {
			return nil
		}
		if p.pos < len(s.text) {
			return s.text[p.pos:]
		}
		p.at, p.pos = p.at+1, 0
	}
	return nil
}

// end reports whether nothing but blanks is left.
func (p *parser) end() bool {
	p.blanks()
	p.rest()
	return p.at == len(p.segments)
}

func (p *parser) blanks() {
	for rest := p.rest(); len(rest) > 0 && rest[0] == ' '; rest = p.rest() {
		p.pos++
	}
}

// skipWords passes the first words of a line.
func (p *parser) skipWords(n int) {
	for range n {
		p.blanks()
		for rest := p.rest(); len(rest) > 0 && rest[0] != ' '; rest = p.rest() {
			p.pos++
		}
	}
}

// accept passes b if it comes next.
func (p *parser) accept(b byte) bool {
	p.blanks()
	rest := p.rest()
	if len(rest) == 0 || rest[0] != b {
		return false
	}
	p.pos++
	return true
}

// value reads the next one.
func (p *parser) value() (value, error) {
	if p.values++; p.values > maxValues {
		return value{}, fmt.Errorf("more than %d values in one response", maxValues)
	}
	p.blanks()
	rest := p.rest()
	switch {
	case rest == nil && p.at < len(p.segments):
		s := &p.segments[p.at]
		p.at++
		return value{kind: literalValue, text: string(s.text), literal: s}, nil
	case rest == nil:
		return value{}, errNoValue
	case rest[0] == '(':
		p.pos++
		return p.list()
	case rest[0] == ')':
		return value{}, errors.New("a closing parenthesis where a value should be")
	case rest[0] == '"':
		return p.quoted(rest), nil
	}
	return p.atom(rest), nil
}

// list reads to the parenthesis that closes it. The framer has bounded the depth.
func (p *parser) list() (value, error) {
	v := value{kind: listValue}
	for !p.accept(')') {
		item, err := p.value()
		if err != nil {
			return v, err
		}
		v.list = append(v.list, item)
	}
	return v, nil
}

// quoted reads a string; a backslash stands for the byte after it (RFC 9051 section 9, quoted).
func (p *parser) quoted(rest []byte) value {
	var b strings.Builder
	i := 1
	for ; i < len(rest) && rest[i] != '"'; i++ {
		if rest[i] == '\\' && i+1 < len(rest) {
			i++
		}
		b.WriteByte(rest[i])
	}
	p.pos += min(i+1, len(rest))
	return value{kind: quotedValue, text: b.String()}
}

func (p *parser) atom(rest []byte) value {
	end := 0
	for end < len(rest) && rest[end] != ' ' && rest[end] != '(' && rest[end] != ')' {
		end++
	}
	p.pos += end
	return value{kind: atomValue, text: string(rest[:end])}
}

// strings are the texts of a list of plain values; lists within are left out.
func (v value) strings() []string {
	var out []string
	for _, item := range v.list {
		if item.kind != listValue {
			out = append(out, item.text)
		}
	}
	return out
}
