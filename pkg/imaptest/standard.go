package imaptest

import (
	"fmt"
	"strings"
)

// standard answers what no rule fits.
func (s *Ruled) standard(c *Conversation) {
	verb, arguments, _ := strings.Cut(c.Line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "CAPABILITY":
		c.Send("* CAPABILITY "+s.rules.Capability, "$tag OK done")
	case "LOGIN":
		c.Send("$tag OK [CAPABILITY " + s.rules.Capability + "] logged in")
	case "AUTHENTICATE":
		s.authenticate(c, arguments)
	case "STARTTLS":
		c.Send("$tag OK begin")
		if c.StartTLS() != nil {
			c.Close()
		}
	case "LOGOUT":
		c.Send("* BYE see you", "$tag OK done")
		c.Close()
	case "SELECT", "EXAMINE", "STATUS":
		emptyInbox(c, verb, arguments)
	case "LIST", "LSUB":
		list(c, verb, arguments)
	case "UID":
		c.Send("$tag OK nothing there")
	default:
		simple(c, verb)
	}
}

// authenticate takes whatever the client has to say: one response, sent with the command or asked for.
func (s *Ruled) authenticate(c *Conversation, arguments string) {
	if !strings.Contains(arguments, " ") {
		c.Send("+ ")
		if _, err := c.ReadLine(); err != nil {
			return
		}
	}
	c.Send("$tag OK [CAPABILITY " + s.rules.Capability + "] logged in")
}

// emptyInbox is all there is.
func emptyInbox(c *Conversation, verb, arguments string) {
	name, items, _ := strings.Cut(arguments, " ")
	switch {
	case !strings.EqualFold(strings.Trim(name, `"`), "INBOX"):
		c.Send("$tag NO [NONEXISTENT] no such mailbox")
	case verb == "STATUS":
		c.Send("* STATUS INBOX ("+zeroes(items)+")", "$tag OK done")
	default:
		access := map[string]string{"SELECT": "READ-WRITE", "EXAMINE": "READ-ONLY"}[verb]
		c.Send(`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, "* 0 EXISTS", "* 0 RECENT",
			"* OK [UIDVALIDITY 1] valid", "* OK [UIDNEXT 1] next", "$tag OK ["+access+"] done")
	}
}

// list answers a question for the delimiter, and any other that INBOX could be the answer to.
func list(c *Conversation, verb, arguments string) {
	pattern := arguments[strings.LastIndexByte(arguments, ' ')+1:]
	switch strings.ToUpper(strings.Trim(pattern, `"`)) {
	case "":
		c.Send("* " + verb + ` (\Noselect) "/" ""`)
	case "*", "%", "INBOX":
		c.Send("* " + verb + ` (\HasNoChildren) "/" INBOX`)
	}
	c.Send("$tag OK done")
}

// zeroes answers the items that STATUS asks for: (MESSAGES UIDNEXT UIDVALIDITY).
func zeroes(items string) string {
	var answers []string
	for _, item := range strings.Fields(strings.Trim(items, "()")) {
		value := 0
		if strings.HasPrefix(strings.ToUpper(item), "UID") || strings.EqualFold(item, "HIGHESTMODSEQ") {
			value = 1
		}
		answers = append(answers, fmt.Sprintf("%s %d", item, value))
	}
	return strings.Join(answers, " ")
}

// simple are the commands with one answer.
func simple(c *Conversation, verb string) {
	untagged := map[string]string{
		"ID":        "* ID NIL",
		"NAMESPACE": `* NAMESPACE (("" "/")) NIL NIL`,
		"ENABLE":    "* ENABLED",
		"SEARCH":    "* SEARCH",
	}
	if line := untagged[verb]; line != "" {
		c.Send(line, "$tag OK done")
		return
	}
	switch verb {
	case "NOOP", "CHECK", "CLOSE", "UNSELECT", "APPEND", "CREATE", "SUBSCRIBE", "UNSUBSCRIBE", "FETCH", "EXPUNGE":
		c.Send("$tag OK done")
	default:
		c.Send("$tag BAD unknown command")
	}
}

// FetchResponse is a message as a server sends it, for Send: "* 1 FETCH (UID ... BODY[] {n} ...)".
func FetchResponse(number int, m RawMessage) string {
	size := m.Size
	if size == 0 {
		size = int64(len(m.Body))
	}
	return fmt.Sprintf("* %d FETCH (UID %d FLAGS (%s) INTERNALDATE %q RFC822.SIZE %d BODY[] {%d}\r\n%s)",
		number, m.UID, strings.Join(m.Flags, " "), m.Date.Format(internalDate), size, len(m.Body), m.Body)
}
