package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

const fetchSeven = "C: $ UID FETCH 7 (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])\n"

func fetchTolerant(t *testing.T, dialogue string) (Fetched, *Session, error) {
	t.Helper()
	s := opened(t, converse(t, loggedIn(""), fetchSeven+dialogue))
	f, err := s.FetchTolerant(within(t, time.Minute), 7, func(size int64) (io.Writer, error) { return &bytes.Buffer{}, nil })
	return f, s, err
}

func TestFetchTolerantReadsWhatServersSend(t *testing.T) {
	date := time.Date(2010, 1, 1, 10, 0, 0, 0, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		dialogue string
		body     string // "-" for none
		size     int64
		dated    bool
		flags    []mailbox.Flag
		problem  string
	}{
		"well": {`
			S: * 1 FETCH (UID 7 RFC822.SIZE 5 INTERNALDATE " 1-Jan-2010 10:00:00 +0100" FLAGS (\Seen $x) BODY[] {5}
			S: a␍␊b␀)
			S: $ OK`, "a\r\nb\x00", 5, true, []mailbox.Flag{`\Seen`, "$x"}, ""},
		"UID last, literal8, upper-case month, lower-case items": {`
			S: * 1 fetch (body[] ~{3}
			S: abc  flags () internaldate "01-JAN-2010 10:00:00 +0100" rfc822.size 3 uid 7)
			S: $ OK`, "abc", 3, true, []mailbox.Flag{}, ""},
		"quoted, odd flags, no date": {`
			S: * 1 FETCH (UID 7 INTERNALDATE NIL FLAGS (OIB-Seen-[Gmail]/All Mail "q" \\Foo a]b) RFC822.SIZE -1 BODY[] "a \"b\" {5}")
			S: $ OK`, `a "b" {5}`, -1, false, []mailbox.Flag{"OIB-Seen-[Gmail]/All", "Mail", "q", `\\Foo`, "a]b"}, ""},
		"no blank before the literal, unknown items": {`
			S: * 1 FETCH (X-GM-LABELS ("\\Inbox" "a (b") UID 7 BODY[HEADER.FIELDS (TO CC)] {4}
			S: xxxx MODSEQ () EMAILID (M1) BODY[]{2}
			S: ab INTERNALDATE "31-Feb-2010 10:00:00 +0100")
			S: $ OK`, "ab", -1, false, nil, ""},
		"in two parts, with others between": {`
			S: * 1 FETCH (UID 7 FLAGS (\Seen) RFC822.SIZE 2)
			S: * 5 EXISTS
			S: * 2 FETCH (UID 8 RFC822.SIZE 3 BODY[] {3}
			S: xyz)
			S: * 1 FETCH (BODY[] {2}
			S: ab UID 7)
			S: $ OK`, "ab", 2, false, []mailbox.Flag{`\Seen`}, ""},
		"the same twice": {`
			S: * 1 FETCH (UID 7 BODY[] {2}
			S: ab)
			S: * 1 FETCH (UID 7 BODY[] "ab" FLAGS (\Seen))
			S: $ OK`, "ab", -1, false, []mailbox.Flag{`\Seen`}, ""},
		"empty": {`
			S: * 1 FETCH (UID 7 BODY[] {0}
			S: )
			S: $ OK`, "", -1, false, nil, ""},
		"twice, differently": {`
			S: * 1 FETCH (UID 7 BODY[] {2}
			S: ab)
			S: * 1 FETCH (UID 7 BODY[] {2}
			S: aB)
			S: $ OK`, "-", -1, false, nil, "two different contents"},
		"two sizes": {`
			S: * 1 FETCH (UID 7 RFC822.SIZE 2 BODY[] {2}
			S: ab)
			S: * 1 FETCH (UID 7 RFC822.SIZE 3)
			S: $ OK`, "-", 2, false, nil, "contradicts itself"},
		"NIL": {`
			S: * 1 FETCH (UID 7 RFC822.SIZE 9 BODY[] nil)
			S: $ OK`, "-", 9, false, nil, "NIL"},
		"a number for a body": {`
			S: * 1 FETCH (UID 7 BODY[] 12)
			S: $ OK`, "-", -1, false, nil, "something else"},
		"not what was asked for": {`
			S: * 1 FETCH (UID 7 BODY[]<0> {2}
			S: ab)
			S: $ OK`, "-", -1, false, nil, "no content"},
		"answered and refused": {`
			S: * 1 FETCH (UID 7 FLAGS ())
			S: $ NO [UNAVAILABLE] some messages could not be had`, "-", -1, false, []mailbox.Flag{}, "[UNAVAILABLE] some"},
		"garbled": {`
			S: * 1 FETCH (UID 7 FLAGS (\Seen) "what" 5)
			S: $ OK`, "-", -1, false, []mailbox.Flag{`\Seen`}, "cannot be read"},
		"cut short": {`
			S: * 1 FETCH (UID 7 BODY[]
			S: $ OK`, "-", -1, false, nil, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _, err := fetchTolerant(t, c.dialogue)
			if err != nil || !f.Found || !strings.Contains(f.Problem, c.problem) || (c.problem == "") != (f.Problem == "") {
				t.Fatalf("%+v, %v", f, err)
			}
			body := "-"
			if f.Body != nil {
				if body = f.Body.(*bytes.Buffer).String(); f.BodySize != int64(len(body)) {
					t.Errorf("body size %d", f.BodySize)
				}
			}
			want := mailbox.Message{UID: 7, Size: c.size, Flags: c.flags}
			if c.dated {
				want.InternalDate = date
			}
			if diff := cmp.Diff(want, f.Message); diff != "" || body != c.body {
				t.Errorf("body %q, message %s", body, diff)
			}
		})
	}
}

