package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
	"imapmigrate/testdata/message"
)

var (
	kills = flag.Int("kills", 2, "how often the program is killed at a random moment, in each pair of servers")
	seed  = flag.Uint64("seed", 1, "of the moments and places at which it is killed")
	all   = flag.Bool("all", false, "kill it at every named point and around every single write of the ledger, not at a sample of them")
)

// pair is a source and a destination; crash.md says why these.
type pair struct {
	name     string
	from, to *imaptest.Server
	plain    bool // the destination's answers pass through forgetful
}

func pairs(tb testing.TB) []pair {
	from := imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: true})
	return []pair{
		{"Dovecot to Dovecot", from, imaptest.Dovecot(tb, imaptest.DovecotOptions{Storage: "sdbox", NoFsync: true}), false},
		{"Dovecot to Dovecot without UIDPLUS and MULTIAPPEND", from, imaptest.Dovecot(tb, imaptest.DovecotOptions{Storage: "sdbox", NoFsync: true,
			Capability: "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE UNSELECT CHILDREN"}), true},
		{"Dovecot to Cyrus", from, imaptest.Cyrus(tb), false},
	}
}

// stand is one migration that is going to be killed.
type stand struct {
	program, dir string
	from, to     imaptest.Account
	source, dest *imaptest.FaultProxy // in front of the two servers
}

// prepare plans a migration to a new account.
func (p pair) prepare(t *testing.T, program string, from imaptest.Account) *stand {
	t.Helper()
	to, security := p.to.TLSAddr(), ""
	if p.plain {
		to, security = forgetful(t, p.to.Addr()), "  security: plaintext\n  allow_plaintext: true\n"
	}
	s := &stand{program, t.TempDir(), from, p.to.NewUser(t), imaptest.Proxy(t, p.from.TLSAddr(), imaptest.Faults{}), imaptest.Proxy(t, to, imaptest.Faults{})}
	s.configure(t, security)
	if out, err := s.run("plan"); err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	return s
}

func (s *stand) configure(t *testing.T, security string) {
	t.Helper()
	side := func(a imaptest.Account, port int, more string) string {
		return fmt.Sprintf("  host: localhost\n  port: %d\n%s  ca_file: %s\n  user: %s\n  auth: {password: {env: TEST_PASSWORD}}\n", port, more, a.Server.CAFile, a.User)
	}
	text := "version: 1\nname: crash\nsource:\n" + side(s.from, s.source.Port, "") + "destination:\n" + side(s.to, s.dest.Port, security) + "copy: {batch_messages: 4, existing: ignore}\n" // or what was sent twice might be saved by its content
	if err := os.WriteFile(filepath.Join(s.dir, "migration.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is the program, with what a test says to its crash points.
func (s *stand) command(args []string, env ...string) *exec.Cmd {
	cmd := exec.Command(s.program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(append(os.Environ(), "TEST_PASSWORD="+imaptest.Password), env...)
	return cmd
}

func (s *stand) run(args ...string) (output string, err error) {
	out, err := s.command(args, "IMAPMIGRATE_CRASH_WAIT=100ms").CombinedOutput()
	return string(out), err
}

// killed tells a process that SIGKILL ended from one that ended by itself.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// finish runs copy to its end and wants every message once, in order, unchanged, and a ledger that agrees with itself.
func (s *stand) finish(t *testing.T, boxes map[string]string) {
	t.Helper()
	for _, args := range [][]string{{"copy"}, {"ledger", "check"}} {
		if out, err := s.run(args...); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
			return
		}
	}
	for from, to := range boxes {
		wantSame(t, to, everything(t, s.from, from), everything(t, s.to, to))
	}
}

func everything(t *testing.T, a imaptest.Account, box string) []imaptest.RawMessage {
	t.Helper()
	c := a.Dial(t)
	defer c.Close() // a server allows each account so many
	return c.FetchAll(box)
}

var crashBoxes = map[string]string{"INBOX": "INBOX", "INBOX.box": "box"}

// The real program, killed in every way there is and run again until it is done, leaves every message once, in order, unchanged.
//
//	source ──▶ imapmigrate copy (SIGKILL, again, SIGKILL, again ...) ──▶ destination ──▶ compared by a client of its own
func TestCrash(t *testing.T) {
	program := buildForCrash(t)
	for i, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			chance := rand.New(rand.NewPCG(*seed, uint64(i)))
			t.Run("killed at random moments", func(t *testing.T) { p.killAnywhere(t, program, chance) })
			t.Run("killed at every point", func(t *testing.T) { p.killEverywhere(t, program, chance, i) })
			t.Run("connections cut", func(t *testing.T) { p.cutAnywhere(t, program, chance) })
		})
	}
	t.Run("disk full", func(t *testing.T) { fullDisk(t, program, pairs(t)[0]) })
	t.Run("two at once", func(t *testing.T) { twoAtOnce(t, program, pairs(t)[0]) })
}

