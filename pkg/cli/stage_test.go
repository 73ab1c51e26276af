package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/demo"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// stage is what one script plays on.
type stage struct {
	tb     testing.TB
	script *testscript.TestScript
	scene  *demo.Scene
	source []string // every message of the source when the servers were started, as print writes it, with mailbox and UID
}

func (s *stage) servers(args []string) error {
	scene, err := demo.Prepare(s.script.MkAbs(args[0]), nil)
	if err != nil {
		return err
	}
	s.scene = scene
	s.script.Defer(func() { _ = scene.Close() })
	s.source, err = listing(scene.SourceAccount, true)
	return err
}

func (s *stage) account(side string) *demo.Account {
	if s.scene == nil {
		s.script.Fatalf("there are no servers")
	}
	switch side {
	case "source":
		return s.scene.SourceAccount
	case "destination":
		return s.scene.DestinationAccount
	}
	s.script.Fatalf("a side is source or destination, not %q", side)
	return nil
}

// listing has a line for each message of an account, sorted. place says where it is.
func listing(a *demo.Account, place bool) ([]string, error) {
	var all []string
	for _, info := range a.Mailboxes() {
		if !info.Selectable {
			continue
		}
		messages, err := a.Messages(info.Name)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			line := fmt.Sprintf("%s %q %x", m.InternalDate.UTC().Format(time.RFC3339), mailbox.Flags(m.Flags...), m.Content)
			if place {
				line = fmt.Sprintf("%s %d %v %s", info.Name, m.UID, m.Flags, line)
			}
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all, nil
}

func (s *stage) arrived([]string) error {
	have, err := listing(s.account("destination"), false)
	if err != nil {
		return err
	}
	left := map[string]int{}
	for _, line := range have {
		left[line]++
	}
	for _, line := range s.source {
		_, content, _ := strings.Cut(line, "] ")
		if left[content]--; left[content] < 0 {
			return fmt.Errorf("not on the destination, or not often enough: %.200s", line)
		}
	}
	return nil
}

func (s *stage) untouched([]string) error {
	now, err := listing(s.account("source"), true)
	if err != nil {
		return err
	}
	if !slices.Equal(now, s.source) {
		return fmt.Errorf("the source has changed: %d messages, had %d", len(now), len(s.source))
	}
	return nil
}

func (s *stage) holds(args []string) error {
	n, err := mailbox.ParseName(args[1])
	if err != nil {
		return err
	}
	messages, err := s.account(args[0]).Messages(n)
	if err != nil {
		return err
	}
	if strconv.Itoa(len(messages)) != args[2] {
		return fmt.Errorf("%s on the %s holds %d messages, want %s", n, args[0], len(messages), args[2])
	}
	return nil
}

func (s *stage) deliver(args []string) error {
	n, err := mailbox.ParseName(args[1])
	if err != nil {
		return err
	}
	_, err = s.account(args[0]).Append(n, demo.Mail{Content: []byte("Subject: late\r\n\r\n" + args[2] + "\r\n")})
	return err
}

func (s *stage) flag(args []string) error {
	n, err := mailbox.ParseName(args[1])
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(args[2], 10, 32)
	if err != nil {
		return err
	}
	return s.account(args[0]).SetFlags(n, mailbox.UID(uid), mailbox.Flag(args[3]))
}

func (s *stage) recreate(args []string) error {
	n, err := mailbox.ParseName(args[1])
	if err != nil {
		return err
	}
	if err := s.account(args[0]).Delete(n); err != nil {
		return err
	}
	return s.account(args[0]).Create(n, mailbox.RoleNone)
}

func (s *stage) drop(args []string) error {
	n, err := mailbox.ParseName(args[1])
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(args[2], 10, 32)
	if err != nil {
		return err
	}
	return s.account(args[0]).Remove(n, mailbox.SetOf(mailbox.UID(uid)))
}

func (s *stage) replace(args []string) error {
	file := s.script.MkAbs(args[0])
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	text := s.script.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		return fmt.Errorf("%s does not hold %q:\n%s", args[0], args[1], text)
	}
	return os.WriteFile(file, []byte(strings.Replace(text, args[1], args[2], 1)), info.Mode().Perm())
}

func (s *stage) secret(args []string) error {
	file := s.script.MkAbs(args[0])
	_ = os.Remove(file)
	return os.WriteFile(file, []byte(args[1]+"\n"), 0o600)
}

func (s *stage) mode(args []string) error {
	info, err := os.Lstat(s.script.MkAbs(args[0]))
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		return fmt.Errorf("%s has mode %s, want %s", args[0], got, args[1])
	}
	return nil
}

