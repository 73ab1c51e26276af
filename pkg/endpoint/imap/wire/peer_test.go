package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
)

// peer is a server that follows a dialogue:
//
//	S: text    it sends the line
//	S~ text    it sends the text without a line end
//	C: text    it expects exactly this line; $ stands for a tag, and for the same tag in what it sends from there on
//	C~ text    it expects exactly these bytes
//	S+ text    it sends the line, nine seconds later; S+~ without a line end
//	S-         it reads nothing more
//	S.         it closes the connection
//	S...       it says nothing more, and reads on until the client closes
//
// ␍ ␊ and ␀ stand for the bytes they show. A dialogue that does not go as written fails the test. When it is through, the
// peer answers LOGOUT and closes.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	tag  string
}

var controls = strings.NewReplacer("␍", "\r", "␊", "\n", "␀", "\x00")

// play runs a dialogue on conn and reports whether it went through.
func (p *peer) play(dialogue string) bool {
	for line := range strings.Lines(dialogue) {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), "\t")
		if line == "" {
			continue
		}
		if err := p.step(line); err != nil {
			p.t.Errorf("peer: at %q: %v", line, err)
			p.conn.Close()
			return false
		}
	}
	return true
}

func (p *peer) step(line string) error {
	what, text, _ := strings.Cut(line, " ")
	text = controls.Replace(text)
	switch what {
	case "S:":
		return p.send(text + "\r\n")
	case "S~":
		return p.send(text)
	case "S+", "S+~":
		time.Sleep(9 * time.Second)
		if what == "S+" {
			text += "\r\n"
		}
		_ = p.send(text) // the client may be gone by now
		return nil
	case "S-":
		time.Sleep(time.Minute)
		return nil
	case "S.":
		p.in.Reset(p.conn) // what has arrived and was not read is lost with the connection
		return p.conn.Close()
	case "S...":
		_, _ = io.Copy(io.Discard, p.in)
		return nil
	case "C:":
		return p.expectLine(text)
	case "C~":
		got := make([]byte, len(text))
		if _, err := io.ReadFull(p.in, got); err != nil || string(got) != text {
			return fmt.Errorf("got %q, %v", got, err)
		}
		return nil
	}
	return fmt.Errorf("no such step")
}

func (p *peer) send(text string) error {
	_, err := io.WriteString(p.conn, strings.ReplaceAll(text, "$ ", p.tag+" "))
	return err
}

func (p *peer) expectLine(want string) error {
	got, err := p.in.ReadString('\n')
	if err != nil {
		return err
	}
	got = strings.TrimSuffix(got, "\r\n")
	if strings.HasPrefix(want, "$ ") {
		p.tag, _, _ = strings.Cut(got, " ")
		want = p.tag + want[1:]
	}
	if got != want {
		return fmt.Errorf("got %q", got)
	}
	return nil
}

// farewell answers LOGOUT, if it comes, and ends.
func (p *peer) farewell() {
	if line, err := p.in.ReadString('\n'); err == nil {
		if tag, verb, _ := strings.Cut(strings.TrimSpace(line), " "); verb == "LOGOUT" {
			_ = p.send("* BYE\r\n" + tag + " OK\r\n")
		} else {
			p.t.Errorf("peer: unexpected %q after the dialogue", line)
		}
	}
	p.conn.Close()
}

// converse gives options whose transport is a pipe to a peer that follows these dialogues, one after the other.
func converse(t testing.TB, dialogues ...string) Options {
	t.Helper()
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return Options{
		Host: "imap.example", Port: 143, Security: Plaintext, Timeout: 10 * time.Second, Account: "alice at imap.example",
		Login: passwordLogin,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			running.Go(func() {
				p := &peer{t: t, conn: server, in: bufio.NewReader(server)}
				for _, d := range dialogues {
					if !p.play(d) {
						return
					}
				}
				p.farewell()
			})
			return client, nil
		},
	}
}

func passwordLogin(endpoint.Capabilities, bool) (auth.Login, error) {
	return auth.Login{User: "alice", Password: auth.NewSecret("secret-word")}, nil
}

func saslLogin(c sasl.Client) func(endpoint.Capabilities, bool) (auth.Login, error) {
	return func(endpoint.Capabilities, bool) (auth.Login, error) {
		return auth.Login{Client: c, User: "alice", Password: auth.NewSecret("secret-word")}, nil
	}
}

// loggedIn is the part of a dialogue up to a session with these capabilities.
func loggedIn(capabilities string) string {
	return `
		S: * OK ready
		C: $ CAPABILITY
		S: * CAPABILITY IMAP4rev1
		S: $ OK
		C: $ LOGIN "alice" "secret-word"
		S: $ OK [CAPABILITY IMAP4rev1 ` + capabilities + `] in
	`
}

// counting gives a transport to a server that takes whatever comes behind an APPEND and says how much it was, once the client has closed.
func counting(t testing.TB, capabilities string, received chan<- int64) func(context.Context, string, string) (net.Conn, error) {
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		running.Go(func() {
			p := &peer{t: t, conn: server, in: bufio.NewReader(server)}
			if !p.play(loggedIn(capabilities)) {
				return
			}
			line, err := p.in.ReadString('\n')
			if errors.Is(err, io.EOF) && line == "" {
				received <- 0 // not even the command came
				return
			}
			if err != nil || !strings.Contains(line, " APPEND ") {
				t.Errorf("peer: %q, %v", line, err)
			}
			if !strings.Contains(line, "+}") {
				_ = p.send("+\r\n")
			}
			n, _ := io.Copy(io.Discard, p.in)
			received <- n
		})
		return client, nil
	}
}
