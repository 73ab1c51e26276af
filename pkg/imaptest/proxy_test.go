package imaptest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

var errTimeout = errors.New("timeout")

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func dialTLS(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, ClientTLS("localhost"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echo sends back what it gets, and its end.
func echo(t *testing.T) string {
	t.Helper()
	a, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.start(func(conn net.Conn) { io.Copy(conn, conn) })
	t.Cleanup(func() { a.Close() })
	return a.listener.Addr().String()
}

// exchange sends text and reads up to the end, however it comes.
func exchange(t *testing.T, p *FaultProxy, text string, patience time.Duration) (got string, err error) {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	_, broken := io.WriteString(conn, text)
	conn.(*net.TCPConn).CloseWrite()
	b, err := io.ReadAll(conn)
	if err == nil {
		err = broken // a reset is told once, to whoever asks first
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		err = errTimeout
	}
	return string(b), err
}

const lines = "one\r\ntwo\r\nthree\r\nfour\r\n"

func TestProxyFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults Faults
		got    string
		err    error
	}{
		{"none", Faults{}, lines, nil},
		{"cut down", Faults{Down: Fault{After: 7}}, lines[:7], nil},
		{"break down", Faults{Down: Fault{After: 7, Action: Break}}, lines[:7], syscall.ECONNRESET},
		{"hang down", Faults{Down: Fault{After: 7, Action: Hang}}, lines[:7], errTimeout},
		{"inject down", Faults{Down: Fault{After: 7, Action: Inject, Garbage: []byte("\x00!")}}, lines[:7] + "\x00!" + lines[7:], nil},
		{"inject up", Faults{Up: Fault{After: 3, Action: Inject, Garbage: []byte("!")}}, "one!" + lines[3:], nil},
		{"cut at line", Faults{Down: Fault{Pattern: "^tw"}}, "one\r\ntwo\r\n", nil},
		{"cut before line", Faults{Down: Fault{Pattern: "wo", Before: true}}, "one\r\n", nil},
		{"hang up before line", Faults{Up: Fault{Pattern: "three", Before: true, Action: Hang}}, "", errTimeout},
		{"no such line", Faults{Down: Fault{Pattern: "five", Before: true}}, lines, nil},
		{"delay", Faults{RoundTrip: 50 * time.Millisecond}, lines, nil},
		{"refuse", Faults{Refuse: true}, "", syscall.ECONNRESET},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := Proxy(t, echo(t), test.faults)
			wait := patience
			if test.err == errTimeout {
				wait = 300 * time.Millisecond
			}
			got, err := exchange(t, p, lines, wait)
			if !errors.Is(err, test.err) || (test.err == nil) != (err == nil) {
				t.Errorf("ended with %v, want %v", err, test.err)
			}
			// A reset takes along what was not read yet; a hang in one direction stops the other anywhere.
			if got != test.got && test.err == nil {
				t.Errorf("got %q, want %q", got, test.got)
			}
			if len(got) > len(test.got) && test.name != "hang up before line" {
				t.Errorf("got %q, at most %q", got, test.got)
			}
		})
	}
}

func TestProxyCutsAtEachByte(t *testing.T) {
	p := Proxy(t, echo(t), Faults{})
	for n := range int64(len(lines)) {
		p.Set(Faults{Down: Fault{After: n + 1}})
		if got, err := exchange(t, p, lines, patience); got != lines[:n+1] || err != nil {
			t.Errorf("after %d: %q, %v", n+1, got, err)
		}
	}
}

