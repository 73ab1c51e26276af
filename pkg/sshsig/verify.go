package sshsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	magic   = "SSHSIG"
	version = 1
	armor   = "SSH SIGNATURE"
	// largest is more than any signature needs, in bytes of armor.
	largest = 64 << 10
)

// envelope is what the armor holds behind the magic (OpenSSH, PROTOCOL.sshsig).
type envelope struct {
	Version   uint32
	Key       []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// message is what is signed, behind the magic.
type message struct {
	Namespace string
	Reserved  string
	Hash      string
	Digest    []byte
}

// Verify gives the fingerprint of the key whose signature of statement, made for namespace, is armored; or why it is no such signature.
// Whether that key counts is for the caller to say.
func Verify(namespace string, statement []byte, armored string) (fingerprint string, err error) {
	e, err := open(armored)
	if err != nil {
		return "", err
	}
	if e.Namespace != namespace {
		return "", fmt.Errorf("it was made for the namespace %.60q, not for %q", e.Namespace, namespace)
	}
	key, err := ssh.ParsePublicKey(e.Key)
	if err != nil {
		return "", errors.New("it holds no key that can be read")
	}
	if err := sound(key); err != nil {
		return "", err
	}
	var signature ssh.Signature
	if err := ssh.Unmarshal(e.Signature, &signature); err != nil {
		return "", errors.New("it cannot be read")
	}
	if err := strong(key, &signature); err != nil {
		return "", err
	}
	digest, err := hash(e.Hash, statement)
	if err != nil {
		return "", err
	}
	if err := key.Verify(signed(message{e.Namespace, e.Reserved, e.Hash, digest}), &signature); err != nil {
		return "", errors.New("it is not a signature of this text")
	}
	return ssh.FingerprintSHA256(key), nil
}

// open takes the armor off.
func open(armored string) (e envelope, err error) {
	if len(armored) > largest {
		return e, fmt.Errorf("it has %d bytes, more than any signature", len(armored))
	}
	block, rest := pem.Decode([]byte(armored))
	if block == nil || block.Type != armor || len(block.Headers) > 0 || strings.TrimSpace(string(rest)) != "" || !strings.HasPrefix(strings.TrimSpace(armored), "-----BEGIN "+armor) {
		return e, errors.New("it is not in the form of ssh-keygen -Y sign")
	}
	body, found := strings.CutPrefix(string(block.Bytes), magic)
	if !found || ssh.Unmarshal([]byte(body), &e) != nil {
		return e, errors.New("it cannot be read")
	}
	if e.Version != version {
		return e, fmt.Errorf("it has version %d, this program knows %d", e.Version, version)
	}
	return e, nil
}

// touched is the flag that a person was there, of a signature made by a security key.
const touched = 1

// strong refuses signatures by SHA-1, and those of a security key that nobody touched.
func strong(key ssh.PublicKey, s *ssh.Signature) error {
	switch key.Type() {
	case ssh.KeyAlgoRSA:
		if s.Format != ssh.KeyAlgoRSASHA256 && s.Format != ssh.KeyAlgoRSASHA512 {
			return fmt.Errorf("its algorithm %.60q does not count", s.Format)
		}
	case ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		if len(s.Rest) < 1 || s.Rest[0]&touched == 0 {
			return errors.New("nobody touched the security key")
		}
	}
	return nil
}

func hash(name string, statement []byte) ([]byte, error) {
	switch name {
	case "sha256":
		sum := sha256.Sum256(statement)
		return sum[:], nil
	case "sha512":
		sum := sha512.Sum512(statement)
		return sum[:], nil
	}
	return nil, fmt.Errorf("its hash %.60q is not known", name)
}

func signed(m message) []byte { return append([]byte(magic), ssh.Marshal(m)...) }
