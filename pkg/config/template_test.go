package config

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"imapmigrate/pkg/config/strict"
)

func templateFor(t *testing.T, name string) string {
	t.Helper()
	var b strings.Builder
	if err := Template(&b, name); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func filled(text string) string {
	text = strings.Replace(text, `host: ""`, "host: imap.old.example", 1)
	text = strings.Replace(text, `host: ""`, "host: imap.new.example", 1)
	return strings.ReplaceAll(text, `user: ""`, "user: alice")
}

// TestTemplateSaysWhatToFillIn: the file as it is written is refused at exactly the places that a person has to fill in.
func TestTemplateSaysWhatToFillIn(t *testing.T) {
	_, err := Parse("migration.yaml", []byte(templateFor(t, "acme-alice")))
	faults, _ := errors.AsType[Faults](err)
	var got []string
	for _, f := range faults {
		got = append(got, f.Text+"; "+f.Next)
	}
	want := "`source.host` is empty; fill it in|`source.user` is empty; fill it in|`destination.host` is empty; fill it in|`destination.user` is empty; fill it in"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

func TestTemplateMeansTheDefaults(t *testing.T) {
	for _, name := range []string{"acme-alice", "2026", "null", "1.5", "2015-01-01"} {
		c, err := Parse("migration.yaml", []byte(filled(templateFor(t, name))))
		if err != nil || c.Name != name {
			t.Fatalf("%s: %v", name, err)
		}
		plain, err := Parse("migration.yaml", []byte(edit("acme-alice", `"`+name+`"`)))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []*Account{&c.Source, &c.Destination, &plain.Source, &plain.Destination} {
			a.Host, a.User, a.Auth.Password = "", "", PasswordSource{}
		}
		same(t, plain, c)
	}
}

var commented = regexp.MustCompile(`(?m)^( *)#([a-z0-9_]+:)`)

// TestTemplateDocumentsEveryKey: with every commented setting in force it still parses, still means the defaults, and holds every key.
func TestTemplateDocumentsEveryKey(t *testing.T) {
	text := templateFor(t, "acme-alice")
	all := filled(commented.ReplaceAllString(text, "$1$2"))
	c := defaults()
	d := format.Decode("migration.yaml", []byte(all), c)
	if _, err := c.finish(d, "migration.yaml", "."); err != nil {
		t.Fatal(err)
	}
	before, err := Parse("migration.yaml", []byte(filled(text)))
	if err != nil {
		t.Fatal(err)
	}
	same(t, before, c)
	for _, key := range strict.Keys(Config{}) {
		switch {
		case strings.HasPrefix(key, "destination."): // as the source's
		case strings.HasPrefix(key, "source.auth.password.") || strings.HasPrefix(key, "mailboxes.map."):
			if last := key[strings.LastIndexByte(key, '.')+1:]; !strings.Contains(text, "{"+last+": ") && !strings.Contains(text, ", "+last+": ") {
				t.Errorf("%s has no example", key)
			}
		case !d.Has(key):
			t.Errorf("%s is not documented", key)
		}
	}
	for _, word := range append([]string{TLS, StartTLS, Plaintext, Match, Names, Ignore, Auto, Off}, Mechanisms...) {
		if !strings.Contains(text, word) {
			t.Errorf("the word %s is not documented", word)
		}
	}
}

func TestTemplateRefusesNamesThatAreNone(t *testing.T) {
	for _, name := range []string{"", "Acme", "../x", ".x", "a b", "a\nversion: 2", strings.Repeat("a", 101)} {
		var b strings.Builder
		if err := Template(&b, name); err == nil || b.Len() > 0 {
			t.Errorf("%q: %v, %q", name, err, b.String())
		}
	}
}
