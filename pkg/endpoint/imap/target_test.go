package imap_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

func target(t *testing.T, a *imap.Account) endpoint.Target {
	t.Helper()
	to, err := a.Destination().Target(t.Context(), "Box")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { to.Close() })
	return to
}

func threeTexts() []endpoint.Outgoing {
	return []endpoint.Outgoing{{Content: text("first")}, {Content: text("second")}, {Content: text("third")}}
}

func verdicts(placed []endpoint.Placed) (out []endpoint.Verdict) {
	for _, p := range placed {
		out = append(out, p.Verdict)
	}
	return out
}

// What becomes of three messages, each with a command of its own, when the second meets with something. With LITERAL+ the third may be on
// its way by then.
func TestAppendVerdicts(t *testing.T) {
	const stored, refused, unsent, inDoubt = endpoint.Stored, endpoint.Refused, endpoint.Unsent, endpoint.InDoubt
	closing := func(c *imaptest.Conversation) { c.Close() }
	bye := func(c *imaptest.Conversation) { c.Send("* BYE going down"); c.Close() }
	for name, c := range map[string]struct {
		capability string
		rule       imaptest.Rule
		second     endpoint.Verdict
		class      endpoint.Class     // of the second's Err
		third      []endpoint.Verdict // any of these
		lost       bool
	}{
		"refused":                  {"LITERAL+", imaptest.Rule{Answer: imaptest.Say("$tag NO bad header")}, refused, endpoint.BadMessage, []endpoint.Verdict{unsent, stored}, false},
		"over quota":               {"LITERAL+", imaptest.Rule{Answer: imaptest.Say("$tag NO [OVERQUOTA] full")}, refused, endpoint.OverQuota, []endpoint.Verdict{unsent, stored}, false},
		"refused, asked first":     {"", imaptest.Rule{Answer: imaptest.Say("$tag NO bad header")}, refused, endpoint.BadMessage, []endpoint.Verdict{unsent}, false},
		"refused before it left":   {"", imaptest.Rule{Answer: imaptest.Say("$tag NO [TOOBIG] too big"), Head: true}, unsent, endpoint.BadMessage, []endpoint.Verdict{unsent}, false},
		"mailbox gone":             {"", imaptest.Rule{Answer: imaptest.Say("$tag NO [TRYCREATE] gone"), Head: true}, unsent, endpoint.NoMailbox, []endpoint.Verdict{unsent}, false},
		"BAD to a literal+":        {"LITERAL+", imaptest.Rule{Answer: imaptest.Say("$tag BAD what")}, refused, endpoint.BadMessage, []endpoint.Verdict{unsent, inDoubt, stored}, false},
		"answer lost":              {"LITERAL+", imaptest.Rule{Answer: closing}, inDoubt, 0, []endpoint.Verdict{unsent, inDoubt}, true},
		"answer lost, asked first": {"", imaptest.Rule{Answer: closing}, inDoubt, 0, []endpoint.Verdict{unsent}, true},
		"never asked for":          {"", imaptest.Rule{Answer: closing, Head: true}, unsent, endpoint.Lost, []endpoint.Verdict{unsent}, true},
		"BYE":                      {"LITERAL+", imaptest.Rule{Answer: bye}, inDoubt, 0, []endpoint.Verdict{unsent, inDoubt}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := liar{capability: c.capability}.serve(t)
			c.rule.Pattern, c.rule.Times = `APPEND "?Box"? \{6\+?\}`, 1
			s.Rule(c.rule)
			placed, err := target(t, a).Append(t.Context(), threeTexts(), nil)
			if placed[0].Verdict != stored || placed[1].Verdict != c.second || !slices.Contains(c.third, placed[2].Verdict) {
				t.Fatalf("verdicts %v; %v", verdicts(placed), err)
			}
			lost := c.lost || placed[2].Verdict == inDoubt
			if lost != (endpoint.ClassOf(err) == endpoint.Lost) || !lost && err != nil {
				t.Errorf("%v; verdicts %v", err, verdicts(placed))
			}
			second := placed[1]
			if (second.Verdict == refused || second.Verdict == unsent) && (second.Err == nil || second.Err.Class != c.class) {
				t.Errorf("second: %v, want %s", second.Err, c.class)
			}
			if placed[2].Verdict == unsent && lost != (placed[2].Err != nil) {
				t.Errorf("third: unsent, %v", placed[2].Err)
			}
		})
	}
}