func (s *stage) closedPort(args []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.setPort(args[0], l)
	return l.Close()
}

func (s *stage) setPort(name string, l net.Listener) {
	s.script.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// expired is no more than a handshake: nobody may get further.
func (s *stage) expired(args []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "expired"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		return err
	}
	s.setPort(args[0], l)
	s.script.Defer(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if c.(*tls.Conn).Handshake() == nil {
				_, _ = c.Write([]byte("* OK nobody should read this\r\n"))
			}
			_ = c.Close()
		}
	}()
	return os.WriteFile(s.script.MkAbs(args[1]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func (s *stage) noStartTLS(args []string) error {
	server := imaptest.Serve(s.tb, imaptest.Rules{Capability: "IMAP4rev1 AUTH=PLAIN", Forbid: []string{"LOGIN", "AUTHENTICATE"}})
	s.script.Setenv(args[0], strconv.Itoa(server.Port))
	return nil
}

// slow puts a proxy before a server and has the configuration name it.
func (s *stage) slow(args []string) error {
	proxy := imaptest.Proxy(s.tb, s.server(args[0]).Addr(), imaptest.Faults{RoundTrip: 60 * time.Millisecond})
	return s.port([]string{args[0], strconv.Itoa(proxy.Port)})
}

func (s *stage) cut(args []string) error {
	after, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	proxy := imaptest.Proxy(s.tb, s.server(args[0]).Addr(), imaptest.Faults{Down: imaptest.Fault{After: after, Action: imaptest.Cut}, Times: times})
	s.script.Defer(func() {
		if struck := proxy.Stats().Struck; struck == 0 {
			s.tb.Error("no connection was cut")
		}
	})
	return s.port([]string{args[0], strconv.Itoa(proxy.Port)})
}

func (s *stage) server(side string) *demo.Server {
	s.account(side) // checks the word
	if side == "source" {
		return s.scene.Source
	}
	return s.scene.Destination
}

func (s *stage) port(args []string) error {
	text, err := os.ReadFile(s.scene.Config)
	if err != nil {
		return err
	}
	old, now := fmt.Sprintf("port: %d\n", s.server(args[0]).Port()), fmt.Sprintf("port: %s\n", args[1])
	if !strings.Contains(string(text), old) {
		return fmt.Errorf("%s does not name the %s's port", s.scene.Config, args[0])
	}
	return os.WriteFile(s.scene.Config, []byte(strings.Replace(string(text), old, now, 1)), 0o600)
}

func (s *stage) phrase(args []string) error {
	c, err := checkpoint.Read(args[1], []byte(s.script.ReadFile(args[1])))
	if err != nil {
		return err
	}
	s.script.Setenv(args[0], c.Subject().Phrase())
	return nil
}

func (s *stage) lock(args []string) error {
	l, err := ledger.Open(s.script.MkAbs(args[0]), ledger.Options{Command: "imapmigrate copy", Now: time.Now})
	if err != nil {
		return err
	}
	s.script.Defer(func() { _ = l.Close() })
	return nil
}

func (s *stage) stopped(args []string) error {
	before, err := listing(s.account("destination"), false)
	if err != nil {
		return err
	}
	out, err := os.Create(s.script.MkAbs("out.txt"))
	if err != nil {
		return err
	}
	defer out.Close()
	errs, err := os.Create(s.script.MkAbs("err.txt"))
	if err != nil {
		return err
	}
	defer errs.Close()
	c := exec.Command(args[2], args[3:len(args)-3]...) // the last three are padding
	c.Dir, c.Stdout, c.Stderr = s.script.MkAbs("."), out, errs
	if err := c.Start(); err != nil {
		return err
	}
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		if now, err := listing(s.account("destination"), false); err != nil || len(now) > len(before) {
			break
		}
	}
	signals := map[string][]os.Signal{"INT": {os.Interrupt}, "TERM": {syscall.SIGTERM}, "TWICE": {os.Interrupt, os.Interrupt}}[args[0]]
	for _, signal := range signals {
		if err := c.Process.Signal(signal); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond) // two signals at once are one
	}
	sent := time.Now()
	_ = c.Wait() // its code is looked at
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && len(signals) > 1 {
		return nil // ended by the signal itself: a shell calls that 130
	}
	if code := strconv.Itoa(c.ProcessState.ExitCode()); code != args[1] {
		return fmt.Errorf("exit code %s, want %s:\n%s", code, args[1], s.script.ReadFile("err.txt"))
	}
	if took := time.Since(sent); took > 10*time.Second {
		return fmt.Errorf("it took %v to stop", took)
	}
	return nil
}
