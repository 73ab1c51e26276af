package wire

import (
	"context"
	"strings"
)

// asides are commands that cost no round trip of their own: they leave in one piece with the command after them, whose answers come behind
// theirs. Nothing may depend on them but that command. A Session's owner alone touches them.
type asides struct {
	waiting []string           // to leave with the next command
	sent    map[string]*status // by tag: left, not answered; where the answer goes, nil when nobody wants it
}

// NoopFirst has the next raw command see what other clients have done: between two NOOPs some servers answer from what they saw when the
// mailbox was opened.
func (s *Session) NoopFirst() { s.asides.wait("NOOP") }

// UnselectFirst leaves the open mailbox before the next command, as [Session.Unselect] does.
func (s *Session) UnselectFirst() {
	if s.caps.Has("UNSELECT") {
		s.asides.wait("UNSELECT")
	}
}

func (a *asides) wait(command string) {
	for _, waiting := range a.waiting {
		if waiting == command {
			return
		}
	}
	a.waiting = append(a.waiting, command)
}

// leave gives the text of what waits.
func (x *Exchange) leave() string {
	a := &x.session.asides
	var text strings.Builder
	for _, command := range a.waiting {
		tag := x.tag()
		a.expect(tag, nil)
		text.WriteString(tag + " " + command + "\r\n")
	}
	a.waiting = nil
	return text.String()
}

// expect notes that a command has left whose answer is taken when another is waited for.
func (a *asides) expect(tag string, answer *status) {
	if a.sent == nil {
		a.sent = map[string]*status{}
	}
	a.sent[tag] = answer
}

// take reports whether a tagged line is the answer to an aside.
func (a *asides) take(tag, line string) bool {
	answer, ours := a.sent[tag]
	if ours {
		delete(a.sent, tag)
		if answer != nil {
			*answer = parseStatus(line)
		}
	}
	return ours
}

// settle waits for the answers of asides that a server gives out of order.
func (x *Exchange) settle() error {
	for len(x.session.asides.sent) > 0 {
		r, err := x.read(nil)
		if err != nil {
			return err
		}
		line := r.line()
		tag, _, _ := strings.Cut(line, " ")
		x.session.asides.take(tag, line)
	}
	return nil
}

// flush sends what waits, for what go-imap is about to do.
func (s *Session) flush(ctx context.Context, op Op) error {
	if len(s.asides.waiting) == 0 {
		return nil
	}
	return s.Do(ctx, op, func(x *Exchange) error {
		_, err := x.run(verb("NOOP"), nil)
		return err
	})
}
