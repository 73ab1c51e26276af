package plan

import (
	"cmp"
	"slices"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// account is one survey, read the way the mapping needs it.
type account struct {
	survey *survey.Survey
	side   Side
	boxes  []*box                  // by own name, parents before children
	byFold map[string][]*box       // what is there; only of an account that is indexed
	closed map[string]bool         // names below which nothing can be; only of an account that is indexed
	byRole map[mailbox.Role]*box   // personal mailboxes only
	named  map[mailbox.Role][]*box // those whose name alone says the role, where the server marks none with it
	double []*box                  // further mailboxes with a role that another one has
}

// box is one mailbox with what the mapping asks about it.
type box struct {
	mailbox.Info
	own     mailbox.Name // without the personal prefix: "foo" for "INBOX.foo" where that prefix is "INBOX."
	account endpoint.Identity
	foreign string // "another user's" or "a shared"; empty in the personal namespace
	role    mailbox.Role
	byAttr  bool // role comes from the server, not from the name
}

func newAccount(s *survey.Survey) *account {
	personal := s.Namespaces.Personal[0]
	a := &account{survey: s, byRole: map[mailbox.Role]*box{}, named: map[mailbox.Role][]*box{}}
	a.side = Side{Identity: s.Identity, Delimiter: personal.Delimiter, Prefix: prefixName(personal), AppendLimit: s.AppendLimit}
	a.side.Identity.Server = words(s.Identity.Server)
	a.side.Foreign = append(slices.Clone(s.Namespaces.Others), s.Namespaces.Shared...)
	for _, info := range s.Mailboxes {
		b := &box{Info: info, account: s.Identity, foreign: foreign(s.Namespaces, info)}
		b.Name = readable(info.Name)
		b.own = a.side.ownName(b.Name)
		a.boxes = append(a.boxes, b)
	}
	slices.SortStableFunc(a.boxes, func(x, y *box) int {
		return cmp.Or(order(x.own, y.own), cmp.Compare(len(x.Name), len(y.Name)), cmp.Compare(x.Wire, y.Wire))
	})
	a.findRoles()
	return a
}

// prefixName is the parts of a namespace's prefix. A prefix that does not end in the delimiter ("~", "#news") is no parent of anything.
func prefixName(n endpoint.Namespace) mailbox.Name {
	if n.Delimiter == "" || !strings.HasSuffix(string(n.Prefix), n.Delimiter) || string(n.Prefix) == n.Delimiter {
		return nil
	}
	name, _ := mailbox.Decode(n.Prefix, n.Delimiter)
	return readable(name)
}

// readable is n as a plan can hold it: no part is empty ("a//b", "/a"), and a leading INBOX stands in upper case. The exact name is the wire's.
func readable(n mailbox.Name) mailbox.Name {
	if len(n) == 0 {
		return mailbox.Name{substitute}
	}
	if slices.Contains(n, "") {
		n = slices.Clone(n)
		for i := range n {
			n[i] = cmp.Or(n[i], substitute)
		}
	}
	return canonical(n)
}

// canonical writes a leading INBOX in upper case: it is one name in any case (RFC 9051 section 5.1).
func canonical(n mailbox.Name) mailbox.Name {
	if len(n) > 0 && n[0] != mailbox.Inbox && strings.EqualFold(n[0], mailbox.Inbox) {
		return mailbox.Name{mailbox.Inbox}.Child(n[1:]...)
	}
	return n
}

// ownName is n without the personal prefix. INBOX itself has none to lose.
func (s Side) ownName(n mailbox.Name) mailbox.Name {
	if len(s.Prefix) > 0 && len(n) > len(s.Prefix) && n.HasPrefix(s.Prefix) {
		return n[len(s.Prefix):]
	}
	return n
}

// foreign says whose a mailbox is by the longest prefix that fits (RFC 2342); INBOX is always one's own, and so is what fits nowhere.
// Cyrus states a shared namespace with an empty prefix, so that all that is neither below INBOX nor below "user." is shared.
func foreign(ns endpoint.Namespaces, info mailbox.Info) string {
	if info.Name.IsInbox() {
		return ""
	}
	longest, whose := -1, ""
	for _, kind := range []struct {
		whose  string
		spaces []endpoint.Namespace
	}{{"", ns.Personal}, {"another user's", ns.Others}, {"a shared", ns.Shared}} {
		for _, n := range kind.spaces {
			if len(n.Prefix) > longest && below(info.Wire, n) {
				longest, whose = len(n.Prefix), kind.whose
			}
		}
	}
	return whose
}

// below reports whether w is in the namespace, or is the mailbox that stands for it ("Other Users" of "Other Users/").
func below(w mailbox.Wire, n endpoint.Namespace) bool {
	return strings.HasPrefix(string(w), string(n.Prefix)) || n.Delimiter != "" && string(w)+n.Delimiter == string(n.Prefix)
}

// order sorts INBOX first and parents before their children.
func order(x, y mailbox.Name) int {
	if xi, yi := x.HasPrefix(inbox), y.HasPrefix(inbox); xi != yi {
		if xi {
			return -1
		}
		return 1
	}
	return slices.Compare(x, y)
}

var inbox = mailbox.Name{mailbox.Inbox}

// indexed is a, ready for find.
func (a *account) indexed() *account {
	a.byFold, a.closed = make(map[string][]*box, len(a.boxes)), map[string]bool{}
	for _, b := range a.boxes {
		if !b.NonExistent {
			key := fold(b.Name)
			a.byFold[key] = append(a.byFold[key], b)
			if b.NoInferiors {
				a.closed[b.Name.String()] = true
			}
		}
	}
	return a
}

// find is the mailbox of that full name, else the first whose name differs in case or Unicode form alone. key is the fold of n.
func (a *account) find(n mailbox.Name, key string) *box {
	near := a.byFold[key]
	if len(near) == 0 {
		return nil
	}
	if i := slices.IndexFunc(near, func(b *box) bool { return slices.Equal(b.Name, n) }); i >= 0 {
		return near[i]
	}
	return near[0]
}

// findRoles gives each role to one mailbox: the one the server marks, the outermost and first by name if it marks several, or else the
// one whose name says so most plainly.
func (a *account) findRoles() {
	marked := map[mailbox.Role]bool{}
	for _, b := range a.boxes {
		if b.foreign == "" && matched(b.Role) && b.Selectable {
			b.role, b.byAttr = b.Role, true
			marked[b.Role] = true
		}
	}
	for _, b := range a.boxes {
		if role := roleByName(b.own); b.foreign == "" && b.role == mailbox.RoleNone && role != mailbox.RoleNone && !marked[role] && b.Selectable {
			b.role = role
			a.named[role] = append(a.named[role], b)
		}
	}
	for _, named := range a.named {
		slices.SortStableFunc(named, func(x, y *box) int { return likeness(x.own[0]) - likeness(y.own[0]) })
	}
	for _, b := range a.boxes {
		if b.role == mailbox.RoleNone {
			continue
		}
		switch held := a.byRole[b.role]; {
		case held == nil:
			a.byRole[b.role] = b
		case len(b.own) < len(held.own), !b.byAttr && likeness(b.own[0]) < likeness(held.own[0]):
			a.byRole[b.role] = b
			a.double = append(a.double, held)
		default:
			a.double = append(a.double, b)
		}
	}
	for _, b := range a.double {
		b.role = mailbox.RoleNone
	}
}

// matched reports whether mailboxes of role r are brought together. INBOX is by its name; \All and \Flagged are views of other mailboxes
// on the servers that have them, and nothing can be appended to those.
func matched(r mailbox.Role) bool {
	switch r {
	case mailbox.RoleArchive, mailbox.RoleDrafts, mailbox.RoleImportant, mailbox.RoleJunk, mailbox.RoleSent, mailbox.RoleTrash:
		return true
	}
	return false
}

// virtual reports whether r marks a view of messages that live elsewhere.
func virtual(r mailbox.Role) bool { return r == mailbox.RoleAll || r == mailbox.RoleFlagged }
