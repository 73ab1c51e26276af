package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"

	"imapmigrate/pkg/endpoint"
)

func noop(c *imapclient.Client) error { return c.Noop().Wait() }

var op = Op{Words: "do something"}

func TestGuardMapsErrors(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), `
		C: $ NOOP
		S: $ OK
		C: $ NOOP
		S: $ NO [inuse] later
		C: $ NOOP
		S: $ NO
		C: $ NOOP
		S: $ BAD Request is throttled. Suggested Backoff Time: 1000 milliseconds
	`))
	ctx := within(t, time.Minute)
	for _, want := range []endpoint.Class{endpoint.Unclassified, endpoint.Temporary, endpoint.Unclassified, endpoint.Throttled} {
		if err := s.Guard(ctx, op, noop); endpoint.ClassOf(err) != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	own := errors.New("of the caller")
	if err := s.Guard(ctx, op, func(*imapclient.Client) error { return own }); err != own {
		t.Error(err)
	}
	if s.Broken() {
		t.Error("broken by refusals")
	}
}

func TestGuardSaysWhyTheConnectionEnded(t *testing.T) {
	for name, c := range map[string]struct {
		dialogue   string
		class      endpoint.Class
		words      string
		unparsable bool
	}{
		"closed":     {"S.", endpoint.Lost, "the server closed the connection", false},
		"bye":        {"S: * BYE shutting down for tonight\nS.", endpoint.Lost, "shutting down for tonight", false},
		"throttled":  {"S: * BYE Too many commands\nS.", endpoint.Throttled, "Too many", false},
		"unparsable": {"S: * VANISHED 1:3\nS...", endpoint.Lost, "unsupported response type", true},
		"odd item":   {"S: * 1 FETCH (UID 1 X-UNKNOWN 5)\nS...", endpoint.Lost, "X-UNKNOWN", true},
		"bomb":       {"S: * 1 FETCH (BODYSTRUCTURE " + strings.Repeat("(", 10_000) + "\nS...", endpoint.Protocol, "parentheses", false},
		"other tag":  {"S: T99 OK\nS...", endpoint.Protocol, "was not sent", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\n"+c.dialogue))
			err := s.Guard(within(t, time.Minute), op, noop)
			if endpoint.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.words) || errors.Is(err, ErrUnparsable) != c.unparsable {
				t.Errorf("class %v, unparsable %v: %v", endpoint.ClassOf(err), errors.Is(err, ErrUnparsable), err)
			}
			if err := s.Guard(within(t, time.Minute), op, noop); endpoint.ClassOf(err) != c.class || !s.Broken() {
				t.Errorf("the next use: %v", err)
			}
		})
	}
}

func TestGuardEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS..."))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := s.Guard(ctx, op, noop); err != context.Canceled {
			t.Error(err)
		}
		if err := s.Guard(ctx, op, noop); err != context.Canceled {
			t.Error(err)
		}
		if err := s.Guard(t.Context(), op, noop); endpoint.ClassOf(err) != endpoint.Lost {
			t.Error(err)
		}
	})
}

// The context of an earlier call can close the connection in the middle of the next: that is no success.
func TestAnEarlierContextIsNoSuccess(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "S..."))
	err := s.Guard(within(t, time.Minute), op, func(c *imapclient.Client) error {
		s.conn.cancel(&interruption{context.Canceled})
		return noop(c)
	})
	if endpoint.ClassOf(err) != endpoint.Lost {
		t.Error(err)
	}
}

func TestSilenceEndsGoIMAPToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS..."))
		start := time.Now()
		err := s.Guard(t.Context(), op, noop)
		if endpoint.ClassOf(err) != endpoint.Lost || !strings.Contains(err.Error(), "silent for 10s") || time.Since(start) != 10*time.Second {
			t.Error(time.Since(start), err)
		}
	})
}

// While nothing is owed silence is nothing: a connection may rest.
func TestRestIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS: $ OK\nC: $ NOOP\nS: $ OK\nC: $ STATUS \"a\" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)\nS: $ NO [NOPERM] no"))
		for range 2 {
			time.Sleep(time.Hour)
			if err := s.Guard(t.Context(), op, noop); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if _, err := s.Status(t.Context(), "a"); endpoint.ClassOf(err) != endpoint.BadMailbox {
			t.Error(err)
		}
		time.Sleep(time.Hour)
	})
}

