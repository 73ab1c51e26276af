package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

const (
	stored, refused, unsent, inDoubt = endpoint.Stored, endpoint.Refused, endpoint.Unsent, endpoint.InDoubt

	one, second, third = "one\r\n", "second\r\n", "third\r\n"
)

func threeMessages() []endpoint.Outgoing {
	return []endpoint.Outgoing{outgoing(one), outgoing(second), outgoing(third)}
}

func verdictsOf(placed []endpoint.Placed) (out []endpoint.Verdict) {
	for _, p := range placed {
		out = append(out, p.Verdict)
	}
	return out
}

// The dialogue of three messages, up to the answer, on each rung of the ladder. Tags: W1 was CAPABILITY, W2 LOGIN.
const (
	multiPlus = "C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC:  {8+}\nC~ second␍␊\nC:  {7+}\nC~ third␍␊\nC: \n"
	multiSync = "C: $ APPEND \"Sent\" {5}\nS: +\nC~ one␍␊\nC:  {8}\nS: + go\nC~ second␍␊\nC:  {7}\nS: +\nC~ third␍␊\nC: \n"
	pipelined = "C: W3 APPEND \"Sent\" {5+}\nC~ one␍␊\nC: \nC: W4 APPEND \"Sent\" {8+}\nC~ second␍␊\nC: \nC: W5 APPEND \"Sent\" {7+}\nC~ third␍␊\nC: \n"
	oneByOne  = "C: $ APPEND \"Sent\" {5}\nS: +\nC~ one␍␊\nC: \nS: $ OK [APPENDUID 9 1] in\n" +
		"C: $ APPEND \"Sent\" {8}\nS: +\nC~ second␍␊\nC: \nS: $ OK [APPENDUID 9 2] in\n" +
		"C: $ APPEND \"Sent\" {7}\nS: +\nC~ third␍␊\nC: \n"
)

var rungs = map[string]struct{ capabilities, dialogue, ok string }{
	"MULTIAPPEND, LITERAL+":  {"MULTIAPPEND LITERAL+ UIDPLUS", multiPlus, "S: $ OK [APPENDUID 9 1:3] in\n"},
	"MULTIAPPEND, LITERAL-":  {"MULTIAPPEND LITERAL- UIDPLUS", multiPlus, "S: $ OK [APPENDUID 9 1,2:3] in\n"},
	"MULTIAPPEND":            {"MULTIAPPEND UIDPLUS", multiSync, "S: $ OK [APPENDUID 9 1:3] in\n"},
	"LITERAL+":               {"LITERAL+ UIDPLUS", pipelined, "S: W3 OK [APPENDUID 9 1] in\nS: W4 OK [APPENDUID 9 2] in\nS: * 4 EXISTS\nS: W5 OK [APPENDUID 9 3] in\n"},
	"LITERAL+, out of order": {"LITERAL+ UIDPLUS", pipelined, "S: W5 OK [APPENDUID 9 3] in\nS: W3 OK [APPENDUID 9 1] in\nS: W4 OK [APPENDUID 9 2] in\n"},
	"LITERAL-":               {"LITERAL- UIDPLUS", pipelined, "S: W3 OK [APPENDUID 9 1] in\nS: W4 OK [APPENDUID 9 2] in\nS: W5 OK [APPENDUID 9 3] in\n"},
	"synchronizing":          {"UIDPLUS", oneByOne, "S: $ OK [APPENDUID 9 3] in\n"},
}

func batched(t *testing.T, capabilities, dialogue string, batch []endpoint.Outgoing, o AppendOptions) (*Session, []endpoint.Placed, error) {
	t.Helper()
	s := opened(t, converse(t, loggedIn(capabilities), dialogue))
	placed, err := s.Append(within(t, time.Minute), "Sent", batch, o)
	return s, placed, err
}

