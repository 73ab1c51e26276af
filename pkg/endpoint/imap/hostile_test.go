package imap_test

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// attack is one way for a server to harm a client, and what has to come of it.
type attack struct {
	greeting   string
	capability string // beyond what Box needs
	on         []imaptest.Rule
	say        func(m imaptest.RawMessage, whole bool) string // about message 2
	other      string                                         // that message 2 may hold instead of its content
	heavy      bool                                           // not with -short
	stalls     bool                                           // the client's patience is short

	step  string         // that has to fail; "" for none
	class endpoint.Class // of its error
	words string         // in it
	check func(t *testing.T, j *journey)
}

// journey is all that a client does with an account, one step after the other until one fails.
type journey struct {
	account *imap.Account
	step    string
	err     error

	listed  []mailbox.Info
	state   endpoint.State
	scanned []mailbox.Message
	fetched map[mailbox.UID]visited
	placed  []endpoint.Placed
	deleted mailbox.UIDSet
}

func (j *journey) travel(ctx context.Context, t *testing.T, o imap.Options) {
	steps := []struct {
		name string
		do   func() error
	}{
		{"log in", func() (err error) { j.account, err = imap.Open(ctx, o); return err }},
		{"list", func() (err error) { j.listed, err = j.account.Source().List(ctx); return err }},
		{"status", func() error { _, err := j.account.Source().Status(ctx, "Box"); return err }},
		{"read", func() error { return j.read(ctx, t) }},
		{"append", func() error { return j.append(ctx) }},
		{"search", func() error { return j.search(ctx) }},
	}
	for _, s := range steps {
		if j.step, j.err = s.name, s.do(); j.err != nil {
			return
		}
	}
	j.step = ""
}

func (j *journey) read(ctx context.Context, t *testing.T) error {
	r, err := j.account.Source().Examine(ctx, "Box")
	if err != nil {
		return err
	}
	defer r.Close()
	j.state = r.State()
	err = r.Scan(ctx, mailbox.UIDSet{{First: 1, Last: 3}}, func(m mailbox.Message) error { j.scanned = append(j.scanned, m); return nil })
	if err != nil {
		return err
	}
	j.fetched, err = fetchWithin(ctx, t, r)
	return err
}

