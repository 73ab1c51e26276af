package strict

import (
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Document is one file that was read: the places of its values, and what is wrong with them so far. It belongs to one goroutine.
//
// A path names a value: "source.port", "mailboxes.map[3].to", "" for the whole file. List entries count from 0; an entry of a map is a key.
type Document struct {
	file    string
	lines   []string
	root    *yaml.Node // the top mapping; nil when the file cannot be read as YAML
	places  map[string]place
	faulty  map[string]bool     // paths that have a fault
	refused map[*yaml.Node]bool // keys and values that are not read
	faults  Faults
	top     reflect.Type // what is decoded into
	dead    bool         // the file as a whole is no use: what a caller adds would only be noise
}

// place is where a value stands, and its key if it has one.
type place struct{ key, value *yaml.Node }

// Err is nil, or [Faults] sorted by place.
func (d *Document) Err() error {
	if len(d.faults) == 0 {
		return nil
	}
	d.faults.sort()
	return d.faults
}

// Add says that the value at path is wrong. When the file does not hold the path, the fault stands at the nearest key above it. A value that
// already has a fault, or lies inside one that has, gets no second one.
func (d *Document) Add(path, text, next string) {
	if d.dead || d.covered(path) {
		return
	}
	line, column := d.Position(path)
	d.add(path, line, column, text, next)
}

// Has reports whether the file holds a value at path.
func (d *Document) Has(path string) bool {
	_, ok := d.index()[path]
	return ok
}

// Faulty reports whether the value at path, one inside it or one around it has a fault. Checks that need several values ask first.
func (d *Document) Faulty(path string) bool {
	if d.dead || d.covered(path) {
		return true
	}
	for p := range d.faulty {
		if path == "" || strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[") {
			return true
		}
	}
	return false
}

// Choice checks that value is one of allowed, and says which it may be when it is not.
func (d *Document) Choice(path, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	next := "write " + strings.Join(allowed, ", ")
	if last := len(allowed) - 1; last > 0 {
		next = "write " + strings.Join(allowed[:last], ", ") + " or " + allowed[last]
	}
	if value == "" {
		d.Add(path, tick(path)+" is empty", next)
		return
	}
	if near, ok := Nearest(value, allowed); ok {
		next = "did you mean " + tick(near) + "?"
	}
	d.Add(path, tick(path)+" cannot be "+tick(value), next)
}

// Position is the place of the value at path, of the key above it when the file does not hold the path.
func (d *Document) Position(path string) (line, column int) {
	index := d.index()
	if p, ok := index[path]; ok {
		return p.value.Line, p.value.Column
	}
	for path != "" {
		path = above(path)
		if p, ok := index[path]; ok && p.key != nil {
			return p.key.Line, p.key.Column
		} else if ok {
			return p.value.Line, p.value.Column
		}
	}
	return 1, 1
}

// above is the path of the value that holds the one at path.
func above(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

func (d *Document) covered(path string) bool {
	for ; path != ""; path = above(path) {
		if d.faulty[path] {
			return true
		}
	}
	return d.faulty[""]
}

func (d *Document) add(path string, line, column int, text, next string) {
	d.faulty[path] = true
	if len(d.faults) < kept {
		d.faults = append(d.faults, Fault{File: d.file, Line: line, Column: column, Text: text, Next: next})
	}
}

func (d *Document) at(n *yaml.Node, path, text, next string) {
	d.add(path, n.Line, n.Column, text, next)
}

// whole says that nothing can be made of the file.
func (d *Document) whole(line, column int, text, next string) {
	d.add("", line, column, text, next)
	d.dead = true
}

// index is built when it is first asked for: most files have no faults.
func (d *Document) index() map[string]place {
	if d.places == nil {
		d.places = map[string]place{}
		if d.root != nil {
			d.record(d.root, nil, "")
		}
	}
	return d.places
}

func (d *Document) record(n, key *yaml.Node, path string) {
	d.places[path] = place{key, n}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			d.record(n.Content[i+1], n.Content[i], join(path, n.Content[i].Value))
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			d.record(c, nil, entry(path, i))
		}
	}
}

// longest bounds paths: a long key above many values would be held once for each of them. Beyond it paths are no longer told apart.
const longest = 1000

func join(path, key string) string {
	switch {
	case len(path)+len(key) > longest:
		return path
	case path == "":
		return key
	}
	return path + "." + key
}

func entry(path string, i int) string {
	if len(path) > longest {
		return path
	}
	return path + "[" + strconv.Itoa(i) + "]"
}
