package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// FetchHeaderField reads one field of the header of those messages of set that exist, at most so many bytes of each (RFC 9051 section 6.4.5).
// What a server sends for other messages, or beyond what was asked for, is dropped.
func (s *Session) FetchHeaderField(ctx context.Context, set mailbox.UIDSet, field string, most int) (map[mailbox.UID][]byte, error) {
	op := Op{Words: "read header fields"}
	if !mailbox.Flag(field).Keyword() || most < 1 {
		return nil, s.refuse(op, fmt.Errorf("%.60q is no header field that can be asked for", field))
	}
	found := map[mailbox.UID][]byte{}
	if len(set) == 0 {
		return found, nil
	}
	err := s.Do(ctx, op, func(x *Exchange) error {
		text := fmt.Sprintf("UID FETCH %s (UID BODY.PEEK[HEADER.FIELDS (%s)]<0.%d>)", set, strings.ToUpper(field), most)
		return x.ask(verb(text), func(r *response) error { return noteField(found, set, most, r) })
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// noteField takes one response, if it is about a message that was asked for. One that cannot be read says nothing.
func noteField(found map[mailbox.UID][]byte, set mailbox.UIDSet, most int, r *response) error {
	if _, name := r.untagged(); name != "FETCH" {
		return nil
	}
	uid, field, err := parseField(r)
	if err != nil || uid == 0 || field == nil || !set.Contains(uid) {
		return nil
	}
	found[uid] = append([]byte(nil), field[:min(len(field), most)]...)
	return nil
}

// parseField reads the UID and the header fields of one FETCH response; what else is in it is passed over. field is nil when there is none.
func parseField(r *response) (uid mailbox.UID, field []byte, err error) {
	p := newParser(r)
	p.skipWords(3)
	if !p.accept('(') {
		return 0, nil, errors.New("a FETCH response without its items")
	}
	for !p.accept(')') {
		name := strings.ToUpper(p.itemName())
		if name == "" {
			return 0, nil, errors.New("a FETCH response with something unreadable where an item's name should be")
		}
		v, err := p.value()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case name == "UID":
			n, _ := v.number(32)
			uid = mailbox.UID(n)
		case strings.HasPrefix(name, "BODY[HEADER.FIELDS") && (v.kind == quotedValue || v.kind == literalValue):
			field = []byte(v.text)
		}
	}
	return uid, field, nil
}
