package mailbox

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf16"
)

// RFC 3501 section 5.1.3: printable US-ASCII but "&" stands for itself, "&-" is "&", all else is UTF-16BE in base64 with "," for "/", between "&" and "-".
var utf7Base64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

var errUTF7 = errors.New("not modified UTF-7")

func encodeUTF7(s string) string {
	var b strings.Builder
	var run []rune
	flush := func() {
		if len(run) == 0 {
			return
		}
		units := utf16.Encode(run)
		raw := make([]byte, 0, 2*len(units))
		for _, u := range units {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + utf7Base64.EncodeToString(raw) + "-")
		run = run[:0]
	}
	for _, r := range s {
		switch {
		case r == '&':
			flush()
			b.WriteString("&-")
		case r >= 0x20 && r < 0x7f:
			flush()
			b.WriteRune(r)
		default:
			run = append(run, r)
		}
	}
	flush()
	return b.String()
}

// decodeUTF7 reads leniently what encodeUTF7 may never have written (odd padding, ASCII in base64); the caller compares by encoding again.
func decodeUTF7(s string) (string, error) {
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(s, "&")
		for i := 0; i < len(plain); i++ {
			if plain[i] < 0x20 || plain[i] >= 0x7f {
				return "", errUTF7
			}
		}
		b.WriteString(plain)
		if !found {
			return b.String(), nil
		}
		code, after, closed := strings.Cut(rest, "-")
		if !closed {
			return "", errUTF7
		}
		if err := decodeRun(&b, code); err != nil {
			return "", err
		}
		s = after
	}
}

func decodeRun(b *strings.Builder, code string) error {
	if code == "" {
		b.WriteByte('&')
		return nil
	}
	raw, err := utf7Base64.DecodeString(code)
	if err != nil || len(raw)%2 != 0 {
		return errUTF7
	}
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			if i+1 == len(units) {
				return errUTF7
			}
			if r = utf16.DecodeRune(r, rune(units[i+1])); r == '�' {
				return errUTF7
			}
			i++
		}
		b.WriteRune(r)
	}
	return nil
}
