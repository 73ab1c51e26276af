package sshsig

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

const space = "imapmigrate"

// keys are made once: an RSA key takes its time.
var keys = sync.OnceValues(func() (map[string]any, error) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	return map[string]any{"ed25519": ed, "ecdsa": ec, "rsa": big}, err
})

func newKeys(tb testing.TB) map[string]any {
	tb.Helper()
	all, err := keys()
	must(tb, err)
	return all
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func private(tb testing.TB, key any, passphrase string) []byte {
	tb.Helper()
	block, err := ssh.MarshalPrivateKey(key, "alice")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "alice", []byte(passphrase))
	}
	must(tb, err)
	return pem.EncodeToMemory(block)
}

func nobody() ([]byte, error) { return nil, errors.New("nobody to ask") }

func ed25519Signer(tb testing.TB) *Signer {
	tb.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(tb, err)
	s, err := OfKey(space, private(tb, ed, ""), nobody)
	must(tb, err)
	return s
}

func TestSignAndVerify(t *testing.T) {
	for name, key := range newKeys(t) {
		s, err := OfKey(space, private(t, key, ""), nobody)
		must(t, err)
		text, err := s.Sign([]byte("yes"))
		must(t, err)
		if who, err := Verify(space, []byte("yes"), text); err != nil || who != s.Fingerprint() {
			t.Errorf("%s: %q, %v", name, who, err)
		}
		for what, bad := range map[string]struct{ space, text, signature string }{
			"another text":      {space, "yes!", text},
			"another namespace": {"file", "yes", text},
			"no armor":          {space, "yes", strings.TrimPrefix(text, "-----BEGIN SSH SIGNATURE-----")},
			"words in front":    {space, "yes", "x\n" + text},
			"words behind":      {space, "yes", text + "x"},
			"two":               {space, "yes", text + text},
			"nothing":           {space, "yes", ""},
			"too long":          {space, "yes", text + strings.Repeat("\n", largest)},
		} {
			if who, err := Verify(bad.space, []byte(bad.text), bad.signature); err == nil {
				t.Errorf("%s: %s is a good signature of %s", name, what, who)
			}
		}
	}
}

// TestEveryBitCounts turns each byte of what the armor holds.
func TestEveryBitCounts(t *testing.T) {
	s := ed25519Signer(t)
	text, err := s.Sign([]byte("yes"))
	must(t, err)
	block, _ := pem.Decode([]byte(text))
	for i := range block.Bytes {
		block.Bytes[i] ^= 1
		if who, err := Verify(space, []byte("yes"), armored(block.Bytes)); err == nil {
			t.Errorf("byte %d does not count: %s", i, who)
		}
		block.Bytes[i] ^= 1
	}
}

func TestLockedKey(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	locked := private(t, ed, "open sesame")
	asked := 0
	s, err := OfKey(space, locked, func() ([]byte, error) { asked++; return []byte("open sesame"), nil })
	must(t, err)
	text, err := s.Sign([]byte("yes"))
	must(t, err)
	if who, err := Verify(space, []byte("yes"), text); err != nil || who != s.Fingerprint() || asked != 1 {
		t.Errorf("%q %v, asked %d times", who, err, asked)
	}
	if _, err := OfKey(space, locked, func() ([]byte, error) { return []byte("sesame"), nil }); err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if _, err := OfKey(space, locked, nobody); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("nobody to ask: %v", err)
	}
}

// TestKeysThatDoNotCount: DSA, short RSA, certificates, words.
func TestKeysThatDoNotCount(t *testing.T) {
	const dsa = "ssh-dss AAAAB3NzaC1kc3MAAACBAOeB5yKJ4bEsGqsFEVUUMcU+7LfAzJpXYxA0mBQoQqdoHzo2hkPmEXfHKXV5TzEXm0FMkrkZuJ2QJDRhnrQMUJ1b"
	s := ed25519Signer(t)
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.key)))
	for what, text := range map[string]string{
		"dsa": dsa, "nothing": "", "words": "alice", "two": line + "\n" + line, "options": `no-pty ` + line, "private": string(private(t, newKeys(t)["ed25519"], "")),
	} {
		if f, err := Fingerprint(text); err == nil {
			t.Errorf("%s: %s", what, f)
		}
	}
	if f, err := Fingerprint(line + " alice@example"); err != nil || f != s.Fingerprint() {
		t.Errorf("%q, %v", f, err)
	}
}

// TestSHA1DoesNotCount has the signature algorithm that ssh-rsa stood for in the old days.
func TestSHA1DoesNotCount(t *testing.T) {
	key, err := ssh.NewSignerFromKey(newKeys(t)["rsa"])
	must(t, err)
	s := &Signer{namespace: space, key: key.PublicKey(), sign: func(data []byte) (*ssh.Signature, error) {
		return key.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSA)
	}}
	if _, err := s.Sign([]byte("yes")); err == nil {
		t.Error("a signature by SHA-1 was made")
	}
}

func TestAgent(t *testing.T) {
	all := newKeys(t)
	ring := agent.NewKeyring()
	for _, k := range all {
		must(t, ring.Add(agent.AddedKey{PrivateKey: k}))
	}
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	for name, k := range all {
		public, err := ssh.NewSignerFromKey(k)
		must(t, err)
		s, err := OfAgentKey(t.Context(), space, socket, ssh.MarshalAuthorizedKey(public.PublicKey()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := s.Sign([]byte("yes"))
		must(t, err)
		if who, err := Verify(space, []byte("yes"), text); err != nil || who != ssh.FingerprintSHA256(public.PublicKey()) {
			t.Errorf("%s: %q %v", name, who, err)
		}
	}
	if _, err := OfAgent(t.Context(), space, socket, func(string) bool { return false }); err == nil {
		t.Error("a key that nobody wants signs")
	}
	for _, nowhere := range []string{"", filepath.Join(t.TempDir(), "none")} {
		if _, err := OfAgent(t.Context(), space, nowhere, func(string) bool { return true }); err == nil {
			t.Error("an agent that is not there signs")
		}
	}
}

// TestAgentThatNeverAnswers ends with the context.
func TestAgentThatNeverAnswers(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := listener.Accept(); err == nil {
			cancel()
			defer c.Close()
			<-t.Context().Done()
		}
	}()
	if _, err := OfAgent(ctx, space, socket, func(string) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzVerify(f *testing.F) {
	text, err := ed25519Signer(f).Sign([]byte("yes"))
	must(f, err)
	f.Add([]byte("yes"), text)
	f.Add([]byte(""), "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n")
	f.Fuzz(func(t *testing.T, statement []byte, signature string) {
		who, err := Verify(space, statement, signature)
		if err == nil && string(statement) != "yes" {
			t.Fatalf("%s signed %q", who, statement)
		}
	})
}