func TestFetchTolerantWithoutTheMessage(t *testing.T) {
	f, _, err := fetchTolerant(t, "S: * 2 FETCH (UID 8 BODY[] {1}\nS: x)\nS: $ OK")
	if f.Found || f.Body != nil || err != nil {
		t.Errorf("%+v, %v", f, err)
	}
	f, s, err := fetchTolerant(t, "S: $ NO [SERVERBUG] no")
	if f.Found || endpoint.ClassOf(err) != endpoint.Temporary || s.Broken() {
		t.Errorf("%+v, %v", f, err)
	}
	f, _, err = fetchTolerant(t, "S: * 2 FETCH (BODY[] {1}\nS: x FLAGS) nonsense\nS: $ OK")
	if f.Found || f.Problem == "" || err != nil {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFetchTolerantIsNeverCut(t *testing.T) {
	for name, dialogue := range map[string]string{
		"in the literal": "S: * 1 FETCH (UID 7 BODY[] {100}\nS~ only this\nS.",
		"behind it":      "S: * 1 FETCH (UID 7 BODY[] {2}\nS~ ab\nS.",
		"before the OK":  "S: * 1 FETCH (UID 7 BODY[] {2}\nS: ab)\nS.",
	} {
		if _, s, err := fetchTolerant(t, dialogue); endpoint.ClassOf(err) != endpoint.Lost || !s.Broken() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFetchTolerantIsBounded(t *testing.T) {
	f, s, err := fetchTolerant(t, "S~ "+strings.Repeat("* 1 FETCH (UID 8 BODY[] {1}␍␊x)␍␊", maxStrayBodies+1)+"\nS...")
	if endpoint.ClassOf(err) != endpoint.Protocol || !s.Broken() {
		t.Errorf("%+v, %v", f, err)
	}
	if _, s, err = fetchTolerant(t, "S: * 1 FETCH (UID 7 BODY[] {99999999999}\nS..."); endpoint.ClassOf(err) != endpoint.Protocol || !s.Broken() {
		t.Error(err)
	}
	odd := "S: * 1 FETCH (UID 7 X {2000000}\nS~ " + strings.Repeat("x", 2_000_000) + "\nS: )\nS: $ OK"
	if f, s, err = fetchTolerant(t, odd); err != nil || f.Problem == "" || s.Broken() {
		t.Error(f, err)
	}
}

func TestFetchTolerantWithAFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	s := opened(t, converse(t, loggedIn(""), fetchSeven+"S: * 1 FETCH (UID 7 BODY[] {2}\nS..."))
	_, err := s.FetchTolerant(within(t, time.Minute), 7, func(int64) (io.Writer, error) { return nil, full })
	if !errors.Is(err, full) || endpoint.ClassOf(err) != endpoint.Unclassified || !s.Broken() {
		t.Error(err)
	}
}

func TestFetchMeta(t *testing.T) {
	s := opened(t, converse(t, loggedIn("CONDSTORE"), `
		C: $ EXAMINE "a" (CONDSTORE)
		S: * OK [UIDVALIDITY 1]
		S: * OK [UIDNEXT 2]
		S: * OK [HIGHESTMODSEQ 3]
		S: $ OK
		C: $ UID FETCH 7:9,20 (UID RFC822.SIZE INTERNALDATE FLAGS MODSEQ)
		S: * 3 FETCH (FLAGS (\Seen) UID 9 RFC822.SIZE 5 MODSEQ (12) INTERNALDATE "01-Jan-2010 10:00:00 +0000")
		S: * 1 FETCH (UID 7 RFC822.SIZE 1)
		S: * 1 FETCH (UID 7 FLAGS (a b) MODSEQ 3)
		S: * 2 FETCH (UID 8 RFC822.SIZE 1 FLAGS ())
		S: * 2 FETCH (UID 8 RFC822.SIZE 2 FLAGS (x))
		S: * 9 FETCH (UID 21 RFC822.SIZE 1)
		S: * 9 FETCH (FLAGS ())
		S: * 10 FETCH (UID 20 nonsense)
		S: $ OK
	`))
	if _, err := s.Select(within(t, time.Minute), "a", true); err != nil {
		t.Fatal(err)
	}
	got, err := s.FetchMeta(within(t, time.Minute), mailbox.SetOf(7, 8, 9, 20))
	want := []mailbox.Message{
		{UID: 7, Size: 1, Flags: []mailbox.Flag{"a", "b"}, ModSeq: 3},
		{UID: 8, Size: -1, Flags: []mailbox.Flag{}},
		{UID: 9, Size: 5, Flags: []mailbox.Flag{`\Seen`}, ModSeq: 12, InternalDate: time.Date(2010, 1, 1, 10, 0, 0, 0, time.FixedZone("", 0))},
		{UID: 20, Size: -1},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := s.FetchMeta(within(t, time.Minute), nil); got != nil || err != nil {
		t.Error(got, err)
	}
}

func TestFetchMetaIsBounded(t *testing.T) {
	found := map[mailbox.UID]*mailbox.Message{}
	for uid := mailbox.UID(1); uid <= maxMeta; uid++ {
		found[uid] = nil
	}
	one := &response{[]segment{{text: fmt.Appendf(nil, "* 1 FETCH (UID %d)", maxMeta+1)}}}
	err := noteMeta(found, new(int), mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}, one)
	if _, flood := errors.AsType[*violation](err); !flood || len(found) != maxMeta {
		t.Error(len(found), err)
	}
	// what is one answer too many ends the connection, whatever else the server sends
	s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS: * 1 EXISTS\nS..."))
	err = s.Do(within(t, time.Minute), op, func(x *Exchange) error {
		return x.ask(verb("NOOP"), func(*response) error { return &violation{errors.New("too much")} })
	})
	if endpoint.ClassOf(err) != endpoint.Protocol || !s.Broken() {
		t.Error(err)
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		" 3-Feb-2020 04:05:06 -0330":      "2020-02-03T07:35:06Z",
		"03-FEB-2020 04:05:06 +0000":      "2020-02-03T04:05:06Z",
		"3-Feb-2020 04:05:06 +00:00":      "2020-02-03T04:05:06Z",
		"03-Feb-2020 04:05:06 GMT":        "2020-02-03T04:05:06Z",
		"03-Feb-2020 04:05:06 UTC":        "2020-02-03T04:05:06Z",
		"Mon,  3 Feb 2020 04:05:06 +0100": "2020-02-03T03:05:06Z",
		"03-Feb-2020 04:05:06 CET":        "",
		"03-Feb-2020 04:05:06":            "",
		"00-Jan-0000 00:00:00 +0000":      "",
		"31-Feb-2020 04:05:06 +0000":      "",
		"":                                "",
		"NIL":                             "",
	} {
		got := ""
		if d := parseDate(in); !d.IsZero() {
			got = d.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// parse is what a stream holds, read as raw exchanges do.
func parse(stream string) (out []*response, err error) {
	r := &reader{}
	for at := 0; at < len(stream); {
		n, err := r.take([]byte(stream[at:]))
		if at += n; err != nil {
			return out, err
		}
		if r.complete {
			out = append(out, &r.response)
			r = &reader{}
		}
	}
	return out, nil
}

// FuzzParsers gives every parser everything: none may panic, hang, or make more of a response than it is.
func FuzzParsers(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		responses, _ := parse(stream)
		for _, r := range responses {
			parseStatus(r.line())
			parseNamespaces(r)
			parseQuota(r)
			_, _, _ = parseStatusData(r)
			(&opening{}).untagged(r)
			(&Session{}).remember(r)
			if info, err := parseList(r); err == nil && strings.Count(string(info.Wire), "") > len(stream)+1 {
				t.Fatalf("%q from %q", info.Wire, stream)
			}
			checkFetch(t, r)
		}
	})
}

func checkFetch(t *testing.T, r *response) {
	m, err := parseFetch(r)
	if len(m.Flags) > MaxFlags || m.Size < -1 || m.InternalDate.Year() > 9999 {
		t.Fatalf("%+v", m)
	}
	if err == nil && m.body != nil && m.body.kind == literalValue && int64(len(m.body.text)) != m.body.literal.size {
		t.Fatalf("a body of %d bytes from a literal of %d", len(m.body.text), m.body.literal.size)
	}
}

// FuzzFetchTolerant plays a server that sends anything as the answer.
func FuzzFetchTolerant(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		responses, _ := parse(stream)
		fetch := &tolerant{uid: 7, newBody: func(int64) (io.Writer, error) { return &bytes.Buffer{}, nil }}
		for _, r := range responses {
			if err := fetch.take(r); err != nil {
				return
			}
		}
		if fetch.result.Body != nil && fmt.Sprint(fetch.result.Body) == "" && fetch.result.BodySize != 0 {
			t.Fatal("a body of no bytes with a size")
		}
	})
}

// FuzzList compares a name with what the listing made of it: quoted by our own encoder it has to come back byte for byte.
func FuzzList(f *testing.F) {
	for _, name := range []string{"INBOX", `a"b\c`, "raw ü", "a b", "{5}", "NIL", "(", `("x")`, "*%", "\x7f"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(mailbox.Wire(name)) != nil {
			t.Skip()
		}
		c := command(nil).name(mailbox.Wire(name))
		text := c[0].text
		if c[0].literal {
			text = announce(int64(len(name)), false) + "\r\n" + name
		}
		responses, err := parse(`* LIST (\Sent) "/" ` + text + "\r\n")
		if err != nil || len(responses) != 1 {
			t.Fatalf("%q: %d responses, %v", text, len(responses), err)
		}
		if info, err := parseList(responses[0]); err != nil || string(info.Wire) != name {
			t.Fatalf("%q came back as %q, %v", name, info.Wire, err)
		}
	})
}