// While we do not read, the server cannot send: that is our silence, not its.
func TestSlownessOfOursIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 3 * bufferSize
		s := opened(t, converse(t, loggedIn(""), "C: $ UID FETCH 1 (UID BODY.PEEK[])\nS: * 1 FETCH (UID 1 BODY[] {786432}\nS~ "+
			strings.Repeat("x", size)+"\nS: )\nS: $ OK"))
		err := s.Guard(t.Context(), op, func(c *imapclient.Client) error {
			return drain(c, func(r io.Reader) int64 {
				time.Sleep(time.Hour)
				n, _ := io.CopyN(io.Discard, r, size/2)
				time.Sleep(time.Hour)
				rest, _ := io.Copy(io.Discard, r)
				return n + rest
			}, size)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// drain fetches UID 1 and reads its body by read, which has to give size bytes.
func drain(c *imapclient.Client, read func(io.Reader) int64, size int64) error {
	fetch := c.Fetch(imap.UIDSetNum(1), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	m := fetch.Next()
	if m == nil {
		return fetch.Close()
	}
	for item := m.Next(); item != nil; item = m.Next() {
		if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
			if n := read(body.Literal); n != size {
				return errors.Join(errors.New("the body was cut"), fetch.Close())
			}
		}
	}
	return fetch.Close()
}

// Raw exchanges and go-imap take turns on one connection; what comes unasked in between does no harm.
func TestDoTakesTurnsWithGoIMAP(t *testing.T) {
	const turns = 30
	dialogue := strings.Repeat(`
		C: $ NOOP
		S: * 3 EXISTS
		S: $ OK
		S: * 4 EXISTS
		S: * OK [UNSEEN 1] hm
		C: $ STATUS "a" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)
		S: * 1 EXPUNGE
		S: * STATUS a (MESSAGES 5)
		S: * 1 FETCH (FLAGS (\Seen))
		S: $ OK
		S: * 3 EXISTS
	`, turns)
	s := opened(t, fragmented(t, converse(t, loggedIn(""), dialogue)))
	ctx := within(t, time.Minute)
	for range turns {
		if err := s.Guard(ctx, op, noop); err != nil {
			t.Fatal(err)
		}
		if st, err := s.Status(ctx, "a"); err != nil || st.Messages != 5 {
			t.Fatalf("%+v, %v", st, err)
		}
	}
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if tr := &s.conn.traffic; len(tr.flight) != 0 || tr.current != "" || s.conn.buffer.len() > 100 {
		t.Errorf("something stays behind: %+v", tr)
	}
}

// fragmented cuts what the server sends into small pieces.
func fragmented(t testing.TB, o Options) Options {
	t.Helper()
	dial := o.Dial
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		return choppy{c}, err
	}
	return o
}

type choppy struct{ net.Conn }

func (c choppy) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(len(p), 1+rand.IntN(7))]) }

// A response of which only half has come is waited for before the connection is taken, and not for ever.
func TestDoWaitsForABoundary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, converse(t, loggedIn(""), `
			S~ * 3 EXI
			S+ STS
			C: $ STATUS "a" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)
			S: * STATUS a (MESSAGES 5)
			S: $ OK
			S~ * 3 EXI
			S...
		`))
		synctest.Wait()
		if st, err := s.Status(t.Context(), "a"); err != nil || st.Messages != 5 {
			t.Fatalf("%+v, %v", st, err)
		}
		synctest.Wait()
		if _, err := s.Status(t.Context(), "a"); endpoint.ClassOf(err) != endpoint.Lost || !strings.Contains(err.Error(), "silent") {
			t.Error(err)
		}
	})
}

func TestDoHalfDoneEndsTheConnection(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS..."))
	own := errors.New("no more")
	err := s.Do(within(t, time.Minute), op, func(x *Exchange) error {
		if _, _, err := x.send(verb("NOOP"), nil); err != nil {
			return err
		}
		return own
	})
	if !s.Broken() || endpoint.ClassOf(err) != endpoint.Lost {
		t.Error(err)
	}
}

