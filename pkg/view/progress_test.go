package view

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"imapmigrate/pkg/event"
)

// buffer may be written to while a test reads it.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// clock advances by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)} }

func TestLines(t *testing.T) {
	var out buffer
	c := newClock()
	p := NewProgress(&out, ProgressOptions{Now: c.Now, Every: time.Hour})
	p.Emit(event.StageStarted{Stage: "copy", Messages: 10_000, Bytes: 500 << 20})
	p.Emit(event.MailboxStarted{Stage: "copy", Mailbox: "INBOX", Messages: 4_000, Bytes: 200 << 20})
	p.Emit(event.MailboxStarted{Stage: "copy", Mailbox: "Sent", Messages: 10, Bytes: 1 << 20})
	c.pass(10 * time.Second)
	p.Emit(event.Progress{Stage: "copy", Mailbox: "INBOX", Messages: 1_000, Bytes: 50 << 20})
	p.paint()
	p.Emit(event.MessageProblem{Stage: "copy", Mailbox: "INBOX", UID: 17, Outcome: "refused", Reason: "the server says \"\x1b[31mno\""})
	p.Emit(event.MailboxDone{Stage: "copy", Mailbox: "INBOX", Messages: 4_000, Bytes: 200 << 20})
	p.Emit(event.MailboxDone{Stage: "copy", Mailbox: "Sent", Problem: "gone\nfrom the source"})
	p.Emit(event.Waiting{Stage: "copy", Reason: "slow down", Wait: 5 * time.Second})
	p.Emit(event.Warning{Stage: "copy", Text: "a warning"})
	p.Emit(event.StageDone{Stage: "copy", Messages: 10_000, Bytes: 500 << 20, Took: 41 * time.Second})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	want := `copy: 1,000 of 10,000 messages, 50.0 MiB of 500 MiB, 5.0 MiB/s, about 1m30s left; now INBOX and 1 more
copy: INBOX uid 17: refused: the server says "\x1b[31mno"
copy: INBOX: done, 4,000 messages, 200 MiB
copy: Sent: not finished: gone\nfrom the source
copy: waiting 5.0s: slow down
copy: warning: a warning
copy: 10,000 messages, 500 MiB in 41s
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestQuietShowsWarningsAndUnfinishedMailboxesOnly(t *testing.T) {
	var out buffer
	p := NewProgress(&out, ProgressOptions{Now: newClock().Now, Every: time.Millisecond, Quiet: true})
	p.Emit(event.StageStarted{Stage: "copy", Messages: 1, Bytes: 1})
	p.Emit(event.MailboxStarted{Stage: "copy", Mailbox: "INBOX"})
	p.Emit(event.MessageProblem{Stage: "copy", Mailbox: "INBOX"})
	p.Emit(event.Waiting{Stage: "copy"})
	p.Emit(event.MailboxDone{Stage: "copy", Mailbox: "INBOX", Messages: 1})
	p.Emit(event.MailboxDone{Stage: "copy", Mailbox: "Junk", Problem: "refused"})
	p.Emit(event.Warning{Stage: "copy", Text: "careful"})
	p.Note("a note")
	p.Emit(event.StageDone{Stage: "copy"})
	_ = p.Close()
	if want := "copy: Junk: not finished: refused\ncopy: warning: careful\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestManyProblemsAreNotAllNamed(t *testing.T) {
	var out buffer
	p := NewProgress(&out, ProgressOptions{Now: newClock().Now, Every: time.Hour})
	p.Emit(event.StageStarted{Stage: "copy"})
	for range 1000 {
		p.Emit(event.MessageProblem{Stage: "copy", Mailbox: "INBOX", UID: 1, Outcome: "refused", Reason: "no"})
	}
	_ = p.Close()
	if n := strings.Count(out.String(), "\n"); n != mostProblems+1 {
		t.Errorf("%d lines for 1000 problems, want %d", n, mostProblems+1)
	}
}

// TestBar looks at what a terminal would show in the end of each step, by the few sequences that are used.
func TestBar(t *testing.T) {
	var out buffer
	c := newClock()
	p := NewProgress(&out, ProgressOptions{Now: c.Now, Every: time.Hour, Columns: func() int { return 100 }})
	p.Emit(event.StageStarted{Stage: "copy", Messages: 10_000, Bytes: 500 << 20})
	p.Emit(event.MailboxStarted{Stage: "copy", Mailbox: "Archive/\x1b[2J2014"})
	p.Emit(event.Progress{Stage: "copy", Mailbox: "Archive", Messages: 5_000, Bytes: 250 << 20})
	p.paint()
	screen := render(out.String())
	if len(screen) != 2 || !strings.Contains(screen[0], "50% [") || !strings.Contains(screen[0], "(250/500 MiB") {
		t.Fatalf("the bar is not on its line: %q", screen)
	}
	if want := `      5,000 of 10,000 messages  Archive/\x1b[2J2014`; screen[1] != want {
		t.Errorf("the row below the bar is %q, want %q", screen[1], want)
	}
	for _, line := range screen {
		if Width(line) > 100 {
			t.Errorf("%q is wider than the terminal", line)
		}
	}
	p.Emit(event.Warning{Stage: "copy", Text: "careful"})
	screen = render(out.String())
	if len(screen) != 3 || screen[0] != "copy: warning: careful" || !strings.Contains(screen[1], "50% [") {
		t.Errorf("the warning is not above the bar: %q", screen)
	}
	// More than was announced must not break the bar.
	p.Emit(event.Progress{Stage: "copy", Mailbox: "Archive", Messages: 6_000, Bytes: 300 << 20})
	p.paint()
	if screen = render(out.String()); len(screen) != 3 || !strings.Contains(screen[2], "11,000 messages") {
		t.Errorf("the bar broke when more came than was announced: %q", screen)
	}
	p.Emit(event.StageDone{Stage: "copy", Messages: 11_000, Bytes: 550 << 20, Took: time.Minute})
	_ = p.Close()
	want := []string{"copy: warning: careful", "copy: 11,000 messages, 550 MiB in 1m00s"}
	if screen = render(out.String()); strings.Join(screen, "\n") != strings.Join(want, "\n") {
		t.Errorf("in the end the screen shows %q, want %q", screen, want)
	}
}

func TestBarWithoutTotals(t *testing.T) {
	var out buffer
	p := NewProgress(&out, ProgressOptions{Now: newClock().Now, Every: time.Hour, Columns: func() int { return 80 }})
	p.Emit(event.StageStarted{Stage: "verify"})
	p.Emit(event.Progress{Stage: "verify", Mailbox: "INBOX", Messages: 3, Bytes: 1 << 20})
	p.paint()
	if screen := render(out.String()); len(screen) != 2 || !strings.Contains(screen[1], "3 messages") {
		t.Errorf("the screen shows %q", screen)
	}
	_ = p.Close()
	if screen := render(out.String()); len(screen) != 0 {
		t.Errorf("after Close the screen shows %q", screen)
	}
}

// render is as much of a terminal as the bar needs: \r, \n, erase to the end of line or screen, cursor up.
func render(text string) []string {
	lines, row, col := [][]rune{{}}, 0, 0
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "\x1b[J"):
			lines[row] = lines[row][:min(col, len(lines[row]))]
			lines = lines[:row+1]
			i += 3
		case strings.HasPrefix(rest, "\x1b[K"), strings.HasPrefix(rest, "\x1b[0K"):
			lines[row] = lines[row][:min(col, len(lines[row]))]
			i += strings.IndexByte(rest, 'K') + 1
		case strings.HasPrefix(rest, "\x1b[2F"):
			row, col, i = row-2, 0, i+4
		case rest[0] == '\r':
			col, i = 0, i+1
		case rest[0] == '\n':
			if row, col, i = row+1, 0, i+1; row == len(lines) {
				lines = append(lines, nil)
			}
		case rest[0] == 0x1b:
			panic("a sequence that the bar did not use before: " + rest[:10])
		default:
			r := []rune(rest)[0]
			for len(lines[row]) <= col {
				lines[row] = append(lines[row], ' ')
			}
			lines[row][col] = r
			col, i = col+1, i+len(string(r))
		}
	}
	var shown []string
	for _, l := range lines {
		shown = append(shown, strings.TrimRight(string(l), " "))
	}
	for len(shown) > 0 && shown[len(shown)-1] == "" {
		shown = shown[:len(shown)-1]
	}
	return shown
}

func TestProgressFromManyGoroutines(t *testing.T) {
	for name, columns := range map[string]func() int{"lines": nil, "bar": func() int { return 80 }} {
		t.Run(name, func(t *testing.T) {
			var out buffer
			p := NewProgress(&out, ProgressOptions{Now: time.Now, Every: time.Millisecond, Columns: columns})
			p.Emit(event.StageStarted{Stage: "copy", Messages: 800, Bytes: 800})
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 100 {
						p.Emit(event.MailboxStarted{Stage: "copy", Mailbox: "INBOX"})
						p.Emit(event.Progress{Stage: "copy", Mailbox: "INBOX", Messages: 1, Bytes: 1})
						p.Emit(event.Warning{Stage: "copy", Text: "w"})
					}
				})
			}
			all.Wait()
			p.paint()
			if n := strings.Count(out.String(), "copy: warning: w\n"); n != 800 {
				t.Errorf("%d warnings arrived, want 800", n)
			}
			_, _ = p.Close(), p.Close()
		})
	}
}

func TestJSONLines(t *testing.T) {
	var out strings.Builder
	j := NewJSONLines(&out, newClock().Now)
	j.Emit(event.MailboxDone{Stage: "copy", Mailbox: "a\u202eb\n", Messages: 3})
	j.Write("result", struct{}{})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	want := `{"format":1,"type":"mailbox_done","time":"2026-11-22T20:00:00Z","stage":"copy","mailbox":"a\u202eb\n","messages":3,"bytes":0}
{"format":1,"type":"result","time":"2026-11-22T20:00:00Z"}
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q is no JSON", line)
		}
	}
}
