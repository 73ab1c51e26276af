package cli_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// inbox is a server with one mailbox, which lies as it is told to.
type inbox struct {
	mu       *sync.Mutex
	messages []imaptest.RawMessage
	next     uint32
	fetches  map[uint32]int // of a content

	store   func(b *inbox, m imaptest.RawMessage) uint32              // instead of storing it; the UID that it claims
	give    func(b *inbox, m imaptest.RawMessage) imaptest.RawMessage // instead of the message itself
	status  func(messages int) int
	removed []uint32
}

func (b *inbox) add(m imaptest.RawMessage) uint32 {
	m.UID = b.next
	b.next++
	b.messages = append(b.messages, m)
	return m.UID
}

func (b *inbox) serve(t *testing.T) *imaptest.Ruled {
	t.Helper()
	b.mu, b.fetches = &sync.Mutex{}, map[uint32]int{}
	b.next = max(b.next, 1)
	locked := func(f func(*imaptest.Conversation)) imaptest.Answer {
		return func(c *imaptest.Conversation) { b.mu.Lock(); defer b.mu.Unlock(); f(c) }
	}
	return imaptest.Serve(t, imaptest.Rules{TLS: true, Capability: "IMAP4rev1 UIDPLUS NAMESPACE AUTH=PLAIN UNSELECT", On: []imaptest.Rule{
		{Pattern: "(SELECT|EXAMINE) INBOX.*", Answer: locked(b.open)}, {Pattern: "STATUS INBOX .*", Answer: locked(b.tell)},
		{Pattern: "APPEND INBOX .*", Answer: locked(b.append)}, {Pattern: "UID FETCH .*", Answer: locked(b.fetch)},
		{Pattern: "UID SEARCH .*", Answer: locked(func(c *imaptest.Conversation) { c.Send("* SEARCH"+b.flagged(), "$tag OK") })},
		{Pattern: "UID STORE .*", Answer: locked(b.mark)}, {Pattern: "UID EXPUNGE .*", Answer: locked(b.expunge)},
	}})
}

func (b *inbox) open(c *imaptest.Conversation) {
	c.Send(`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, `* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] all`, fmt.Sprintf("* %d EXISTS", len(b.messages)), "* 0 RECENT",
		"* OK [UIDVALIDITY 7] valid", fmt.Sprintf("* OK [UIDNEXT %d] next", b.next), map[bool]string{true: "$tag OK [READ-ONLY] done", false: "$tag OK [READ-WRITE] done"}[strings.HasPrefix(c.Line, "EXAMINE")])
}

func (b *inbox) tell(c *imaptest.Conversation) {
	n := len(b.messages)
	if b.status != nil {
		n = b.status(n)
	}
	c.Send(fmt.Sprintf("* STATUS INBOX (MESSAGES %d UNSEEN 0 UIDNEXT %d UIDVALIDITY 7)", n, b.next), "$tag OK done")
}

var appendLine = regexp.MustCompile(`^APPEND \S+ (?:\(([^)]*)\) )?(?:"([^"]*)" )?\{`)

func (b *inbox) append(c *imaptest.Conversation) {
	words := appendLine.FindStringSubmatch(c.Line)
	m := imaptest.RawMessage{Body: c.Literals[0], Flags: strings.Fields(words[1])}
	m.Date, _ = time.Parse("02-Jan-2006 15:04:05 -0700", words[2])
	uid := uint32(0)
	if b.store != nil {
		uid = b.store(b, m)
	} else {
		uid = b.add(m)
	}
	c.Send(fmt.Sprintf("$tag OK [APPENDUID 7 %d] done", uid))
}

// chosen are the messages of a command's set, with their numbers.
func (b *inbox) chosen(c *imaptest.Conversation) map[int]*imaptest.RawMessage {
	set, _ := mailbox.ParseUIDSet(strings.Fields(c.Line)[2])
	out := map[int]*imaptest.RawMessage{}
	for i := range b.messages {
		if set.Contains(mailbox.UID(b.messages[i].UID)) {
			out[i+1] = &b.messages[i]
		}
	}
	return out
}

