package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"imapmigrate/pkg/mailbox"
)

// Account is one user's mail, to be filled and looked at from outside the protocol. Connected clients see the changes as they see those
// of any other client. All methods may be called from several goroutines at once; names are whole names, with the namespace prefix (see
// Account.Name).
type Account struct {
	*mailboxes
	password string
}

// Mail is one message with its bytes.
type Mail struct {
	mailbox.Message
	Content []byte
}

func newAccount(l layout, validity uint32, now func() time.Time) *Account {
	t := &mailboxes{layout: l, now: now, nodes: make(map[string]*node), subscribed: make(map[string]bool), validity: validity}
	t.nodes[mailbox.Inbox] = &node{box: newBox(validity)}
	t.validity++
	t.subscribed[mailbox.Inbox] = true
	return &Account{mailboxes: t}
}

// Name puts the personal namespace's prefix before parts: Name("Sent") is INBOX/Sent where the prefix is "INBOX.". INBOX is itself.
func (a *Account) Name(parts ...string) mailbox.Name {
	n := mailbox.Name(parts)
	if a.layout.prefix == "" || n.IsInbox() {
		return n
	}
	return mailbox.Name(strings.Split(strings.TrimSuffix(a.layout.prefix, a.layout.delimiter), a.layout.delimiter)).Child(parts...)
}

// Create makes a mailbox and, as \Noselect, its missing parents. Role is kept where no other mailbox has it; \All and \Flagged are
// refused.
func (a *Account) Create(n mailbox.Name, role mailbox.Role) error {
	key, err := a.layout.join(n)
	if err != nil {
		return err
	}
	return a.create(key, role)
}

// Delete removes a mailbox with its messages. Made again, it has another UIDVALIDITY.
func (a *Account) Delete(n mailbox.Name) error {
	key, err := a.layout.join(n)
	if err != nil {
		return err
	}
	return a.delete(key)
}

// Subscribe adds n to the subscribed names.
func (a *Account) Subscribe(n mailbox.Name) error {
	key, err := a.layout.join(n)
	if err != nil {
		return err
	}
	return a.subscribe(key, true)
}

// Append adds a message and gives its UID. Of m, the content, flags and internal date count; a zero date means now. The content must not
// be changed afterwards.
func (a *Account) Append(n mailbox.Name, m Mail) (mailbox.UID, error) {
	b, err := a.box(n)
	if err != nil {
		return 0, err
	}
	if err := checkFlags(m.Flags); err != nil {
		return 0, err
	}
	if m.InternalDate.IsZero() {
		m.InternalDate = a.now()
	}
	return mailbox.UID(b.add(m.Content, m.InternalDate, m.Flags)), nil
}

// Mailboxes are all names with their state, as LIST shows them.
func (a *Account) Mailboxes() []mailbox.Info {
	var all []mailbox.Info
	for _, e := range a.list() {
		n := a.layout.split(e.key)
		wire, err := mailbox.Encode(n, a.layout.delimiter)
		info := mailbox.Info{
			Wire: wire, Name: n, Exact: err == nil, Delimiter: a.layout.delimiter, Role: e.role, Selectable: e.box != nil,
			NonExistent: !e.exists, Subscribed: e.subscribed,
		}
		if n.IsInbox() {
			info.Role = mailbox.RoleInbox
		}
		if e.box != nil {
			status := e.box.status()
			info.Status = &status
		}
		all = append(all, info)
	}
	return all
}

// Messages are all messages of a mailbox, ascending by UID. Contents and flags belong to the store: read only.
func (a *Account) Messages(n mailbox.Name) ([]Mail, error) {
	b, err := a.box(n)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Mail, len(b.messages))
	for i, m := range b.messages {
		all[i] = Mail{mailbox.Message{UID: mailbox.UID(m.uid), Size: int64(len(m.content)), InternalDate: m.date, Flags: m.flags}, m.content}
	}
	return all, nil
}

// SetFlags replaces the flags of one message, as another client might.
func (a *Account) SetFlags(n mailbox.Name, uid mailbox.UID, flags ...mailbox.Flag) error {
	b, err := a.box(n)
	if err != nil {
		return err
	}
	if err := checkFlags(flags); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.find(imap.UID(uid))
	if m == nil {
		return fmt.Errorf("mailbox %q has no message with UID %d", n, uid)
	}
	b.setFlags(m, flags)
	return nil
}

// Remove takes messages away, as another client might; UIDs that are not there are passed over.
func (a *Account) Remove(n mailbox.Name, set mailbox.UIDSet) error {
	b, err := a.box(n)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(func(m *message) bool { return set.Contains(mailbox.UID(m.uid)) })
	return nil
}

func (a *Account) box(n mailbox.Name) (*box, error) {
	key, err := a.layout.join(n)
	if err != nil {
		return nil, err
	}
	return a.open(key)
}

// checkFlags allows the five system flags and keywords that are plain atoms; \Recent cannot be set (RFC 9051 section 2.3.2).
func checkFlags(flags []mailbox.Flag) error {
	if i := slices.IndexFunc(flags, func(f mailbox.Flag) bool { return !f.System() && !f.Keyword() }); i >= 0 {
		return reject("flag %+q cannot be set", string(flags[i]))
	}
	return nil
}
