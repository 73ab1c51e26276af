package view

import (
	"fmt"
	"io"
	"sync"
	"time"

	"imapmigrate/pkg/event"
)

// ProgressOptions say how events are shown to people.
type ProgressOptions struct {
	// Columns says how wide the terminal is at the moment; nil when the writer is no terminal, then there are lines now and then instead
	// of a bar.
	Columns func() int
	Now     func() time.Time
	// Every is the time between two lines, or between two looks at the bar; 0 is 30 seconds for lines and a fifth of one for the bar.
	Every   time.Duration
	Verbose bool // each mailbox as it begins and ends
	Quiet   bool // warnings only
}

// Progress shows events to people while a run goes on. It is an [event.Sink]; Close it before anything else is written to the same writer.
type Progress struct {
	o    ProgressOptions
	stop chan struct{}
	idle sync.WaitGroup

	mu       sync.Mutex
	w        io.Writer
	tally    tally
	bar      *bar // nil while no stage runs, and without a terminal
	problems int  // of messages, in this stage
	shut     bool
}

// mostProblems is how many messages of a stage are named one by one; the report names them all.
const mostProblems = 20

// NewProgress shows on w, which is stderr.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	if o.Every == 0 {
		o.Every = 30 * time.Second
		if o.Columns != nil {
			o.Every = time.Second / 5
		}
	}
	p := &Progress{o: o, w: w, stop: make(chan struct{})}
	if !o.Quiet {
		p.idle.Go(p.tick)
	}
	return p
}

func (p *Progress) tick() {
	t := time.NewTicker(p.o.Every)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.paint()
		}
	}
}

// paint shows how things stand: the bar, or a line.
func (p *Progress) paint() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	switch {
	case p.tally.stage == "" || p.shut:
	case p.o.Columns == nil:
		p.say(p.tally.sentence(now))
		p.tally.remember(now)
	default:
		if p.bar == nil {
			p.bar = newBar(p.w, p.tally.total, p.o.Columns())
		}
		p.bar.paint(&p.tally, p.o.Columns())
	}
}

// Close takes the bar away and ends. It is safe to call twice.
func (p *Progress) Close() error {
	p.mu.Lock()
	if p.shut {
		p.mu.Unlock()
		return nil
	}
	p.shut = true
	p.endBar()
	p.mu.Unlock()
	close(p.stop)
	p.idle.Wait()
	return nil
}

// Note shows a line of our own above the bar.
func (p *Progress) Note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.o.Quiet {
		p.say(fmt.Sprintf(format, args...))
	}
}

// Emit takes an event from any goroutine.
func (p *Progress) Emit(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case event.Warning:
		p.say(e.Stage + ": warning: " + e.Text)
	case event.MessageProblem:
		p.problem(e)
	case event.StageStarted:
		p.endBar()
		p.problems = 0
		p.tally.begin(e, p.o.Now())
	case event.MailboxStarted:
		p.tally.opened(e.Mailbox)
		if p.o.Verbose && !p.o.Quiet {
			p.say(begins(e))
		}
	case event.Progress:
		p.tally.add(e)
	case event.MailboxDone:
		p.mailboxDone(e)
	case event.Waiting:
		if !p.o.Quiet {
			p.say(fmt.Sprintf("%s: waiting %s: %s", e.Stage, Took(e.Wait), e.Reason))
		}
	case event.StageDone:
		p.stageDone(e)
	}
}

func begins(e event.MailboxStarted) string {
	text := e.Stage + ": " + Clip(e.Mailbox, 80)
	if e.To != "" && e.To != e.Mailbox {
		text += " -> " + Clip(e.To, 80)
	}
	return text + ": " + amounts(e.Messages, e.Bytes)
}

func amounts(messages, bytes int64) string {
	if bytes <= 0 {
		return Plural(messages, "message")
	}
	return Plural(messages, "message") + ", " + Bytes(bytes)
}

func (p *Progress) problem(e event.MessageProblem) {
	p.problems++
	switch {
	case p.o.Quiet || p.problems > mostProblems+1:
	case p.problems == mostProblems+1:
		p.say(e.Stage + ": more messages have problems; the report will name them all")
	default:
		p.say(fmt.Sprintf("%s: %s uid %d: %s: %s", e.Stage, Clip(e.Mailbox, 80), e.UID, e.Outcome, e.Reason))
	}
}

func (p *Progress) mailboxDone(e event.MailboxDone) {
	p.tally.closed(e.Mailbox)
	name := e.Stage + ": " + Clip(e.Mailbox, 80)
	switch {
	case e.Problem != "":
		p.say(name + ": not finished: " + e.Problem)
	case p.o.Verbose || p.o.Columns == nil && e.Messages > 0:
		if !p.o.Quiet {
			p.say(name + ": done, " + amounts(e.Messages, e.Bytes))
		}
	}
}

func (p *Progress) stageDone(e event.StageDone) {
	idle := p.tally.total == amount{} && p.tally.done == amount{}
	p.endBar()
	p.tally = tally{}
	if !p.o.Quiet && (p.o.Verbose || !idle) {
		p.say(fmt.Sprintf("%s: %s in %s", e.Stage, amounts(e.Messages, e.Bytes), Took(e.Took)))
	}
}

// say writes one line, above the bar where there is one. The line may hold a stranger's text.
func (p *Progress) say(text string) {
	if p.bar != nil {
		p.bar.erase()
	}
	_, _ = io.WriteString(p.w, Visible(text)+"\n") // nobody can be told that stderr is gone
	if p.bar != nil {
		p.bar.paint(&p.tally, p.o.Columns())
	}
}

func (p *Progress) endBar() {
	if p.bar != nil {
		p.bar.erase()
		p.bar = nil
	}
}
