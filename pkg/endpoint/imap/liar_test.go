package imap_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// liar is a server with one mailbox, "Box", that tells the truth about most of its messages.
type liar struct {
	messages   []imaptest.RawMessage
	capability string // beyond IMAP4rev1
	validity   func(connection int) int

	// say gives the whole answer for one message, and whether it is said instead of the truth. whole is false for a FETCH without the body.
	say func(c *imaptest.Conversation, m imaptest.RawMessage, whole bool) (string, bool)
	// end gives the tagged answer of a FETCH; nil is OK.
	end func(c *imaptest.Conversation, set mailbox.UIDSet, whole bool) string

	on     []imaptest.Rule
	forbid []string
}

const boxDate = "03-Jul-2021 14:05:06 +0200"

// box makes n messages with UIDs 1 to n.
func box(n int) []imaptest.RawMessage {
	date, _ := time.Parse("02-Jan-2006 15:04:05 -0700", boxDate)
	var out []imaptest.RawMessage
	for i := range n {
		out = append(out, imaptest.RawMessage{UID: uint32(i + 1), Flags: []string{`\Seen`}, Date: date, Body: fmt.Appendf(nil, "Subject: %d\r\n\r\nbody of %d\r\n", i+1, i+1)})
	}
	return out
}

// serve starts the server, and the account on it.
func (l liar) serve(t *testing.T) (*imaptest.Ruled, *imap.Account) {
	t.Helper()
	s := l.start(t, "")
	return s, open(t, scripted(s))
}

func (l liar) start(t *testing.T, greeting string) *imaptest.Ruled {
	t.Helper()
	if l.validity == nil {
		l.validity = func(int) int { return 7 }
	}
	opened := func(c *imaptest.Conversation) {
		c.Send(`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, `* OK [PERMANENTFLAGS (\Answered \Deleted \Seen \*)] yes`, fmt.Sprintf("* %d EXISTS", len(l.messages)),
			fmt.Sprintf("* OK [UIDVALIDITY %d] valid", l.validity(c.Connection)), fmt.Sprintf("* OK [UIDNEXT %d] next", len(l.messages)+1))
		if strings.Contains(l.capability, "CONDSTORE") {
			c.Send("* OK [HIGHESTMODSEQ 90] highest")
		}
		c.Send("$tag OK done")
	}
	return imaptest.Serve(t, imaptest.Rules{
		Greeting:   greeting,
		Capability: strings.TrimSpace("IMAP4rev1 AUTH=PLAIN UNSELECT " + l.capability),
		Forbid:     append([]string{"EXPUNGE", "CLOSE", "DELETE", "RENAME"}, l.forbid...),
		On:         append(l.on, imaptest.Rule{Pattern: `(EXAMINE|SELECT) "?Box"?( \(CONDSTORE\))?`, Answer: opened}, imaptest.Rule{Pattern: "UID FETCH .*", Answer: l.fetch}),
	})
}

func scripted(s *imaptest.Ruled) imap.Options {
	return imap.Options{Connections: 2, Options: wire.Options{Host: s.Host, Port: s.Port, Security: wire.Plaintext, Timeout: 5 * time.Second, Account: "liar", Login: login("u", "p")}}
}

func (l liar) fetch(c *imaptest.Conversation) {
	words := strings.SplitN(c.Line, " ", 4)
	set, err := mailbox.ParseUIDSet(words[2])
	if err != nil {
		c.Send("$tag BAD " + err.Error())
		return
	}
	whole := strings.Contains(words[3], "BODY.PEEK[]")
	for i, m := range l.messages {
		if !set.Contains(mailbox.UID(m.UID)) {
			continue
		}
		if l.say != nil {
			if text, lie := l.say(c, m, whole); lie {
				c.Raw(text)
				continue
			}
		}
		c.Raw(truth(i+1, m, whole))
	}
	end := "OK done"
	if l.end != nil {
		end = l.end(c, set, whole)
	}
	c.Send("$tag " + end)
}

// truth is what an honest server says.
func truth(number int, m imaptest.RawMessage, whole bool) string {
	text := imaptest.FetchResponse(number, m) + "\r\n"
	if !whole {
		return text[:strings.Index(text, " BODY[]")] + ")\r\n"
	}
	return text
}

// answer is a FETCH response around items; $BODY stands for the body's item.
func answer(m imaptest.RawMessage, whole bool, items string) string {
	body := ""
	if whole {
		body = fmt.Sprintf("BODY[] {%d}\r\n%s", len(m.Body), m.Body)
	} else {
		items = strings.Join(strings.Fields(strings.ReplaceAll(items, "$BODY", "")), " ")
	}
	return fmt.Sprintf("* %d FETCH (%s)\r\n", m.UID, strings.NewReplacer("$BODY", body, "$SIZE", fmt.Sprint(len(m.Body))).Replace(items))
}

// about lies about the message with that UID only.
func about(uid uint32, lie func(m imaptest.RawMessage, whole bool) string) func(*imaptest.Conversation, imaptest.RawMessage, bool) (string, bool) {
	return func(_ *imaptest.Conversation, m imaptest.RawMessage, whole bool) (string, bool) {
		if m.UID != uid {
			return "", false
		}
		return lie(m, whole), true
	}
}

func examine(t *testing.T, a *imap.Account) endpoint.Reader {
	t.Helper()
	r, err := a.Source().Examine(t.Context(), "Box")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// visited is what Fetch gave for one message.
type visited struct {
	endpoint.Body
	content string
}

func fetchAll(t *testing.T, r endpoint.Reader, set mailbox.UIDSet) (map[mailbox.UID]visited, error) {
	t.Helper()
	out := make(map[mailbox.UID]visited)
	err := r.Fetch(t.Context(), set, func(b endpoint.Body) error {
		if _, twice := out[b.UID]; twice {
			t.Errorf("UID %d visited twice", b.UID)
		}
		v := visited{Body: b}
		if b.Problem == "" {
			content, err := io.ReadAll(b.Content)
			if err != nil {
				return err
			}
			v.content = string(content)
		}
		out[b.UID] = v
		return nil
	})
	return out, err
}

func scanAll(t *testing.T, r endpoint.Reader) []mailbox.Message {
	t.Helper()
	var out []mailbox.Message
	if err := r.Scan(t.Context(), r.State().Everything(), func(m mailbox.Message) error { out = append(out, m); return nil }); err != nil {
		t.Errorf("scan: %v", err)
	}
	if !slices.IsSortedFunc(out, func(a, b mailbox.Message) int { return int(a.UID) - int(b.UID) }) {
		t.Errorf("scan is not in order: %v", out)
	}
	return out
}
