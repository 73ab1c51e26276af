package wire

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// maxMailboxes of an account, and maxNames bytes of their names and attributes; more is a flood.
const (
	maxMailboxes = 100_000
	maxNames     = 16 << 20
)

// ListOptions says what List asks for beside names and attributes.
type ListOptions struct {
	Status bool // the numbers of each mailbox that can be opened
}

// List gives all mailboxes of all namespaces in the server's order, each once, with names byte for byte as the server sent them. Where
// LIST-EXTENDED, SPECIAL-USE and LIST-STATUS are advertised one command asks for all (RFC 5258, 5819, 6154); what they leave open is asked
// by LSUB and STATUS. A STATUS that is refused is no error: it is noted in Info.Problem. A line of LIST that cannot be read is an error of
// Class Protocol, because a mailbox would be missing.
func (s *Session) List(ctx context.Context, o ListOptions) ([]mailbox.Info, error) {
	op := Op{Words: "list the mailboxes"}
	l := &listing{session: s, items: s.statusItems(), options: o, place: map[mailbox.Wire]int{}}
	err := s.Do(ctx, op, func(x *Exchange) error { return l.fill(x) })
	if err != nil {
		return nil, err
	}
	return l.found, nil
}

// listing is a List under way.
type listing struct {
	session *Session
	options ListOptions
	items   string
	found   []mailbox.Info
	place   map[mailbox.Wire]int // in found
	status  map[mailbox.Wire]mailbox.Status
	bytes   int    // of names and attributes
	extras  string // RETURN (...), "" for a plain LIST
	subs    bool   // subscriptions came with LIST
}

func (l *listing) fill(x *Exchange) error {
	spaces, err := x.namespaces()
	if err != nil {
		return err
	}
	l.returns(x.session.caps)
	if err := l.all(x); err != nil {
		return err
	}
	for _, n := range slices.Concat(spaces.Personal, spaces.Others, spaces.Shared) {
		if err := l.below(x, n.Prefix); err != nil {
			return err
		}
	}
	if err := l.subscriptions(x); err != nil {
		return err
	}
	if err := l.roles(x); err != nil {
		return err
	}
	if !l.options.Status {
		return nil
	}
	return l.numbers(x)
}

// returns chooses the return options that the server knows. SPECIAL-USE and LIST-STATUS bring the syntax with them.
func (l *listing) returns(caps endpoint.Capabilities) {
	l.status = map[mailbox.Wire]mailbox.Status{}
	var wanted []string
	if l.subs = caps.Has("LIST-EXTENDED"); l.subs {
		wanted = append(wanted, "SUBSCRIBED", "CHILDREN")
	}
	if caps.Has("SPECIAL-USE") {
		wanted = append(wanted, "SPECIAL-USE")
	}
	if caps.Has("LIST-STATUS") && l.options.Status {
		wanted = append(wanted, "STATUS ("+l.items+")")
	}
	if len(wanted) > 0 {
		l.extras = " RETURN (" + strings.Join(wanted, " ") + ")"
	}
}

// all asks for everything, plainly if the server does not take what it advertises.
func (l *listing) all(x *Exchange) error {
	answer, err := l.list(x, "*")
	if err != nil {
		return err
	}
	if answer.kind != "OK" && l.extras != "" {
		l.extras, l.subs = "", false
		return l.all(x)
	}
	return x.refusal(answer)
}

func (l *listing) list(x *Exchange, pattern string) (status, error) {
	return x.run(verb(`LIST "" `).astring(pattern).and(l.extras), l.take)
}

// below lists a namespace that "*" has not shown. That it is refused or empty is no error.
func (l *listing) below(x *Exchange, prefix mailbox.Wire) error {
	shown := func(i mailbox.Info) bool { return strings.HasPrefix(string(i.Wire), string(prefix)) }
	if prefix == "" || checkName(prefix) != nil || slices.ContainsFunc(l.found, shown) {
		return nil
	}
	_, err := l.list(x, patternOf(prefix)+"*")
	return err
}

// take notes one untagged response of LIST.
func (l *listing) take(r *response) error {
	switch _, name := r.untagged(); name {
	case "LIST":
		info, err := parseList(r)
		if err != nil {
			e := l.session.problem(Op{Words: "list the mailboxes"}, err)
			e.Class = endpoint.Protocol
			return e
		}
		return l.add(info)
	case "STATUS":
		if w, st, ok := parseStatusData(r); ok && len(l.status) < maxMailboxes {
			l.status[inboxFolded(w)] = st
		}
	}
	return nil
}

func (l *listing) add(info mailbox.Info) error {
	if len(l.found) >= maxMailboxes {
		return &violation{fmt.Errorf("more than %d mailboxes", maxMailboxes)}
	}
	l.bytes += len(info.Wire)
	for _, a := range info.Attributes {
		l.bytes += len(a)
	}
	if l.bytes > maxNames {
		return &violation{fmt.Errorf("mailboxes whose names take more than %d bytes", maxNames)}
	}
	key := inboxFolded(info.Wire)
	if _, twice := l.place[key]; twice {
		return nil
	}
	l.place[key] = len(l.found)
	l.found = append(l.found, info)
	return nil
}

// inboxFolded is a name to compare by.
func inboxFolded(w mailbox.Wire) mailbox.Wire {
	if strings.EqualFold(string(w), mailbox.Inbox) {
		return mailbox.Inbox
	}
	return w
}

