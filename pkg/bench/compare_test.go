package bench

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/imaptest"
)

// comparison is what became of a corpus.
type comparison struct {
	wanted, found         int
	same                  int // byte for byte, however ordered
	date, flags, disorder int // wrong ones among the same
}

func (c *comparison) String() string {
	if c == nil {
		return ""
	}
	if c.same == c.wanted && c.found == c.wanted && c.date+c.flags+c.disorder == 0 {
		return "all the same"
	}
	return fmt.Sprintf("%d of %d the same, %d there; of the same %d dates, %d flags, %d places wrong", c.same, c.wanted, c.found, c.date, c.flags, c.disorder)
}

// check fails the test where nothing may be wrong: with ours, and with the floor but for its order.
func (c *comparison) check(t *testing.T, tool string) {
	t.Helper()
	judged := *c
	if tool == "floor spread" {
		judged.disorder = 0
	}
	if s := judged.String(); s != "all the same" && (tool == "ours" || strings.HasPrefix(tool, "floor")) {
		t.Errorf("%s: %s", tool, s)
	}
}

// known is what a message should be.
type known struct {
	place int
	date  time.Time
	flags []string
}

// compare reads the destination by a client of its own and holds every message against the corpus.
func compare(t *testing.T, c *corpus, to imaptest.Account) *comparison {
	t.Helper()
	conn, err := dialRaw(to.Server.Addr(), to.User)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.conn.Close()
	sum := &comparison{}
	for i := range c.boxes {
		if err := sum.box(conn, &c.boxes[i]); err != nil {
			t.Errorf("mailbox %s: %v", c.boxes[i].To, err)
		}
	}
	return sum
}

func (c *comparison) box(conn *raw, b *box) error {
	want := map[[32]byte]known{}
	for i := range b.sizes {
		m := b.message(i)
		want[sha256.Sum256(m.Body)] = known{i, m.Date, m.Flags}
	}
	c.wanted += len(b.sizes)
	n, err := conn.examine(b.To)
	if err != nil {
		return err
	}
	c.found += n
	places := map[uint32]int{}
	var body bytes.Buffer
	err = conn.fetch(1, n, 100, func(head []byte, size int, content io.Reader) error {
		flags := strings.Fields(string(between(head, "FLAGS (", ")")))
		date, _ := time.Parse("_2-Jan-2006 15:04:05 -0700", string(between(head, `INTERNALDATE "`, `"`)))
		uid, err := strconv.ParseUint(string(between(head, "UID ", " ")), 10, 32)
		if err != nil {
			return err
		}
		body.Reset()
		if _, err := io.CopyN(&body, content, int64(size)); err != nil {
			return err
		}
		digest := sha256.Sum256(body.Bytes())
		k, ok := want[digest]
		if !ok {
			return nil
		}
		delete(want, digest) // a second one like it is one too many
		c.note(k, date, flags)
		places[uint32(uid)] = k.place
		return nil
	})
	c.disorder += disorder(places)
	return err
}

// disorder counts the messages that have a higher UID than one that should come behind them. They come in any order: a server that answers
// several FETCH commands at a time may mix the answers.
func disorder(places map[uint32]int) (n int) {
	last := -1
	for _, uid := range slices.Sorted(maps.Keys(places)) {
		if places[uid] < last {
			n++
		}
		last = max(last, places[uid])
	}
	return n
}

func (c *comparison) note(k known, date time.Time, flags []string) {
	c.same++
	if !date.Equal(k.date) {
		c.date++
	}
	flags = slices.DeleteFunc(flags, func(f string) bool { return f == `\Recent` })
	if !slices.Equal(slices.Sorted(slices.Values(flags)), slices.Sorted(slices.Values(k.flags))) {
		c.flags++
	}
}
