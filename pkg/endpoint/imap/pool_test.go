package imap_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// clock is a clock that a test moves.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Unix(1_000_000_000, 0).Add(time.Duration(c.offset.Load()))
}
func (c *clock) advance(d time.Duration)    { c.offset.Add(int64(d)) }
func count(s *imaptest.Ruled, v string) int { return len(sent(s, v)) }

func status(t *testing.T, a *imap.Account) error {
	t.Helper()
	_, err := a.Source().Status(t.Context(), "INBOX")
	return err
}

func TestOpenLogsInOnce(t *testing.T) {
	s := imaptest.Serve(t, imaptest.Rules{})
	a := open(t, scripted(s))
	for range 5 {
		if err := status(t, a); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections for one call at a time", n)
	}
	if id := a.Source().Identity(); id.Host != s.Host || id.Port != s.Port || id.User != "u" {
		t.Errorf("%+v", id)
	}
	a.Close()
	if n := count(s, "LOGOUT"); n != 1 {
		t.Errorf("%d LOGOUTs", n)
	}
}

func TestOpenFails(t *testing.T) {
	s := imaptest.Serve(t, imaptest.Rules{Capability: "IMAP4rev1", On: []imaptest.Rule{{Pattern: "LOGIN .*", Answer: imaptest.Say("$tag NO [AUTHENTICATIONFAILED] no")}}})
	if _, err := imap.Open(t.Context(), scripted(s)); endpoint.ClassOf(err) != endpoint.LoginRefused {
		t.Errorf("a refused login: %v", err)
	}
	refused := scripted(s)
	refused.Port = 1
	if _, err := imap.Open(t.Context(), refused); endpoint.ClassOf(err) != endpoint.Unreachable {
		t.Errorf("a closed port: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := imap.Open(ctx, scripted(s)); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// An idle connection that has rested is asked whether it lives; one that has not is not.
func TestIdleConnectionsAreAsked(t *testing.T) {
	s := imaptest.Serve(t, imaptest.Rules{})
	var c clock
	o := scripted(s)
	o.Now = c.now
	a := open(t, o)
	c.advance(59 * time.Second)
	if err := status(t, a); err != nil || count(s, "NOOP") != 0 {
		t.Errorf("after 59 s: %d NOOPs, %v", count(s, "NOOP"), err)
	}
	c.advance(61 * time.Second)
	if err := status(t, a); err != nil || count(s, "NOOP") != 1 || s.Connections() != 1 {
		t.Errorf("after 61 s: %d NOOPs, %d connections, %v", count(s, "NOOP"), s.Connections(), err)
	}
	s.Rule(imaptest.Rule{Pattern: "NOOP", Answer: func(c *imaptest.Conversation) { c.Send("* BYE idle for too long"); c.Close() }, Times: 1})
	c.advance(time.Hour)
	if err := status(t, a); err != nil || s.Connections() != 2 {
		t.Errorf("a dead connection: %d connections, %v", s.Connections(), err)
	}
}

// A connection that the server ended while it was idle is replaced without an error.
func TestServerEndsIdleConnection(t *testing.T) {
	var ended atomic.Bool
	s := imaptest.Serve(t, imaptest.Rules{On: []imaptest.Rule{{Pattern: "STATUS .*", Times: 1, Answer: func(c *imaptest.Conversation) {
		c.Send("* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 UNSEEN 0)", "$tag OK done", "* BYE too long")
		c.Reset()
		ended.Store(true)
	}}}})
	a := open(t, scripted(s))
	if err := status(t, a); err != nil && endpoint.ClassOf(err) != endpoint.Lost {
		t.Fatal(err)
	}
	for !ended.Load() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	if err := status(t, a); err != nil || s.Connections() != 2 {
		t.Errorf("%d connections, %v", s.Connections(), err)
	}
}

// There are never more connections than allowed, and who waits for one stops with its context.
func TestConnectionsAreLimited(t *testing.T) {
	l := liar{messages: box(1)}
	s, a := l.serve(t) // two connections
	first, second := examine(t, a), examine(t, a)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := a.Source().Examine(ctx, "Box"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third mailbox: %v", err)
	}
	if _, err := a.Source().List(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a list: %v", err)
	}
	waiting := make(chan error, 1)
	go func() {
		r, err := a.Source().Examine(t.Context(), "Box")
		if err == nil {
			r.Close()
		}
		waiting <- err
	}()
	first.Close()
	if err := <-waiting; err != nil {
		t.Errorf("after one was closed: %v", err)
	}
	second.Close()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r, err := a.Source().Examine(t.Context(), "Box")
			if err != nil {
				t.Error(err)
				return
			}
			r.Close()
		})
	}
	all.Wait()
	if n := s.Connections(); n != 2 {
		t.Errorf("%d connections, 2 allowed", n)
	}
}

