package imaptest

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMessageIsReadHoweverItIsWritten(t *testing.T) {
	want := RawMessage{UID: 7, Flags: []string{`\Seen`, "$work"}, Date: time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), Size: 5, Body: []byte("a) {3")}
	for _, response := range []string{
		"* 1 FETCH (UID 7 FLAGS (\\Seen $work) INTERNALDATE \"01-Jan-2010 00:00:00 +0000\" RFC822.SIZE 5 BODY[] {5}\r\na) {3)",
		"* 1 FETCH (FLAGS (\\Seen $work) BODY[] ~{5}\r\na) {3 INTERNALDATE \" 1-Jan-2010 00:00:00 +0000\" RFC822.SIZE 5 UID 7)",
		"* 1 FETCH (MODSEQ (12) BODY[] \"a) {3\" UID 7 X-GM-LABELS \"a b\" FLAGS (\\Seen $work) RFC822.SIZE 5 INTERNALDATE \"01-Jan-2010 01:00:00 +0100\")",
		"* 1 fetch (uid 7 flags (\\Seen $work) internaldate \"01-Jan-2010 00:00:00 +0000\" rfc822.size 5 body[] {5}\r\na) {3)",
	} {
		got, ok := (&Client{tb: t}).message(response)
		got.Date = got.Date.UTC()
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", response, got, ok, want)
		}
	}
}

func TestResponseWithoutBodyIsNoMessage(t *testing.T) {
	for _, response := range []string{"* 1 FETCH (FLAGS (\\Seen))", "* 1 EXISTS", "* OK done", "* 1 EXPUNGE"} {
		if m, ok := (&Client{tb: t}).message(response); ok {
			t.Errorf("%q is %+v", response, m)
		}
	}
}

func TestUnreadableMessageFails(t *testing.T) {
	for _, response := range []string{
		"* 1 FETCH (UID seven BODY[] \"\")",
		"* 1 FETCH (BODY[] {9}\r\nshort)",
		"* 1 FETCH (BODY[] \"open)",
		"* 1 FETCH (FLAGS \\Seen BODY[] \"\")",
		"* 1 FETCH (INTERNALDATE \"yesterday\" BODY[] \"\")",
		"* 1 FETCH (BODY[] atom)",
	} {
		watch(t, func(tb testing.TB) { (&Client{tb: tb}).message(response) }).mustFailWith(t, "cannot read")
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(FetchResponse(1, RawMessage{UID: 1, Flags: []string{`\Seen`}, Body: []byte("x")}))
	f.Add("* 1 FETCH (BODY[HEADER.FIELDS (TO)]<0> {3}\r\na\r\nb)")
	f.Add(`* 1 FETCH (A "\`)
	f.Fuzz(func(t *testing.T, response string) {
		watch(t, func(tb testing.TB) { (&Client{tb: tb}).message(response) })
	})
}

func TestLiteralSize(t *testing.T) {
	for line, want := range map[string]int64{"a {12}": 12, "a {12+}": 12, "~{0}": 0, "a": -1, "{-1}": -1, "{}": -1, "{x}": -1, "a {1} ": -1} {
		if got, ok := literalSize(line); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v; want %d", line, got, ok, want)
		}
	}
}

func TestBatchesOfFill(t *testing.T) {
	many := make([]RawMessage, fillMessages+1)
	large := RawMessage{Body: make([]byte, fillBytes)}
	for _, test := range []struct {
		messages []RawMessage
		want     int
	}{{many, fillMessages}, {many[:3], 3}, {[]RawMessage{large, {Body: []byte("x")}}, 1}, {[]RawMessage{large}, 1}} {
		if got := batch(test.messages); got != test.want {
			t.Errorf("of %d messages %d, want %d", len(test.messages), got, test.want)
		}
	}
}

func TestQuote(t *testing.T) {
	if got := Quote(`a"b\c`); got != `"a\"b\\c"` || strings.Contains(Quote("x"), " ") {
		t.Errorf("got %s", got)
	}
}
