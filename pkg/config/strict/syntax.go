package strict

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// explanations turn yaml.v3's words into ours, first match wins. Nothing of its text is passed on: it may quote the file, and the file may
// hold a password where none belongs ("unknown anchor 'secret' referenced").
var explanations = []struct{ words, text, next string }{
	{"unknown anchor", "an alias (`*`) stands here, and files of this kind have none", "put text that begins with `*` in quotes"},
	{"control characters are not allowed", "a control character stands here", "remove it"},
	{"mapping values are not allowed", "a `: ` stands where no key can be", "check the indentation, and put text that holds `: ` in quotes"},
	{"did not find expected key", "the indentation does not fit the lines above", "align the key with its neighbours, and check the quotes"},
	{"did not find expected node content", "a value is missing, or a bracket or brace is not closed", "check the `[`, `{` and `,`"},
	{"could not find expected ':'", "this should be `key: value`", "add the colon and a space, or check the indentation"},
	{"did not find expected '-' indicator", "the list does not go on as it began", "align the `-` with those above"},
	{"block sequence entries are not allowed", "a list cannot begin here", "write it on a new line, or as [a, b]"},
	{"did not find expected ',' or ']'", "a list in brackets is not closed, or a comma is missing", "check the `[`, `,` and `]`"},
	{"did not find expected ',' or '}'", "a group in braces is not closed, or a comma is missing", "check the `{`, `,` and `}`"},
	{"unexpected end of stream", "quotes are opened here and never closed", "close them"},
	{"found unknown escape character", "double quotes hold an unknown escape", "use single quotes, or write `\\\\` for a backslash"},
	{"cannot start any token", "text cannot begin with this character", "put the text in quotes"},
	{"alphabetic or numeric character", "`*` and `&` mean something in YAML", "put text that begins with them in quotes"},
	{"tag", "a tag (`!`) stands here, and files of this kind have none", "put text that begins with `!` in quotes"},
	{"exceeded max depth", "the values are nested too deeply", "this cannot be the file you mean"},
}

// syntax says where the file stops being YAML.
func (d *Document) syntax(data []byte, err error) {
	line := d.breaks(data, err)
	source := ""
	if line <= len(d.lines) {
		source = d.lines[line-1]
	}
	indent := source[:len(source)-len(strings.TrimLeft(source, " \t"))]
	if tab := strings.IndexByte(indent, '\t'); tab >= 0 {
		d.whole(line, tab+1, "a tab stands in the indentation", "replace it by spaces")
		return
	}
	text, next := "this is not YAML", "check the indentation and the quotes of this line"
	for _, e := range explanations {
		if strings.Contains(err.Error(), e.words) {
			text, next = e.text, e.next
			break
		}
	}
	d.whole(line, utf8.RuneCountInString(indent)+1, text, next)
}

// Reading line by line is quadratic: only files of a size that people write are looked at so closely.
const (
	closeLines = 400
	closeBytes = 64 << 10
)

// breaks is the line from which on no beginning of the file can be read. That is nearer to the slip than the line in yaml.v3's error, which
// may be the start of the surrounding block, is sometimes one off, and is missing for anchors.
func (d *Document) breaks(data []byte, err error) int {
	if len(d.lines) > closeLines || len(data) > closeBytes {
		return claimed(err)
	}
	end := len(data)
	for line := len(d.lines); line > 1; line-- {
		end = bytes.LastIndexByte(data[:end], '\n')
		if _, _, err := documents(data[:end]); err == nil || errors.Is(err, io.EOF) {
			return line
		}
	}
	return 1
}

var claim = regexp.MustCompile(`^yaml: line ([0-9]{1,9}):`)

func claimed(err error) int {
	if m := claim.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
			return n
		}
	}
	return 1
}
