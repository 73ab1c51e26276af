package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// Pin is the SHA-256 of a server's public key (the certificate's SubjectPublicKeyInfo) in lower-case hex, "" for none. A server that proves
// to hold that key is trusted, whoever signed its certificate and until whenever; any other is not.
type Pin string

var errPin = errors.New("this is no SHA-256 of a public key; write its 64 hexadecimal digits, as `check` shows them")

// UnmarshalText reads 64 hexadecimal digits, with colons or without, and base64, with or without "sha256//" before it.
func (p *Pin) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = ""
		return nil
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(string(text), ":", ""))
	if err != nil {
		sum, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(string(text), "sha256//"))
	}
	if err != nil || len(sum) != 32 {
		return errPin
	}
	*p = Pin(hex.EncodeToString(sum))
	return nil
}

// pin refuses what would say two things at once.
func (k checker) pin(side string, a Account) {
	path := side + ".pin_sha256"
	switch {
	case a.Pin == "" || !k.sound(path):
	case a.Security == Plaintext:
		k.add(path, "means nothing without TLS; use tls or starttls, or remove the line")
	case a.CAFile != "":
		k.add(path, "trusts one key, whoever signed it, and `ca_file` whoever has a signature; keep one of the two")
	}
}
