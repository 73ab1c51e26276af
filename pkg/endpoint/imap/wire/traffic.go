package wire

import (
	"errors"
	"fmt"
	"strings"
)

// traffic is what the scanners know of both directions: which commands are unanswered, where the streams stand, what was said in
// passing. It tells the
// record what was said.
type traffic struct {
	in, out framer
	flight  map[string]bool // commands without a tagged answer; true when wholly sent
	current string          // tag of the command that is being sent, "" between two
	waiting bool            // the current command cannot go on without a "+"

	greeting bool   // owed, without any command
	dripped  int    // bytes since the last that counted as useful
	answered string // how the current command was answered before all of it was sent
	bads     int    // commands answered BAD

	compressing string // tag of the COMPRESS under way
	compressed  bool   // it was agreed to
	bye         status
	alerts      []string

	flood   int   // untagged responses and continuations since the last tagged answer
	most    int   // how many there may be
	chatter int64 // bytes since the last tagged answer, without literals
	bodies  int   // since the last tagged answer

	record record
}

// maxUntagged responses stand before one tagged answer at most. The largest answers that are asked for have a million: of FETCH, see
// maxMeta. It bounds time, where the others bound memory: a server could go on for ever with messages that nobody has asked for.
const maxUntagged = 2 << 20

// maxBodies come before one tagged answer at most; nobody asks for more at once.
const maxBodies = 50_000

// maxChatter bytes outside of literals stand before one tagged answer at most.
const maxChatter = 1 << 30

// enough bytes are useful even without the end of a response: the body of a long message comes slowly at times.
const enough = 16 << 10

// maxAlerts of a connection are kept; a server that sends more repeats itself.
const maxAlerts = 10

// owed reports whether the server has to say something now.
func (t *traffic) owed() bool {
	if t.waiting || t.greeting {
		return true
	}
	for _, sent := range t.flight {
		if sent {
			return true
		}
	}
	return t.in.inside
}

// hopeless reports whether the command that is being sent has its answer already, or the server has said that it goes.
func (t *traffic) hopeless() bool {
	return t.bye.isText || (t.current != "" && t.answered != "")
}

// idle reports whether no command is under way and both directions stand between two.
func (t *traffic) idle() bool {
	return len(t.flight) == 0 && t.current == "" && t.in.boundary() && t.out.boundary()
}

// arrived follows incoming bytes. useful is false when all they say is that the server is still there.
func (t *traffic) arrived(p []byte) (useful bool, err error) {
	for len(p) > 0 {
		literal := t.in.pending
		n, ev, err := t.in.next(p)
		if err != nil {
			return useful, &violation{err}
		}
		if t.chatter += max(0, int64(n)-literal); t.chatter > maxChatter {
			return useful, &violation{fmt.Errorf("more than %d bytes without an answer", maxChatter)}
		}
		p = p[n:]
		if ev == literalAhead && t.in.kind == fetchData && t.in.depth == 1 {
			if t.bodies++; t.bodies > maxBodies {
				return useful, &violation{fmt.Errorf("more than %d messages without an answer", maxBodies)}
			}
		}
		if t.dripped += n; t.dripped >= enough {
			useful, t.dripped = true, 0
		}
		if ev == ended {
			t.record.heard(&t.in)
			ok, err := t.response()
			if err != nil {
				return useful, err
			}
			useful = useful || ok
		}
	}
	return useful, nil
}

// response looks at the beginning of a response that has just ended.
func (t *traffic) response() (useful bool, err error) {
	head := strings.TrimRight(string(t.in.head), "\r")
	if t.greeting {
		t.greeting = false
		t.untagged(head)
		return true, nil // whatever it is: whoever waits for it will look
	}
	tag, _, _ := strings.Cut(head, " ")
	if t.flood++; t.flood > t.most && (tag == "+" || tag == "*") {
		return false, &violation{fmt.Errorf("more than %d responses without an answer", t.most)}
	}
	switch tag {
	case "+":
		t.waiting = false
		return true, nil
	case "*":
		return t.untagged(head), nil
	}
	return true, t.tagged(parseStatus(head))
}

// untagged counts as useful unless it is what servers say to pass the time, as Dovecot's "* OK Still here".
func (t *traffic) untagged(head string) (useful bool) {
	s := parseStatus(head)
	if s.isText {
		if s.kind == "BYE" && !t.bye.isText {
			t.bye = s
		}
		if s.code == "ALERT" && len(t.alerts) < maxAlerts {
			t.alerts = append(t.alerts, s.text)
		}
		return false
	}
	last := strings.ToUpper(head[strings.LastIndexByte(head, ' ')+1:])
	return last != "EXISTS" && last != "RECENT"
}

// tagged strikes an answered command off. An answer to a command that was never sent means that one of the two sides takes something for
// a command that is none, a message's text at worst: the connection is of no more use.
func (t *traffic) tagged(s status) error {
	if _, ours := t.flight[s.tag]; !ours {
		return &violation{errors.New("an answer to a command that was not sent")}
	}
	delete(t.flight, s.tag)
	t.flood, t.chatter, t.bodies = 0, 0, 0
	t.record.answered()
	if s.kind == "BAD" {
		t.bads++
	}
	if s.tag == t.compressing {
		t.compressing, t.compressed = "", s.kind == "OK"
	}
	if s.tag == t.current {
		t.waiting = false
		t.answered = s.kind
	}
	return nil
}

// leaving follows outgoing bytes.
func (t *traffic) leaving(p []byte) error {
	for len(p) > 0 {
		n, ev, err := t.out.next(p)
		if err != nil {
			return err
		}
		p = p[n:]
		if ev != more {
			t.record.saying(&t.out, ev)
		}
		if ev != more && t.current == "" {
			t.current, _, _ = strings.Cut(string(t.out.head), " ")
			t.flight[t.current] = false
			t.answered = ""
		}
		switch ev {
		case literalAhead:
			t.waiting = true
		case ended:
			t.sent()
		}
	}
	return nil
}

// sent marks the current command as complete.
func (t *traffic) sent() {
	if _, unanswered := t.flight[t.current]; unanswered {
		t.flight[t.current] = true
	}
	t.current, t.waiting = "", false
}

// withdrawn ends the current command in the middle: the server has refused it instead of asking for its literal.
func (t *traffic) withdrawn() {
	delete(t.flight, t.current)
	t.current, t.waiting = "", false
	t.out.reset()
	t.record.noted = 0
}

// violation is a server's breach of the protocol.
type violation struct{ err error }

func (v *violation) Error() string { return "the server sent " + v.err.Error() }
func (v *violation) Unwrap() error { return v.err }

// cut shortens a stranger's text.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "..."
}
