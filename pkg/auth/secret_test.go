package auth

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

const password = "correct horse battery"

// leaks reports whether output shows the password, in any of the forms that verbs give text.
func leaks(output string) bool {
	for _, form := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), fmt.Sprintf("% x", password),
		strings.Trim(fmt.Sprintf("%v", []byte(password)), "[]"), fmt.Sprintf("%#v", []byte(password)), "horse"} {
		if strings.Contains(output, form) {
			return true
		}
	}
	return false
}

type holder struct {
	Public Secret
	hidden Secret
	Any    any
	List   []Secret
	Map    map[string]Secret
	Point  *Secret
}

func held() holder {
	s := NewSecret(password)
	return holder{s, s, s, []Secret{s}, map[string]Secret{"k": s}, &s}
}

func TestNoVerbShowsASecret(t *testing.T) {
	secret := NewSecret(password)
	for _, value := range []any{secret, &secret, held(), []any{secret}, errors.Join(fmt.Errorf("x %v", secret)), Login{User: "u", Password: secret}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%c", "%U", "%t", "%e", "%p", "%T", "%o", "%b", "%w", "%-40s", "%.3s", "%z"} {
			if out := fmt.Sprintf(verb, value); leaks(out) {
				t.Errorf("Sprintf(%q, %T) shows the secret: %s", verb, value, out)
			}
		}
		if out := fmt.Sprint(value) + fmt.Sprintln(value); leaks(out) {
			t.Errorf("Sprint(%T) shows the secret: %s", value, out)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if out := fmt.Sprintf(verb, secret); out != "***" {
			t.Errorf("Sprintf(%q) = %q, want ***", verb, out)
		}
	}
}

func TestNoEncoderShowsASecret(t *testing.T) {
	secret := NewSecret(password)
	encoders := map[string]func() (string, error){
		"json": func() (string, error) { b, err := json.Marshal(held()); return string(b), err },
		"json key": func() (string, error) {
			b, err := json.Marshal(map[string]any{"password": secret, "pointer": &secret})
			return string(b), err
		},
		"xml": func() (string, error) {
			type account struct{ Password Secret }
			b, err := xml.Marshal(account{secret})
			return string(b), err
		},
		"gob": func() (string, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(struct{ Password Secret }{secret})
			return b.String(), err
		},
		"text": func() (string, error) { b, err := secret.MarshalText(); return string(b), err },
		"yaml": func() (string, error) { v, err := secret.MarshalYAML(); return fmt.Sprint(v), err },
	}
	for name, encode := range encoders {
		out, err := encode()
		if err != nil || leaks(out) || !strings.Contains(out, "***") {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestNoLoggerShowsASecret(t *testing.T) {
	secret := NewSecret(password)
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		l := slog.New(h)
		l.Info("login", "password", secret, "pointer", &secret, "all", held(), slog.Group("g", "password", secret))
		l.With("password", secret).Info(fmt.Sprint(secret))
	}
	if leaks(out.String()) || !strings.Contains(out.String(), "***") {
		t.Errorf("the log shows the secret: %s", out.String())
	}
}

// TestReflectionFindsNoText walks the value as a dumping library does.
func TestReflectionFindsNoText(t *testing.T) {
	var walk func(v reflect.Value, depth int)
	walk = func(v reflect.Value, depth int) {
		if depth > 20 {
			return
		}
		switch v.Kind() {
		case reflect.String:
			if leaks(v.String()) {
				t.Errorf("reflection finds the secret in %s", v.Type())
			}
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem(), depth+1)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), depth+1)
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i), depth+1)
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				walk(v.MapIndex(k), depth+1)
			}
		}
	}
	walk(reflect.ValueOf(held()), 0)
	for _, mechanism := range []string{Plain, LoginWord, CramMD5, XOAuth2, OAuthBearer} {
		login, err := Choose(mechanism, "alice", NewSecret("correct-horse-battery"), Server{}, everything, true)
		if err != nil {
			t.Fatal(err)
		}
		walk(reflect.ValueOf(login), 0)
	}
}

func TestReveal(t *testing.T) {
	if got := NewSecret(password).Reveal(); got != password {
		t.Errorf("Reveal() = %q", got)
	}
	if !NewSecret("").Empty() || !(Secret{}).Empty() || NewSecret("x").Empty() || (Secret{}).Reveal() != "" {
		t.Error("the empty secret is not told from others")
	}
	if reflect.TypeFor[Secret]().Comparable() {
		t.Error("secrets can be compared with ==")
	}
}
