package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Unmake deletes a mailbox in which nothing lives: see endpoint.Unmaker. LIST, STATUS and DELETE are one exchange, with nothing between.
func (s *Session) Unmake(ctx context.Context, w mailbox.Wire, validity mailbox.UIDValidity, next mailbox.UID) (gone bool, stays string, err error) {
	op := Op{Mailbox, named("remove mailbox", w)}
	if err := checkName(w); err != nil {
		return false, "", s.refuse(op, err)
	}
	if strings.EqualFold(string(w), mailbox.Inbox) {
		return false, "it is INBOX", nil
	}
	err = s.Do(ctx, op, func(x *Exchange) (err error) {
		gone, stays, err = x.unmake(w, validity, next, 0)
		return err
	})
	return gone, stays, err
}

// Discard deletes the mailbox of a trial with so many messages of ours at most in it: see endpoint.Trialist.
func (s *Session) Discard(ctx context.Context, w mailbox.Wire, validity mailbox.UIDValidity, messages uint32) (gone bool, stays string, err error) {
	op := Op{Mailbox, named("remove mailbox", w)}
	if !endpoint.IsTrial(w) {
		return false, "", s.refuse(op, errors.New("this is no mailbox of a trial"))
	}
	if err := checkName(w); err != nil {
		return false, "", s.refuse(op, err)
	}
	err = s.Do(ctx, op, func(x *Exchange) (err error) {
		gone, stays, err = x.unmake(w, validity, mailbox.UID(messages)+1, messages)
		return err
	})
	return gone, stays, err
}

// unmake deletes w when it holds no more than ours messages.
func (x *Exchange) unmake(w mailbox.Wire, validity mailbox.UIDValidity, next mailbox.UID, ours uint32) (gone bool, stays string, err error) {
	there, below, err := x.family(w)
	switch {
	case err != nil:
		return false, "", err
	case there == nil:
		return true, "", nil
	case !there.Selectable:
		return false, "it cannot be opened, so that nobody knows what is in it", nil
	case below != "":
		return false, fmt.Sprintf("mailbox %.200q is below it", string(below)), nil
	}
	status, err := x.status(w, "MESSAGES UIDNEXT UIDVALIDITY")
	if err != nil {
		return false, "", err
	}
	switch {
	case validity == 0 || status.UIDValidity != validity:
		return false, fmt.Sprintf("its uidvalidity is %d, it was %d when it was made", status.UIDValidity, validity), nil
	case status.Messages > ours:
		return false, fmt.Sprintf("it holds %d messages that are not ours to remove", status.Messages), nil
	case status.UIDNext == 0 || status.UIDNext > next:
		return false, fmt.Sprintf("its next uid is %d, not %d: others have had mail in it", status.UIDNext, next), nil
	}
	answer, err := x.run(verb("DELETE ").name(w), nil)
	if err != nil {
		return false, "", err
	}
	there, err = x.find(w)
	switch {
	case err != nil:
		return false, "", err
	case there == nil || !there.Selectable: // RFC 9051 section 6.3.5: a name may stay, as \Noselect
		return true, "", nil
	case answer.kind == "OK":
		return false, "", x.session.refuse(x.op, errors.New("the server says OK, and LIST still shows it"))
	}
	return false, "", x.refusal(answer)
}

// family finds a mailbox, and one that is below it.
func (x *Exchange) family(w mailbox.Wire) (there *mailbox.Info, below mailbox.Wire, err error) {
	there, err = x.find(w)
	if err != nil || there == nil || there.Delimiter == "" {
		return there, "", err
	}
	root := string(w) + there.Delimiter
	// "*" alone does not show every namespace; a pattern made of the name may mean more to a server, or less. What is below is in one of both.
	for _, pattern := range []string{"*", patternOf(w) + there.Delimiter + "*"} {
		n := 0
		err = x.ask(verb(`LIST "" `).astring(pattern), func(r *response) error {
			if _, name := r.untagged(); name != "LIST" {
				return nil
			}
			if n++; n > maxMailboxes {
				return &violation{fmt.Errorf("more than %d mailboxes", maxMailboxes)}
			}
			info, err := parseList(r)
			if err == nil && strings.HasPrefix(string(info.Wire), root) && string(info.Wire) != root {
				below = info.Wire
			}
			return err // a mailbox that cannot be read may be below it
		})
		if err != nil {
			return nil, "", err
		}
	}
	return there, below, nil
}