func TestProxyStrikesAsOftenAsTold(t *testing.T) {
	p := Proxy(t, echo(t), Faults{Down: Fault{After: 4}, Skip: 1, Times: 2})
	for i, want := range []string{lines, lines[:4], lines[:4], lines} {
		if got, _ := exchange(t, p, lines, patience); got != want {
			t.Errorf("connection %d: %q, want %q", i+1, got, want)
		}
	}
	want := Stats{Connections: 4, Struck: 2, Up: 4 * int64(len(lines)), Down: 2*int64(len(lines)) + 8}
	if got := p.Stats(); got.Connections != want.Connections || got.Struck != want.Struck || got.Down != want.Down {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// The case the copier fears most: the server has the message, and the answer never arrives.
func TestProxyCutsBetweenAppendAndItsAnswer(t *testing.T) {
	account := Dovecot(t, DovecotOptions{}).NewUser(t)
	p := Proxy(t, account.Server.Addr(), Faults{Down: Fault{Pattern: "APPENDUID", Before: true}, Times: 1})
	c := DialAddr(t, p.Addr())
	c.Login(account.User, account.Password)
	c.send("a APPEND INBOX {5+}\r\nhello\r\n")
	if answer, err := io.ReadAll(c.r); len(answer) != 0 || err != nil {
		t.Errorf("the client got %q, %v", answer, err)
	}
	if got := account.Dial(t).FetchAll("INBOX"); len(got) != 1 {
		t.Errorf("the server has %d messages", len(got))
	}
	again := DialAddr(t, p.Addr())
	again.Login(account.User, account.Password)
	again.MustCmd("NOOP")
}

func TestProxyDelaysWithoutThrottling(t *testing.T) {
	p := Proxy(t, echo(t), Faults{RoundTrip: 200 * time.Millisecond})
	conn := dial(t, p.Addr())
	began := time.Now()
	io.WriteString(conn, "x")
	conn.Read(make([]byte, 1))
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("a round trip took %v", took)
	}
	// One piece at a time, this would take 19 s.
	began = time.Now()
	const size = 6 << 20
	go conn.Write(bytes.Repeat([]byte("x"), size))
	io.CopyN(io.Discard, conn, size)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d bytes took %v", size, took)
	}
}

func TestProxyKeepsToTheRate(t *testing.T) {
	p := Proxy(t, echo(t), Faults{Rate: 100 << 10})
	conn := dial(t, p.Addr())
	began := time.Now()
	const size = 20 << 10
	go conn.Write(bytes.Repeat([]byte("x"), size))
	io.CopyN(io.Discard, conn, size)
	if took := time.Since(began); took < 150*time.Millisecond || took > 30*time.Second {
		t.Errorf("%d bytes at %d a second took %v", size, 100<<10, took)
	}
}

func TestProxyCutsOpenConnections(t *testing.T) {
	p := Proxy(t, echo(t), Faults{})
	conn := dial(t, p.Addr())
	io.WriteString(conn, "x")
	conn.Read(make([]byte, 1))
	p.CutNow()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after CutNow: %v", err)
	}
}

func TestProxyFaultCanBeSetOnOpenConnection(t *testing.T) {
	p := Proxy(t, echo(t), Faults{})
	c := dial(t, p.Addr())
	io.WriteString(c, "one\r\n")
	io.ReadFull(c, make([]byte, 5))
	p.Set(Faults{Up: Fault{Pattern: "two"}})
	io.WriteString(c, "two\r\nthree\r\n")
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if rest, _ := io.ReadAll(c); strings.Contains(string(rest), "three") {
		t.Errorf("got %q behind the fault", rest)
	}
}

// Ten commands, each sent when the one before is answered, are ten waits; ten sent at once are one.
func TestProxyCountsWaits(t *testing.T) {
	for name, test := range map[string]struct {
		atOnce int
		want   int64
	}{"one by one": {1, 10}, "at once": {10, 1}} {
		p := Proxy(t, echo(t), Faults{RoundTrip: 20 * time.Millisecond})
		conn := dial(t, p.Addr())
		said := strings.Repeat("x\n", test.atOnce)
		io.WriteString(conn, "hello\n") // no answer came before this: it waited for nothing
		io.ReadFull(conn, make([]byte, 6))
		for range 10 / test.atOnce {
			io.WriteString(conn, said)
			if _, err := io.ReadFull(conn, make([]byte, len(said))); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Stats().Waits; got != test.want {
			t.Errorf("%s: %d waits, want %d", name, got, test.want)
		}
	}
}
