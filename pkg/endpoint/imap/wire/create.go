package wire

import (
	"context"
	"errors"
	"slices"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// creatable are the special uses that a mailbox can be made with (RFC 6154 section 3). The others are views that a server keeps itself.
var creatable = []mailbox.Role{mailbox.RoleArchive, mailbox.RoleDrafts, mailbox.RoleImportant, mailbox.RoleJunk, mailbox.RoleSent, mailbox.RoleTrash}

// Create makes a mailbox, with its special use where the server can (RFC 6154 section 3); made is false when it was there already. A
// server that refuses the special use gets the mailbox made without. A mailbox that neither LIST nor STATUS shows afterwards is Class BadMailbox,
// whatever the server has answered: some say OK and make another, or none.
func (s *Session) Create(ctx context.Context, w mailbox.Wire, role mailbox.Role) (made bool, err error) {
	op := Op{Mailbox, named("create mailbox", w)}
	if err := checkName(w); err != nil {
		return false, s.refuse(op, err)
	}
	use := s.caps.Has("CREATE-SPECIAL-USE") && slices.Contains(creatable, role)
	err = s.Do(ctx, op, func(x *Exchange) (err error) {
		made, err = x.create(w, role, use)
		return err
	})
	return made, err
}

func (x *Exchange) create(w mailbox.Wire, role mailbox.Role, use bool) (made bool, err error) {
	c := verb("CREATE ").name(w)
	if use {
		c = c.and(" (USE (" + string(role) + "))")
	}
	// Few servers say by a code that it is there already, and Courier says the same of every refusal: LIST tells, and goes along.
	tag, answer, err := x.send(c, nil)
	if err != nil {
		return false, err
	}
	if !answer.isText {
		x.session.asides.expect(tag, &answer)
	}
	found, err := x.find(w)
	if settled := x.settle(); err == nil {
		err = settled
	}
	switch {
	case err != nil:
		return false, err
	case found != nil && found.Selectable:
		return answer.kind == "OK", nil
	case answer.kind == "OK":
		return x.hidden(w)
	case use:
		return x.create(w, role, false)
	}
	return false, x.refusal(answer)
}

// hidden looks for a mailbox that was made and is not listed. Dovecot's LIST may lag behind when several connections make mailboxes at the
// same time; its STATUS does not. Cyrus makes "a/b" of "a//b", and STATUS knows both: a name with an empty part is none.
func (x *Exchange) hidden(w mailbox.Wire) (made bool, err error) {
	spaces, err := x.namespaces()
	if err != nil {
		return false, err
	}
	if !hasEmptyPart(string(w), spaces.Personal[0].Delimiter) {
		if _, err := x.status(w, "UIDVALIDITY"); x.conn.reason() != nil || err == nil {
			return err == nil, err
		}
	}
	return false, x.session.refuse(x.op, errors.New("the server says OK, but neither LIST nor STATUS shows the mailbox"))
}

func hasEmptyPart(name, delimiter string) bool {
	return delimiter != "" && slices.Contains(strings.Split(name, delimiter), "")
}

// Subscribe adds w to the subscribed names (RFC 9051 section 6.3.7).
func (s *Session) Subscribe(ctx context.Context, w mailbox.Wire) error {
	op := Op{Mailbox, named("subscribe to mailbox", w)}
	if err := checkName(w); err != nil {
		return s.refuse(op, err)
	}
	return s.Do(ctx, op, func(x *Exchange) error { return x.ask(verb("SUBSCRIBE ").name(w), nil) })
}
