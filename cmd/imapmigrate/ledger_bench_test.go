package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
	"imapmigrate/testdata/message"
)

// BenchmarkLedger says what it costs to have intents and outcomes on disk before and after each batch: the same copy by the real program,
// once with its ledger on the disk and once with it in memory (/dev/shm), where nothing waits for a disk sync. What bbolt takes of the
// processor is in both; BenchmarkHundredThousand of pkg/ledger names it. The two take turns, so that a busy machine hits both.
func BenchmarkLedger(b *testing.B) {
	const mailboxes, messages, size = 12, 6000, 20_000
	program := filepath.Join(b.TempDir(), "imapmigrate")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	memory, err := os.MkdirTemp("/dev/shm", "imapmigrate-bench-")
	if err != nil {
		b.Skip("no memory file system: ", err)
	}
	defer os.RemoveAll(memory)
	from := imaptest.Dovecot(b, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: true})
	to := imaptest.Dovecot(b, imaptest.DovecotOptions{Storage: "sdbox"})
	source := from.NewUser(b)
	fillLedgerBench(b, source, mailboxes, messages, size)
	var took [2]time.Duration
	rounds := 0
	for b.Loop() {
		rounds++
		for kind := range took {
			state := filepath.Join(memory, fmt.Sprint(rounds))
			if kind == 0 {
				state = b.TempDir()
			} else if err := os.Mkdir(state, 0o700); err != nil {
				b.Fatal(err)
			}
			took[kind] += timeCopy(b, program, state, source, to.NewUser(b))
		}
	}
	disk, none := took[0].Seconds()/float64(rounds), took[1].Seconds()/float64(rounds)
	b.ReportMetric(disk, "s-ledger-on-disk")
	b.ReportMetric(none, "s-ledger-in-memory")
	b.ReportMetric(100*(disk-none)/none, "%-cost")
}

func fillLedgerBench(b *testing.B, a imaptest.Account, mailboxes, messages, size int) {
	c := a.Dial(b)
	var batch []imaptest.RawMessage
	box := 0
	for letter := range message.Generate(7, messages, size) {
		batch = append(batch, imaptest.RawMessage{Body: letter.Bytes, Date: letter.Date, Flags: []string{`\Seen`}})
		if len(batch) == messages/mailboxes {
			name := fmt.Sprintf("INBOX.box %02d", box)
			c.Create(name)
			c.Fill(name, batch)
			batch, box = nil, box+1
		}
	}
}

// timeCopy plans and copies an account, with the ledger in the folder state.
func timeCopy(b *testing.B, program, state string, from, to imaptest.Account) time.Duration {
	dir := b.TempDir()
	if err := os.Symlink(state, filepath.Join(dir, "state")); err != nil {
		b.Fatal(err)
	}
	side := func(a imaptest.Account) string {
		return fmt.Sprintf("  host: localhost\n  port: %d\n  ca_file: %s\n  user: %s\n  auth: {password: {env: TEST_PASSWORD}}\n", a.Server.TLSPort, a.Server.CAFile, a.User)
	}
	text := "version: 1\nname: bench\nsource:\n" + side(from) + "destination:\n" + side(to)
	if err := os.WriteFile(filepath.Join(dir, "migration.yaml"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	var took time.Duration
	for _, command := range []string{"plan", "copy"} {
		cmd := exec.Command(program, command)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "TEST_PASSWORD="+imaptest.Password)
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", command, err, out)
		}
		took = time.Since(began)
	}
	return took
}
