package imap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// A connection that ends in the middle is Lost, however it ends, and a new Reader goes on.
func TestConnectionLostMidFetch(t *testing.T) {
	half := func(m imaptest.RawMessage) string {
		text := truth(2, m, true)
		return text[:strings.Index(text, "body of")+3]
	}
	for name, end := range map[string]func(c *imaptest.Conversation, m imaptest.RawMessage) string{
		"cut in a literal":   func(c *imaptest.Conversation, m imaptest.RawMessage) string { c.Raw(half(m)); c.Close(); return "" },
		"reset in a literal": func(c *imaptest.Conversation, m imaptest.RawMessage) string { c.Raw(half(m)); c.Reset(); return "" },
		"cut between answers": func(c *imaptest.Conversation, m imaptest.RawMessage) string {
			c.Raw(truth(2, m, true))
			c.Close()
			return ""
		},
		"BYE": func(c *imaptest.Conversation, m imaptest.RawMessage) string {
			c.Send("* BYE shutting down")
			c.Close()
			return ""
		},
		"silence": func(c *imaptest.Conversation, m imaptest.RawMessage) string { c.Raw(half(m)); c.Stall(); return "" },
	} {
		t.Run(name, func(t *testing.T) {
			var fatal atomic.Bool
			fatal.Store(true)
			l := liar{messages: box(3), forbid: imaptest.Writes}
			l.say = func(c *imaptest.Conversation, m imaptest.RawMessage, whole bool) (string, bool) {
				if m.UID == 2 && whole && fatal.CompareAndSwap(true, false) {
					return end(c, m), true
				}
				return "", false
			}
			_, a := l.serve(t)
			r := examine(t, a)
			got, err := fetchAll(t, r, mailbox.SetOf(1, 2, 3))
			if endpoint.ClassOf(err) != endpoint.Lost {
				t.Fatalf("%d messages, class %s of %v", len(got), endpoint.ClassOf(err), err)
			}
			if name == "BYE" && !strings.Contains(err.Error(), "shutting down") {
				t.Errorf("the server's words are missing: %v", err)
			}
			if got[1].content != string(l.messages[0].Body) || got[3].UID != 0 {
				t.Errorf("%+v", got)
			}
			if err := r.Scan(t.Context(), r.State().Everything(), func(mailbox.Message) error { return nil }); endpoint.ClassOf(err) != endpoint.Lost {
				t.Errorf("the reader afterwards: %v", err)
			}
			r.Close()
			if got, err := fetchAll(t, examine(t, a), mailbox.SetOf(1, 2, 3)); err != nil || len(got) != 3 {
				t.Errorf("a new reader: %d messages, %v", len(got), err)
			}
		})
	}
}

// A visit that reads a body which is cut gets an error, and Fetch says Lost whatever the visit makes of it.
func TestCutBodyIsAnError(t *testing.T) {
	l := liar{messages: box(1)}
	l.say = func(c *imaptest.Conversation, m imaptest.RawMessage, whole bool) (string, bool) {
		if !whole {
			return "", false
		}
		text := truth(1, m, true)
		c.Raw(text[:len(text)-10])
		c.Close()
		return "", true
	}
	_, a := l.serve(t)
	for name, visit := range map[string]func(endpoint.Body) error{
		"returned": func(b endpoint.Body) error { _, err := io.ReadAll(b.Content); return fmt.Errorf("mine: %w", err) },
		"ignored": func(b endpoint.Body) error {
			_, err := io.ReadAll(b.Content)
			if err == nil {
				t.Error("reading a cut body says nothing")
			}
			return nil
		},
		"unread": func(b endpoint.Body) error { return nil },
	} {
		r := examine(t, a)
		if err := r.Fetch(t.Context(), mailbox.SetOf(1), visit); endpoint.ClassOf(err) != endpoint.Lost {
			t.Errorf("%s: %v", name, err)
		}
		r.Close()
	}
}

