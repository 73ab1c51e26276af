package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is all that any output shows of a Secret.
const hidden = "***"

// Secret is a password or a token. No verb of fmt, no encoder and no logger shows it; only [Secret.Reveal] does. The zero value is the
// empty secret. Two Secrets cannot be compared with ==, so that none is compared by accident.
type Secret struct {
	_ [0]func()
	// read gives the text. It is a function and not a string, because reflection (%+v of a struct that holds a Secret in a field that is
	// not exported, a debugger's dump, encoding/gob) walks into strings but not into functions.
	read func() string
}

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{read: func() string { return text }}
}

// Reveal is the text itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.read == nil {
		return ""
	}
	return s.read()
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.read == nil }

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return hidden }

// Format hides the secret from every verb, with every flag and width.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the secret from encoders of text, and of map keys.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON hides the secret from encoding/json.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalYAML hides the secret from YAML encoders.
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

// MarshalBinary hides the secret from encoding/gob.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