// fetchWithin is fetchAll of messages 1 to 3 that reads no more of a body than any of them has.
func fetchWithin(ctx context.Context, t *testing.T, r endpoint.Reader) (map[mailbox.UID]visited, error) {
	out := map[mailbox.UID]visited{}
	err := r.Fetch(ctx, mailbox.SetOf(1, 2, 3), func(b endpoint.Body) error {
		if _, twice := out[b.UID]; twice {
			t.Errorf("UID %d visited twice", b.UID)
		}
		v := visited{Body: b}
		if b.Problem == "" {
			content, err := io.ReadAll(io.LimitReader(b.Content, 1<<20))
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

func (j *journey) append(ctx context.Context) error {
	to, err := j.account.Destination().Target(ctx, "Box")
	if err != nil {
		return err
	}
	defer to.Close()
	j.placed, err = to.Append(ctx, []endpoint.Outgoing{{Content: text("Subject: new\r\n\r\n")}}, nil)
	return err
}

func (j *journey) search(ctx context.Context) error {
	r, err := j.account.Removal().Select(ctx, "Box")
	if err != nil {
		return err
	}
	defer r.Close()
	j.deleted, err = r.Deleted(ctx)
	return err
}

// most is the memory that a client may take, beyond what there is before, whatever a server sends.
const most = 200 << 20

// highest watches the memory of live and dead objects until stop is called.
func highest() (stop func() int64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	now := func() int64 { metrics.Read(sample); return int64(sample[0].Value.Uint64()) }
	before, top := now(), int64(0)
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				top = max(top, now()-before)
			case <-ended:
				return
			}
		}
	}()
	return func() int64 { close(ended); <-done; return top }
}

// survive runs one attack and checks what holds for all: it ends, in little memory, and no content counts that is not the message's.
func (a attack) survive(t *testing.T) *journey {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	l := liar{messages: box(3), capability: strings.TrimSpace("UIDPLUS " + a.capability), on: append(a.on, imaptest.Rule{Pattern: "STATUS Box .*", Answer: imaptest.Say("* STATUS Box (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)", "$tag OK")})}
	if a.say != nil {
		l.say = about(2, a.say)
	}
	s := l.start(t, a.greeting)
	o := scripted(s)
	o.Timeout = 20 * time.Second
	if a.stalls {
		o.Timeout = 300 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stop := highest()
	j := &journey{}
	j.travel(ctx, t, o)
	if j.account != nil {
		t.Cleanup(func() { j.account.Close() })
	}
	if top := stop(); top > most {
		t.Errorf("it took %d MiB", top>>20)
	}
	if ctx.Err() != nil {
		t.Fatal("it would not have ended")
	}
	for uid, v := range j.fetched {
		if v.Problem == "" && v.content != string(l.messages[uid-1].Body) && (uid != 2 || v.content != a.other) {
			t.Errorf("content of UID %d: %q", uid, v.content)
		}
	}
	return j
}

func (a attack) run(t *testing.T) {
	if a.heavy && testing.Short() {
		t.Skip("it takes seconds under the race detector")
	}
	j := a.survive(t)
	if !strings.Contains(" "+a.step+" ", " "+j.step+" ") && j.step != a.step {
		t.Fatalf("failed at %q, want %q: %v", j.step, a.step, j.err)
	}
	if j.err != nil {
		if got := endpoint.ClassOf(j.err); got != a.class || !strings.Contains(j.err.Error(), a.words) {
			t.Errorf("class %v, want %v with %q: %.400v", got, a.class, a.words, j.err)
		}
		if n := len(j.err.Error()); n > 2000 {
			t.Errorf("the error has %d bytes", n)
		}
	}
	if a.check != nil {
		a.check(t, j)
	}
}

// rest of a step as it should be, behind some bytes of the enemy's.
func first(raw string, then ...string) imaptest.Answer {
	return func(c *imaptest.Conversation) {
		c.Raw(raw)
		c.Send(then...)
	}
}

// flood sends a text again and again, until so many bytes were sent, or the client has gone.
func flood(piece string, bytes int, then ...string) imaptest.Answer {
	return func(c *imaptest.Conversation) {
		batch := strings.Repeat(piece, 1+(64<<10)/len(piece))
		for sent := 0; sent < bytes && c.Sent(batch); sent += len(batch) {
		}
		c.Send(then...)
	}
}

func on(pattern string, answer imaptest.Answer) []imaptest.Rule {
	return []imaptest.Rule{{Pattern: pattern, Answer: answer}}
}

// stall says something and then nothing more.
func stall(raw string) imaptest.Answer {
	return func(c *imaptest.Conversation) {
		c.Raw(strings.ReplaceAll(raw, "$tag", c.Tag))
		c.Stall()
	}
}

func closing(raw string) imaptest.Answer {
	return func(c *imaptest.Conversation) { c.Raw(raw); c.Close() }
}

const (
	endless  = 8 << 20 // bytes of a line without an end
	boxMeta  = `UID 2 FLAGS (\Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE $SIZE`
	fetching = "UID FETCH .*"
	listing  = `LIST \S+ \S*\*.*`
	opening  = "EXAMINE .*"
)

func allThree(t *testing.T, j *journey) {
	t.Helper()
	if len(j.fetched) != 3 {
		t.Errorf("%d messages came home", len(j.fetched))
	}
	for uid, v := range j.fetched {
		if v.Problem != "" {
			t.Errorf("UID %d: %s", uid, v.Problem)
		}
	}
}

// secondHasAProblem is for attacks on message 2 that cost this one alone.
func secondHasAProblem(t *testing.T, j *journey) {
	t.Helper()
	if len(j.fetched) != 3 || j.fetched[2].Problem == "" || j.fetched[1].Problem+j.fetched[3].Problem != "" {
		t.Errorf("%+v", j.fetched)
	}
}

func whole(raw func(m imaptest.RawMessage) string) func(imaptest.RawMessage, bool) string {
	return func(m imaptest.RawMessage, bodies bool) string {
		if !bodies {
			return answer(m, false, boxMeta)
		}
		return raw(m)
	}
}

func placedAt(uid mailbox.UID) func(*testing.T, *journey) {
	return func(t *testing.T, j *journey) {
		t.Helper()
		if len(j.placed) != 1 || j.placed[0].Verdict != endpoint.Stored || j.placed[0].UID != uid {
			t.Errorf("%+v", j.placed)
		}
	}
}

// attacks are all bounds on what a server may send, and all answers that it should not give.
func attacks() map[string]attack {
	const lost, protocol = endpoint.Lost, endpoint.Protocol
	long := strings.Repeat("x", 900<<10)
	return map[string]attack{
		"endless line as greeting":     {greeting: "* OK " + strings.Repeat("x", endless), step: "log in", class: protocol},
		"endless line in CAPABILITY":   {greeting: "* OK hi", on: on("CAPABILITY", flood("AUTH=PLAIN ", endless, "$tag OK")), step: "log in", class: protocol},
		"endless line in LIST":         {on: on(listing, flood("* LIST () \"/\" ", endless, "$tag OK")), step: "list", class: protocol, words: "more than"},
		"endless line in STATUS":       {on: on("STATUS Box .*", flood("* STATUS Box ", endless, "$tag OK")), step: "status", class: protocol, words: "more than"},
		"endless line of flags":        {on: on(opening, flood("* FLAGS (a ", endless, "$tag OK")), step: "read", class: protocol, words: "more than"},
		"endless line in FETCH":        {on: on(fetching, flood("* 1 FETCH (FLAGS (a ", endless, "$tag OK")), step: "read", class: protocol, words: "more than"},
		"endless answer":               {on: on(opening, func(c *imaptest.Conversation) { c.Raw(c.Tag + " "); flood("OK ", endless)(c) }), step: "read", class: protocol, words: "more than"},
		"endless search":               {heavy: true, on: on("UID SEARCH .*", flood("* SEARCH 1 ", 64<<20, "$tag OK")), step: "search", class: protocol, words: "more than"},
		"endless search, line by line": {heavy: true, on: on("UID SEARCH .*", flood("* SEARCH 9 8 7 6 5 4 3 2 1 11 22 33 44 55 66 77 88 99\r\n", 64<<20, "$tag OK")), step: "search", class: protocol, words: "matches"},
		"the worst order for a search": {heavy: true, on: on("UID SEARCH .*", first(falling(400_000), "$tag OK")), check: func(t *testing.T, j *journey) { t.Helper(); equal(t, len(j.deleted), 400_000) }},
		"search for what is no number": {on: on("UID SEARCH .*", imaptest.Say("* SEARCH 1 2 x", "$tag OK")), step: "search", class: protocol},
		"search for message 0":         {on: on("UID SEARCH .*", imaptest.Say("* SEARCH 0", "$tag OK")), step: "search", class: protocol},
		"search for a literal":         {on: on("UID SEARCH .*", imaptest.Say("* SEARCH {3}", "1 2", "$tag OK")), step: "search", class: protocol},
		"body of 4 GiB":                {say: whole(func(imaptest.RawMessage) string { return "* 2 FETCH (UID 2 BODY[] {4294967296}\r\nabc" }), step: "read", class: protocol, words: "more than"},
		"body of 2^63 bytes":           {say: whole(func(imaptest.RawMessage) string { return "* 2 FETCH (UID 2 BODY[] {9223372036854775808}\r\nabc" }), step: "read", class: protocol, words: "more than"},
		"body of 2^64+5 bytes": {say: whole(func(imaptest.RawMessage) string {
			return "* 2 FETCH (UID 2 BODY[] {18446744073709551621}\r\nabcde)\r\n"
		}), step: "read", class: protocol, words: "more than"},
		"body that never ends":          {on: on(fetching, stall("* 2 FETCH ("+strings.ReplaceAll(boxMeta, "$SIZE", "4294967295")+" BODY[] {4294967295}\r\nabc")), stalls: true, step: "read", class: lost, words: "silent"},
		"body that is cut":              {on: on(fetching, closing("* 2 FETCH ("+strings.ReplaceAll(boxMeta, "$SIZE", "4294967295")+" BODY[] {4294967295}\r\nabc")), step: "read", class: lost},
		"body of negative size":         {say: whole(func(imaptest.RawMessage) string { return "* 2 FETCH (UID 2 BODY[] {-1}\r\n)\r\n" }), step: "read", class: protocol},
		"literal where a name belongs":  {on: on(listing, first("* LIST () \"/\" {5000000}\r\n"+strings.Repeat("x", 5_000_000)+"\r\n", "$tag OK")), step: "list", class: protocol, words: "more than"},
		"literals as flags":             {on: on(fetching, flood("* 1 FETCH (UID 1 FLAGS ({900000}\r\n"+long[:900_000]+" {900000}\r\n"+long[:900_000]+"))\r\n", endless, "$tag OK")), step: "read", class: protocol, words: "more than"},
		"mailboxes for ever":            {heavy: true, on: on(listing, mailboxesForEver), step: "list", class: protocol, words: "mailboxes"},
		"mailboxes with long names":     {heavy: true, on: on(listing, longNames), step: "list", class: protocol, words: "names"},
		"flags for ever":                {heavy: true, on: on(fetching, first("* 1 FETCH (UID 1 FLAGS ("+strings.Repeat("a ", 400<<10)+") INTERNALDATE \""+boxDate+"\" RFC822.SIZE 9)\r\n", "$tag OK")), check: fewFlags},
		"many messages with long flags": {heavy: true, on: on(fetching, longFlags), step: "read", class: protocol, words: "flags"},
		"nested lists":                  {on: on(listing, flood("* LIST ((((((((((", 1<<20, "$tag OK")), step: "list", class: protocol, words: "parentheses"},
		"nested BODYSTRUCTURE":          {on: on(fetching, first("* 2 FETCH (UID 2 BODYSTRUCTURE "+strings.Repeat("(", 500_000)+"\r\n", "$tag OK")), step: "read", class: protocol, words: "parentheses"},
		"capability list of 100,000": {greeting: "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS " + strings.Repeat("X ", 100_000) + "] hi", check: func(t *testing.T, j *journey) {
			t.Helper()
			equal(t, len(j.account.Source().Capabilities()) < 1000, true)
		}},
		"long response text":   {on: on("EXAMINE .*", imaptest.Say("$tag NO "+long)), step: "read", class: endpoint.NoMailbox, words: "xxx..."},
		"long BYE":             {on: on("EXAMINE .*", closing("* BYE "+long+"\r\n")), step: "read", class: lost, words: "xxx..."},
		"long alerts for ever": {on: on("STATUS Box .*", flood("* OK [ALERT] "+long[:9000]+"\r\n", 32<<20, "* STATUS Box (MESSAGES 3)", "$tag OK"))},

		"answers for another UID": {say: whole(func(m imaptest.RawMessage) string {
			return truth(9, imaptest.RawMessage{UID: 1, Flags: m.Flags, Date: m.Date, Body: m.Body}, true) + truth(2, m, true)
		}), check: notTheSecondForTheFirst},
		"body before its UID": {say: whole(func(m imaptest.RawMessage) string { return answer(m, true, "$BODY "+boxMeta) }), check: allThree},
		"body and never a UID": {say: whole(func(m imaptest.RawMessage) string {
			return answer(m, true, strings.TrimPrefix(boxMeta, "UID 2 ")+" $BODY")
		}), check: func(t *testing.T, j *journey) { t.Helper(); equal(t, len(j.fetched[2].content), 0) }},
		"two bodies in one answer": {say: whole(func(m imaptest.RawMessage) string { return answer(m, true, boxMeta+" $BODY BODY[] {3}\r\nabc") }), check: func(t *testing.T, j *journey) { t.Helper(); equal(t, len(j.fetched), 3) }},
		"body NIL":                 {say: whole(func(m imaptest.RawMessage) string { return answer(m, true, boxMeta+" BODY[] NIL") }), check: secondHasAProblem},
		"body as a quoted string":  {say: whole(func(m imaptest.RawMessage) string { return answer(m, true, boxMeta+` BODY[] "abc"`) }), other: "abc"},
		"body as a literal8": {say: whole(func(m imaptest.RawMessage) string {
			return strings.Replace(answer(m, true, boxMeta+" $BODY"), "BODY[] {", "BODY[] ~{", 1)
		}), check: allThree},
		"the same UID for two": {say: func(m imaptest.RawMessage, whole bool) string {
			return answer(m, whole, boxMeta+" $BODY") + "* 3 FETCH (UID 2 RFC822.SIZE 5 BODY[] {5}\r\nother)\r\n"
		}, check: notTheOther},
		"a FETCH that nobody asked for": {on: on("STATUS Box .*", imaptest.Say("* 1 FETCH (UID 1 BODY[] {3}", "abc)", "* STATUS Box (MESSAGES 3)", "$tag OK")), check: allThree},

		"bodies for ever":                      {heavy: true, on: on("UID FETCH .*BODY.PEEK.*", flood("* 9 FETCH (UID 9 FLAGS () INTERNALDATE \""+boxDate+"\" RFC822.SIZE 5 BODY[] {5}\r\nabcde)\r\n", 64<<20, "$tag OK")), step: "read", class: protocol, words: "that were not asked for"},
		"EXISTS going down":                    {on: on(fetching, behind("* 1 EXISTS\r\n")), check: allThree},
		"EXPUNGE of what is not there":         {on: on(fetching, behind("* 99 EXPUNGE\r\n")), check: allThree},
		"EXPUNGE of 0":                         {on: on(fetching, behind("* 0 EXPUNGE\r\n")), check: allThree},
		"EXPUNGE of 2^32":                      {on: on(fetching, behind("* 4294967296 EXPUNGE\r\n")), check: allThree},
		"EXPUNGE when nothing is open":         {on: on("STATUS Box .*", imaptest.Say("* 1 EXPUNGE", "* 1 EXPUNGE", "* STATUS Box (MESSAGES 3)", "$tag OK")), check: allThree},
		"UIDVALIDITY 0":                        {on: notSaid("* OK [UIDVALIDITY 0] x"), check: noValidity},
		"UIDVALIDITY beyond 32 bits":           {on: notSaid("* OK [UIDVALIDITY 1666390893380] x"), check: noValidity},
		"UIDVALIDITY that is no number":        {on: notSaid("* OK [UIDVALIDITY -7] x"), check: noValidity},
		"UIDNEXT that goes down":               {on: on(opening, opened("* OK [UIDVALIDITY 7] x", "* OK [UIDNEXT 4] x", "* OK [UIDNEXT 1] x")), check: allThree},
		"falling UIDs":                         {on: on(fetching, backwards), check: allThree},
		"APPENDUID with a set":                 {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 7 5:6] in")), check: placedAt(0)},
		"APPENDUID with two UIDs":              {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 7 5 6] in")), check: placedAt(0)},
		"APPENDUID with none":                  {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 7] in")), check: placedAt(0)},
		"APPENDUID 0":                          {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 7 0] in")), check: placedAt(0)},
		"APPENDUID *":                          {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 7 *] in")), check: placedAt(0)},
		"APPENDUID of all UIDs":                {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 7 1:4294967295] in")), check: placedAt(0)},
		"APPENDUID without UIDVALIDITY":        {on: on("APPEND .*", imaptest.Say("$tag OK [APPENDUID 0 9] in")), check: placedAt(0)},
		"an answer to no command":              {on: on("STATUS Box .*", imaptest.Say("zz OK done", "$tag OK")), step: "status", class: protocol, words: "was not sent"},
		"an answer to no command, for go-imap": {on: on("NOOP", imaptest.Say("T9999 OK done", "$tag OK")), step: "read", class: protocol, words: "was not sent"},
		"the same answer twice":                {on: on("STATUS Box .*", imaptest.Say("* STATUS Box (MESSAGES 3)", "$tag OK", "$tag OK")), step: "status read", class: protocol, words: "was not sent"},
		"a continuation out of nowhere":        {on: on(fetching, behind("+ go on\r\n")), check: allThree},
		"a continuation instead of an answer":  {on: on("STATUS Box .*", stall("+ go on\r\n")), stalls: true, step: "status", class: lost, words: "silent"},
		"silence instead of an answer":         {on: on("LIST .*", stall("")), stalls: true, step: "list", class: lost, words: "silent"},
		"half an answer":                       {on: on("LIST .*", stall("* LIST () \"/\" \"Bo")), stalls: true, step: "list", class: lost, words: "silent"},
		"BYE as greeting":                      {greeting: "* BYE no", step: "log in", class: lost, words: "no"},
		"BYE to LIST":                          {on: on("LIST .*", closing("* BYE no\r\n")), step: "list", class: lost, words: `"no"`},
		"BYE to STATUS":                        {on: on("STATUS Box .*", closing("* BYE no\r\n")), step: "status", class: lost, words: `"no"`},
		"BYE to EXAMINE":                       {on: on("EXAMINE .*", closing("* BYE no\r\n")), step: "read", class: lost, words: `"no"`},
		"BYE to FETCH":                         {on: on(fetching, closing("* BYE no\r\n")), step: "read", class: lost, words: `"no"`},
		"BYE to APPEND":                        {on: on("APPEND .*", closing("* BYE no\r\n")), step: "append", class: lost, words: `"no"`, check: inDoubt},
		"BYE to SEARCH":                        {on: on("UID SEARCH .*", closing("* BYE no\r\n")), step: "search", class: lost, words: `"no"`},
		"capabilities that change after login": {on: on("STATUS Box .*", imaptest.Say("* CAPABILITY IMAP4rev2 LITERAL+ UTF8=ONLY MULTIAPPEND", "* STATUS Box (MESSAGES 3)", "$tag OK [CAPABILITY IMAP4rev2 X] x")),
			check: func(t *testing.T, j *journey) {
				t.Helper()
				allThree(t, j)
				equal(t, j.account.Source().Capabilities().Has("UTF8=ONLY"), false)
			}},
	}
}

func equal[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func inDoubt(t *testing.T, j *journey) {
	t.Helper()
	if len(j.placed) != 1 || j.placed[0].Verdict != endpoint.InDoubt {
		t.Errorf("%+v", j.placed)
	}
}

func noValidity(t *testing.T, j *journey) { t.Helper(); equal(t, j.state.Validity, 0) }

func fewFlags(t *testing.T, j *journey) {
	t.Helper()
	if len(j.scanned) != 1 || len(j.scanned[0].Flags) > 1000 {
		t.Errorf("%d messages", len(j.scanned))
	}
}

// notTheSecondForTheFirst: message 1 was given twice, once truly and once with the second's content.
func notTheSecondForTheFirst(t *testing.T, j *journey) {
	t.Helper()
	if v := j.fetched[1]; v.Problem == "" && strings.Contains(v.content, "body of 2") {
		t.Error("one message's content is another's")
	}
}

func notTheOther(t *testing.T, j *journey) {
	t.Helper()
	if v := j.fetched[2]; v.content == "other" {
		t.Errorf("%+v", v)
	}
}

// falling is a line of so many UIDs, none beside the next, the highest first.
func falling(n int) string {
	var b strings.Builder
	b.WriteString("* SEARCH")
	for uid := 2 * n; uid > 0; uid -= 2 {
		fmt.Fprintf(&b, " %d", uid)
	}
	return b.String() + "\r\n"
}

func mailboxesForEver(c *imaptest.Conversation) {
	for i := range 1000 {
		var b strings.Builder
		for k := range 1000 {
			fmt.Fprintf(&b, "* LIST () \"/\" m%d-%d\r\n", i, k)
		}
		if !c.Sent(b.String()) {
			return
		}
	}
	c.Send("$tag OK")
}

func longNames(c *imaptest.Conversation) {
	name := strings.Repeat("n", 500<<10)
	for i := range 1000 {
		if !c.Sent(fmt.Sprintf("* LIST () \"/\" %d%s\r\n", i, name)) {
			return
		}
	}
	c.Send("$tag OK")
}

func longFlags(c *imaptest.Conversation) {
	flag := strings.Repeat("f", 500<<10)
	for i := range 200 {
		if !c.Sent(fmt.Sprintf("* 1 FETCH (UID %d FLAGS (%s%d))\r\n", i%3+1, flag, i)) {
			return
		}
	}
	c.Send("$tag OK")
}

// behind gives the truth, and something behind each message.
func behind(raw string) imaptest.Answer {
	return func(c *imaptest.Conversation) {
		whole := strings.Contains(c.Line, "BODY.PEEK[]")
		for _, m := range asked(c) {
			c.Raw(truth(int(m.UID), m, whole) + raw)
		}
		c.Send("$tag OK")
	}
}

func asked(c *imaptest.Conversation) []imaptest.RawMessage {
	set, _ := mailbox.ParseUIDSet(strings.Fields(c.Line)[2])
	return slices.DeleteFunc(box(3), func(m imaptest.RawMessage) bool { return !set.Contains(mailbox.UID(m.UID)) })
}

func backwards(c *imaptest.Conversation) {
	for _, m := range slices.Backward(asked(c)) {
		c.Raw(truth(int(m.UID), m, strings.Contains(c.Line, "BODY.PEEK[]")))
	}
	c.Send("$tag OK")
}

// notSaid opens the mailbox with that code, and STATUS knows no better.
func notSaid(code string) []imaptest.Rule {
	return append(on(opening, opened(code)), on("STATUS Box .*", imaptest.Say("* STATUS Box (MESSAGES 3 UIDVALIDITY 0)", "$tag OK"))...)
}

func opened(codes ...string) imaptest.Answer {
	return func(c *imaptest.Conversation) {
		c.Send(append(append([]string{"* 3 EXISTS"}, codes...), "* OK [UIDNEXT 4] x", "$tag OK [READ-ONLY] done")...)
	}
}

// TestHostileServer goes the whole way with a server that does one thing that no server should do.
func TestHostileServer(t *testing.T) {
	for name, a := range attacks() {
		t.Run(name, a.run)
	}
}
