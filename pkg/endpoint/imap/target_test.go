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

// What becomes of three messages when the second meets with something.
func TestAppendVerdicts(t *testing.T) {
	const stored, refused, unsent, inDoubt = endpoint.Stored, endpoint.Refused, endpoint.Unsent, endpoint.InDoubt
	closing := func(c *imaptest.Conversation) { c.Close() }
	for name, c := range map[string]struct {
		capability  string
		rule        imaptest.Rule
		want        []endpoint.Verdict
		class       endpoint.Class // of the second's Err
		err         endpoint.Class
		connections int
	}{
		"refused":                  {"LITERAL+", imaptest.Rule{Answer: imaptest.Say("$tag NO bad header")}, []endpoint.Verdict{stored, refused, stored}, endpoint.BadMessage, 0, 1},
		"over quota":               {"LITERAL+", imaptest.Rule{Answer: imaptest.Say("$tag NO [OVERQUOTA] full")}, []endpoint.Verdict{stored, refused, stored}, endpoint.OverQuota, 0, 1},
		"refused before it left":   {"", imaptest.Rule{Answer: imaptest.Say("$tag NO [TOOBIG] too big"), Head: true}, []endpoint.Verdict{stored, unsent, stored}, endpoint.BadMessage, 0, 1},
		"mailbox gone":             {"", imaptest.Rule{Answer: imaptest.Say("$tag NO [TRYCREATE] gone"), Head: true}, []endpoint.Verdict{stored, unsent, stored}, endpoint.NoMailbox, 0, 1},
		"BAD to a literal+":        {"LITERAL+", imaptest.Rule{Answer: imaptest.Say("$tag BAD what")}, []endpoint.Verdict{stored, refused, stored}, endpoint.BadMessage, 0, 2},
		"answer lost":              {"LITERAL+", imaptest.Rule{Answer: closing}, []endpoint.Verdict{stored, inDoubt, unsent}, 0, endpoint.Lost, 1},
		"answer lost, asked first": {"", imaptest.Rule{Answer: closing}, []endpoint.Verdict{stored, inDoubt, unsent}, 0, endpoint.Lost, 1},
		"never asked for":          {"", imaptest.Rule{Answer: closing, Head: true}, []endpoint.Verdict{stored, unsent, unsent}, endpoint.Lost, endpoint.Lost, 1},
		"BYE":                      {"LITERAL+", imaptest.Rule{Answer: func(c *imaptest.Conversation) { c.Send("* BYE going down"); c.Close() }}, []endpoint.Verdict{stored, inDoubt, unsent}, 0, endpoint.Lost, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := liar{capability: c.capability}.serve(t)
			c.rule.Pattern, c.rule.Times = `APPEND "?Box"? \{6\+?\}`, 1
			s.Rule(c.rule)
			placed, err := target(t, a).Append(t.Context(), threeTexts())
			if !slices.Equal(verdicts(placed), c.want) || endpoint.ClassOf(err) != c.err || c.err == 0 && err != nil {
				t.Fatalf("verdicts %v, want %v; %v", verdicts(placed), c.want, err)
			}
			second := placed[1]
			if (second.Verdict == refused || second.Verdict == unsent) && (second.Err == nil || second.Err.Class != c.class) {
				t.Errorf("second: %v, want %s", second.Err, c.class)
			}
			if placed[2].Verdict == unsent && placed[2].Err == nil {
				t.Error("third: unsent without a reason")
			}
			if n := s.Connections(); n != c.connections {
				t.Errorf("%d connections, want %d", n, c.connections)
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
	placed, err := target(t, a).Append(t.Context(), []endpoint.Outgoing{{Flags: []mailbox.Flag{`\seen`, "$Forwarded"}, InternalDate: date, Content: content}})
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

// The context ends before the second message: the first is stored, the others never left.
func TestAppendWithEndedContext(t *testing.T) {
	s, a := liar{capability: "LITERAL+"}.serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Rule(imaptest.Rule{Pattern: `APPEND .* \{5\+\}`, Times: 1, Answer: func(c *imaptest.Conversation) { c.Send("$tag OK done") }})
	batch := threeTexts()
	batch[1].Content = ending{batch[1].Content, cancel}
	placed, err := target(t, a).Append(ctx, batch)
	if !errors.Is(err, context.Canceled) || placed[0].Verdict != endpoint.Stored || placed[1].Verdict == endpoint.Stored || placed[2].Verdict != endpoint.Unsent {
		t.Errorf("%v, %v", verdicts(placed), err)
	}
}

// ending ends a context when it is asked for its size.
type ending struct {
	endpoint.Content
	cancel func()
}

func (e ending) Size() int64 { e.cancel(); return e.Content.Size() }

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