func TestRun(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: $ UID STORE 1 +FLAGS (x)\nS: * 1 FETCH (UID 1)\nS: $ OK\nC: $ NOOP\nS: * 1 EXISTS\nS: $ OK\nC: $ NOOP\nS: $ NO [INUSE] no"))
	own := errors.New("of the caller")
	err := s.Do(within(t, time.Minute), op, func(x *Exchange) error {
		var lines []string
		if err := x.Run("UID STORE 1 +FLAGS (x)", func(line string) error { lines = append(lines, line); return nil }); err != nil {
			return err
		}
		if len(lines) != 1 || lines[0] != "* 1 FETCH (UID 1)" {
			t.Errorf("%q", lines)
		}
		if err := x.Run("NOOP", func(string) error { return own }); err != own {
			t.Error(err)
		}
		return x.Run("NOOP", nil)
	})
	if endpoint.ClassOf(err) != endpoint.Temporary || s.Broken() {
		t.Error(err)
	}
}

func TestOneUserAtATime(t *testing.T) {
	s := opened(t, converse(t, loggedIn("")))
	ctx := within(t, time.Minute)
	err := s.Guard(ctx, op, func(*imapclient.Client) error {
		return s.Do(ctx, op, func(*Exchange) error { return nil })
	})
	if !errors.Is(err, errInUse) {
		t.Error(err)
	}
}

func TestCloseWhileInUse(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS..."))
	var running sync.WaitGroup
	before := s.Traffic()
	running.Go(func() {
		if err := s.Guard(context.Background(), op, noop); endpoint.ClassOf(err) != endpoint.Lost {
			t.Error(err)
		}
	})
	for s.Traffic() == before {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	running.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseIsBounded(t *testing.T) {
	for name, dialogue := range map[string]string{"no answer": "S...", "takes nothing": "S-\nS..."} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := converse(t, loggedIn(""), dialogue)
				s := opened(t, o)
				start := time.Now()
				_ = s.Close()
				if waited := time.Since(start); waited > logoutTime {
					t.Errorf("it took %v", waited)
				}
			})
		})
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("sessions", func(t *testing.T) {
		for _, dialogue := range []string{"", "S.", "C: $ NOOP\nS.", "C: $ NOOP\nS: * VANISHED 1\nS...", "C: $ NOOP\nS..."} {
			s := opened(t, converse(t, loggedIn(""), dialogue))
			if strings.Contains(dialogue, "NOOP") {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				_ = s.Guard(ctx, op, noop)
				cancel()
			}
			_ = s.Close()
		}
		for _, dialogue := range []string{"S.", "S: * PREAUTH hi\nS...", "S: * BYE\nS..."} {
			if s, err := Open(within(t, time.Minute), converse(t, dialogue)); err == nil {
				s.Abandon()
				t.Error("it opened")
			}
		}
	})
}

func TestRing(t *testing.T) {
	r := newRing(7)
	var want, got bytes.Buffer
	next := byte(0)
	for range 10_000 {
		p := make([]byte, rand.IntN(10))
		for i := range p {
			p[i] = next
			next++
		}
		n := r.write(p)
		next -= byte(len(p) - n)
		want.Write(p[:n])
		out := make([]byte, rand.IntN(10))
		got.Write(out[:r.read(out)])
		if front := r.front(); r.len() > 0 && len(front) == 0 || r.len() > 7 {
			t.Fatal("it holds bytes and shows none, or too many")
		}
	}
	out := make([]byte, 7)
	got.Write(out[:r.read(out)])
	if !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Error("what came out is not what went in")
	}
}

func TestArgumentsStayOneArgument(t *testing.T) {
	for _, s := range []string{"", "a b", `a"b`, `a\`, `\"`, "{5}", "(", "ä", "\x01", "\x7f", "NIL", strings.Repeat("x", 10_000)} {
		c := command(nil).astring(s)
		wire := c[0].text
		if c[0].literal {
			wire = announce(int64(len(s)), true) + "\r\n" + s
		}
		whole, rest, err := frames("W1 X "+wire+"\r\n", 5, true)
		if err != nil || rest != "" || len(whole) != 1 {
			t.Errorf("%q became %q", s, whole)
		}
		p := newParser(&response{[]segment{{text: []byte(c[0].text), literal: c[0].literal}}})
		if v, err := p.value(); err != nil || v.text != s || !p.end() {
			t.Errorf("%q came back as %q, %v", s, v.text, err)
		}
	}
}
