package wire

import (
	"context"
	"fmt"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func named(words string, w mailbox.Wire) string { return fmt.Sprintf("%s %q", words, string(w)) }

// Status asks for the numbers of one mailbox (RFC 9051 section 6.3.11). One that is not there is Class NoMailbox.
func (s *Session) Status(ctx context.Context, w mailbox.Wire) (mailbox.Status, error) {
	op := Op{Mailbox, named("ask the status of", w)}
	if err := checkName(w); err != nil {
		return mailbox.Status{}, s.refuse(op, err)
	}
	var found *mailbox.Status
	err := s.Do(ctx, op, func(x *Exchange) (err error) {
		found, err = x.status(w, s.statusItems())
		return x.orMissing(w, err)
	})
	if err != nil {
		return mailbox.Status{}, err
	}
	return *found, nil
}

// refuse is an error over what was asked for, before anything is sent.
func (s *Session) refuse(op Op, err error) *endpoint.Error {
	e := s.problem(op, err)
	switch op.Kind {
	case Mailbox:
		e.Class = endpoint.BadMailbox
	case Message:
		e.Class = endpoint.BadMessage
	}
	return e
}

// statusItems are those that this server knows: others answer BAD to what they do not.
func (s *Session) statusItems() string {
	items := "MESSAGES UNSEEN UIDNEXT UIDVALIDITY"
	if s.caps.Has("STATUS=SIZE") {
		items += " SIZE" // RFC 8438
	}
	if s.caps.Has("CONDSTORE") || s.caps.Has("QRESYNC") {
		items += " HIGHESTMODSEQ" // RFC 7162 section 3.1.7
	}
	if s.caps.Has("APPENDLIMIT") {
		items += " APPENDLIMIT" // RFC 7889 section 4: only where it differs between mailboxes
	}
	return items
}

func (x *Exchange) status(w mailbox.Wire, items string) (*mailbox.Status, error) {
	var found *mailbox.Status
	err := x.ask(verb("STATUS ").name(w).and(" ("+items+")"), func(r *response) error {
		if name, st, ok := parseStatusData(r); ok && sameMailbox(name, w) {
			found = &st
		}
		return nil
	})
	if err == nil && found == nil {
		err = x.session.refuse(x.op, fmt.Errorf("the server says OK and gives no numbers"))
	}
	return found, err
}

// sameMailbox compares wire names; INBOX has no case (RFC 9051 section 5.1).
func sameMailbox(a, b mailbox.Wire) bool {
	return a == b || (strings.EqualFold(string(a), mailbox.Inbox) && strings.EqualFold(string(b), mailbox.Inbox))
}

// parseStatusData reads "* STATUS name (ITEM 1 ITEM 2)". Unknown items are passed over; what is not given stays 0, or -1 for the sizes.
func parseStatusData(r *response) (mailbox.Wire, mailbox.Status, bool) {
	st := mailbox.Status{Size: -1, AppendLimit: -1}
	if _, name := r.untagged(); name != "STATUS" {
		return "", st, false
	}
	p := newParser(r)
	p.skipWords(2)
	name, err := p.value()
	if err != nil {
		return "", st, false
	}
	items, err := p.value()
	if err != nil || items.kind != listValue {
		return "", st, false
	}
	for i := 0; i+1 < len(items.list); i += 2 {
		setStatus(&st, strings.ToUpper(items.list[i].text), items.list[i+1])
	}
	return mailbox.Wire(name.text), st, true
}

func setStatus(st *mailbox.Status, item string, v value) {
	n32, ok32 := v.number(32)
	n63, ok63 := v.number(63)
	switch {
	case item == "MESSAGES" && ok32:
		st.Messages = uint32(n32)
	case item == "UNSEEN" && ok32:
		st.Unseen = uint32(n32)
	case item == "UIDNEXT" && ok32:
		st.UIDNext = mailbox.UID(n32)
	case item == "UIDVALIDITY" && ok32: // a larger one, as some servers give, is none
		st.UIDValidity = mailbox.UIDValidity(n32)
	case item == "SIZE" && ok63:
		st.Size = int64(n63)
	case item == "APPENDLIMIT" && ok63:
		st.AppendLimit = int64(n63)
	case item == "HIGHESTMODSEQ" && ok63:
		st.ModSeq = n63
	}
}