// A server that lists MULTIAPPEND and does not know it is asked once, and then given one command a message, on every connection.
func TestServerThatDoesNotKnowMULTIAPPEND(t *testing.T) {
	for name, answer := range map[string]string{"BAD": "$tag BAD Too many arguments", "wrong UIDs": "$tag OK [APPENDUID 7 1] done"} {
		t.Run(name, func(t *testing.T) {
			s, a := liar{capability: "UIDPLUS MULTIAPPEND LITERAL+"}.serve(t)
			s.Rule(imaptest.Rule{Pattern: "APPEND .*", Answer: func(c *imaptest.Conversation) {
				if len(c.Literals) > 1 {
					c.Send(answer)
				} else {
					c.Send("$tag OK [APPENDUID 7 1] done")
				}
			}})
			to := target(t, a)
			placed, err := to.Append(t.Context(), threeTexts(), nil)
			if err != nil || name == "BAD" && (placed[0].Verdict != endpoint.Refused || !placed[2].Together) || name != "BAD" && (placed[2].Verdict != endpoint.Stored || placed[0].UID != 0) {
				t.Fatalf("%+v, %v", placed, err)
			}
			for _, to := range []endpoint.Target{to, target(t, a)} {
				if placed, err := to.Append(t.Context(), threeTexts(), nil); err != nil || placed[2].Verdict != endpoint.Stored {
					t.Errorf("one by one: %+v, %v", placed, err)
				}
			}
			batches := 0
			for _, c := range s.Received() {
				if len(c.Literals) > 1 {
					batches++
				}
			}
			if batches != 1 {
				t.Errorf("%d batches were sent, want 1", batches)
			}
		})
	}
}

// What the server got is what was given, byte for byte.
func TestAppendSends(t *testing.T) {
	s, a := liar{capability: "UIDPLUS LITERAL+"}.serve(t)
	s.Rule(imaptest.Rule{Pattern: "APPEND .*", Answer: imaptest.Say("$tag OK [APPENDUID 7 42] done")})
	date := time.Date(2021, 7, 3, 4, 5, 6, 0, time.FixedZone("", -3*3600-1800))
	content := text("Subject: x\r\n\r\n\x80\xff zz LOGOUT\r\n")
	placed, err := target(t, a).Append(t.Context(), []endpoint.Outgoing{{Flags: []mailbox.Flag{`\seen`, "$Forwarded"}, InternalDate: date, Content: content}}, nil)
	if err != nil || placed[0].Verdict != endpoint.Stored || placed[0].UID != 42 || placed[0].Validity != 7 {
		t.Fatalf("%+v, %v", placed, err)
	}
	for _, c := range s.Received() {
		if !strings.HasPrefix(c.Line, "APPEND") {
			continue
		}
		if string(c.Literals[0]) != string(content) {
			t.Errorf("sent %q", c.Literals[0])
		}
		if !strings.Contains(c.Line, `$Forwarded`) || !strings.Contains(c.Line, `\Seen`) || !strings.Contains(c.Line, `"03-Jul-2021 04:05:06 -0330"`) {
			t.Errorf("%s", c.Line)
		}
	}
}

// The context ends while the second message is being answered: the first is stored, the third never left.
func TestAppendWithEndedContext(t *testing.T) {
	s, a := liar{}.serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Rule(imaptest.Rule{Pattern: `APPEND .* \{6\}`, Times: 1, Answer: func(*imaptest.Conversation) { cancel() }})
	placed, err := target(t, a).Append(ctx, threeTexts(), nil)
	if !errors.Is(err, context.Canceled) || !slices.Equal(verdicts(placed), []endpoint.Verdict{endpoint.Stored, endpoint.InDoubt, endpoint.Unsent}) {
		t.Errorf("%v, %v", verdicts(placed), err)
	}
}

// A mailbox whose STATUS is refused is listed with a problem, and the others with their numbers.
func TestListWithRefusedStatus(t *testing.T) {
	l := liar{messages: box(2), on: []imaptest.Rule{
		{Pattern: `LIST "" "?\*"?`, Answer: imaptest.Say(`* LIST () "/" INBOX`, `* LIST () "/" Box`, `* LIST (\Noselect) "/" Dir`, `* LIST () "/" Locked`, "$tag OK done")},
		{Pattern: `STATUS "?Locked"? .*`, Answer: imaptest.Say("$tag NO [NOPERM] not yours")},
		{Pattern: `STATUS "?Box"? .*`, Answer: imaptest.Say("* STATUS Box (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 UNSEEN 0)", "$tag OK done")},
	}, forbid: imaptest.Writes}
	_, a := l.serve(t)
	infos, err := a.Source().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		switch info.Wire {
		case "Box", "INBOX":
			if info.Status == nil || info.Problem != "" {
				t.Errorf("%+v", info)
			}
		case "Locked":
			if info.Status != nil || !strings.Contains(info.Problem, "not yours") {
				t.Errorf("%+v", info)
			}
		case "Dir":
			if info.Status != nil || info.Problem != "" || info.Selectable {
				t.Errorf("%+v", info)
			}
		}
	}
	if len(infos) != 4 || infos[0].Wire != "INBOX" || infos[3].Wire != "Locked" {
		t.Errorf("%d mailboxes, not in the server's order: %+v", len(infos), infos)
	}
}
