package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
	"imapmigrate/testdata/message"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// BenchmarkAccount moves 10,000 messages (500 MB, 48 mailboxes) from one Dovecot to another with the real program, disk syncs as Dovecot
// has them by default. Times are seconds, memory is the largest resident set in MiB; read them as ratios, on a machine with nothing else to do.
func BenchmarkAccount(b *testing.B) {
	program := build(b)
	for b.Loop() {
		from := imaptest.Dovecot(b, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: true}).NewUser(b)
		to := imaptest.Dovecot(b, imaptest.DovecotOptions{Storage: "sdbox"}).NewUser(b)
		fillAccount(b, from, 48, 10_000, 50_000)
		dir := b.TempDir()
		configure(b, dir, from, to)
		for _, step := range []struct {
			name string
			args []string
		}{
			{"plan", []string{"plan"}}, {"copy", []string{"copy"}}, {"again", []string{"copy"}}, {"verify", []string{"verify"}}, {"status", []string{"status"}},
		} {
			took, rss := run(b, program, dir, step.args...)
			b.ReportMetric(took.Seconds(), step.name+"-s")
			b.ReportMetric(float64(rss)/1024, step.name+"-MiB")
		}
	}
}

func build(tb testing.TB) string {
	tb.Helper()
	program := filepath.Join(tb.TempDir(), "imapmigrate")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

func fillAccount(tb testing.TB, a imaptest.Account, mailboxes, messages, size int) {
	tb.Helper()
	c := a.Dial(tb)
	batch := make([]imaptest.RawMessage, 0, messages/mailboxes+1)
	box := 0
	send := func() {
		name := "INBOX"
		if box > 0 {
			name = fmt.Sprintf("INBOX.box %02d", box)
			c.Create(name)
		}
		c.Fill(name, batch)
		batch, box = batch[:0], box+1
	}
	for letter := range message.Generate(7, messages, size) {
		batch = append(batch, imaptest.RawMessage{Body: letter.Bytes, Date: letter.Date, Flags: []string{`\Seen`, "$label1"}})
		if len(batch) == cap(batch) {
			send()
		}
	}
	send()
}

func configure(tb testing.TB, dir string, from, to imaptest.Account) {
	tb.Helper()
	side := func(a imaptest.Account) string {
		return fmt.Sprintf("  host: localhost\n  port: %d\n  ca_file: %s\n  user: %s\n  auth: {password: {env: TEST_PASSWORD}}\n", a.Server.TLSPort, a.Server.CAFile, a.User)
	}
	text := "version: 1\nname: bench\nsource:\n" + side(from) + "destination:\n" + side(to)
	if err := os.WriteFile(filepath.Join(dir, "migration.yaml"), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func run(tb testing.TB, program, dir string, args ...string) (time.Duration, int64) {
	tb.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TEST_PASSWORD="+imaptest.Password)
	cmd.Stdout = io.Discard
	errors, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		tb.Fatal(err)
	}
	defer errors.Close()
	cmd.Stderr = errors
	started := time.Now()
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(errors.Name())
		tb.Fatalf("imapmigrate %v: %v\n%s", args, err, text)
	}
	return time.Since(started), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}