func TestBatchOnEveryRung(t *testing.T) {
	for name, r := range rungs {
		t.Run(name, func(t *testing.T) {
			s, placed, err := batched(t, r.capabilities, r.dialogue+r.ok, threeMessages(), AppendOptions{})
			for i, p := range placed {
				if p != (endpoint.Placed{Verdict: stored, Validity: 9, UID: mailbox.UID(i + 1)}) {
					t.Errorf("message %d: %+v", i, p)
				}
			}
			if err != nil || s.Broken() || s.Unbatchable() {
				t.Errorf("%v, broken %v", err, s.Broken())
			}
		})
	}
}

// Wherever the dialogue is cut: nothing counts as stored, and what the server has whole is in doubt.
func TestBatchCutAtEveryStage(t *testing.T) {
	for name, r := range rungs {
		lines := strings.SplitAfter(r.dialogue, "\n")
		for n := range lines {
			if n == 0 {
				continue // a server that ends the connection behind the login may be faster than the login
			}
			t.Run(fmt.Sprintf("%s after %d", name, n), func(t *testing.T) {
				s, placed, err := batched(t, r.capabilities, strings.Join(lines[:n], "")+"S.\n", threeMessages(), AppendOptions{})
				if endpoint.ClassOf(err) != endpoint.Lost || !s.Broken() {
					t.Errorf("%v, broken %v", err, s.Broken())
				}
				whole := n == len(lines)-1
				for i, p := range placed {
					known := strings.Count(strings.Join(lines[:n], ""), "OK [") // answered before the cut
					switch {
					case i < known && p.Verdict != stored, i >= known && p.Verdict != inDoubt && (p.Verdict != unsent || p.Err == nil || p.Err.Class != endpoint.Lost):
						t.Errorf("message %d: %+v", i, p)
					case whole && i >= known && p.Verdict != inDoubt:
						t.Errorf("message %d was sent whole: %+v", i, p)
					}
				}
			})
		}
	}
}

// A batch that is refused as a whole says nothing about any message of it.
func TestBatchRefused(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities, dialogue string
		verdict                endpoint.Verdict
		class                  endpoint.Class
		broken, unbatchable    bool
	}{
		"NO":                             {"MULTIAPPEND LITERAL+", multiPlus + "S: $ NO bare newlines\n", refused, endpoint.BadMessage, false, false},
		"over quota":                     {"MULTIAPPEND LITERAL+", multiPlus + "S: $ NO [OVERQUOTA] full\n", refused, endpoint.OverQuota, false, false},
		"BAD":                            {"MULTIAPPEND LITERAL+", multiPlus + "S: $ BAD what\n", refused, endpoint.BadMessage, true, true},
		"NO, asked first":                {"MULTIAPPEND", multiSync + "S: $ NO [TRYCREATE] gone\n", refused, endpoint.NoMailbox, false, false},
		"BAD, asked first":               {"MULTIAPPEND", multiSync + "S: $ BAD what\n", refused, endpoint.BadMessage, false, true},
		"NO instead of the first +":      {"MULTIAPPEND", "C: $ APPEND \"Sent\" {5}\nS: $ NO [OVERQUOTA] full\n", unsent, endpoint.OverQuota, false, false},
		"NO instead of the second +":     {"MULTIAPPEND", "C: $ APPEND \"Sent\" {5}\nS: +\nC~ one␍␊\nC:  {8}\nS: $ NO [TOOBIG] no\n", unsent, endpoint.BadMessage, false, false},
		"BAD instead of the second +":    {"MULTIAPPEND", "C: $ APPEND \"Sent\" {5}\nS: +\nC~ one␍␊\nC:  {8}\nS: $ BAD one message at a time\n", unsent, endpoint.BadMessage, false, true},
		"throttled":                      {"MULTIAPPEND LITERAL+", multiPlus + "S: $ BAD Request is throttled. Suggested Backoff Time: 1000 milliseconds\n", refused, endpoint.Throttled, true, true},
		"unavailable, before its second": {"MULTIAPPEND", "C: $ APPEND \"Sent\" {5}\nS: +\nC~ one␍␊\nC:  {8}\nS: $ NO [UNAVAILABLE] later\n", unsent, endpoint.Temporary, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			again := ""
			if !c.broken {
				again = "C: $ NOOP\nS: $ OK\n"
			} else {
				again = "S...\n"
			}
			s, placed, err := batched(t, c.capabilities, c.dialogue+again, threeMessages(), AppendOptions{})
			if err != nil || s.Broken() != c.broken || s.Unbatchable() != c.unbatchable {
				t.Errorf("%v, broken %v, unbatchable %v", err, s.Broken(), s.Unbatchable())
			}
			for i, p := range placed {
				if p.Verdict != c.verdict || !p.Together || endpoint.ClassOf(p.Err) != c.class {
					t.Errorf("message %d: %+v", i, p)
				}
			}
			if !c.broken {
				usable(t, s)
			}
		})
	}
}

