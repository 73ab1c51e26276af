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
	"syscall"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
	"imapmigrate/testdata/message"
)

var (
	kills = flag.Int("kills", 6, "how often the program is killed, in each pair of servers")
	seed  = flag.Uint64("seed", 1, "of the moments at which it is killed")
)

// The real program, killed at random moments and run again until it is done, leaves every message once, in order, unchanged.
//
//	source ──▶ imapmigrate copy (SIGKILL, again, SIGKILL, again ...) ──▶ destination ──▶ compared by a client of its own
func TestKilledAnywhereEndsInOneCopyEach(t *testing.T) {
	program := build(t)
	from := func(tb testing.TB) *imaptest.Server {
		return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: true})
	}
	for name, to := range map[string]*imaptest.Server{
		"Dovecot to Dovecot": imaptest.Dovecot(t, imaptest.DovecotOptions{Storage: "sdbox"}),
		"Dovecot to Dovecot without UIDPLUS": imaptest.Dovecot(t, imaptest.DovecotOptions{Storage: "sdbox",
			Capability: "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE UNSELECT CHILDREN", ExtraConfig: "# without UIDPLUS\n"}),
		"Dovecot to Cyrus": imaptest.Cyrus(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, destination := from(t).NewUser(t), to.NewUser(t)
			fillCrash(t, source)
			dir := t.TempDir()
			configure(t, dir, source, destination)
			run(t, program, dir, "plan")
			chance := rand.New(rand.NewPCG(*seed, uint64(len(name))))
			killed := 0
			for killed < *kills && !copyFor(t, program, dir, moment(chance)) {
				killed++
			}
			t.Logf("seed %d: killed %d times", *seed, killed)
			run(t, program, dir, "copy")
			run(t, program, dir, "verify")
			for _, box := range []string{"INBOX", "box"} {
				want := source.Dial(t).FetchAll(map[string]string{"INBOX": "INBOX", "box": "INBOX.box"}[box])
				wantSame(t, box, want, destination.Dial(t).FetchAll(box))
			}
		})
	}
}

// moment is when to kill: mostly early, while the program connects, looks for what was in doubt and waits for it, or sends its first batches;
// else behind that wait of up to six seconds.
func moment(chance *rand.Rand) time.Duration {
	d := time.Duration(50+chance.IntN(900)) * time.Millisecond
	if chance.IntN(2) == 0 {
		d += 6 * time.Second
	}
	return d
}

// fillCrash makes one mailbox of many small messages with twins among them, and one of a few large ones.
func fillCrash(t *testing.T, a imaptest.Account) {
	t.Helper()
	c := a.Dial(t)
	var inbox, box []imaptest.RawMessage
	for letter := range message.Generate(3, 600, 900) {
		inbox = append(inbox, imaptest.RawMessage{Body: letter.Bytes, Date: letter.Date, Flags: []string{`\Seen`}})
		if len(inbox)%7 == 0 {
			inbox = append(inbox, inbox[len(inbox)-1]) // twins: both have to arrive
		}
	}
	for i := range 5 {
		box = append(box, imaptest.RawMessage{Body: message.Attachment(1<<20 + i<<19), Date: time.Date(2015, 1, 1+i, 0, 0, 0, 0, time.UTC), Flags: []string{`\Flagged`}})
	}
	c.Fill("INBOX", inbox)
	c.Create("INBOX.box")
	c.Fill("INBOX.box", box)
}

// copyFor runs copy and kills it after d; done says that it ended by itself before.
func copyFor(t *testing.T, program, dir string, d time.Duration) (done bool) {
	t.Helper()
	cmd := exec.Command(program, "copy")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TEST_PASSWORD="+imaptest.Password)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(d, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return false
		}
	}
	if err != nil {
		t.Fatalf("copy ended by itself: %v\n%s", err, output.String())
	}
	return true
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
