package imaptest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Step is one step of a dialogue.
type Step struct {
	text string
	run  func(*Conversation) error
}

// Script plays a dialogue with the first connection, and the dialogues that Then adds with the next ones. A command
// that does not fit fails the test, as does a dialogue that was not played to its end. For a server that
// answers in any order see Serve.
func Script(tb testing.TB, dialogue ...Step) *Dialogues {
	tb.Helper()
	d := &Dialogues{}
	d.Then(dialogue...)
	d.listen(tb, d.play, d.verify)
	return d
}

// Dialogues is the server that Script starts.
type Dialogues struct {
	Scripted
	steps sync.Mutex
	todo  [][]Step
}

// Then adds the dialogue for one more connection.
func (d *Dialogues) Then(dialogue ...Step) {
	d.steps.Lock()
	defer d.steps.Unlock()
	d.todo = append(d.todo, dialogue)
}

func (d *Dialogues) next() ([]Step, bool) {
	d.steps.Lock()
	defer d.steps.Unlock()
	if len(d.todo) == 0 {
		return nil, false
	}
	dialogue := d.todo[0]
	d.todo = d.todo[1:]
	return dialogue, true
}

func (d *Dialogues) play(c *Conversation) {
	dialogue, ok := d.next()
	if !ok {
		d.tb.Errorf("scripted server: connection %d, and there is no dialogue for it", c.Connection)
		return
	}
	for _, step := range dialogue {
		if err := step.run(c); err != nil {
			d.tb.Errorf("scripted server: connection %d, at %q: %v", c.Connection, step.text, err)
			return
		}
	}
}

func (d *Dialogues) verify() {
	d.tb.Helper()
	if n := len(d.todo); n > 0 {
		d.tb.Errorf("scripted server: %d dialogues were never played", n)
	}
}

// Send sends lines; $tag in them is the tag of the last command.
func Send(lines ...string) Step {
	return Step{"S: " + strings.Join(lines, " / "), func(c *Conversation) error { c.Send(lines...); return nil }}
}

// Raw sends bytes as they are, without an end of line.
func Raw(text string) Step {
	return Step{fmt.Sprintf("S: %.40q", text), func(c *Conversation) error { c.Raw(text); return nil }}
}

// Expect reads one command with its literals, asking for synchronizing ones. The pattern is a regular expression
// for the command without its tag and without what is in its literals; see Command.Line.
func Expect(pattern string) Step {
	return Step{"C: " + pattern, func(c *Conversation) error { return c.expect(pattern, true) }}
}

// ExpectHead is Expect up to the first literal, which is neither asked for nor read.
func ExpectHead(pattern string) Step {
	return Step{"C<" + pattern, func(c *Conversation) error { return c.expect(pattern, false) }}
}

func (c *Conversation) expect(pattern string, literals bool) error {
	if err := c.begin(); err != nil {
		return err
	}
	if literals {
		if err := c.complete(); err != nil {
			return err
		}
	}
	c.script.note(c.Command)
	if !newPattern(pattern).fits(c.Line) {
		return fmt.Errorf("the client sent %.200q", c.Line)
	}
	return nil
}

// ExpectLine reads one line that is no command; the pattern must fit from its beginning.
func ExpectLine(pattern string) Step {
	return Step{"C> " + pattern, func(c *Conversation) error {
		line, err := c.ReadLine()
		if err == nil && !newPattern(pattern).fits(line) {
			err = fmt.Errorf("the client sent %.200q", line)
		}
		return err
	}}
}

// Pause waits.
func Pause(d time.Duration) Step {
	return Step{"pause", func(*Conversation) error { time.Sleep(d); return nil }}
}

// Stall says nothing more, until the client closes the connection or the test ends.
func Stall() Step { return Step{"stall", func(c *Conversation) error { c.Stall(); return nil }} }

// Close ends the connection.
func Close() Step { return Step{"close", func(c *Conversation) error { c.Close(); return nil }} }

// Reset breaks the connection.
func Reset() Step { return Step{"reset", func(c *Conversation) error { c.Reset(); return nil }} }

// StartTLS does the server's side of a TLS handshake; as first step it makes a server with implicit TLS.
func StartTLS() Step { return Step{"tls", func(c *Conversation) error { return c.StartTLS() }} }