// usable shows that the connection is as good as before.
func usable(t *testing.T, s *Session) {
	t.Helper()
	if err := s.Do(within(t, time.Minute), Op{Words: "try"}, func(x *Exchange) error { return x.Run("NOOP", nil) }); err != nil {
		t.Errorf("the next command: %v", err)
	}
}

// After a refusal with LITERAL+ the server reads on to the end of the line, and gets it; what was not begun stays.
func TestBatchRefusedInTheMiddle(t *testing.T) {
	const long = 200_000
	batch, answered := threeMessages(), make(chan struct{})
	batch[1].Content = awaiting{text(strings.Repeat("x", long)), answered}
	s := opened(t, converse(t, loggedIn("MULTIAPPEND LITERAL+"), "C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC:  {200000+}\nS: $ NO [OVERQUOTA] full\nC~ "+
		strings.Repeat("x", long)+"\nC: \nC: $ NOOP\nS: $ OK\n"))
	go s.answeredEarly(answered)
	placed, err := s.Append(within(t, time.Minute), "Sent", batch, AppendOptions{})
	if err != nil || s.Broken() || !slices.Equal(verdictsOf(placed), []endpoint.Verdict{refused, refused, refused}) || placed[2].Err.Class != endpoint.OverQuota {
		t.Fatalf("%+v, %v, broken %v", placed, err, s.Broken())
	}
	usable(t, s)
}

// answeredEarly closes c when the command under way has its answer.
func (s *Session) answeredEarly(c chan struct{}) {
	s.conn.watchOver(func() { close(c) })
	<-c
	s.conn.watchOver(nil)
}

// awaiting is a content of which the second half can be read only after an event.
type awaiting struct {
	text
	event chan struct{}
}

func (a awaiting) Reader() io.Reader {
	half := len(a.text) / 2
	return io.MultiReader(strings.NewReader(string(a.text[:half])), until{a.event}, strings.NewReader(string(a.text[half:])))
}

type until struct{ event chan struct{} }

func (u until) Read([]byte) (int, error) {
	<-u.event
	return 0, io.EOF
}

// With commands of their own, what is on its way behind a refusal gets its own answer, and nothing more is begun.
func TestPipelineStopsAtARefusal(t *testing.T) {
	for answer, c := range map[string]struct {
		verdicts []endpoint.Verdict
		lost     bool
	}{
		"NO bad header":       {[]endpoint.Verdict{refused, stored, unsent}, false},
		"NO [OVERQUOTA] full": {[]endpoint.Verdict{refused, stored, unsent}, false},
		"BAD what":            {[]endpoint.Verdict{refused, unsent, unsent}, false},
	} {
		t.Run(answer, func(t *testing.T) {
			const long = 200_000
			batch, event := threeMessages(), make(chan struct{})
			batch[1].Content = awaiting{text(strings.Repeat("x", long)), event}
			dialogue := "C: W3 APPEND \"Sent\" {5+}\nC~ one␍␊\nC: \nC: W4 APPEND \"Sent\" {200000+}\nS: W3 " + answer + "\n"
			if strings.HasPrefix(answer, "NO") {
				dialogue += "C~ " + strings.Repeat("x", long) + "\nC: \nS: W4 OK [APPENDUID 9 2] in\nC: $ NOOP\nS: $ OK\n"
			} else {
				dialogue += "S...\n"
			}
			s := opened(t, converse(t, loggedIn("LITERAL+"), dialogue))
			go func() { // message 2 is begun before the answer is there, and sent after it
				defer close(event)
				for s.Traffic().Out < long/4 || !s.conn.answeredWhole("W3") && s.conn.reason() == nil {
					time.Sleep(time.Millisecond)
				}
			}()
			begun := s.Traffic().Out
			placed, err := s.Append(within(t, time.Minute), "Sent", batch, AppendOptions{})
			if !slices.Equal(verdictsOf(placed), c.verdicts) || (err != nil) != c.lost || placed[0].Together || placed[2].Err != nil {
				t.Fatalf("%+v, %v", placed, err)
			}
			if strings.HasPrefix(answer, "NO") {
				usable(t, s)
			} else if sent := s.Traffic().Out - begun; !s.Broken() || sent > long*3/4 {
				t.Errorf("broken %v, %d bytes sent", s.Broken(), sent)
			}
		})
	}
}

