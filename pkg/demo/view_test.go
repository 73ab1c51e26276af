package demo

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

func TestAnotherClientsWorkArrives(t *testing.T) {
	s, a := start(t, Options{})
	for i := range 5 {
		put(t, a, inbox, fmt.Sprint(i))
	}
	one, two := rawClient(t, s), rawClient(t, s)
	one.ok("SELECT INBOX")
	two.ok("EXAMINE INBOX")
	one.ok(`UID STORE 2,4 +FLAGS.SILENT (\Deleted)`)
	one.ok(`UID EXPUNGE 2`)
	one.ok("APPEND INBOX {1+}\r\nx")
	same(t, "sequence numbers stay until the client is told", two.ok("FETCH 1:5 UID"), []string{
		"* 1 FETCH (UID 1)", "* 3 FETCH (UID 3)", "* 4 FETCH (UID 4)", "* 5 FETCH (UID 5)",
		"* 6 EXISTS", `* 4 FETCH (UID 4 FLAGS (\Deleted))`,
	})
	same(t, "NOOP tells", two.ok("NOOP"), []string{"* 2 EXPUNGE"})
	same(t, "and the numbers have moved", two.ok("UID FETCH 3:* UID"), []string{"* 2 FETCH (UID 3)", "* 3 FETCH (UID 4)", "* 4 FETCH (UID 5)", "* 5 FETCH (UID 6)"})
	same(t, "nothing more", two.ok("NOOP"), []string(nil))
	same(t, "one's own work is no news", one.ok("NOOP"), []string(nil))
}

func TestIdle(t *testing.T) {
	s, a := start(t, Options{})
	put(t, a, inbox, "x")
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	r.send("i IDLE\r\n")
	same(t, "continuation", r.line(), "+ idling")
	put(t, a, inbox, "y")
	same(t, "news", r.line(), "* 2 EXISTS")
	must(t, a.SetFlags(inbox, 1, mailbox.Seen))
	same(t, "news", r.line(), `* 1 FETCH (UID 1 FLAGS (\Seen))`)
	must(t, a.Remove(inbox, mailbox.SetOf(1)))
	same(t, "news", r.line(), "* 1 EXPUNGE")
	r.send("DONE\r\n")
	same(t, "end", r.line(), "i OK IDLE completed")
}

func TestSetsAndStars(t *testing.T) {
	s, a := start(t, Options{})
	for range 9 {
		put(t, a, inbox, "x")
	}
	must(t, a.Remove(inbox, mailbox.SetOf(1, 2, 5, 9)))
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	for set, want := range map[string]string{"1:*": "3 4 6 7 8", "5:7": "6 7", "*": "8", "100:*": "8", "8:6": "6 7 8", "1,2,5,9": "", "4,4,3:4": "3 4", "4294967295": ""} {
		var got []string
		for _, line := range r.ok("UID FETCH " + set + " UID") {
			got = append(got, strings.TrimSuffix(line[strings.Index(line, "UID ")+4:], ")"))
		}
		same(t, "UID FETCH "+set, strings.Join(got, " "), want)
		same(t, "UID SEARCH UID "+set, strings.TrimSpace(r.ok("UID SEARCH UID " + set)[0]), strings.TrimSpace("* SEARCH "+want))
	}
	same(t, "by sequence number", r.ok("FETCH 2,99,* UID"), []string{"* 2 FETCH (UID 4)", "* 5 FETCH (UID 8)"})
	r.refused("UID FETCH $ UID", "BAD")
}

func TestSearch(t *testing.T) {
	s, a := start(t, Options{})
	add := func(text, date string, flags ...mailbox.Flag) {
		t.Helper()
		_, err := a.Append(inbox, Mail{mailbox.Message{InternalDate: parse(t, date), Flags: flags}, []byte(text)})
		must(t, err)
	}
	add("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 5 Jan 2015 23:00:00 -0500\r\nFrom: bob@example.org\r\n\r\nneedle", "6-Jan-2015 00:30:00 +0100", mailbox.Seen, "Work")
	add("Subject: two\r\nMessage-ID: <2@example.org>\r\n\r\nBody of two", "7-Jan-2015 00:30:00 +0100", mailbox.Flagged)
	add("x", "8-Jan-2015 23:30:00 -0800")
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	for keys, want := range map[string]string{
		"ALL": "1 2 3", "SEEN": "1", "UNSEEN": "2 3", "KEYWORD work": "1", "UNKEYWORD work": "2 3", "OR SEEN FLAGGED": "1 2", "NOT OR SEEN FLAGGED": "3",
		"SINCE 7-Jan-2015": "2 3", "BEFORE 7-Jan-2015": "1", "ON 8-Jan-2015": "3", "SENTON 5-Jan-2015": "1", "LARGER 20": "1 2", "SMALLER 2": "3",
		"HEADER Message-ID <2@example.org>": "2", `HEADER Message-ID ""`: "2", "SUBJECT TWO": "2", "FROM bob": "1", "BODY needle": "1", "TEXT example.org": "1 2",
		"CHARSET UTF-8 SUBJECT {6+}\r\nGrüß": "1", "2:* UNFLAGGED": "3", "UID 1:2 SEEN": "1", "DELETED": "",
	} {
		same(t, keys, strings.TrimSpace(r.ok("SEARCH " + keys)[0]), strings.TrimSpace("* SEARCH "+want))
	}
	same(t, "ESEARCH", r.ok("UID SEARCH RETURN (MIN MAX COUNT ALL) 2:3"), []string{`* ESEARCH (TAG "t` + fmt.Sprint(r.tags) + `") UID ALL 2:3 MIN 2 MAX 3 COUNT 2`})
	r.refused("SEARCH RETURN (SAVE) ALL", "BAD")
}

