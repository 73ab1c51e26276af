package imap_test

import (
	"fmt"
	"strings"
	"testing"

	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// Lies about the second of three messages that cost nothing: all three come home, whole.
func TestHarmlessLies(t *testing.T) {
	const meta = `UID 2 FLAGS (\Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE $SIZE`
	for name, c := range map[string]struct {
		say         func(m imaptest.RawMessage, whole bool) string
		connections int // that it may take; 1 is none lost
	}{
		"answers for others": {func(m imaptest.RawMessage, whole bool) string {
			other := imaptest.RawMessage{UID: 99, Flags: m.Flags, Date: m.Date, Body: []byte("not asked for")}
			return truth(9, other, whole) + truth(2, m, whole) + truth(9, other, whole)
		}, 1},
		"body first": {func(m imaptest.RawMessage, whole bool) string { return answer(m, whole, "$BODY "+meta) }, 1},
		"body before the flags": {func(m imaptest.RawMessage, whole bool) string {
			return answer(m, whole, `UID 2 RFC822.SIZE $SIZE INTERNALDATE "`+boxDate+`" $BODY FLAGS (\Seen)`)
		}, 1},
		"flags before": {func(m imaptest.RawMessage, whole bool) string {
			return "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n" + answer(m, whole, meta+" $BODY")
		}, 1},
		"flags behind": {func(m imaptest.RawMessage, whole bool) string {
			return answer(m, whole, meta+" $BODY") + "* 2 FETCH (FLAGS (\\Seen))\r\n"
		}, 1},
		"in two parts": {func(m imaptest.RawMessage, whole bool) string {
			return answer(m, whole, meta) + answer(m, whole, "UID 2 $BODY")
		}, 1},
		"said twice": {func(m imaptest.RawMessage, whole bool) string {
			return answer(m, whole, meta+" $BODY") + answer(m, whole, meta+" $BODY")
		}, 1},
		"strange item": {func(m imaptest.RawMessage, whole bool) string {
			return answer(m, whole, meta+" X-STRANGE (1 (2 3)) $BODY")
		}, 2},
		"literal8": {func(m imaptest.RawMessage, whole bool) string {
			return strings.Replace(answer(m, whole, meta+" $BODY"), "BODY[] {", "BODY[] ~{", 1)
		}, 2},
		"lower case": {func(m imaptest.RawMessage, whole bool) string {
			return strings.Replace(answer(m, whole, meta+" $BODY"), "FETCH (UID", "fetch (uid", 1)
		}, 2},
		"a line of nonsense": {func(m imaptest.RawMessage, whole bool) string {
			return "* XYZZY (\r\n" + answer(m, whole, meta+" $BODY")
		}, 2},
		"unknown word": {func(m imaptest.RawMessage, whole bool) string {
			return "* VANISHED 17\r\n" + answer(m, whole, meta+" $BODY")
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(3), say: about(2, c.say), forbid: imaptest.Writes}
			s, a := l.serve(t)
			r := examine(t, a)
			for range 2 {
				got, err := fetchAll(t, r, mailbox.SetOf(1, 2, 3))
				if err != nil || len(got) != 3 {
					t.Fatalf("%d messages, %v", len(got), err)
				}
				for _, m := range l.messages {
					v := got[mailbox.UID(m.UID)]
					if v.content != string(m.Body) || v.Problem != "" || len(v.Flags) != 1 || !v.InternalDate.Equal(m.Date) || v.Message.Size != int64(len(m.Body)) {
						t.Errorf("UID %d: %+v", m.UID, v)
					}
				}
			}
			if n := len(scanAll(t, r)); n != 3 {
				t.Errorf("%d scanned", n)
			}
			if n := s.Connections(); n > c.connections {
				t.Errorf("%d connections, want %d at most", n, c.connections)
			}
		})
	}
}

