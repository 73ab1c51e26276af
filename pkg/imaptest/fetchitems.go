package imaptest

import (
	"fmt"
	"strconv"
	"strings"
)

// fetchItems walks through what stands between the parentheses of a FETCH response. The first fault stays in
// err and ends the walk.
type fetchItems struct {
	rest string
	err  error
}

// end tells whether the closing parenthesis is reached.
func (f *fetchItems) end() bool {
	f.rest = strings.TrimLeft(f.rest, " ")
	return f.err != nil || f.rest == "" || f.rest[0] == ')'
}

func (f *fetchItems) fail(what string) {
	if f.err == nil {
		f.err = fmt.Errorf("no %s at %.40q", what, f.rest)
	}
	f.rest = ""
}

// token takes an atom, or the name of an item with its section: BODY[HEADER.FIELDS (TO)]<0>.
func (f *fetchItems) token() string {
	f.rest = strings.TrimLeft(f.rest, " ")
	depth := 0
	for i := range len(f.rest) {
		switch b := f.rest[i]; {
		case b == '[':
			depth++
		case b == ']':
			depth--
		case depth == 0 && (b == ' ' || b == '(' || b == ')'):
			return f.take(i)
		}
	}
	return f.take(len(f.rest))
}

func (f *fetchItems) take(n int) string {
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fetchItems) number() int64 {
	n, err := strconv.ParseInt(f.token(), 10, 64)
	if err != nil {
		f.fail("number")
	}
	return n
}

// text takes a literal, a quoted string or NIL.
func (f *fetchItems) text() string {
	f.rest = strings.TrimLeft(f.rest, " ")
	switch {
	case strings.HasPrefix(f.rest, "{"), strings.HasPrefix(f.rest, "~{"):
		return f.literal()
	case strings.HasPrefix(f.rest, `"`):
		return f.quoted()
	case strings.EqualFold(f.token(), "NIL"):
	default:
		f.fail("string")
	}
	return ""
}

func (f *fetchItems) literal() string {
	head, _, found := strings.Cut(f.rest, "\r\n")
	size, ok := literalSize(head)
	if !found || !ok || int64(len(f.rest)-len(head)-2) < size {
		f.fail("literal")
		return ""
	}
	f.take(len(head) + 2)
	return f.take(int(size))
}

func (f *fetchItems) quoted() string {
	var b strings.Builder
	for i := 1; i < len(f.rest); i++ {
		switch f.rest[i] {
		case '"':
			f.take(i + 1)
			return b.String()
		case '\\':
			i++
		}
		if i < len(f.rest) {
			b.WriteByte(f.rest[i])
		}
	}
	f.fail("closing quote")
	return ""
}

// list takes a parenthesized list of atoms and gives what is inside.
func (f *fetchItems) list() string {
	f.rest = strings.TrimLeft(f.rest, " ")
	inside, _, found := strings.Cut(f.rest, ")")
	if !found || !strings.HasPrefix(inside, "(") {
		f.fail("list")
		return ""
	}
	f.take(len(inside) + 1)
	return inside[1:]
}

// skip takes one value of any kind.
func (f *fetchItems) skip() {
	f.rest = strings.TrimLeft(f.rest, " ")
	switch {
	case strings.HasPrefix(f.rest, "("):
		f.list()
	case strings.HasPrefix(f.rest, `"`), strings.HasPrefix(f.rest, "{"), strings.HasPrefix(f.rest, "~{"):
		f.text()
	default:
		f.token()
	}
}
