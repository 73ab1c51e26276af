package wire

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// small is a message that would do harm if a server took its lines for commands.
const small = "Subject: hi\r\n\r\nzz DELETE Archive\r\n"

func appended(t *testing.T, m endpoint.Outgoing, capabilities, dialogue string) (*Session, endpoint.Placed, error) {
	t.Helper()
	s := opened(t, converse(t, loggedIn(capabilities), dialogue))
	p, err := appendTo(s, within(t, time.Minute), "Sent", m)
	return s, p, err
}

func TestAppendStores(t *testing.T) {
	when := time.Date(2020, 2, 3, 4, 5, 6, 0, time.FixedZone("", -(3*3600+1800)))
	message := endpoint.Outgoing{Content: text(small), InternalDate: when, Flags: []mailbox.Flag{`\SEEN`, "$Forwarded", `\Seen`}}
	for name, c := range map[string]struct {
		capabilities, dialogue string
		placed                 endpoint.Placed
	}{
		"synchronizing": {"UIDPLUS", `
			C: $ APPEND "Sent" ($Forwarded \Seen) "03-Feb-2020 04:05:06 -0330" {34}
			S: * 3 EXISTS
			S: + go on
			C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
			C: 
			S: * 4 EXISTS
			S: * 4 FETCH (FLAGS (\Seen) UID {1}
			S: 5)
			S: $ OK [APPENDUID 1795378199 4] done`, endpoint.Placed{Verdict: endpoint.Stored, Validity: 1795378199, UID: 4}},
		"LITERAL+": {"LITERAL+", `
			C: $ APPEND "Sent" ($Forwarded \Seen) "03-Feb-2020 04:05:06 -0330" {34+}
			C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
			C: 
			S: $ OK`, endpoint.Placed{Verdict: endpoint.Stored}},
		"LITERAL-": {"LITERAL-", `
			C: $ APPEND "Sent" ($Forwarded \Seen) "03-Feb-2020 04:05:06 -0330" {34+}
			C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
			C: 
			S: $ OK [appenduid 7 8] done`, endpoint.Placed{Verdict: endpoint.Stored, Validity: 7, UID: 8}},
		"a + that nobody asked for": {"LITERAL+", `
			C: $ APPEND "Sent" ($Forwarded \Seen) "03-Feb-2020 04:05:06 -0330" {34+}
			S: + go on
			C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
			C: 
			S: $ OK [APPENDUID 1 2:3] done`, endpoint.Placed{Verdict: endpoint.Stored}},
	} {
		t.Run(name, func(t *testing.T) {
			s, placed, err := appended(t, message, c.capabilities, c.dialogue)
			if err != nil || placed != c.placed || s.Broken() {
				t.Errorf("%+v, %v, broken %v", placed, err, s.Broken())
			}
		})
	}
}

func TestAppendAsksFirstWhereItIsDoubtful(t *testing.T) {
	day := func(year, zone int) time.Time {
		return time.Date(year, 2, 3, 4, 5, 6, 0, time.FixedZone("", zone*3600))
	}
	for arguments, m := range map[string]endpoint.Outgoing{
		` (a/b) {34}`: {Flags: []mailbox.Flag{"a/b"}},
		` (` + strings.Repeat("x", 51) + `) {34}`:       {Flags: []mailbox.Flag{mailbox.Flag(strings.Repeat("x", 51))}},
		` "03-Feb-1960 04:05:06 +0000" {34}`:            {InternalDate: day(1960, 0)},
		` "03-Feb-2040 04:05:06 +0000" {34}`:            {InternalDate: day(2040, 0)},
		` "03-Feb-2020 04:05:06 +2300" {34}`:            {InternalDate: day(2020, 23)},
		` ($Label1) "03-Feb-2020 04:05:06 +1400" {34+}`: {Flags: []mailbox.Flag{"$Label1"}, InternalDate: day(2020, 14)},
	} {
		m.Content = text(small)
		dialogue := "C: $ APPEND \"Sent\"" + arguments + "\n"
		if !strings.Contains(arguments, "+}") {
			dialogue += "S: +\n"
		}
		_, placed, err := appended(t, m, "LITERAL+", dialogue+"C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \nS: $ OK\n")
		if err != nil || placed.Verdict != endpoint.Stored {
			t.Errorf("%s: %+v, %v", arguments, placed, err)
		}
	}
}

