package imaptest

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// Answer answers a command, with c.Send and the like.
type Answer func(c *Conversation)

// Say is an Answer of fixed lines; $tag in them is the command's tag.
func Say(lines ...string) Answer { return func(c *Conversation) { c.Send(lines...) } }

// Rule is an answer to the commands that a pattern fits. The pattern is a regular expression for the command's
// beginning, in any case, without tag: "UID FETCH", `APPEND INBOX .*\{5\}`. It must fit up to a blank or the end;
// quotes around words that need none do not matter.
type Rule struct {
	Pattern string
	Answer  Answer
	Times   int  // how often it holds; 0 is for ever
	Head    bool // answer at the head of the first literal, which is neither asked for nor read
}

// Rules is a server that answers command by command, with a default for what no rule fits: it lets everybody
// in, has an empty INBOX and no other mailbox, takes every APPEND, and forgets it.
type Rules struct {
	Greeting   string // default `* OK [CAPABILITY ...] ready`; with another one, BYE or PREAUTH, it still talks on
	Capability string // default "IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE ID STARTTLS AUTH=PLAIN"
	TLS        bool   // from the first byte

	On     []Rule   // the first that fits answers
	Forbid []string // patterns of commands that fail the test; they are answered NO
	Expect []string // patterns of commands that must have come before the test ends
}

// Writes are the patterns of all commands that change something on a server, or, as SELECT does, may.
var Writes = []string{
	"APPEND", "COPY", "MOVE", "STORE", "EXPUNGE", "UID COPY", "UID MOVE", "UID STORE", "UID EXPUNGE", "REPLACE", "UID REPLACE",
	"SELECT", "CLOSE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "SETACL", "SETMETADATA", "SETQUOTA",
}

// Removals are the patterns of all commands by which mail can leave a server. CLOSE is one of them.
var Removals = []string{"MOVE", "STORE", "EXPUNGE", "UID MOVE", "UID STORE", "UID EXPUNGE", "CLOSE", "DELETE", "RENAME", "REPLACE", "UID REPLACE"}

// Serve starts a server that answers by these rules.
func Serve(tb testing.TB, r Rules) *Ruled {
	tb.Helper()
	if r.Capability == "" {
		r.Capability = "IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE ID STARTTLS AUTH=PLAIN"
	}
	if r.Greeting == "" {
		r.Greeting = "* OK [CAPABILITY " + r.Capability + "] ready"
	}
	s := &Ruled{rules: r, forbidden: newPatterns(r.Forbid)}
	for _, rule := range r.On {
		s.on = append(s.on, &activeRule{Rule: rule, match: newPattern(rule.Pattern)})
	}
	s.implicit = r.TLS
	s.listen(tb, s.talk, s.verify)
	return s
}

// Ruled is the server that Serve starts.
type Ruled struct {
	Scripted
	rules     Rules
	forbidden []pattern

	changing sync.Mutex
	on       []*activeRule
}

type activeRule struct {
	Rule
	match pattern
	used  int
}

// Rule puts a rule before all others, from now on.
func (s *Ruled) Rule(r Rule) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.on = slices.Insert(s.on, 0, &activeRule{Rule: r, match: newPattern(r.Pattern)})
}

// rule finds the rule for a command and counts its use.
func (s *Ruled) rule(line string) (Rule, bool) {
	s.changing.Lock()
	defer s.changing.Unlock()
	for _, r := range s.on {
		if r.match.fits(line) && (r.Times == 0 || r.used < r.Times) {
			r.used++
			return r.Rule, true
		}
	}
	return Rule{Answer: s.standard}, false
}

func (s *Ruled) talk(c *Conversation) {
	c.Send(s.rules.Greeting)
	for c.begin() == nil {
		rule, _ := s.rule(c.Line)
		if !rule.Head && c.complete() != nil {
			return
		}
		s.note(c.Command)
		if s.forbids(c.Line) {
			s.tb.Errorf("scripted server: the client sent %.200q, which is forbidden here", c.Line)
			c.Send("$tag NO forbidden in this test")
			continue
		}
		rule.Answer(c)
	}
}

func (s *Ruled) forbids(line string) bool {
	return slices.ContainsFunc(s.forbidden, func(p pattern) bool { return p.fits(line) })
}

func (s *Ruled) verify() {
	s.tb.Helper()
	for i, expected := range newPatterns(s.rules.Expect) {
		if !slices.ContainsFunc(s.Commands(), expected.fits) {
			s.tb.Errorf("scripted server: %q was expected and never came; what came:\n%s",
				s.rules.Expect[i], strings.Join(s.Commands(), "\n"))
		}
	}
}
