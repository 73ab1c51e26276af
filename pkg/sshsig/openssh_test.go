package sshsig

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Who talks to whom here: OpenSSH's own ssh-keygen makes keys, signs and verifies; its ssh-agent holds a key. Nothing of ours is in between.

// openssh finds a program of OpenSSH, or skips; where everything that is tested has to be there, its absence is a failure.
func openssh(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("IMAPMIGRATE_REQUIRE_SERVERS") == "1" {
		t.Fatalf("%s is not installed: %v", name, err)
	}
	t.Skipf("%s is not installed; Debian's package openssh-client has it", name)
	return ""
}

func run(t *testing.T, stdin string, name string, args ...string) string {
	t.Helper()
	c := exec.Command(openssh(t, name), args...)
	c.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}

var opensshKeys = map[string][]string{"ed25519": {"-t", "ed25519"}, "ecdsa": {"-t", "ecdsa", "-b", "384"}, "rsa": {"-t", "rsa", "-b", "2048"}}

// newKey has ssh-keygen make a key, and gives its file.
func newKey(t *testing.T, kind []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	run(t, "", "ssh-keygen", append([]string{"-q", "-N", "", "-C", "alice", "-f", file}, kind...)...)
	return file
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	return text
}

func TestOpenSSHBelievesUs(t *testing.T) {
	for name, kind := range opensshKeys {
		file := newKey(t, kind)
		s, err := OfKey(space, read(t, file), nobody)
		must(t, err)
		text, err := s.Sign([]byte("yes\n"))
		must(t, err)
		dir := t.TempDir()
		allowed, signature := filepath.Join(dir, "allowed"), filepath.Join(dir, "signature")
		must(t, os.WriteFile(allowed, append([]byte("alice "), read(t, file+".pub")...), 0o600))
		must(t, os.WriteFile(signature, []byte(text), 0o600))
		out := run(t, "yes\n", "ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "alice", "-n", space, "-s", signature)
		if !strings.HasPrefix(out, "Good") || !strings.Contains(out, s.Fingerprint()) {
			t.Errorf("%s: %s", name, out)
		}
		if own := run(t, "", "ssh-keygen", "-l", "-f", file+".pub"); !strings.Contains(own, s.Fingerprint()) {
			t.Errorf("%s: ssh-keygen has another fingerprint than %s: %s", name, s.Fingerprint(), own)
		}
	}
}

func TestWeBelieveOpenSSH(t *testing.T) {
	for name, kind := range opensshKeys {
		file := newKey(t, kind)
		for _, hash := range []string{"sha256", "sha512"} {
			text := run(t, "yes\n", "ssh-keygen", "-Y", "sign", "-O", "hashalg="+hash, "-n", space, "-f", file)
			want, err := Fingerprint(string(read(t, file+".pub")))
			must(t, err)
			if who, err := Verify(space, []byte("yes\n"), text); err != nil || who != want {
				t.Errorf("%s: %q, %v", name, who, err)
			}
			other := run(t, "yes\n", "ssh-keygen", "-Y", "sign", "-n", "file", "-f", file)
			if _, err := Verify(space, []byte("yes\n"), other); err == nil {
				t.Errorf("%s: a signature for files counts", name)
			}
		}
	}
}

// TestOpenSSHAgent signs through the real ssh-agent.
func TestOpenSSHAgent(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "agent")
	c := exec.Command(openssh(t, "ssh-agent"), "-D", "-a", socket)
	said, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil { // it speaks when it listens
		t.Fatal(err)
	}
	file := newKey(t, opensshKeys["ed25519"])
	add := exec.Command(openssh(t, "ssh-add"), "-q", file)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := OfAgentKey(t.Context(), space, socket, read(t, file+".pub"))
	must(t, err)
	text, err := s.Sign([]byte("yes"))
	must(t, err)
	if who, err := Verify(space, []byte("yes"), text); err != nil || who != s.Fingerprint() {
		t.Errorf("%q, %v", who, err)
	}
}

// TestShortKeysDoNotCount has an RSA key of the length that was usual long ago; Go itself no longer makes one.
func TestShortKeysDoNotCount(t *testing.T) {
	file := newKey(t, []string{"-t", "rsa", "-b", "1024"})
	if f, err := Fingerprint(string(read(t, file+".pub"))); err == nil {
		t.Errorf("%s counts", f)
	}
	text := run(t, "yes\n", "ssh-keygen", "-Y", "sign", "-n", space, "-f", file)
	if f, err := Verify(space, []byte("yes\n"), text); err == nil {
		t.Errorf("a signature by %s counts", f)
	}
}