func TestAppendAsksFirstWhereItMust(t *testing.T) {
	for name, c := range map[string]struct {
		size         int
		capabilities string
		mark         string
	}{
		"LITERAL- beyond 4096":  {4097, "LITERAL-", "{4097}"},
		"LITERAL- up to 4096":   {4096, "LITERAL-", "{4096+}"},
		"large, with LITERAL+":  {politeSize, "LITERAL+", "{1048576}"},
		"nothing is advertised": {10, "", "{10}"},
		"empty":                 {0, "", "{0}"},
	} {
		t.Run(name, func(t *testing.T) {
			dialogue := "C: $ APPEND \"Sent\" " + c.mark + "\n"
			if !strings.Contains(c.mark, "+") {
				dialogue += "S: +\n"
			}
			content := strings.Repeat("x", c.size)
			_, placed, err := appended(t, outgoing(content), c.capabilities, dialogue+"C: "+content+"\nS: $ OK\n")
			if err != nil || placed.Verdict != endpoint.Stored {
				t.Errorf("%+v, %v", placed, err)
			}
		})
	}
}

func TestAppendRefusedInsteadOfPlus(t *testing.T) {
	for answer, class := range map[string]endpoint.Class{
		"NO [OVERQUOTA] full":    endpoint.OverQuota,
		"NO [TOOBIG] no":         endpoint.BadMessage,
		"NO [LIMIT] no":          endpoint.BadMessage,
		"NO [TRYCREATE] no":      endpoint.NoMailbox,
		"NO [NOPERM] no":         endpoint.BadMailbox,
		"NO [UNAVAILABLE] later": endpoint.Temporary,
		"NO invalid header":      endpoint.BadMessage,
		"BAD what":               endpoint.BadMessage,
		"BAD Request is throttled. Suggested Backoff Time: 299609 milliseconds": endpoint.Throttled,
	} {
		s, placed, err := appended(t, outgoing(small), "", `
			C: $ APPEND "Sent" {34}
			S: $ `+answer+`
			C: $ APPEND "Sent" {34}
			S: +
			C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
			C: 
			S: $ OK
		`)
		if err != nil || placed.Verdict != endpoint.Unsent || placed.Err == nil || placed.Err.Class != class {
			t.Errorf("%s: %+v, %v", answer, placed, err)
			continue
		}
		if class == endpoint.Throttled && placed.Err.Wait != 299609*time.Millisecond {
			t.Errorf("wait %v", placed.Err.Wait)
		}
		placed, err = appendTo(s, within(t, time.Minute), "Sent", outgoing(small)) // the connection is as good as before
		if err != nil || placed.Verdict != endpoint.Stored {
			t.Errorf("%s, then: %+v, %v", answer, placed, err)
		}
	}
}

func TestAppendRefusedAfterwards(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities, before, answer string
		class                        endpoint.Class
		broken                       bool
	}{
		"NO":                 {"", "S: +", "NO [OVERQUOTA] full", endpoint.OverQuota, false},
		"BAD":                {"", "S: +", "BAD invalid", endpoint.BadMessage, false},
		"NO with LITERAL+":   {"LITERAL+", "", "NO contains bare newlines", endpoint.BadMessage, false},
		"BAD with LITERAL+":  {"LITERAL+", "", "BAD syntax", endpoint.BadMessage, true},
		"BAD before LITERAL": {"LITERAL+", "S: $ BAD syntax", "", endpoint.BadMessage, true},
	} {
		t.Run(name, func(t *testing.T) {
			mark := "{34}"
			if c.capabilities != "" {
				mark = "{34+}"
			}
			dialogue := "C: $ APPEND \"Sent\" " + mark + "\n" + c.before + "\n"
			if c.answer != "" {
				dialogue += "C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \nS: $ " + c.answer + "\n"
			}
			if c.broken {
				dialogue += "S...\n"
			}
			s, placed, err := appended(t, outgoing(small), c.capabilities, dialogue)
			if err != nil || placed.Verdict != endpoint.Refused || placed.Err.Class != c.class || s.Broken() != c.broken {
				t.Errorf("%+v, %v, broken %v", placed, err, s.Broken())
			}
			if c.broken {
				if _, err := appendTo(s, within(t, time.Minute), "Sent", outgoing(small)); endpoint.ClassOf(err) != endpoint.Lost {
					t.Errorf("the next use: %v", err)
				}
			}
		})
	}
}

// A server that answers BAD to a literal it has not read may take the rest of it for commands: it must get no more of it.
func TestAppendStopsAtAnEarlyBAD(t *testing.T) {
	content := strings.Repeat("zz DELETE Archive\r\n", 30_000)
	o := converse(t, loggedIn("LITERAL+"), "C: $ APPEND \"Sent\" {570000+}\nS: $ BAD what\nS...")
	s := opened(t, o)
	before := s.Traffic().Out
	placed, err := appendTo(s, within(t, time.Minute), "Sent", outgoing(content))
	if err != nil || placed.Verdict != endpoint.Refused || !s.Broken() {
		t.Errorf("%+v, %v", placed, err)
	}
	if sent := s.Traffic().Out - before; sent > 2*readSize {
		t.Errorf("%d bytes were sent", sent)
	}
}