// An answer that is lost leaves in doubt what was on its way, and no more.
func TestPipelineIsBounded(t *testing.T) {
	o := converse(t, loggedIn("LITERAL+"), strings.Repeat("C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC: \n", mostFlights)+"S: W3 OK in\nS.\n")
	s := opened(t, o)
	placed, err := s.Append(within(t, time.Minute), "Sent", slices.Repeat(threeMessages()[:1], 40), AppendOptions{})
	counts := map[endpoint.Verdict]int{}
	for _, v := range verdictsOf(placed) {
		counts[v]++
	}
	// The seventeenth may have been begun when the connection ends.
	if endpoint.ClassOf(err) != endpoint.Lost || counts[stored] != 1 || counts[inDoubt] < mostFlights-1 || counts[inDoubt] > mostFlights || counts[refused] != 0 {
		t.Errorf("%v, %v", counts, err)
	}
}

func TestAPPENDUIDSets(t *testing.T) {
	uids := func(u ...mailbox.UID) []mailbox.UID { return u }
	for args, want := range map[string][]mailbox.UID{
		"9 1:3":                               uids(1, 2, 3),
		"9 1,2,3":                             uids(1, 2, 3),
		"9 1,5:6":                             uids(1, 5, 6),
		"9 4294967293:4294967295":             uids(4294967293, 4294967294, 4294967295),
		"9 1:2":                               nil, // too few
		"9 1:4":                               nil,
		"9 1:4294967295":                      nil, // a bomb
		"9 3,2,1":                             nil, // not ascending
		"9 3:1":                               nil,
		"9 1,1,2":                             nil,
		"9 1:2,2":                             nil,
		"9 0:2":                               nil,
		"9 1:*":                               nil,
		"9 1,,2":                              nil,
		"9 ,1,2,3":                            nil,
		"9 +1:3":                              nil,
		"9 1:2:3":                             nil,
		"9 4294967294:4294967296":             nil,
		"0 1:3":                               nil,
		"99999999999 1:3":                     nil,
		"9":                                   nil,
		"9 1:3 x":                             nil,
		"9 1" + strings.Repeat(",1", 100_000): nil,
	} {
		validity, got := appendUIDs(status{code: "APPENDUID", args: args}, 3)
		if !slices.Equal(got, want) || (want != nil) != (validity == 9) {
			t.Errorf("%.40q: %d, %v; want %v", args, validity, got, want)
		}
	}
}