// After a connection was given up, the mailbox must be the same one on the next.
func TestMailboxReplacedMeanwhile(t *testing.T) {
	l := liar{messages: box(3), validity: func(connection int) int { return connection }}
	l.messages[0].Body = bytes.Repeat([]byte("x"), 3<<20)
	_, a := l.serve(t)
	r := examine(t, a)
	enough := errors.New("enough")
	if err := r.Fetch(t.Context(), mailbox.SetOf(1, 2, 3), func(endpoint.Body) error { return enough }); err != enough {
		t.Fatal(err)
	}
	got, err := fetchAll(t, r, mailbox.SetOf(1, 2, 3))
	if endpoint.ClassOf(err) != endpoint.Lost || !strings.Contains(err.Error(), "UIDVALIDITY") || len(got) != 0 {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

// A message that goes away while it is asked for is left out.
func TestMessageExpungedMeanwhile(t *testing.T) {
	l := liar{messages: box(3)}
	l.say = about(2, func(imaptest.RawMessage, bool) string { return "* 2 EXPUNGE\r\n" })
	_, a := l.serve(t)
	got, err := fetchAll(t, examine(t, a), mailbox.SetOf(1, 2, 3))
	if err != nil || len(got) != 2 || got[2].UID != 0 {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

// Courier's notice in place of a message that it cannot open is no message: left out when the message has gone, a problem when it has not.
func TestNoticeIsNoMessage(t *testing.T) {
	const notice = "From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\nThis message is no longer available on the server.\r\n"
	for name, gone := range map[string]bool{"gone": true, "still there": false} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(3)}
			asked := false
			l.say = about(2, func(m imaptest.RawMessage, whole bool) string {
				m.Body = []byte(notice)
				if asked && gone {
					return ""
				}
				return truth(2, m, whole)
			})
			s, a := l.serve(t)
			s.Rule(imaptest.Rule{Pattern: "NOOP", Answer: func(c *imaptest.Conversation) {
				if asked = true; gone {
					c.Send("* 2 EXPUNGE")
				}
				c.Send("$tag OK done")
			}})
			got, err := fetchAll(t, examine(t, a), mailbox.SetOf(1, 2, 3))
			if err != nil || got[1].content != string(l.messages[0].Body) || got[3].content != string(l.messages[2].Body) {
				t.Fatalf("%+v, %v", got, err)
			}
			if v, found := got[2]; found == gone || found && (v.Problem == "" || v.Content != nil) {
				t.Errorf("found %v: %+v", found, v)
			}
		})
	}
}

// Enough is enough: a small rest is read away, a large one costs the connection and not the time.
func TestVisitSaysEnough(t *testing.T) {
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		size, connections int
	}{"small rest": {100, 1}, "large rest": {3 << 20, 2}} {
		t.Run(name, func(t *testing.T) {
			l := liar{messages: box(4)}
			for i := range l.messages {
				l.messages[i].Body = bytes.Repeat([]byte("x"), c.size)
			}
			s, a := l.serve(t)
			r := examine(t, a)
			visits := 0
			err := r.Fetch(t.Context(), mailbox.SetOf(1, 2, 3, 4), func(b endpoint.Body) error {
				visits++
				_, _ = b.Content.Read(make([]byte, 10))
				return enough
			})
			if err != enough || visits != 1 {
				t.Errorf("%d visits, %v", visits, err)
			}
			if n := len(scanAll(t, r)); n != 4 {
				t.Errorf("the reader afterwards scans %d", n)
			}
			if got, err := fetchAll(t, r, mailbox.SetOf(3)); err != nil || len(got[3].content) != c.size {
				t.Errorf("the reader afterwards: %v", err)
			}
			if n := s.Connections(); n != c.connections {
				t.Errorf("%d connections, want %d", n, c.connections)
			}
		})
	}
}

// The context ends while the server stalls, at every kind of call.
func TestContextEndsWhileTheServerStalls(t *testing.T) {
	stall := func(c *imaptest.Conversation) { c.Stall() }
	for _, pattern := range []string{"UID FETCH .*", "STATUS .*", "LIST .*", "EXAMINE .*", "APPEND .*", "UID STORE .*", "UID SEARCH .*", "UID EXPUNGE .*", "CREATE .*"} {
		t.Run(pattern, func(t *testing.T) {
			var stalls atomic.Bool
			l := liar{messages: box(2), capability: "UIDPLUS"}
			s, a := l.serve(t)
			s.Rule(imaptest.Rule{Pattern: pattern, Answer: func(c *imaptest.Conversation) {
				stalls.Store(true)
				stall(c)
			}})
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			defer cancel()
			begun := time.Now()
			err := stalled(ctx, a, pattern)
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("%s after the context ended", took)
			}
			if !stalls.Load() {
				t.Fatalf("%s never came", pattern)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
	}
}
