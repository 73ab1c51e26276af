package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// maxMatches of one SEARCH; more is a flood.
const maxMatches = 4 << 20

// SearchDeleted gives the messages of the selected mailbox that carry \Deleted, by a plain UID SEARCH (RFC 9051 section 6.4.4): SEARCH
// RETURN costs the connection on servers that do not know it. The numbers may come in any order, in any number of lines, and more than
// once. go-imap's own search sorts each number in as it comes, which takes a server's worst order for hours: see maxMatches. An answer
// that holds anything but UIDs is Class Protocol, because a message could be missing in it.
func (s *Session) SearchDeleted(ctx context.Context, op Op) (mailbox.UIDSet, error) {
	var found []mailbox.UID
	err := s.Do(ctx, op, func(x *Exchange) error {
		return x.ask(verb("UID SEARCH DELETED"), func(r *response) error {
			if _, name := r.untagged(); name != "SEARCH" {
				return nil
			}
			uids, err := parseSearch(r)
			if err != nil {
				e := s.problem(op, err)
				e.Class = endpoint.Protocol
				return e
			}
			if found = append(found, uids...); len(found) > maxMatches {
				return &violation{fmt.Errorf("more than %d matches of one search", maxMatches)}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return mailbox.SetOf(found...), nil
}

var errSearch = errors.New("the server answers a search with something that is no list of UIDs")

// parseSearch reads "* SEARCH 3 1 2 (MODSEQ 9)"; the last is of RFC 7162 section 3.1.5.
func parseSearch(r *response) ([]mailbox.UID, error) {
	p := newParser(r)
	p.skipWords(2)
	line := string(p.rest())
	if list := strings.IndexByte(line, '('); list >= 0 && strings.HasPrefix(strings.ToUpper(line[list:]), "(MODSEQ ") {
		line = line[:list]
	}
	var uids []mailbox.UID
	for word := range strings.FieldsSeq(line) {
		n, ok := (value{text: word}).number(32)
		if !ok || n == 0 {
			return nil, errSearch
		}
		uids = append(uids, mailbox.UID(n))
	}
	if len(r.segments) > 1 {
		return nil, errSearch
	}
	return uids, nil
}
