package imaptest

import (
	"strconv"
	"strings"
	"time"
)

// internalDate is the layout of INTERNALDATE (RFC 9051 date-time). Some servers pad the day with a blank,
// some with a zero; "_2" reads both.
const internalDate = "_2-Jan-2006 15:04:05 -0700"

// RawMessage is one message as a server holds it.
type RawMessage struct {
	UID   uint32
	Flags []string // as the server writes them, in its order, with \Recent
	Date  time.Time
	Size  int64 // RFC822.SIZE: what the server says, not len(Body)
	Body  []byte
}

// FetchAll reads all messages of a mailbox, in the server's order, with EXAMINE and BODY.PEEK[]: it changes
// nothing. The mailbox's name is in wire form.
func (c *Client) FetchAll(mailbox string) []RawMessage {
	c.tb.Helper()
	total := exists(c.MustCmd("EXAMINE " + Quote(mailbox)))
	// Courier refuses APPEND to the mailbox that is open read-only. After EXAMINE, CLOSE expunges nothing.
	defer c.MustCmd("CLOSE")
	if total == 0 {
		return nil
	}
	var messages []RawMessage
	for _, line := range c.MustCmd("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])") {
		if m, ok := c.message(line); ok {
			messages = append(messages, m)
		}
	}
	return messages
}

// exists is the number of messages that the answer to SELECT or EXAMINE tells.
func exists(untagged []string) int {
	for _, line := range untagged {
		if fields := strings.Fields(line); len(fields) == 3 && strings.EqualFold(fields[2], "EXISTS") {
			n, _ := strconv.Atoi(fields[1])
			return n
		}
	}
	return 0
}

// message reads "* 1 FETCH (...)". Unsolicited ones, with FLAGS alone, are no message.
func (c *Client) message(response string) (m RawMessage, ok bool) {
	c.tb.Helper()
	fields := strings.SplitN(response, " ", 4)
	if len(fields) != 4 || !strings.EqualFold(fields[2], "FETCH") || !strings.HasPrefix(fields[3], "(") {
		return m, false
	}
	items := &fetchItems{rest: fields[3][1:]}
	for !items.end() {
		switch item := strings.ToUpper(items.token()); {
		case item == "UID":
			m.UID = uint32(items.number())
		case item == "FLAGS":
			m.Flags = strings.Fields(items.list())
		case item == "INTERNALDATE":
			m.Date, items.err = time.Parse(internalDate, items.text())
		case item == "RFC822.SIZE":
			m.Size = items.number()
		case strings.HasPrefix(item, "BODY["):
			m.Body, ok = []byte(items.text()), true
		default: // MODSEQ (1), and what else nobody asked for
			items.skip()
		}
		if items.err != nil {
			c.tb.Fatalf("imaptest client: cannot read %.200q: %v", response, items.err)
		}
	}
	return m, ok
}