// A server that does not know how many messages it has stored is not trusted with a batch again.
func TestWrongAPPENDUIDEndsBatches(t *testing.T) {
	for answer, unbatchable := range map[string]bool{
		"OK [APPENDUID 9 1] in": true, "OK [APPENDUID 9 1:4] in": true, "OK [APPENDUID 9 3,2,1] in": true,
		"OK in": false, "OK [APPENDUID 9 7:9] in": false,
	} {
		dialogue := multiPlus + "S: $ " + answer + "\n"
		if unbatchable {
			dialogue += "C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC: \nS: $ OK\n" + strings.Repeat("C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC: \nS: $ OK\n", 0)
		} else {
			dialogue += multiPlus + "S: $ OK\n"
		}
		s, placed, err := batched(t, "MULTIAPPEND LITERAL+", dialogue, threeMessages(), AppendOptions{})
		if err != nil || s.Unbatchable() != unbatchable || !slices.Equal(verdictsOf(placed), []endpoint.Verdict{stored, stored, stored}) {
			t.Errorf("%s: %+v, %v", answer, placed, err)
		}
		if known := placed[0].UID != 0; known != strings.Contains(answer, "7:9") {
			t.Errorf("%s: %+v", answer, placed)
		}
		again := threeMessages()
		if unbatchable {
			again = again[:1]
		}
		if _, err := s.Append(within(t, time.Minute), "Sent", again, AppendOptions{}); err != nil {
			t.Errorf("%s, then: %v", answer, err)
		}
	}
}

// A message that cannot be said ends the batch before it; a doubtful one asks, within the same command.
func TestBatchWithOddMessages(t *testing.T) {
	batch := threeMessages()
	batch[2].Flags = []mailbox.Flag{"a b"}
	batch[1].Flags = []mailbox.Flag{"a/b"}
	s, placed, err := batched(t, "MULTIAPPEND LITERAL+", "C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC:  (a/b) {8}\nS: +\nC~ second␍␊\nC: \nS: $ OK\n", batch, AppendOptions{})
	if err != nil || !slices.Equal(verdictsOf(placed), []endpoint.Verdict{stored, stored, unsent}) || placed[2].Err == nil || placed[2].Together {
		t.Errorf("%+v, %v", placed, err)
	}
	if s.Broken() {
		t.Error("broken")
	}
}

// A BAD to a doubtful message is about that message, and no reason to give up batches.
func TestBADToADoubtfulMessageKeepsBatches(t *testing.T) {
	batch := threeMessages()
	batch[1].InternalDate = time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)
	s, placed, err := batched(t, "MULTIAPPEND LITERAL+", "C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC:  \"01-Jan-1960 00:00:00 +0000\" {8}\nS: $ BAD date\nS...\n", batch, AppendOptions{})
	if err != nil || !slices.Equal(verdictsOf(placed), []endpoint.Verdict{unsent, unsent, unsent}) || !placed[0].Together || s.Unbatchable() {
		t.Errorf("%+v, %v", placed, err)
	}
}

// A content that does not keep to its size ends the connection before its command is whole; with commands of their own the others get
// their answers first.
func TestBatchNeverPadsOrCuts(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities, dialogue string
		verdicts               []endpoint.Verdict
	}{
		"MULTIAPPEND": {"MULTIAPPEND LITERAL+", "S...\n", []endpoint.Verdict{unsent, unsent, unsent}},
		"LITERAL+":    {"LITERAL+", "C: W3 APPEND \"Sent\" {5+}\nC~ one␍␊\nC: \nS: W3 OK\nS...\n", []endpoint.Verdict{stored, unsent, unsent}},
	} {
		for _, content := range []liar{
			{9, func() io.Reader { return strings.NewReader(second) }},
			{7, func() io.Reader { return strings.NewReader(second) }},
		} {
			t.Run(name, func(t *testing.T) {
				batch := threeMessages()
				batch[1].Content = content
				s, placed, err := batched(t, c.capabilities, c.dialogue, batch, AppendOptions{})
				if !errors.Is(err, errShort) && !errors.Is(err, errLong) || !s.Broken() || !slices.Equal(verdictsOf(placed), c.verdicts) {
					t.Errorf("%+v, %v", placed, err)
				}
				if placed[1].Err == nil || placed[1].Err.Class != endpoint.Lost {
					t.Errorf("a failure of ours is blamed on a message: %+v", placed[1])
				}
			})
		}
	}
}