var bodySection = regexp.MustCompile(` BODY\[\] \{\d+\}\r\n`)

func (b *inbox) fetch(c *imaptest.Conversation) {
	chosen := b.chosen(c)
	for i := range b.messages {
		kept, asked := chosen[i+1]
		if !asked {
			continue
		}
		m := *kept
		whole := strings.Contains(c.Line, "BODY.PEEK[]")
		if whole {
			b.fetches[m.UID]++
		}
		if b.give != nil {
			m = b.give(b, m)
		}
		text := imaptest.FetchResponse(i+1, m) + "\r\n"
		switch at := bodySection.FindStringIndex(text); {
		case strings.Contains(c.Line, "HEADER"):
			head, _, _ := bytes.Cut(m.Body, []byte("\r\n\r\n"))
			section := regexp.MustCompile(`BODY\.PEEK(\[HEADER[^\]]*\])`).FindStringSubmatch(c.Line)
			name := "[HEADER]"
			if section != nil {
				name = section[1]
			}
			text = fmt.Sprintf("%s BODY%s {%d}\r\n%s)\r\n", text[:at[0]], name, len(head)+4, string(head)+"\r\n\r\n")
		case !whole:
			text = text[:at[0]] + ")\r\n"
		}
		c.Raw(text)
	}
	c.Send("$tag OK done")
}

func (b *inbox) flagged() string {
	var out string
	for _, m := range b.messages {
		if slices.Contains(m.Flags, `\Deleted`) {
			out += " " + strconv.Itoa(int(m.UID))
		}
	}
	return out
}

func (b *inbox) mark(c *imaptest.Conversation) {
	for _, m := range b.chosen(c) {
		m.Flags = slices.DeleteFunc(m.Flags, func(f string) bool { return f == `\Deleted` })
		if strings.Contains(c.Line, "+FLAGS") {
			m.Flags = append(m.Flags, `\Deleted`)
		}
	}
	c.Send("$tag OK done")
}

func (b *inbox) expunge(c *imaptest.Conversation) {
	for _, m := range b.chosen(c) {
		b.removed = append(b.removed, m.UID)
	}
	gone := slices.Clone(b.removed)
	for i := 0; i < len(b.messages); {
		if m := b.messages[i]; slices.Contains(gone, m.UID) && slices.Contains(m.Flags, `\Deleted`) {
			b.messages = slices.Delete(b.messages, i, i+1)
			c.Send(fmt.Sprintf("* %d EXPUNGE", i+1))
			continue
		}
		i++
	}
	c.Send("$tag OK done")
}

// isSecond tells the message that is lied about, wherever it is stored.
func isSecond(m imaptest.RawMessage) bool { return bytes.Contains(m.Body, []byte("Subject: 2\r\n")) }

