package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
)

// stage is the two servers, and the program.
type stage struct {
	source, destination *imaptest.Server
	program             string
}

// newStage starts both servers, with the disk syncs that Dovecot has by default if speed counts, the destination with a quota, as hosts have it.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		source:      imaptest.Dovecot(t, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: !*speed}),
		destination: imaptest.Dovecot(t, imaptest.DovecotOptions{Storage: "sdbox", QuotaBytes: 1 << 40, NoFsync: !*speed}),
		program:     os.Args[0], // see TestMain
	}
	if !*speed || *profile != "" {
		return s
	}
	s.program = filepath.Join(t.TempDir(), "imapmigrate")
	if out, err := exec.Command("go", "build", "-o", s.program, "imapmigrate/cmd/imapmigrate").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return s
}

// fill puts a corpus on the source, and has the server look at all of it once.
func (s *stage) fill(t *testing.T, c *corpus, to imaptest.Account) {
	t.Helper()
	began := time.Now()
	client := to.Dial(t)
	defer client.Close()
	for i := range c.boxes {
		b := &c.boxes[i]
		if b.From != "INBOX" {
			client.Create(b.From)
			client.MustCmd("SUBSCRIBE " + imaptest.Quote(b.From))
		}
		var batch []imaptest.RawMessage
		size := 0
		for n := range b.sizes {
			batch = append(batch, b.message(n))
			if size += b.sizes[n]; size > 8<<20 || n == len(b.sizes)-1 {
				client.Fill(b.From, batch)
				batch, size = batch[:0], 0
			}
		}
		client.MustCmd("EXAMINE " + imaptest.Quote(b.From))
		client.MustCmd("FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)")
	}
	t.Logf("%s: %d messages, %d MB in %d mailboxes, filled in %s", c.name, c.messages(), c.bytes>>20, len(c.boxes), time.Since(began).Round(time.Second))
}

// attempt is one tool's copy into a fresh account.
type attempt struct {
	*corpus
	from, to         imaptest.Account
	fromPort, toPort int
	dir              string
}

// tool makes the commands of an attempt, in their order.
type tool struct {
	name string
	copy func(*testing.T, *attempt) []step
}

// step is one command of a tool.
type step struct {
	name   string
	cmd    *exec.Cmd
	copies bool // the accounts are compared afterwards
}

// measured is one step that was run.
type measured struct {
	tool, step, corpus string
	delay              time.Duration
	messages           int
	cost
	traffic
	compared *comparison // nil if the step copies nothing
}

// traffic is what went over both legs, as far as a proxy was there to see it.
type traffic struct{ connections, waits, bytes int64 }

// measure has a tool do its steps. One that fails is told and ends there.
func (s *stage) measure(t *testing.T, tool tool, c *corpus, from imaptest.Account, delay time.Duration) (all []measured) {
	t.Helper()
	t.Run(fmt.Sprintf("%s/%v/%s", c.name, delay, tool.name), func(t *testing.T) {
		a := &attempt{corpus: c, from: from, to: s.destination.NewUser(t), dir: t.TempDir(), fromPort: s.source.Port, toPort: s.destination.Port}
		counted := func() traffic { return traffic{} }
		if delay > 0 {
			counted = a.detour(t, delay)
		}
		for _, step := range tool.copy(t, a) {
			before := counted()
			m := measured{tool: tool.name, step: step.name, corpus: c.name, delay: delay, messages: c.messages(), cost: run(step.cmd, *limit)}
			m.traffic = counted().minus(before)
			if m.err != nil && !m.stopped {
				s.failed(t, m)
			}
			if step.copies && !m.stopped {
				m.compared = compare(t, c, a.to)
				m.compared.check(t, tool.name)
			}
			all = append(all, m)
			t.Logf("%-8s %8.2f s %6.2f CPU s %4d MiB %5d waits %s", step.name, m.wall.Seconds(), m.cpu.Seconds(), m.rss>>20, m.waits, m.compared)
			if m.stopped {
				return
			}
		}
	})
	return all
}

// failed ends the test where the program or the floor failed; a peer's trouble is the peer's.
func (s *stage) failed(t *testing.T, m measured) {
	t.Helper()
	if m.tool == "ours" || m.tool == "floor" {
		t.Fatalf("%s %s: %v", m.tool, m.step, m.err)
	}
	t.Logf("%s %s: %v", m.tool, m.step, m.err)
}

// detour leads both legs over a line with a delay, and gives what counts the traffic.
func (a *attempt) detour(t *testing.T, delay time.Duration) func() traffic {
	t.Helper()
	legs := []*imaptest.FaultProxy{
		imaptest.Proxy(t, a.from.Server.Addr(), imaptest.Faults{RoundTrip: delay}),
		imaptest.Proxy(t, a.to.Server.Addr(), imaptest.Faults{RoundTrip: delay}),
	}
	a.fromPort, a.toPort = legs[0].Port, legs[1].Port
	return func() (sum traffic) {
		for _, l := range legs {
			s := l.Stats()
			sum.connections += int64(s.Connections)
			sum.waits += s.Waits
			sum.bytes += s.Up + s.Down
		}
		return sum
	}
}

func (a traffic) minus(b traffic) traffic {
	return traffic{a.connections - b.connections, a.waits - b.waits, a.bytes - b.bytes}
}

// write makes a file in the attempt's folder.
func (a *attempt) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
