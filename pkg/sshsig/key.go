package sshsig

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"
)

// kinds are the keys that count. DSA is broken, and a certificate is only as good as an authority that nobody here knows.
var kinds = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256, ssh.KeyAlgoRSA}

// leastRSA is the size of RSA keys that are taken, in bits.
const leastRSA = 2048

// Fingerprint reads a public key as it stands in a .pub file or in authorized_keys, "ssh-ed25519 AAAA... comment", and gives its
// fingerprint as ssh-keygen -l shows it, SHA256:...
func Fingerprint(line string) (string, error) {
	key, err := parsePublic([]byte(line))
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key), nil
}

func parsePublic(line []byte) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey(line)
	switch {
	case err != nil:
		return nil, errors.New("this is no SSH public key; write the line of the .pub file, like ssh-ed25519 AAAA... alice")
	case len(options) > 0:
		return nil, errors.New("options do not belong here; write only the line of the .pub file")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("this is more than one key; write each by itself")
	}
	return key, sound(key)
}

// sound refuses keys whose signatures prove too little.
func sound(key ssh.PublicKey) error {
	if !slices.Contains(kinds, key.Type()) {
		return fmt.Errorf("keys of type %.60q do not count; use one of type ssh-ed25519", key.Type())
	}
	c, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return nil
	}
	if k, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() < leastRSA {
		return fmt.Errorf("an RSA key of %d bits is too short; use one of type ssh-ed25519", k.N.BitLen())
	}
	return nil
}