// Close wakes who waits for a connection, cuts who has one, and comes back although the server says nothing any more.
func TestCloseInTheMiddle(t *testing.T) {
	l := liar{messages: box(1), on: []imaptest.Rule{{Pattern: "LOGOUT", Answer: func(c *imaptest.Conversation) { c.Stall() }}}}
	s, a := l.serve(t)
	s.Rule(imaptest.Rule{Pattern: "UID FETCH .*", Answer: func(c *imaptest.Conversation) { c.Stall() }})
	busy, idle := examine(t, a), examine(t, a)
	fetching, waiting := make(chan error, 1), make(chan error, 1)
	go func() {
		fetching <- busy.Fetch(t.Context(), mailbox.SetOf(1), func(endpoint.Body) error { return nil })
	}()
	go func() { _, err := a.Source().Examine(t.Context(), "Box"); waiting <- err }()
	for count(s, "UID FETCH") == 0 {
		time.Sleep(time.Millisecond)
	}
	begun := time.Now()
	a.Close()
	for what, c := range map[string]chan error{"fetching": fetching, "waiting": waiting} {
		if err := <-c; endpoint.ClassOf(err) != endpoint.Lost {
			t.Errorf("%s: %v", what, err)
		}
	}
	idle.Close()
	busy.Close()
	if took := time.Since(begun); took > 12*time.Second {
		t.Errorf("closing took %s", took)
	}
}

// A mailbox that cannot be opened costs no connection.
func TestRefusedMailboxCostsNothing(t *testing.T) {
	l := liar{messages: box(1), on: []imaptest.Rule{{Pattern: "(EXAMINE|SELECT) .*Locked.*", Answer: imaptest.Say("$tag NO [NOPERM] not yours")}}}
	s, a := l.serve(t)
	for range 5 {
		if _, err := a.Source().Examine(t.Context(), "Locked"); endpoint.ClassOf(err) != endpoint.BadMailbox {
			t.Fatalf("%v", err)
		}
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// Servers without UNSELECT, as Courier, are asked for no STATUS of the mailbox that is open.
func TestLeavingWithoutUnselect(t *testing.T) {
	for _, c := range []struct{ capability, leave string }{{"IMAP4rev1", "EXAMINE"}, {"IMAP4rev1 UNSELECT", "UNSELECT"}} {
		s := imaptest.Serve(t, imaptest.Rules{Capability: c.capability, Forbid: []string{"CLOSE"}})
		a := open(t, scripted(s))
		r, err := a.Source().Examine(t.Context(), "INBOX")
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if err := status(t, a); err != nil {
			t.Error(err)
		}
		commands := s.Commands()
		var before string
		for i, line := range commands {
			if i > 0 && len(line) > 6 && line[:6] == "STATUS" {
				before = commands[i-1]
			}
		}
		if c.leave == "UNSELECT" && before != "UNSELECT" || c.leave == "EXAMINE" && before == `EXAMINE "INBOX"` {
			t.Errorf("%s: before STATUS came %q", c.capability, before)
		}
	}
}
