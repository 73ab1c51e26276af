package imaptest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Dialogue reads a dialogue as people write it down:
//
//	S: * OK ready             the server sends this line
//	C: LOGIN .*               the client sends such a command, tag not counted, with its literals
//	S: $tag OK in
//	C< APPEND INBOX .*        the same, without asking for its literal
//	C> =.*                    the client sends such a line, which is no command
//	! pause 20ms              also: stall, close, reset, tls
//	# a remark
func Dialogue(tb testing.TB, text string) []Step {
	tb.Helper()
	var steps []Step
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		step, err := dialogueStep(line)
		if err != nil {
			tb.Fatalf("dialogue, line %d: %v", i+1, err)
		}
		steps = append(steps, step)
	}
	return steps
}

func dialogueStep(line string) (Step, error) {
	who, what, _ := strings.Cut(line, " ")
	switch who {
	case "S:":
		return Send(what), nil
	case "C:":
		return Expect(what), nil
	case "C<":
		return ExpectHead(what), nil
	case "C>":
		return ExpectLine(what), nil
	case "!":
		return dialogueEvent(what)
	}
	return Step{}, fmt.Errorf("%q begins with none of S: C: C< C> ! #", line)
}

func dialogueEvent(what string) (Step, error) {
	switch what {
	case "stall":
		return Stall(), nil
	case "close":
		return Close(), nil
	case "reset":
		return Reset(), nil
	case "tls":
		return StartTLS(), nil
	}
	d, err := time.ParseDuration(strings.TrimPrefix(what, "pause "))
	if err != nil {
		return Step{}, fmt.Errorf("%q is none of stall, close, reset, tls, pause DURATION", what)
	}
	return Pause(d), nil
}
