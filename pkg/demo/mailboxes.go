package demo

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"imapmigrate/pkg/mailbox"
)

// mailboxes is the tree of one account. A node without a box is a \Noselect parent; it is there as long as something lies below it.
type mailboxes struct {
	layout layout
	now    func() time.Time

	mu         sync.Mutex
	nodes      map[string]*node
	subscribed map[string]bool // may name what is not there any more (RFC 9051 section 6.3.7)
	validity   uint32          // for the next mailbox; never used twice, so that a name made again is seen to be new
}

type node struct {
	box  *box
	role mailbox.Role
}

// entry is a node as it was when looked at.
type entry struct {
	key        string
	node       // box nil: \Noselect, or not there at all
	exists     bool
	children   bool
	subscribed bool
}

// open gives the box of a mailbox that can be selected, or NO [NONEXISTENT].
func (t *mailboxes) open(name string) (*box, error) {
	key := t.layout.key(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.nodes[key]; n != nil && n.box != nil {
		return n.box, nil
	}
	return nil, notThere(key)
}

// create makes a mailbox and, as \Noselect, the parents that it lacks. A \Noselect name becomes a mailbox.
func (t *mailboxes) create(name string, role mailbox.Role) error {
	key := t.layout.key(name)
	if err := t.layout.check(key); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.nodes[key]; n != nil && n.box != nil {
		return refuse(imap.ResponseCodeAlreadyExists, "there is a mailbox %+q already", key)
	}
	if err := t.checkRole(role); err != nil {
		return err
	}
	t.addParents(key)
	t.nodes[key] = &node{box: newBox(t.validity), role: role}
	t.validity++
	return nil
}

// checkRole allows a special use that a store can keep and that no other mailbox has; t.mu is held.
func (t *mailboxes) checkRole(role mailbox.Role) error {
	switch role {
	case mailbox.RoleNone:
		return nil
	case mailbox.RoleInbox, mailbox.RoleAll, mailbox.RoleFlagged:
		return refuse(codeUseAttr, "no mailbox can be made for %s", role)
	}
	for key, n := range t.nodes {
		if n.role == role {
			return refuse(codeUseAttr, "mailbox %+q has %s already", key, role)
		}
	}
	return nil
}

// addParents makes the missing parents of key; t.mu is held.
func (t *mailboxes) addParents(key string) {
	for up, more := t.layout.parent(key); more; up, more = t.layout.parent(up) {
		if t.nodes[up] == nil {
			t.nodes[up] = &node{}
		}
	}
}

// prune drops \Noselect parents of key with nothing left below them; t.mu is held.
func (t *mailboxes) prune(key string) {
	for up, more := t.layout.parent(key); more && t.nodes[up] != nil && t.nodes[up].box == nil && !t.hasChildren(up); up, more = t.layout.parent(up) {
		delete(t.nodes, up)
	}
}

func (t *mailboxes) hasChildren(key string) bool {
	for other := range t.nodes {
		if t.layout.inside(other, key) {
			return true
		}
	}
	return false
}

// delete removes a mailbox with its messages. With mailboxes below it the name stays, as \Noselect.
func (t *mailboxes) delete(name string) error {
	key := t.layout.key(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.nodes[key]
	switch {
	case key == mailbox.Inbox:
		return refuse(imap.ResponseCodeCannot, "INBOX cannot be deleted")
	case n == nil:
		return notThere(key)
	case n.box == nil:
		return refuse(imap.ResponseCodeHasChildren, "%+q has mailboxes below it", key)
	case t.hasChildren(key):
		t.nodes[key] = &node{}
	default:
		delete(t.nodes, key)
		t.prune(key)
	}
	return nil
}

// rename gives a mailbox and all below it another name. INBOX, whose renaming moves its messages (RFC 9051 section 6.3.6), is refused.
func (t *mailboxes) rename(from, to string) error {
	from, to = t.layout.key(from), t.layout.key(to)
	if err := t.layout.check(to); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.nodes[from] == nil:
		return notThere(from)
	case t.nodes[to] != nil:
		return refuse(imap.ResponseCodeAlreadyExists, "there is a mailbox %+q already", to)
	case from == mailbox.Inbox || t.layout.inside(to, from):
		return refuse(imap.ResponseCodeCannot, "%+q cannot become %+q", from, to)
	}
	for key, n := range t.nodes {
		if key == from || t.layout.inside(key, from) {
			delete(t.nodes, key)
			t.nodes[to+strings.TrimPrefix(key, from)] = n
		}
	}
	t.addParents(to)
	t.prune(from)
	return nil
}

// subscribe refuses names that are not there, as Dovecot and Cyrus do; unsubscribing them is fine.
func (t *mailboxes) subscribe(name string, on bool) error {
	key := t.layout.key(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !on:
		delete(t.subscribed, key)
	case t.nodes[key] == nil:
		return notThere(key)
	default:
		t.subscribed[key] = true
	}
	return nil
}

// list is all names, those subscribed and gone included, INBOX first, then by name.
func (t *mailboxes) list() []entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	parents := make(map[string]bool)
	for key := range t.nodes {
		if up, more := t.layout.parent(key); more {
			parents[up] = true
		}
	}
	all := make([]entry, 0, len(t.nodes))
	for key, n := range t.nodes {
		all = append(all, entry{key: key, node: *n, exists: true, children: parents[key], subscribed: t.subscribed[key]})
	}
	for key := range t.subscribed {
		if t.nodes[key] == nil {
			all = append(all, entry{key: key, subscribed: true})
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(sortKey(a.key), sortKey(b.key)) })
	return all
}

func sortKey(key string) string {
	if key == mailbox.Inbox {
		return ""
	}
	return key
}