// Turns. The last byte of the last literal waits with the end of the command.
const (
	multiHeld = "C: $ APPEND \"Sent\" {5+}\nC~ one␍␊\nC:  {8+}\nC~ second␍␊\nC:  {7+}\nC~ third␍\n"
	multiEnd  = "C~ ␊\nC: \n"
)

func TestTurnHoldsTheEndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, converse(t, loggedIn("MULTIAPPEND LITERAL+"), multiHeld+multiEnd+"S: $ OK [APPENDUID 9 4:6] in\n"))
		calls := 0
		turn := func(ctx context.Context) error {
			calls++
			time.Sleep(time.Hour) // far longer than the server may be silent, if it owed anything
			synctest.Wait()
			return ctx.Err()
		}
		placed, err := s.Append(t.Context(), "Sent", threeMessages(), AppendOptions{Turn: turn})
		if err != nil || calls != 1 || placed[2].UID != 6 {
			t.Errorf("%+v, %v, %d calls", placed, err, calls)
		}
	})
}

func TestTurnOfSingleMessages(t *testing.T) {
	for name, c := range map[string]struct{ capabilities, content, dialogue string }{
		"LITERAL+":             {"LITERAL+", one, "C: $ APPEND \"Sent\" {5+}\nC~ one␍\nC~ ␊\nC: \nS: $ OK\n"},
		"synchronizing":        {"", one, "C: $ APPEND \"Sent\" {5}\nS: +\nC~ one␍\nC~ ␊\nC: \nS: $ OK\n"},
		"empty":                {"", "", "C: $ APPEND \"Sent\" {0}\nS: +\nC: \nS: $ OK\n"},
		"MULTIAPPEND of one":   {"MULTIAPPEND LITERAL+", one, "C: $ APPEND \"Sent\" {5+}\nC~ one␍\nC~ ␊\nC: \nS: $ OK\n"},
		"refused without turn": {"", one, "C: $ APPEND \"Sent\" {5}\nS: $ NO [OVERQUOTA] full\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(c.capabilities), c.dialogue))
			before, calls, sent := s.Traffic().Out, 0, int64(0)
			turn := func(context.Context) error { calls++; sent = s.Traffic().Out - before; return nil }
			placed, err := s.Append(within(t, time.Minute), "Sent", []endpoint.Outgoing{outgoing(c.content)}, AppendOptions{Turn: turn})
			total := s.Traffic().Out - before
			switch {
			case strings.HasPrefix(name, "refused"):
				if calls != 0 || placed[0].Verdict != unsent || placed[0].Err == nil {
					t.Errorf("%+v, %v, %d calls", placed, err, calls)
				}
			case err != nil || calls != 1 || placed[0].Verdict != stored:
				t.Errorf("%+v, %v, %d calls", placed, err, calls)
			case c.content == "" && sent != 0, c.content != "" && sent != total-3:
				t.Errorf("%d of %d bytes had left when the turn came", sent, total)
			}
		})
	}
}

// What the server says while a batch waits is heard, whatever the turn makes of it.
func TestServerSpeaksWhileWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		dialogue string
		verdict  endpoint.Verdict
		class    endpoint.Class // of err
		broken   bool
	}{
		"NO":        {multiHeld + "S: $ NO [OVERQUOTA] full\n" + multiEnd, refused, endpoint.Unclassified, false},
		"BAD":       {multiHeld + "S: $ BAD what\nS...\n", refused, endpoint.Unclassified, true},
		"BYE":       {multiHeld + "S: * BYE going down\nS...\n", unsent, endpoint.Lost, true},
		"closed":    {multiHeld + "S.\n", unsent, endpoint.Lost, true},
		"early OK":  {multiHeld + "S: $ OK in\nS...\n", inDoubt, endpoint.Protocol, true},
		"throttled": {multiHeld + "S: * BYE Too many commands\nS...\n", unsent, endpoint.Throttled, true},
	} {
		for _, obedient := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, turn says so %v", name, obedient), func(t *testing.T) {
				turn := func(ctx context.Context) error {
					<-ctx.Done()
					if obedient {
						return ctx.Err()
					}
					return nil
				}
				s, placed, err := batched(t, "MULTIAPPEND LITERAL+", c.dialogue, threeMessages(), AppendOptions{Turn: turn})
				if endpoint.ClassOf(err) != c.class || c.class == 0 && err != nil || s.Broken() != c.broken {
					t.Errorf("%v, broken %v", err, s.Broken())
				}
				for i, p := range placed {
					if p.Verdict != c.verdict || p.Verdict != inDoubt && p.Err == nil {
						t.Errorf("message %d: %+v", i, p)
					}
				}
			})
		}
	}
}

