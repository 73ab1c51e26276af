package sshsig

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Signer signs texts for one namespace with one key.
type Signer struct {
	namespace string
	key       ssh.PublicKey
	sign      func(data []byte) (*ssh.Signature, error)
}

// Fingerprint of the key, SHA256:...
func (s *Signer) Fingerprint() string { return ssh.FingerprintSHA256(s.key) }

// Sign gives the armored signature of statement.
func (s *Signer) Sign(statement []byte) (string, error) {
	const name = "sha512"
	digest, err := hash(name, statement)
	if err != nil {
		return "", err
	}
	signature, err := s.sign(signed(message{Namespace: s.namespace, Hash: name, Digest: digest}))
	if err != nil {
		return "", err
	}
	if err := strong(s.key, signature); err != nil {
		return "", err
	}
	body := ssh.Marshal(envelope{Version: version, Key: s.key.Marshal(), Namespace: s.namespace, Hash: name, Signature: ssh.Marshal(*signature)})
	return armored(append([]byte(magic), body...)), nil
}

// armored wraps lines as ssh-keygen does.
func armored(body []byte) string {
	const width = 70
	var b strings.Builder
	b.WriteString("-----BEGIN " + armor + "-----\n")
	for text := base64.StdEncoding.EncodeToString(body); text != ""; {
		n := min(width, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString("-----END " + armor + "-----\n")
	return b.String()
}

// OfKey signs with a private key, as it stands in its file. passphrase is asked only when the key is locked with one.
func OfKey(namespace string, private []byte, passphrase func() ([]byte, error)) (*Signer, error) {
	key, err := ssh.ParsePrivateKey(private)
	if locked := (&ssh.PassphraseMissingError{}); errors.As(err, &locked) {
		var secret []byte
		if secret, err = passphrase(); err != nil {
			return nil, err
		}
		key, err = ssh.ParsePrivateKeyWithPassphrase(private, secret)
		clear(secret)
	}
	if err != nil {
		return nil, errors.New("it is no SSH private key, or the passphrase is wrong; a key that lives in an agent is named by its .pub file")
	}
	if err := sound(key.PublicKey()); err != nil {
		return nil, err
	}
	return &Signer{namespace: namespace, key: key.PublicKey(), sign: func(data []byte) (*ssh.Signature, error) {
		if rsa, ok := key.(ssh.AlgorithmSigner); ok && key.PublicKey().Type() == ssh.KeyAlgoRSA {
			return rsa.SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSASHA512)
		}
		return key.Sign(rand.Reader, data)
	}}, nil
}

// agentTimeout bounds one question to an agent: a person may have to touch a key, or to type a passphrase.
const agentTimeout = 2 * time.Minute

// OfAgent signs through the agent that listens at socket, with the first of its keys that wanted likes, by fingerprint.
func OfAgent(ctx context.Context, namespace, socket string, wanted func(fingerprint string) bool) (*Signer, error) {
	var found *agent.Key
	err := ask(ctx, socket, func(a agent.ExtendedAgent) error {
		keys, err := a.List()
		for _, k := range keys {
			if found == nil && wanted(ssh.FingerprintSHA256(k)) {
				found = k
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, errors.New("the SSH agent holds no key of an approver; add one with ssh-add")
	}
	key, err := ssh.ParsePublicKey(found.Blob)
	if err != nil {
		return nil, fmt.Errorf("the SSH agent gives a key that cannot be read: %w", err)
	}
	if err := sound(key); err != nil {
		return nil, err
	}
	return &Signer{namespace: namespace, key: key, sign: func(data []byte) (signature *ssh.Signature, err error) {
		err = ask(ctx, socket, func(a agent.ExtendedAgent) error {
			var flags agent.SignatureFlags
			if key.Type() == ssh.KeyAlgoRSA {
				flags = agent.SignatureFlagRsaSha512
			}
			signature, err = a.SignWithFlags(key, data, flags)
			return err
		})
		return signature, err
	}}, nil
}

// OfAgentKey is OfAgent for the one key whose public part is given, as it stands in its .pub file.
func OfAgentKey(ctx context.Context, namespace, socket string, public []byte) (*Signer, error) {
	key, err := parsePublic(public)
	if err != nil {
		return nil, err
	}
	return OfAgent(ctx, namespace, socket, func(f string) bool { return f == ssh.FingerprintSHA256(key) })
}

// ask has one conversation with an agent.
func ask(ctx context.Context, socket string, talk func(agent.ExtendedAgent) error) error {
	if socket == "" {
		return errors.New("there is no SSH agent (SSH_AUTH_SOCK is not set); start one, or name a key file")
	}
	c, err := (&net.Dialer{Timeout: agentTimeout}).DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("the SSH agent does not answer: %w", err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := c.SetDeadline(time.Now().Add(agentTimeout)); err != nil {
		return err
	}
	if err := talk(agent.NewClient(c)); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fmt.Errorf("the SSH agent: %w", err)
	}
	return nil
}