// Several clients work on one mailbox at once. Whatever the order, each must end up knowing what is there.
func TestViewsFollowTheMailbox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBox(1)
		clients := make([]*follower, 3)
		for i := range clients {
			b.mu.Lock()
			clients[i] = &follower{view: newView(b, false)}
			b.mu.Unlock()
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			c := clients[rapid.IntRange(0, len(clients)-1).Draw(t, "client")]
			uid := imap.UID(rapid.IntRange(1, 20).Draw(t, "uid"))
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				b.add([]byte("x"), noon, nil)
			case 2:
				set := imap.UIDSet{{Start: uid, Stop: uid + 3}}
				all, err := c.view.find(set, func(*message) []mailbox.Flag { return []mailbox.Flag{mailbox.Deleted} })
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range all {
					c.check(t, f)
				}
			case 3:
				c.gone(t, c.view.expunge(func(m *message) bool { return m.has(mailbox.Deleted) && m.uid >= uid }))
			case 4:
				c.told(t, c.view.update(rapid.Bool().Draw(t, "may expunge")))
			}
		}
		for _, c := range clients {
			c.told(t, c.view.update(true))
			if len(c.known) != len(b.messages) {
				t.Fatalf("a client knows %d messages, there are %d", len(c.known), len(b.messages))
			}
			all, _ := c.view.find(imap.SeqSet{{Start: 1}}, nil)
			for i, f := range all {
				if c.check(t, f); f.message != b.messages[i] {
					t.Fatalf("place %d is not message %d", i+1, b.messages[i].uid)
				}
			}
		}
	})
}

// follower is a client that believes only what it is told. It learns a message's UID at the first FETCH.
type follower struct {
	view  *view
	known []imap.UID // 0: not asked for yet
}

func (c *follower) gone(t *rapid.T, numbers []uint32) {
	for _, seq := range numbers {
		if seq == 0 || int(seq) > len(c.known) {
			t.Fatalf("EXPUNGE of %d, the client knows %d messages", seq, len(c.known))
		}
		c.known = slices.Delete(c.known, int(seq)-1, int(seq))
	}
}

func (c *follower) told(t *rapid.T, n news) {
	c.gone(t, n.gone)
	if n.exists {
		if len(c.view.uids) <= len(c.known) {
			t.Fatalf("EXISTS %d, the client knows %d messages", len(c.view.uids), len(c.known))
		}
		c.known = append(c.known, make([]imap.UID, len(c.view.uids)-len(c.known))...)
	}
	for _, f := range n.flags {
		c.check(t, f)
	}
}

func (c *follower) check(t *rapid.T, f found) {
	if f.seq == 0 || int(f.seq) > len(c.known) {
		t.Fatalf("FETCH of %d, the client knows %d messages", f.seq, len(c.known))
	}
	if was := c.known[f.seq-1]; was != 0 && was != f.uid {
		t.Fatalf("message %d was UID %d and is %d", f.seq, was, f.uid)
	}
	c.known[f.seq-1] = f.uid
}

// Many connections add, read and remove at the same time; nothing is lost, doubled or stirred.
func TestManyClientsAtOnce(t *testing.T) {
	s, a := start(t, Options{})
	const writers, each = 4, 50
	var wg sync.WaitGroup
	for w := range writers {
		r := rawClient(t, s)
		wg.Go(func() {
			r.ok("SELECT INBOX")
			for i := range each {
				_, tagged := r.do(fmt.Sprintf("APPEND INBOX (W%d) {%d+}\r\nw%d m%d", w, len(fmt.Sprintf("w%d m%d", w, i)), w, i))
				var uid int
				if _, err := fmt.Sscanf(tagged, "OK [APPENDUID 1 %d]", &uid); err != nil {
					t.Errorf("%s: %v", tagged, err)
					return
				}
				if got := r.ok(fmt.Sprintf("UID FETCH %d BODY.PEEK[]", uid)); !strings.Contains(strings.Join(got, "\n"), fmt.Sprintf("w%d m%d)", w, i)) {
					t.Errorf("UID %d: %q", uid, got)
				}
				if i%5 == 0 {
					r.ok(fmt.Sprintf(`UID STORE %d +FLAGS (\Deleted)`, uid))
					r.ok(fmt.Sprintf(`UID EXPUNGE %d`, uid))
				}
			}
		})
	}
	wg.Wait()
	all, err := a.Messages(inbox)
	must(t, err)
	seen := make(map[string]bool)
	for _, m := range all {
		seen[string(m.Content)] = true
	}
	if want := writers * each * 4 / 5; len(all) != want || len(seen) != want {
		t.Errorf("%d messages, %d different, want %d", len(all), len(seen), want)
	}
}