// An answer to a command that nobody sent is how one learns that a message's lines were run.
func TestAppendEndsWhenTheServerRunsTheMessage(t *testing.T) {
	s, placed, err := appended(t, outgoing(small), "LITERAL+", `
		C: $ APPEND "Sent" {34+}
		C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
		C: 
		S~ Subject: BAD Unknown command␍␊zz OK Deleted␍␊
		S...`)
	if placed.Verdict != endpoint.InDoubt || endpoint.ClassOf(err) != endpoint.Protocol || !s.Broken() {
		t.Errorf("%+v, %v", placed, err)
	}
}

func TestAppendInDoubtAndUnsent(t *testing.T) {
	const body = "C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \n"
	for name, c := range map[string]struct {
		dialogue string
		verdict  endpoint.Verdict
		class    endpoint.Class
	}{
		"closed before +":  {"S.", endpoint.Unsent, endpoint.Lost},
		"closed after":     {"S: +\n" + body + "S.", endpoint.InDoubt, endpoint.Lost},
		"bye after":        {"S: +\n" + body + "S: * BYE shutting down\nS.", endpoint.InDoubt, endpoint.Lost},
		"throttled bye":    {"S: +\n" + body + "S: * BYE Too many commands\nS.", endpoint.InDoubt, endpoint.Throttled},
		"closed in the OK": {"S: +\n" + body + "S~ $ OK [APPENDU\nS.", endpoint.InDoubt, endpoint.Lost},
		"OK before":        {"S: $ OK surprise\nS...", endpoint.Unsent, endpoint.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			s, placed, err := appended(t, outgoing(small), "", "C: $ APPEND \"Sent\" {34}\n"+c.dialogue)
			if placed.Verdict != c.verdict || endpoint.ClassOf(err) != c.class || !s.Broken() {
				t.Errorf("%+v, %v, broken %v", placed, err, s.Broken())
			}
			if c.verdict == endpoint.Unsent && placed.Err == nil {
				t.Error("no reason given")
			}
		})
	}
}

// The last word of the server counts, though it closes right behind it.
func TestAppendReadsTheAnswerBeforeTheEnd(t *testing.T) {
	for range 50 {
		_, placed, err := appended(t, outgoing(small), "", `
			C: $ APPEND "Sent" {34}
			S: +
			C~ Subject: hi␍␊␍␊zz DELETE Archive␍␊
			C: 
			S: $ OK [APPENDUID 1 2] done
			S.`)
		if err != nil || placed.Verdict != endpoint.Stored || placed.UID != 2 {
			t.Fatalf("%+v, %v", placed, err)
		}
	}
}

// liar is a content that does not keep to its size.
type liar struct {
	size int64
	r    func() io.Reader
}

func (l liar) Size() int64       { return l.size }
func (l liar) Reader() io.Reader { return l.r() }

func TestAppendNeverPadsOrCuts(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, c := range map[string]struct {
		content liar
		want    error
	}{
		"short":  {liar{100_000, func() io.Reader { return strings.NewReader(strings.Repeat("x", 99_999)) }}, errShort},
		"empty":  {liar{5, func() io.Reader { return strings.NewReader("") }}, errShort},
		"long":   {liar{100_000, func() io.Reader { return strings.NewReader(strings.Repeat("x", 100_001)) }}, errLong},
		"broken": {liar{100_000, func() io.Reader { return iotest.ErrReader(broken) }}, broken},
	} {
		t.Run(name, func(t *testing.T) {
			for _, capabilities := range []string{"", "LITERAL+"} {
				received := make(chan int64, 1)
				o := converse(t)
				o.Dial = counting(t, capabilities, received)
				s := opened(t, o)
				placed, err := appendTo(s, within(t, time.Minute), "Sent", endpoint.Outgoing{Content: c.content})
				if !errors.Is(err, c.want) || placed.Verdict != endpoint.Unsent || !s.Broken() {
					t.Errorf("%+v, %v", placed, err)
				}
				if got := <-received; got >= c.content.size {
					t.Errorf("the server got %d bytes of %d: it may have stored them", got, c.content.size)
				}
			}
		})
	}
}

