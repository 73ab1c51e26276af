package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Expecter may be implemented by a type that wants its own words for what belongs in its place. What stands there instead is then never
// quoted, not even an unknown key: it may be a secret.
type Expecter interface {
	// Expects says what must stand here ("must say where the password comes from") and the next step.
	Expects() (must, next string)
}

var (
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	expectType   = reflect.TypeFor[Expecter]()
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// into fills the struct behind the pointer. It panics when that is not what it is given, or holds a type that is not supported: both are
// mistakes of the program, not of the file.
func (d *Document) into(pointer any) {
	v := reflect.ValueOf(pointer)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("strict: a pointer to a struct is needed, not %T", pointer))
	}
	d.top = v.Elem().Type()
	if d.root != nil && !d.dead && !d.refused[d.root] {
		d.fields(d.root, nil, v.Elem(), "")
	}
}

// value reads n into v.
func (d *Document) value(n, key *yaml.Node, v reflect.Value, path string) {
	switch {
	case d.refused[n]:
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.null(n, key, v, path)
	case v.Kind() == reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		d.value(n, key, fresh.Elem(), path)
		v.Set(fresh)
	case scalar(v):
		d.scalar(n, v, path)
	case v.Kind() == reflect.Struct:
		d.fields(n, key, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		d.entries(n, v, path)
	default:
		panic("strict: " + path + ": a field cannot be of type " + v.Type().String())
	}
}

// scalar reports whether v is read from one plain value.
func scalar(v reflect.Value) bool {
	if v.Type() == timeType || v.Type() == durationType || reflect.PointerTo(v.Type()).Implements(textType) {
		return true
	}
	switch v.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// null is a key without a value. For a group whose lines are all commented out that is a group without keys; for all else it is a slip.
func (d *Document) null(n, key *yaml.Node, v reflect.Value, path string) {
	if must, next, ok := expects(v); ok {
		d.at(n, path, tick(path)+" "+must, next)
		return
	}
	if v.Kind() == reflect.Struct && !scalar(v) && key != nil && n.Value == "" {
		d.fields(&yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}, key, v, path)
		return
	}
	next := "give it a value, or remove the line"
	if v.Kind() == reflect.Slice {
		next = "list something, write [] for none, or remove the line"
	}
	d.at(n, path, tick(path)+" has no value", next)
}

func (d *Document) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.mismatch(n, v, path, wantList)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.value(c, nil, out.Index(i), entry(path, i))
	}
	v.Set(out)
}

func (d *Document) entries(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.mismatch(n, v, path, wantKeys)
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if d.refused[key] {
			continue
		}
		if !isText(key) {
			d.at(key, join(path, key.Value), "a key must be text, not "+words(key), "put it in quotes")
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(value, key, item, join(path, key.Value))
		out.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), item)
	}
	v.Set(out)
}

// fields reads a mapping into a struct: every key must be a field, every required field a key.
func (d *Document) fields(n, key *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.mismatch(n, v, path, wantKeys)
		return
	}
	table := fieldsOf(v.Type(), nil)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		f, ok := table.find(k)
		seen[f.name] = seen[f.name] || ok
		switch {
		case d.refused[k]:
		case !ok:
			d.unknown(k, v, path, table)
		default:
			d.value(n.Content[i+1], k, v.FieldByIndex(f.index), join(path, f.name))
		}
	}
	for _, f := range table {
		if f.required && !seen[f.name] {
			d.missing(f, n, key, path)
		}
	}
}

func (d *Document) missing(f field, n, key *yaml.Node, path string) {
	text, next := tick(join(path, f.name))+" is missing", "add it"
	if f.example != "" {
		next = "add a line like " + tick(f.example)
	}
	line, column := n.Line, n.Column
	if key != nil {
		line, column = key.Line, key.Column
	}
	if path == "" {
		line, column = 1, 1
	}
	d.add(join(path, f.name), line, column, text, next)
}

func (d *Document) unknown(k *yaml.Node, v reflect.Value, path string, table fieldTable) {
	if k.Kind != yaml.ScalarNode {
		d.at(k, path, "a key must be text, not "+words(k), "check the indentation")
		return
	}
	known := table.names()
	text, next := "unknown key "+tick(k.Value), "the keys here are "+strings.Join(known, ", ")
	_, own, guarded := expects(v)
	if guarded {
		text, next = "unknown key", own
	}
	if near, ok := Nearest(k.Value, known); ok {
		next = "did you mean " + tick(near) + "?"
	}
	if home, ok := d.home(k.Value, v.Type(), path); ok && !guarded {
		next = "it belongs in " + tick(home)
	}
	if path != "" {
		text += " in " + tick(path)
	}
	d.at(k, join(path, k.Value), text, next)
}

// home is where a key belongs that stands in the wrong group: somewhere below, or else in the one other group that knows it.
func (d *Document) home(key string, t reflect.Type, path string) (string, bool) {
	if homes := homesOf(key, keysOf(t, path)); len(homes) == 1 {
		return homes[0], true
	}
	homes := homesOf(key, keysOf(d.top, ""))
	return strings.Join(homes, ""), len(homes) == 1 && homes[0] != ""
}

func homesOf(key string, paths []string) []string {
	var homes []string
	for _, p := range paths {
		if above, ok := strings.CutSuffix(p, "."+key); ok {
			homes = append(homes, above)
		}
	}
	return homes
}

func (d *Document) mismatch(n *yaml.Node, v reflect.Value, path, want string) {
	if must, next, ok := expects(v); ok {
		d.at(n, path, tick(path)+" "+must, next)
		return
	}
	d.at(n, path, tick(path)+" must be "+want+", not "+words(n), howTo[want])
}

// expects asks v's type, which may be a pointer that is still nil.
func expects(v reflect.Value) (must, next string, ok bool) {
	t := v.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !reflect.PointerTo(t).Implements(expectType) {
		return "", "", false
	}
	must, next = reflect.New(t).Interface().(Expecter).Expects()
	return must, next, true
}