// TestServerThatLies: what a destination says and does not do, or does and does not say, is named by verify, and the message stays on the
// source. Every lie is about the second of four messages.
func TestServerThatLies(t *testing.T) {
	honest := func(b *inbox, m imaptest.RawMessage) uint32 { return b.add(m) }
	about := func(lie func(b *inbox, m imaptest.RawMessage) uint32) func(*inbox, imaptest.RawMessage) uint32 {
		return func(b *inbox, m imaptest.RawMessage) uint32 {
			if isSecond(m) {
				return lie(b, m)
			}
			return honest(b, m)
		}
	}
	for name, c := range map[string]struct {
		destination, source inbox
		words               string // of verify or, where the copy found it, of copy
		purged              string // which of the four may leave the source; "" is all but the second
		slow                bool
	}{
		"OK and nothing stored": {destination: inbox{store: about(func(b *inbox, _ imaptest.RawMessage) uint32 { b.next++; return b.next - 1 })}, words: "missing", slow: true},
		"OK and other bytes stored": {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 {
			m.Body = bytes.Replace(m.Body, []byte("body"), []byte("b0dy"), 1)
			return b.add(m)
		})}, words: "altered"},
		"OK and a shorter message stored": {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 {
			m.Body = m.Body[:len(m.Body)-2]
			return b.add(m)
		})}, words: "altered"},
		"stored twice":             {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 { b.add(m); return b.add(m) })}, purged: "1 2 3 4"},
		"another date":             {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 { m.Date = m.Date.AddDate(1, 0, 0); return b.add(m) })}, words: "date", purged: "1 3 4"},
		"other flags":              {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 { m.Flags = []string{`\Answered`}; return b.add(m) })}, words: "flags", purged: "1 3 4"},
		"STATUS that does not fit": {destination: inbox{status: func(int) int { return 999 }}, purged: "1 2 3 4"},
		"the UID of another":       {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 { b.add(m); return b.next - 2 })}, purged: "1 2 3 4"},
		"a UID that nobody has":    {destination: inbox{store: about(func(b *inbox, m imaptest.RawMessage) uint32 { return b.add(m) + 50 })}, words: "its next uid is 44", purged: "none"},
		"contents that change": {destination: inbox{give: func(b *inbox, m imaptest.RawMessage) imaptest.RawMessage {
			if isSecond(m) && b.fetches[m.UID]%2 == 0 {
				m.Body = bytes.Replace(m.Body, []byte("body"), []byte("b0dy"), 1)
			}
			return m
		}}, purged: "none|1 3 4"},
		"a source whose contents change": {source: inbox{give: func(b *inbox, m imaptest.RawMessage) imaptest.RawMessage {
			if isSecond(m) && b.fetches[m.UID] > 1 {
				m.Body = bytes.Replace(m.Body, []byte("body"), []byte("b0dy"), 1)
			}
			return m
		}}, words: "cannot be believed", purged: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.slow && testing.Short() {
				t.Skip("what is missing is waited for")
			}
			source, destination := &c.source, &c.destination
			source.next, destination.next = 1, 40
			for i := range 4 {
				source.add(imaptest.RawMessage{Flags: []string{`\Seen`}, Date: time.Date(2020, 1, 1+i, 12, 0, 0, 0, time.UTC), Body: fmt.Appendf(nil, "Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\nbody of %d\r\n", i+1, i+1, i+1)})
			}
			said := lieAndLook(t, source, destination)
			slices.Sort(source.removed)
			if got := cmp.Or(strings.Trim(fmt.Sprint(source.removed), "[]"), "none"); !slices.Contains(strings.Split(cmp.Or(c.purged, "1 3 4"), "|"), got) {
				t.Errorf("messages %s left the source, want %s:\n%s", got, c.purged, said)
			}
			if !strings.Contains(said, c.words) {
				t.Errorf("%q is not in:\n%s", c.words, said)
			}
		})
	}
}

// lieAndLook goes the whole way and gives all that was said.
func lieAndLook(t *testing.T, source, destination *inbox) string {
	t.Helper()
	from, to := source.serve(t), destination.serve(t)
	t.Setenv("THE_PASSWORD", "the-password")
	dir := t.TempDir()
	config := filepath.Join(dir, "migration.yaml")
	side := func(s *imaptest.Ruled, user string) string {
		return fmt.Sprintf("{host: localhost, port: %d, ca_file: %q, user: %q, auth: {password: {env: THE_PASSWORD}}}\n", s.Port, s.CAFile, user)
	}
	if err := os.WriteFile(config, []byte("version: 1\nname: a\nsource: "+side(from, "a@old.example")+"destination: "+side(to, "b@new.example")), 0o600); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	run := func(args ...string) cli.Code {
		var said bytes.Buffer
		code := cli.Run(t.Context(), append([]string{"-c", config, "-v", "--no-input"}, args...), cli.Streams{In: strings.NewReader(""), Out: &said, Err: &said})
		fmt.Fprintf(&all, "== %v: %d\n%s", args, code, said.String())
		return code
	}
	run("plan")
	run("copy")
	run("verify")
	run("checkpoint")
	file := filepath.Join(dir, "plans", "a.checkpoint.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return all.String() // nothing is proved
	}
	c, err := checkpoint.Read(file, text)
	if err != nil {
		t.Fatal(err)
	}
	run("approve", file, "--phrase", c.Subject().Phrase())
	run("purge")
	return all.String()
}