func TestAppendRefusesWhatCannotBeSaid(t *testing.T) {
	s := opened(t, converse(t, loggedIn("LITERAL+")))
	day := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		mailbox mailbox.Wire
		message endpoint.Outgoing
	}{
		"recent":        {"Sent", outgoing(small, `\Recent`)},
		"unknown":       {"Sent", outgoing(small, `\Foo`)},
		"blank":         {"Sent", outgoing(small, "a b")},
		"brackets":      {"Sent", outgoing(small, "a]")},
		"8-bit":         {"Sent", outgoing(small, "Été")},
		"injection":     {"Sent", outgoing(small, "x) {1+}\r\n")},
		"year 0":        {"Sent", endpoint.Outgoing{Content: text(small), InternalDate: day(0)}},
		"year 10000":    {"Sent", endpoint.Outgoing{Content: text(small), InternalDate: day(10000)}},
		"into year 0":   {"Sent", endpoint.Outgoing{Content: text(small), InternalDate: time.Date(1, 1, 1, 1, 0, 0, 0, time.FixedZone("", 100*3600))}},
		"line end":      {"a\r\nW9 DELETE b", outgoing(small)},
		"NUL":           {"a\x00", outgoing(small)},
		"no name":       {"", outgoing(small)},
		"not empty":     {"Sent", endpoint.Outgoing{Content: liar{0, func() io.Reader { return strings.NewReader("x") }}}},
		"negative size": {"Sent", endpoint.Outgoing{Content: liar{-1, nil}}},
	} {
		before := s.Traffic()
		placed, err := appendTo(s, within(t, time.Minute), c.mailbox, c.message)
		if err != nil || placed.Verdict != endpoint.Unsent || placed.Err.Class != endpoint.BadMessage || s.Traffic() != before {
			t.Errorf("%s: %+v, %v, traffic %+v", name, placed, err, s.Traffic())
		}
	}
}

func TestInternalDate(t *testing.T) {
	for _, c := range []struct {
		when time.Time
		want string
	}{
		{time.Time{}, ""},
		{time.Date(1960, 12, 1, 1, 2, 3, 999, time.FixedZone("", 5*3600+45*60)), ` "01-Dec-1960 01:02:03 +0545"`},
		{time.Date(7, 1, 31, 23, 59, 59, 0, time.UTC), ` "31-Jan-0007 23:59:59 +0000"`},
		{time.Date(1890, 1, 1, 0, 53, 28, 0, time.FixedZone("LMT", 53*60+28)), ` "01-Jan-1890 00:00:00 +0000"`},
		{time.Date(2020, 1, 5, 4, 0, 0, 0, time.FixedZone("", 100*3600)), ` "01-Jan-2020 00:00:00 +0000"`},
	} {
		if got, err := internalDate(c.when); err != nil || got != c.want {
			t.Errorf("%v: %q, %v", c.when, got, err)
		}
	}
}

func TestAppendEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, converse(t, loggedIn(""), "C: $ APPEND \"Sent\" {34}\nS: +\nC~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \nS..."))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		placed, err := appendTo(s, ctx, "Sent", outgoing(small))
		if !errors.Is(err, context.DeadlineExceeded) || placed.Verdict != endpoint.InDoubt || !s.Broken() {
			t.Errorf("%+v, %v", placed, err)
		}
	})
}

func TestAppendSilenceIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		dialogue string
		verdict  endpoint.Verdict
		waits    time.Duration
	}{
		"no +":           {"", endpoint.Unsent, 10 * time.Second},
		"no answer":      {"S: +\nC~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \n", endpoint.InDoubt, 10 * time.Second},
		"signs of life":  {"S: +\nC~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \n" + strings.Repeat("S+ * OK Still here\n", 40), endpoint.InDoubt, 100 * time.Second},
		"takes nothing":  {"S: +\nS-\n", endpoint.InDoubt, 10 * time.Second},
		"drips its word": {"S: +\nC~ Subject: hi␍␊␍␊zz DELETE Archive␍␊\nC: \n" + strings.Repeat("S+~ x\n", 40), endpoint.InDoubt, 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := opened(t, converse(t, loggedIn(""), "C: $ APPEND \"Sent\" {34}\n"+c.dialogue+"S..."))
				start := time.Now()
				placed, err := appendTo(s, within(t, time.Hour), "Sent", outgoing(small))
				if placed.Verdict != c.verdict || endpoint.ClassOf(err) != endpoint.Lost {
					t.Errorf("%+v, %v", placed, err)
				}
				if waited := time.Since(start); waited != c.waits {
					t.Errorf("it took %v: %v", waited, err)
				}
			})
		})
	}
}
