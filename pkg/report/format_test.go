package report_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/report"
)

var described = regexp.MustCompile(`(?m)^  ([a-z_0-9.\[\]]+) +(text|number|numbers|count|flag|time|object|\[\]|\{\})( \?)?(?:\s|$)`)

// sections are the description's lists of fields, by title; the first has none.
func sections(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	title := ""
	for _, line := range strings.Split(report.FormatText, "\n") {
		if strings.HasSuffix(line, ":") && !strings.HasPrefix(line, " ") {
			title = strings.TrimSuffix(line, ":")
		}
		if m := described.FindStringSubmatch(line); m != nil {
			if all[title] == nil {
				all[title] = map[string]string{}
			}
			all[title][m[1]] = m[2] + strings.TrimSpace(m[3])
		} else if strings.HasPrefix(line, "  ") {
			t.Errorf("a line that says nothing: %q", line)
		}
	}
	return all
}

// fields are those of a struct as they are written, with the words of the description. Within names those that have a section of their own.
func fields(t *testing.T, of reflect.Type, prefix string, into map[string]string, within map[reflect.Type]string) {
	for i := range of.NumField() {
		f := of.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			t.Errorf("%s has no name in JSON", f.Name)
		}
		maybe := ""
		if option != "" {
			maybe = "?"
		}
		kind := f.Type
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		path := prefix + name
		word, known := within[kind]
		switch {
		case known && word != "":
			into[path] = word + maybe
		case kind == reflect.TypeFor[time.Time]():
			into[path] = "time" + maybe
		case kind.Kind() == reflect.Slice:
			into[path] = "[]" + maybe
			if _, known := within[kind.Elem()]; !known {
				fields(t, kind.Elem(), path+"[].", into, within)
			}
		case kind.Kind() == reflect.Map:
			into[path] = "{}" + maybe
		case kind.Kind() == reflect.Struct:
			into[path] = "object" + maybe
			if !known {
				fields(t, kind, path+".", into, within)
			}
		case kind.Kind() == reflect.String:
			into[path] = "text" + maybe
		case kind.Kind() == reflect.Bool:
			into[path] = "flag" + maybe
		default:
			into[path] = "number" + maybe
		}
	}
}

// TestFormatIsDescribed: every field that is written stands in the description with its kind, and the description knows no other.
func TestFormatIsDescribed(t *testing.T) {
	own := map[reflect.Type]string{reflect.TypeFor[report.Numbers](): "numbers", reflect.TypeFor[report.Count](): "count", reflect.TypeFor[report.Message](): ""}
	said := sections(t)
	for title, of := range map[string]reflect.Type{"": reflect.TypeFor[report.Report](), "numbers": reflect.TypeFor[report.Numbers](), "count": reflect.TypeFor[report.Count](),
		"problems[] and notes[]": reflect.TypeFor[report.Message]()} {
		written := map[string]string{}
		fields(t, of, "", written, own)
		for path, kind := range written {
			if (title == "" && (strings.HasPrefix(path, "destination.") || strings.HasPrefix(path, "rollback.checkpoint.") || strings.HasPrefix(path, "rollback.approval."))) && said[title][path] == "" {
				continue // "with the same fields"
			}
			if said[title][path] != kind {
				t.Errorf("%q: %s is %q, described as %q", title, path, kind, said[title][path])
			}
		}
		for path := range said[title] {
			if written[path] == "" {
				t.Errorf("%q: %s is described, and nobody writes it", title, path)
			}
		}
	}
}

// TestFormatKnowsEveryWord: the words that the maps' keys can be are all named.
func TestFormatKnowsEveryWord(t *testing.T) {
	words := strings.FieldsFunc(report.FormatText, func(r rune) bool { return !(r == '_' || r >= 'a' && r <= 'z') })
	var want []string
	for _, o := range ledger.Outcomes {
		want = append(want, o.String())
	}
	for p := ledger.Unproved; p <= ledger.Missing; p++ {
		want = append(want, p.String())
	}
	for r := ledger.Kept; r <= ledger.RollingBack; r++ {
		want = append(want, r.String())
	}
	for _, w := range want {
		if !slices.Contains(words, strings.ReplaceAll(w, " ", "_")) {
			t.Errorf("%q is not described", w)
		}
	}
}
