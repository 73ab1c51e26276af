package imaptest

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A batch of Fill ends at the first of these.
const (
	fillMessages = 500
	fillBytes    = 4 << 20
)

// Fill adds the messages to a mailbox in their order, by MULTIAPPEND with LITERAL+ where the server has both
// (Dovecot and Cyrus do) and one by one elsewhere. Their UIDs and sizes are not looked at; an empty date is left out;
// \Recent, which no client may set, too.
func (c *Client) Fill(mailbox string, messages []RawMessage) {
	c.tb.Helper()
	capabilities := " " + strings.ToUpper(strings.Join(c.MustCmd("CAPABILITY"), " ")) + " "
	if !strings.Contains(capabilities, " MULTIAPPEND ") || !strings.Contains(capabilities, " LITERAL+ ") {
		for _, m := range messages {
			c.mustOK("APPEND", c.Append(mailbox, flagList(m.Flags), dateText(m.Date), m.Body))
		}
		return
	}
	for len(messages) > 0 {
		n := batch(messages)
		c.multiappend(mailbox, messages[:n])
		messages = messages[n:]
	}
}

// batch is how many of the messages go into the next command; at least one.
func batch(messages []RawMessage) int {
	size := 0
	for i, m := range messages {
		if size += len(m.Body); i > 0 && (i == fillMessages || size > fillBytes) {
			return i
		}
	}
	return len(messages)
}

func (c *Client) multiappend(mailbox string, messages []RawMessage) {
	c.tb.Helper()
	tag := c.nextTag()
	c.conn.SetDeadline(time.Now().Add(patience))
	w := bufio.NewWriterSize(c.conn, 1<<16)
	fmt.Fprintf(w, "%s APPEND %s", tag, Quote(mailbox))
	for _, m := range messages {
		w.WriteString(appendArguments(flagList(m.Flags), dateText(m.Date), len(m.Body)) + "+}\r\n")
		w.Write(m.Body)
	}
	w.WriteString("\r\n")
	if err := w.Flush(); err != nil {
		c.tb.Fatalf("imaptest client: filling %s: %v", mailbox, err)
	}
	_, tagged := c.answer(tag)
	c.mustOK(fmt.Sprintf("APPEND of %d messages to %s", len(messages), mailbox), tagged)
}

func flagList(flags []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(flags), func(flag string) bool {
		return strings.EqualFold(flag, `\Recent`)
	}), " ")
}

func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(internalDate)
}
