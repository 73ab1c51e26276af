package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// Format is the number of the layout of every JSON document and line; it rises when a field changes its meaning or goes.
const Format = 1

// WriteJSON writes v as one document. Whatever a terminal would obey, or not show, is written as \u escapes: the text that a program
// reads is exact, and the pipe is safe to look at.
func WriteJSON(w io.Writer, v any) error {
	text, err := marshal(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return printable(bytes.TrimRight(b.Bytes(), "\n")), nil
}

// printable replaces what is not shown; outside ASCII a JSON text has characters in strings only, so an escape is allowed wherever one stands.
func printable(text []byte) []byte {
	out := make([]byte, 0, len(text))
	var before rune
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < 0x7f || shown(r, before):
			out = append(out, text[:size]...)
		case r >= 0x10000:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		before = r
		text = text[size:]
	}
	return out
}

// line joins {"format":1,"type":NAME,...} with the fields of all parts, which are structs or maps, in one line.
func line(name string, parts ...any) ([]byte, error) {
	text := fmt.Appendf(nil, `{"format":%d,"type":%q`, Format, name)
	for _, v := range parts {
		fields, err := marshal(v, "")
		if err != nil {
			return nil, err
		}
		if inside := fields[1 : len(fields)-1]; len(inside) > 0 {
			text = append(append(text, ','), inside...)
		}
	}
	return append(text, "}\n"...), nil
}

// WriteJSONLine writes one line with format, type and the fields of v.
func WriteJSONLine(w io.Writer, name string, v any) error {
	text, err := line(name, v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
