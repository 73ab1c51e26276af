package memory

import (
	"fmt"
	"slices"
	"time"

	"imapmigrate/pkg/mailbox"
)

// What follows is what other clients, and the mail system itself, do to the account. None of it is in the History; each panics when the
// mailbox is not there, because then the test is wrong.

// Make adds a mailbox, subscribed or not, with any role; parents are not made.
func (a *Account) Make(w mailbox.Wire, role mailbox.Role, subscribed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.find(w) == nil {
		a.addBox(canonical(w), role)
	}
	if subscribed {
		a.subscribed[canonical(w)] = true
	}
}

// MakeNoselect adds a name that cannot be opened.
func (a *Account) MakeNoselect(w mailbox.Wire) {
	a.Make(w, mailbox.RoleNone, false)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mustFind(w).noselect = true
}

// Deliver adds a message and says its UID. Nothing is checked, and nothing is changed but the date, which has whole seconds in IMAP; the
// content must not be changed afterwards.
func (a *Account) Deliver(w mailbox.Wire, content []byte, date time.Time, flags ...mailbox.Flag) mailbox.UID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mustFind(w).add(Message{Content: content, InternalDate: whole(date), Flags: mailbox.Flags(flags...), Recent: true}).UID
}

// Edit changes one message as another client, or a broken server, would: flags, Recent, ClaimedSize, Problem, even the bytes. Its MODSEQ rises.
func (a *Account) Edit(w mailbox.Wire, uid mailbox.UID, change func(*Message)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.mustFind(w)
	m := b.message(uid)
	if m == nil {
		panic(fmt.Sprintf("memory: no message %d in %q", uid, string(w)))
	}
	change(m)
	m.UID = uid
	m.setFlags(b, m.Flags)
}

// Remove expunges messages, whatever their flags.
func (a *Account) Remove(w mailbox.Wire, uids ...mailbox.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mustFind(w).expunge(mailbox.SetOf(uids...), func(*Message) bool { return true })
}

// Skip raises UIDNEXT by n, as messages do that came and went.
func (a *Account) Skip(w mailbox.Wire, n mailbox.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mustFind(w).next += n
}

// Delete removes a mailbox; whoever has it open is cut off.
func (a *Account) Delete(w mailbox.Wire) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.mustFind(w)
	b.gone = true
	a.boxes = slices.DeleteFunc(a.boxes, func(o *box) bool { return o == b })
}

// Renumber gives a mailbox a new UIDVALIDITY and its messages new UIDs from 1 on, as a restore from backup does.
func (a *Account) Renumber(w mailbox.Wire) { a.replace(w, true) }

// Recreate deletes a mailbox and makes an empty one of the same name, with a new UIDVALIDITY.
func (a *Account) Recreate(w mailbox.Wire) { a.replace(w, false) }

func (a *Account) replace(w mailbox.Wire, keep bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.mustFind(w)
	old.gone = true
	a.lastValidity++
	fresh := &box{wire: old.wire, role: old.role, validity: a.lastValidity, next: 1, modseq: 1}
	if keep {
		for _, m := range old.messages {
			fresh.add(m.clone())
		}
	}
	a.boxes[slices.Index(a.boxes, old)] = fresh
}

// Messages are the messages of a mailbox as the server has them, in ascending order of UID; nil when there is no such mailbox.
func (a *Account) Messages(w mailbox.Wire) []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.find(w)
	if b == nil {
		return nil
	}
	out := make([]Message, len(b.messages))
	for i, m := range b.messages {
		out[i] = m.clone()
	}
	return out
}

// Mailboxes are the names of all mailboxes, in order of creation.
func (a *Account) Mailboxes() []mailbox.Wire {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []mailbox.Wire
	for _, b := range a.boxes {
		out = append(out, b.wire)
	}
	return out
}

// Subscribed reports whether w is subscribed.
func (a *Account) Subscribed(w mailbox.Wire) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.subscribed[canonical(w)]
}

// Validity is a mailbox's UIDVALIDITY.
func (a *Account) Validity(w mailbox.Wire) mailbox.UIDValidity {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mustFind(w).validity
}

func (a *Account) mustFind(w mailbox.Wire) *box {
	b := a.find(w)
	if b == nil {
		panic(fmt.Sprintf("memory: no mailbox %q", string(w)))
	}
	return b
}