// What go-imap cannot read of the second message's metadata comes as it is, and the content is whole.
func TestOddMetadata(t *testing.T) {
	for name, c := range map[string]struct {
		items string
		check func(m mailbox.Message, size int) bool
	}{
		"Gmail's flag": {`UID 2 FLAGS (\Seen OIB-Seen-[Gmail]/All Mail) INTERNALDATE "` + boxDate + `" RFC822.SIZE $SIZE`,
			func(m mailbox.Message, _ int) bool {
				return hasFlag(m, `\Seen`) && hasFlag(m, "OIB-Seen-[Gmail]/All") && hasFlag(m, "Mail")
			}},
		"quoted flag": {`UID 2 FLAGS ("quoted one" \Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE $SIZE`,
			func(m mailbox.Message, _ int) bool { return hasFlag(m, `\Seen`) }},
		"8-bit flag": {"UID 2 FLAGS (\xc3\x89t\xc3\xa9 \\Seen) INTERNALDATE \"" + boxDate + `" RFC822.SIZE $SIZE`,
			func(m mailbox.Message, _ int) bool { return hasFlag(m, `\Seen`) }},
		"no date":      {`UID 2 FLAGS (\Seen) INTERNALDATE NIL RFC822.SIZE $SIZE`, func(m mailbox.Message, _ int) bool { return m.InternalDate.IsZero() }},
		"Domino's":     {`UID 2 FLAGS (\Seen) INTERNALDATE "00-Jan-0000 00:00:00 +0000" RFC822.SIZE $SIZE`, func(m mailbox.Message, _ int) bool { return m.InternalDate.IsZero() }},
		"size 0":       {`UID 2 FLAGS (\Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE 0`, func(m mailbox.Message, _ int) bool { return m.Size == 0 }},
		"size wrong":   {`UID 2 FLAGS (\Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE 12345`, func(m mailbox.Message, _ int) bool { return m.Size == 12345 }},
		"size below 0": {`UID 2 FLAGS (\Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE -1`, func(m mailbox.Message, _ int) bool { return m.Size == -1 }},
	} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(3), forbid: imaptest.Writes}
			l.say = about(2, func(m imaptest.RawMessage, whole bool) string { return answer(m, whole, c.items+" $BODY") })
			s, a := l.serve(t)
			for _, scanned := range []bool{false, true} {
				before := s.Connections()
				r := examine(t, a)
				if scanned {
					if all := scanAll(t, r); len(all) != 3 || !c.check(all[1], len(l.messages[1].Body)) {
						t.Errorf("scanned %+v", all)
					}
				}
				got, err := fetchAll(t, r, mailbox.SetOf(1, 2, 3))
				if err != nil || len(got) != 3 {
					t.Fatalf("%d messages, %v", len(got), err)
				}
				for _, m := range l.messages {
					if v := got[mailbox.UID(m.UID)]; v.content != string(m.Body) || v.Size != int64(len(m.Body)) {
						t.Errorf("UID %d: %d bytes, %q", m.UID, v.Size, v.content)
					}
				}
				if !c.check(got[2].Message, len(l.messages[1].Body)) {
					t.Errorf("fetched %+v", got[2].Message)
				}
				if lost := s.Connections() - before; scanned && lost > 0 {
					t.Errorf("%d connections lost over a message that Scan had shown to be odd", lost)
				}
				r.Close()
			}
		})
	}
}

func hasFlag(m mailbox.Message, want mailbox.Flag) bool {
	for _, f := range m.Flags {
		if f.Equal(want) {
			return true
		}
	}
	return false
}

// A message that exists and cannot be had has a problem; its neighbours come home.
func TestMessagesThatCannotBeHad(t *testing.T) {
	const meta = `UID 2 FLAGS (\Seen) INTERNALDATE "` + boxDate + `" RFC822.SIZE 30 `
	for name, items := range map[string]string{"NIL": "BODY[] NIL", "no body": "", "a part": "BODY[1] {3}\r\nabc", "a stretch": "BODY[]<10> {3}\r\nabc", "a number": "BODY[] 17"} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(3)}
			l.say = about(2, func(m imaptest.RawMessage, whole bool) string {
				if !whole {
					return "* 2 FETCH (" + strings.TrimSpace(meta) + ")\r\n"
				}
				return "* 2 FETCH (" + strings.TrimSpace(meta+items) + ")\r\n"
			})
			_, a := l.serve(t)
			got, err := fetchAll(t, examine(t, a), mailbox.SetOf(1, 2, 3))
			if err != nil || len(got) != 3 {
				t.Fatalf("%d messages, %v", len(got), err)
			}
			if v := got[2]; v.Problem == "" || v.Content != nil || v.Size != 0 {
				t.Errorf("%+v", v)
			}
			if got[1].content != string(l.messages[0].Body) || got[3].content != string(l.messages[2].Body) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A FETCH of several that the server refuses because of one is taken apart.
func TestRefusedFetch(t *testing.T) {
	for name, refusal := range map[string]string{"plain": "NO message is damaged", "server bug": "NO [SERVERBUG] internal error", "syntax": "BAD what"} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(5)}
			l.say = func(_ *imaptest.Conversation, m imaptest.RawMessage, whole bool) (string, bool) {
				return "", m.UID == 3 && whole
			}
			l.end = func(_ *imaptest.Conversation, set mailbox.UIDSet, whole bool) string {
				if whole && set.Contains(3) {
					return refusal
				}
				return "OK done"
			}
			_, a := l.serve(t)
			got, err := fetchAll(t, examine(t, a), mailbox.SetOf(1, 2, 3, 4, 5))
			if err != nil || len(got) != 5 || got[3].Problem == "" || got[3].Content != nil {
				t.Fatalf("%d messages, %+v, %v", len(got), got[3], err)
			}
			if got[5].content != string(l.messages[4].Body) {
				t.Errorf("%+v", got[5])
			}
		})
	}
}

// A mailbox in which everything is odd costs one login.
func TestOddMailboxCostsOneLogin(t *testing.T) {
	const n = 60
	for name, flags := range map[string]string{"seen in the metadata": "FLAGS (a]b)", "not seen there": `FLAGS (\Seen)`} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(n)}
			l.say = func(_ *imaptest.Conversation, m imaptest.RawMessage, whole bool) (string, bool) {
				strange := ""
				if whole && strings.Contains(flags, "Seen") {
					strange = "X-STRANGE 1 "
				}
				return answer(m, whole, fmt.Sprintf(`UID %d %s INTERNALDATE "%s" RFC822.SIZE $SIZE %s$BODY`, m.UID, flags, boxDate, strange)), true
			}
			s, a := l.serve(t)
			r := examine(t, a)
			for i := mailbox.UID(1); i < n; i += 10 {
				got, err := fetchAll(t, r, mailbox.UIDSet{{First: i, Last: i + 9}})
				if err != nil || len(got) != 10 || got[i+3].content != string(l.messages[i+2].Body) {
					t.Fatalf("%d messages, %v", len(got), err)
				}
			}
			if c := s.Connections(); c != 1 {
				t.Errorf("%d connections", c)
			}
		})
	}
}