func TestTurnThatNeverComes(t *testing.T) {
	words := errors.New("the batch before failed")
	for name, ends := range map[string]bool{"its own words": false, "the context": true} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn("MULTIAPPEND LITERAL+"), multiHeld+"S...\n"))
			ctx, cancel := context.WithCancel(within(t, time.Minute))
			defer cancel()
			placed, err := s.Append(ctx, "Sent", threeMessages(), AppendOptions{Turn: func(ctx context.Context) error {
				if !ends {
					return words
				}
				cancel()
				<-ctx.Done()
				return ctx.Err()
			}})
			if want := map[bool]error{false: words, true: context.Canceled}[ends]; err != want && !errors.Is(err, want) || !s.Broken() {
				t.Errorf("%v, broken %v", err, s.Broken())
			}
			for i, p := range placed {
				if p.Verdict != unsent || p.Err == nil || p.Err.Class != endpoint.Lost {
					t.Errorf("message %d: %+v", i, p)
				}
			}
		})
	}
}

// The word that waiting is pointless is given once, however much the server goes on to say.
func TestOverIsToldOnce(t *testing.T) {
	s := opened(t, converse(t, loggedIn("MULTIAPPEND LITERAL+"), multiHeld+"S: * BYE going down\n"+strings.Repeat("S: * OK still going\n", 20)+"S.\n"))
	told := make(chan struct{})
	_, err := s.Append(within(t, time.Minute), "Sent", threeMessages(), AppendOptions{Turn: func(ctx context.Context) error {
		s.conn.watchOver(func() { close(told) }) // a second call would panic
		<-told
		<-s.conn.done
		return nil
	}})
	if endpoint.ClassOf(err) != endpoint.Lost {
		t.Errorf("%v", err)
	}
}

// A batch larger than all buffers comes through as it is.
func TestLargeBatch(t *testing.T) {
	var batch []endpoint.Outgoing
	var dialogue strings.Builder
	for i := range 30 {
		content := strings.Repeat(string(rune('a'+i%26)), 7919*i)
		batch = append(batch, outgoing(content))
		line := fmt.Sprintf("C:  {%d+}\n", len(content))
		if i == 0 {
			line = "C: $ APPEND \"Sent\" {0+}\n"
		}
		dialogue.WriteString(line)
		if i > 0 {
			dialogue.WriteString("C~ " + content + "\n")
		}
	}
	_, placed, err := batched(t, "MULTIAPPEND LITERAL+", dialogue.String()+"C: \nS: $ OK [APPENDUID 9 101:130] in\n", batch, AppendOptions{})
	if err != nil || placed[29].UID != 130 {
		t.Errorf("%+v, %v", placed[29], err)
	}
}

// FuzzAPPENDUID: whatever a server answers, the UIDs are as many as the messages and ascend, or there are none.
func FuzzAPPENDUID(f *testing.F) {
	for _, seed := range []string{"9 1:3", "9 1,2,3", "1 4294967295:1", "9 1:*", "x", "9 1:2,7"} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, args string, n int) {
		n = 1 + (n&0xff+256)%256
		validity, uids := appendUIDs(status{code: "APPENDUID", args: args}, n)
		if uids == nil {
			return
		}
		if validity == 0 || len(uids) != n || uids[0] == 0 || !slices.IsSorted(uids) || len(slices.Compact(slices.Clone(uids))) != n {
			t.Errorf("%q: %v", args, uids)
		}
	})
}