func (p pair) killAnywhere(t *testing.T, program string, chance *rand.Rand) {
	source := p.from.NewUser(t)
	fillCrash(t, source, 300, 3)
	s := p.prepare(t, program, source)
	n := 0
	for n < *kills && !s.copyFor(t, time.Duration(20+chance.IntN(500))*time.Millisecond) {
		n++
	}
	t.Logf("seed %d: killed %d times", *seed, n)
	s.finish(t, crashBoxes)
}

// copyFor runs copy and kills it after d; done says that it ended by itself before.
func (s *stand) copyFor(t *testing.T, d time.Duration) (done bool) {
	t.Helper()
	cmd := s.command([]string{"copy"}, "IMAPMIGRATE_CRASH_WAIT=100ms")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(d, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && !killed(err) {
		t.Fatalf("copy ended by itself: %v\n%s", err, output.String())
	}
	return err == nil
}

// buildForCrash is the program with the crash points in it; without them it is the same, see pkg/crash.
func buildForCrash(tb testing.TB) string {
	tb.Helper()
	program := filepath.Join(tb.TempDir(), "imapmigrate")
	if out, err := exec.Command("go", "build", "-tags", "crashpoints", "-o", program, ".").CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// fillCrash makes one mailbox of small messages with twins among them, and one with a few large ones, which are spooled.
func fillCrash(t *testing.T, a imaptest.Account, messages, large int) {
	t.Helper()
	c := a.Dial(t)
	var inbox, box []imaptest.RawMessage
	for letter := range message.Generate(3, messages, 900) {
		inbox = append(inbox, imaptest.RawMessage{Body: letter.Bytes, Date: letter.Date, Flags: []string{`\Seen`}})
		if len(inbox)%7 == 0 {
			inbox = append(inbox, inbox[len(inbox)-1]) // twins: both have to arrive
		}
	}
	for i := range large {
		box = append(box, imaptest.RawMessage{Body: message.Attachment(1<<20 + 1<<10 + i<<18), Date: time.Date(2015, 1, 1+i, 0, 0, 0, 0, time.UTC), Flags: []string{`\Flagged`}})
	}
	c.Fill("INBOX", inbox)
	c.Create("INBOX.box")
	c.MustCmd("SUBSCRIBE INBOX.box")
	c.Fill("INBOX.box", box)
}

func wantSame(t *testing.T, box string, want, got []imaptest.RawMessage) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d messages became %d", box, len(want), len(got))
	}
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		if !bytes.Equal(w.Body, g.Body) || !w.Date.Equal(g.Date) || fmt.Sprint(visible(w.Flags)) != fmt.Sprint(visible(g.Flags)) {
			t.Errorf("%s: message %d (uid %d) is another one than uid %d of the source, or changed", box, i+1, g.UID, w.UID)
			return
		}
	}
}

// visible are the flags that are copied.
func visible(flags []string) (out []string) {
	for _, f := range flags {
		if f != `\Recent` {
			out = append(out, f)
		}
	}
	return out
}
