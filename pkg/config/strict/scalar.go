package strict

import (
	"encoding"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// What may stand somewhere, in people's words.
const (
	wantText   = "text"
	wantNumber = "a whole number"
	wantBool   = "true or false"
	wantList   = "a list"
	wantKeys   = "keys with values"
	wantOne    = "a single value"
)

// words says what n is.
func words(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	}
	return "text"
}

func isText(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!str" }

// howTo is the next step for each of them.
var howTo = map[string]string{
	wantText:   "write one value",
	wantNumber: "write it in digits",
	wantBool:   "write true or false",
	wantList:   "write it as [one, two]",
	wantKeys:   "write the keys below it, indented",
	wantOne:    "write one value",
}

// scalar reads one plain value. Text is taken as it is written: no octal, no yes for true, no guess.
func (d *Document) scalar(n *yaml.Node, v reflect.Value, path string) {
	text := reflect.PointerTo(v.Type()).Implements(textType)
	switch {
	case n.Kind != yaml.ScalarNode:
		d.mismatch(n, v, path, wanted(v))
	case v.Type() == timeType:
		d.instant(n, v, path)
	case v.Type() == durationType:
		d.duration(n, v, path)
	case text:
		d.unmarshal(n, v, path)
	case v.Kind() == reflect.String:
		d.text(n, v, path)
	case v.Kind() == reflect.Bool:
		d.truth(n, v, path)
	case v.CanInt():
		d.integer(n, v, path)
	default:
		d.cardinal(n, v, path)
	}
}

func wanted(v reflect.Value) string {
	switch {
	case v.Type() == durationType || reflect.PointerTo(v.Type()).Implements(textType):
		return wantOne
	case v.Kind() == reflect.String:
		return wantText
	case v.Kind() == reflect.Bool:
		return wantBool
	}
	return wantNumber
}

func (d *Document) unmarshal(n *yaml.Node, v reflect.Value, path string) {
	fresh := reflect.New(v.Type())
	if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		text, next, _ := strings.Cut(err.Error(), "; ")
		d.at(n, path, tick(path)+": "+text, next)
		return
	}
	v.Set(fresh.Elem())
}

func (d *Document) text(n *yaml.Node, v reflect.Value, path string) {
	if isText(n) {
		v.SetString(n.Value)
		return
	}
	if _, _, ok := expects(v); ok {
		d.mismatch(n, v, path, wantText)
		return
	}
	d.at(n, path, tick(path)+" must be text, not "+words(n), "put it in quotes")
}

func (d *Document) truth(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case n.Tag != "!!bool":
		d.at(n, path, tick(path)+" must be true or false, not "+words(n), "write true or false, without quotes")
		return
	case n.Value != "true" && n.Value != "false":
		d.at(n, path, tick(path)+" must be true or false", "write it in small letters and without quotes")
		return
	}
	v.SetBool(n.Value == "true")
}

// digits is what a whole number looks like: YAML's 0600, 0x1F and 1_000 mean different things to different readers.
func digits(n *yaml.Node) bool {
	s := strings.TrimPrefix(n.Value, "-")
	return (n.Tag == "!!int" || n.Tag == "!!float") && s != "" && strings.Trim(s, "0123456789") == "" && (s == "0" || s[0] != '0')
}

// number reports whether n is a whole number, and says what is wrong if not.
func (d *Document) number(n *yaml.Node, path string) bool {
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	switch {
	case digits(n):
		return true
	case quoted && digits(&yaml.Node{Value: n.Value, Tag: "!!int"}):
		d.at(n, path, tick(path)+" must be a number, not text", "remove the quotes")
	case n.Tag == "!!int" || n.Tag == "!!float":
		d.at(n, path, tick(path)+" must be a whole number", "write it in decimal digits, without leading zeros")
	default:
		d.at(n, path, tick(path)+" must be a number, not "+words(n), howTo[wantNumber])
	}
	return false
}

func (d *Document) integer(n *yaml.Node, v reflect.Value, path string) {
	if !d.number(n, path) {
		return
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || v.OverflowInt(i) {
		d.at(n, path, tick(path)+" is a number out of range", "write one nearer to zero")
		return
	}
	v.SetInt(i)
}

func (d *Document) cardinal(n *yaml.Node, v reflect.Value, path string) {
	if !d.number(n, path) {
		return
	}
	u, err := strconv.ParseUint(n.Value, 10, 64)
	if err != nil || v.OverflowUint(u) {
		most := uint64(math.MaxUint64) >> (64 - v.Type().Bits())
		d.at(n, path, tick(path)+" is a number out of range", "write one from 0 to "+strconv.FormatUint(most, 10))
		return
	}
	v.SetUint(u)
}

func (d *Document) instant(n *yaml.Node, v reflect.Value, path string) {
	t, err := time.Parse(time.RFC3339, n.Value)
	if err != nil {
		d.at(n, path, tick(path)+" must be a date and time", "write it like 2026-01-31T20:00:00Z")
		return
	}
	v.Set(reflect.ValueOf(t))
}

func (d *Document) duration(n *yaml.Node, v reflect.Value, path string) {
	t, err := time.ParseDuration(n.Value)
	if err != nil {
		d.at(n, path, tick(path)+" must be a time span with its unit", "write it like 90s, 5m or 1h30m")
		return
	}
	v.SetInt(int64(t))
}
