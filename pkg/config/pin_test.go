package config

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func TestPin(t *testing.T) {
	digits := strings.Repeat("0aF9", 16)
	sum, _ := hex.DecodeString(digits)
	var colons []string
	for i := 0; i < len(digits); i += 2 {
		colons = append(colons, digits[i:i+2])
	}
	encoded := base64.StdEncoding.EncodeToString(sum)
	for _, text := range []string{digits, strings.ToUpper(digits), strings.Join(colons, ":"), encoded, "sha256//" + encoded} {
		c, err := Parse("f", []byte(strings.Replace(smallest, "  user: alice@old", "  pin_sha256: "+text+"\n  user: alice@old", 1)))
		if err != nil || string(c.Source.Pin) != strings.ToLower(digits) || c.Destination.Pin != "" {
			t.Errorf("%s: %v", text, err)
		}
	}
	if c, err := Parse("f", []byte(strings.Replace(smallest, "  user: alice@old", "  pin_sha256: \"\"\n  user: alice@old", 1))); err != nil || c.Source.Pin != "" {
		t.Error(err)
	}
	for _, keys := range []string{"pin_sha256: abc", "pin_sha256: " + digits[:62], "pin_sha256: " + digits + "00", "pin_sha256: sha1//" + encoded,
		"pin_sha256: " + digits + "\n  ca_file: a.pem", "pin_sha256: " + digits + "\n  security: plaintext\n  allow_plaintext: true"} {
		_, err := Parse("f", []byte(strings.Replace(smallest, "  user: alice@old", "  "+keys+"\n  user: alice@old", 1)))
		if err == nil || !strings.Contains(err.Error(), "source.pin_sha256") || strings.Count(err.Error(), "\n") > 1 {
			t.Errorf("%s: %v", keys, err)
		}
	}
}
