package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Format is one kind of file.
type Format struct {
	Limit  int64  // bytes; a larger file is refused unread
	Remedy string // the next step when there is nothing in the file: "write one with `imapmigrate init`"
}

// Load reads the file at path into the struct that into points to. The error is the file system's (fs.ErrNotExist for a missing file, with the
// path in its text); what is wrong inside the file is in the Document.
func (f Format) Load(path string, into any) (*Document, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("this is not a regular file; name a file")}
	}
	data, err := io.ReadAll(io.LimitReader(file, f.Limit+1))
	if err != nil {
		return nil, err
	}
	return f.Decode(path, data, into), nil
}

// Decode reads data into the struct that into points to; file is only what faults call it. The caller checks [Document.Err] when it has
// added what it finds wrong itself. A value with a fault keeps what it was.
func (f Format) Decode(file string, data []byte, into any) *Document {
	d := &Document{file: file, faulty: map[string]bool{}, refused: map[*yaml.Node]bool{}}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if f.readable(d, data) {
		d.lines = strings.Split(string(data), "\n")
		f.parse(d, data)
	}
	if d.root != nil {
		d.plain(d.root, "", 0)
	}
	d.into(into)
	return d
}

// readable refuses what YAML's own reader would say nothing helpful about.
func (f Format) readable(d *Document, data []byte) bool {
	if int64(len(data)) > f.Limit {
		d.whole(1, 1, fmt.Sprintf("the file is larger than %d bytes", f.Limit), "this cannot be the file you mean")
		return false
	}
	bad, what := bytes.IndexByte(data, 0), "a NUL byte stands here"
	if bad < 0 {
		bad, what = firstInvalid(data), "the text is not valid UTF-8 here"
	}
	if bad < 0 {
		return true
	}
	line, column := placeOf(data, bad)
	d.whole(line, column, what, "save the file as UTF-8 text")
	return false
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func placeOf(data []byte, offset int) (line, column int) {
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// parse leaves the top mapping in d.root, or a fault.
func (f Format) parse(d *Document, data []byte) {
	first, second, err := documents(data)
	switch {
	case errors.Is(err, io.EOF) || err == nil && empty(first):
		d.whole(1, 1, "the file is empty", f.Remedy)
	case err != nil:
		d.syntax(data, err)
	case second != nil:
		d.whole(max(second.Line, 1), max(second.Column, 1), "a second document begins here (`---`)", "keep one document in a file")
	case first.Content[0].Kind != yaml.MappingNode:
		top := first.Content[0]
		d.whole(top.Line, top.Column, "the file must hold "+wantKeys+", not "+words(top), f.Remedy)
	default:
		d.root = first.Content[0]
	}
}

// documents parses one document and looks whether another follows.
func documents(data []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // yaml.v3 is archived: a panic in it must not end the program
			err = errors.New("yaml: internal error")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	first, second = new(yaml.Node), new(yaml.Node)
	if err := decoder.Decode(first); err != nil {
		return nil, nil, err
	}
	switch err := decoder.Decode(second); {
	case errors.Is(err, io.EOF):
		return first, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return first, second, nil
}

func empty(n *yaml.Node) bool {
	return len(n.Content) == 0 || n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Tag == "!!null" && n.Content[0].Value == ""
}
