package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

const items = " (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])"

// whole is the usual answer for one message.
func whole(uid int, body string) string {
	return fmt.Sprintf("S: * %d FETCH (UID %d FLAGS (\\Seen) INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE %d BODY[] {%d}\nS~ %s\nS: )\n", uid, uid, len(body), len(body), body)
}

// fetched reads sets and says what was visited.
func fetchedBodies(t *testing.T, s *Session, visit func(m mailbox.Message) error, sets ...mailbox.UIDSet) (got []string, err error) {
	t.Helper()
	err = s.FetchBodies(within(t, time.Minute), Bodies{
		Next: func() (set mailbox.UIDSet) {
			if len(sets) > 0 {
				set, sets = sets[0], sets[1:]
			}
			return set
		},
		Visit: func(m mailbox.Message, content io.Reader, size int64) error {
			if visit != nil {
				if err := visit(m); err != nil {
					return err
				}
			}
			text, err := io.ReadAll(content)
			if int64(len(text)) != size && err == nil {
				t.Errorf("uid %d: %d bytes of %d, and no error", m.UID, len(text), size)
			}
			got = append(got, fmt.Sprintf("%d %s", m.UID, text))
			return err
		},
	})
	return got, err
}

// Two commands are on their way before the first is answered; the third leaves when the first is.
func TestFetchBodiesAsksAhead(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: W3 UID FETCH 1:2"+items+"\nC: W4 UID FETCH 3"+items+"\n"+whole(1, "one")+"S: * 7 EXISTS\n"+whole(2, "two")+
		"S: * 1 FETCH (FLAGS (\\Seen))\nS: W3 OK\nC: W5 UID FETCH 9"+items+"\n"+whole(3, "three")+"S: W4 OK\nS: W5 OK none\n"))
	got, err := fetchedBodies(t, s, nil, mailbox.SetOf(1, 2), mailbox.SetOf(3), mailbox.SetOf(9))
	if err != nil || !slices.Equal(got, []string{"1 one", "2 two", "3 three"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// What is in any way unusual is left out and harms nothing.
func TestFetchBodiesLeavesOddAnswersOut(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: $ UID FETCH 1:9"+items+"\n"+whole(1, "one")+whole(1, "ONE")+whole(77, "stray")+
		"S: * 2 FETCH (UID 2 FLAGS () INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE 3 BODY[] NIL)\n"+
		"S: * 3 FETCH (BODY[] {5}\nS: three UID 3 FLAGS ())\n"+
		"S: * 4 FETCH (UID 4 FLAGS () INTERNALDATE \"never\" RFC822.SIZE 3 BODY[] {4}\nS: four)\n"+
		"S: * 5 FETCH (UID 5 FLAGS (OIB-Seen-[Gmail]/All Mail) INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE 99 BODY[] {0}\nS: )\n"+
		"S: $ OK\n"))
	got, err := fetchedBodies(t, s, nil, mailbox.UIDSet{{First: 1, Last: 9}})
	if err != nil || !slices.Equal(got, []string{"1 one", "5 "}) || s.Broken() {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFetchBodiesRefused(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: W3 UID FETCH 1"+items+"\nC: W4 UID FETCH 2"+items+"\nS: W3 NO [SERVERBUG] damaged\n"+whole(2, "two")+"S: W4 OK\nC: $ NOOP\nS: $ OK\n"))
	got, err := fetchedBodies(t, s, nil, mailbox.SetOf(1), mailbox.SetOf(2), mailbox.SetOf(3))
	if endpoint.ClassOf(err) != endpoint.Temporary || !slices.Equal(got, []string{"2 two"}) {
		t.Errorf("%q, %v", got, err)
	}
	usable(t, s)
}

// A content that is cut is an error, whatever the visit made of it.
func TestFetchBodiesCut(t *testing.T) {
	for _, halt := range []bool{false, true} {
		s := opened(t, converse(t, loggedIn(""), "C: $ UID FETCH 1"+items+"\nS: * 1 FETCH (UID 1 FLAGS () INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE 9 BODY[] {9}\nS~ four\nS.\n"))
		err := s.FetchBodies(within(t, time.Minute), Bodies{Next: once(1), Visit: func(_ mailbox.Message, content io.Reader, _ int64) error {
			_, err := io.ReadAll(content)
			if err == nil {
				t.Error("a cut content ends as if it were whole")
			}
			if halt {
				return errors.New("the visit's own words")
			}
			return nil
		}})
		if endpoint.ClassOf(err) != endpoint.Lost {
			t.Errorf("%v", err)
		}
	}
}

func once(uids ...mailbox.UID) func() mailbox.UIDSet {
	set := mailbox.SetOf(uids...)
	return func() (next mailbox.UIDSet) {
		next, set = set, nil
		return next
	}
}

// The visit's error comes back as it is; the rest is read away, and the connection good.
func TestFetchBodiesEnough(t *testing.T) {
	enough := errors.New("enough")
	s := opened(t, converse(t, loggedIn(""), "C: W3 UID FETCH 1:2"+items+"\nC: W4 UID FETCH 3"+items+"\n"+whole(1, "one")+whole(2, "two")+"S: W3 OK\n"+whole(3, "three")+"S: W4 OK\nC: $ NOOP\nS: $ OK\n"))
	got, err := fetchedBodies(t, s, func(mailbox.Message) error { return enough }, mailbox.SetOf(1, 2), mailbox.SetOf(3), mailbox.SetOf(4))
	if err != enough || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	usable(t, s)
}

// FuzzFetchBodies: whatever a server sends, a content has the length that was announced for it, or an error.
func FuzzFetchBodies(f *testing.F) {
	f.Add([]byte("* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE 3 BODY[] {3}\r\none)\r\nW3 OK\r\n"))
	f.Add([]byte("* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"))
	f.Add([]byte("* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE 3 BODY[] ~{3}\r\none BODY[] {3}\r\ntwo)\r\nW3 NO\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		client, server := net.Pipe()
		go func() {
			_, _ = server.Write(said)
			server.Close()
		}()
		c := newConn(client, client, 0, false)
		c.traffic.flight["W3"] = true
		defer func() {
			_ = c.end(errClosed)
			<-c.done
		}()
		x := &Exchange{conn: c, session: &Session{conn: c}}
		b := &fetching{visited: map[mailbox.UID]bool{}, flights: []asked{{"W3", mailbox.UIDSet{{First: 1, Last: 9}}}}, done: true}
		b.wanted.Visit = func(_ mailbox.Message, content io.Reader, size int64) error {
			n, err := io.Copy(io.Discard, content)
			if err == nil && n != size {
				t.Errorf("%d bytes of %d", n, size)
			}
			return nil
		}
		_ = b.run(x)
	})
}