// subscriptions asks LSUB (RFC 3501 section 6.3.9) where LIST did not tell. Names that are subscribed but not there are left out.
func (l *listing) subscriptions(x *Exchange) error {
	if l.subs {
		return nil
	}
	answer, err := x.run(verb(`LSUB "" "*"`), func(r *response) error {
		if _, name := r.untagged(); name != "LSUB" {
			return nil
		}
		info, err := parseList(r)
		if i, there := l.place[inboxFolded(info.Wire)]; err == nil && there && info.Selectable {
			l.found[i].Subscribed = true
		}
		return nil
	})
	if err != nil || answer.kind != "OK" {
		return err // a server without LSUB has no subscriptions
	}
	return nil
}

// roles asks XLIST, the fore-runner of RFC 6154, where that is all that a server has. It names INBOX in the user's language, as \Inbox, so
// that only what LIST has shown under the same name takes its role from it.
func (l *listing) roles(x *Exchange) error {
	if caps := x.session.caps; !caps.Has("XLIST") || caps.Has("SPECIAL-USE") {
		return nil
	}
	_, err := x.run(verb(`XLIST "" "*"`), func(r *response) error {
		if _, name := r.untagged(); name != "XLIST" {
			return nil
		}
		info, err := parseList(r)
		i, there := l.place[inboxFolded(info.Wire)]
		if err == nil && there && l.found[i].Role == mailbox.RoleNone && info.Role != mailbox.RoleInbox {
			l.found[i].Role = info.Role
		}
		return nil
	})
	return err // a refusal leaves the names
}

// parseList reads "* LIST (\attributes) delimiter name [extended data]"; LSUB and XLIST look the same.
func parseList(r *response) (mailbox.Info, error) {
	p := newParser(r)
	p.skipWords(2)
	attributes, err := p.value()
	if err != nil || attributes.kind != listValue {
		return mailbox.Info{}, fmt.Errorf("the server lists a mailbox in a way that cannot be read: %q", cut(r.line(), 200))
	}
	delimiter, err := p.value()
	if err != nil || delimiter.kind == listValue {
		return mailbox.Info{}, fmt.Errorf("the server lists a mailbox in a way that cannot be read: %q", cut(r.line(), 200))
	}
	name, err := p.mailboxName()
	if err != nil {
		return mailbox.Info{}, fmt.Errorf("the server lists a mailbox in a way that cannot be read: %q", cut(r.line(), 200))
	}
	info := mailbox.Info{Wire: mailbox.Wire(name), Delimiter: delimiter.text, Attributes: attributes.strings()}
	if delimiter.isNil() {
		info.Delimiter = ""
	}
	describe(&info)
	return info, nil
}

// mailboxName reads the name, which some servers forget to quote when it has blanks or parentheses in it.
func (p *parser) mailboxName() (string, error) {
	p.blanks()
	rest := p.rest()
	if len(rest) == 0 || rest[0] == '"' {
		v, err := p.value()
		return v.text, err
	}
	name := strings.TrimRight(string(rest), " ")
	if i := strings.Index(name, " (("); i >= 0 && strings.HasSuffix(name, "))") { // extended data, RFC 5258 section 6
		name = name[:i]
	} else if i := strings.Index(name, ` ("`); i >= 0 && strings.HasSuffix(name, ")") {
		name = name[:i]
	}
	p.pos += len(rest)
	return name, nil
}

// describe fills in what follows from attributes and name.
func describe(info *mailbox.Info) {
	info.Selectable = true
	for _, a := range info.Attributes {
		switch strings.ToLower(a) {
		case `\noselect`:
			info.Selectable = false
		case `\nonexistent`: // implies \Noselect, RFC 9051 section 7.3.1
			info.Selectable, info.NonExistent = false, true
		case `\noinferiors`:
			info.NoInferiors = true
		case `\subscribed`:
			info.Subscribed = true
		}
		if role := mailbox.RoleOf(a); role != mailbox.RoleNone && info.Role == mailbox.RoleNone {
			info.Role = role
		}
	}
	info.Name, _ = mailbox.Decode(info.Wire, info.Delimiter)
	if len(info.Name) > 0 && strings.EqualFold(info.Name[0], mailbox.Inbox) {
		info.Name[0] = mailbox.Inbox
	}
	if info.Name.IsInbox() {
		info.Role = mailbox.RoleInbox
	}
	encoded, err := mailbox.Encode(info.Name, info.Delimiter)
	info.Exact = err == nil && sameMailbox(encoded, info.Wire)
}

// patternOf matches w, and perhaps more: its own % and * are wildcards to LIST. Braces become wildcards too, because a server may take
// a pattern for a regular expression, and choke on them.
func patternOf(w mailbox.Wire) string {
	return strings.NewReplacer("{", "%", "}", "%").Replace(string(w))
}

// find looks one mailbox up by its exact name, nil if it is not there.
func (x *Exchange) find(w mailbox.Wire) (*mailbox.Info, error) {
	var found *mailbox.Info
	err := x.ask(verb(`LIST "" `).astring(patternOf(w)), func(r *response) error {
		if _, name := r.untagged(); name != "LIST" {
			return nil
		}
		if info, err := parseList(r); err == nil && sameMailbox(info.Wire, w) {
			found = &info
		}
		return nil
	})
	return found, err
}
