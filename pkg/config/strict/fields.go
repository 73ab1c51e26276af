package strict

import (
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// field is one key that a struct knows.
type field struct {
	name     string
	index    []int
	required bool
	example  string
}

type fieldTable []field

// fieldsOf reads the tags of t, those of inlined structs as if they were its own, in the order of the fields.
func fieldsOf(t reflect.Type, index []int) fieldTable {
	var table fieldTable
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		at := append(append([]int(nil), index...), i)
		switch {
		case !f.IsExported() || name == "-":
		case strings.Contains(","+options+",", ",inline,"):
			table = append(table, fieldsOf(f.Type, at)...)
		default:
			if name == "" {
				name = strings.ToLower(f.Name) // as yaml.v3 does
			}
			table = append(table, field{name, at, f.Tag.Get("strict") == "required", f.Tag.Get("example")})
		}
	}
	return table
}

func (t fieldTable) find(key *yaml.Node) (field, bool) {
	for _, f := range t {
		if key.Kind == yaml.ScalarNode && f.name == key.Value {
			return f, true
		}
	}
	return field{}, false
}

func (t fieldTable) names() []string {
	names := make([]string, len(t))
	for i, f := range t {
		names[i] = f.name
	}
	return names
}

// Keys are all the paths that a file of v's type (a struct or a pointer to one) can hold, lists without their numbers: "mailboxes.map.from".
func Keys(v any) []string {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return keysOf(t, "")
}

func keysOf(t reflect.Type, path string) []string {
	var keys []string
	for _, f := range fieldsOf(t, nil) {
		p := join(path, f.name)
		keys = append(keys, p)
		inner := t.FieldByIndex(f.index).Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && !scalar(reflect.Zero(inner)) {
			keys = append(keys, keysOf(inner, p)...)
		}
	}
	return keys
}
