package memory

import (
	"strings"

	"imapmigrate/pkg/mailbox"
)

// list is LIST over everything: INBOX, the mailboxes in order of creation, and the parents that only their children make visible.
func (a *Account) list() []mailbox.Info {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []mailbox.Info
	known := make(map[mailbox.Wire]bool)
	for _, b := range a.boxes {
		known[b.wire] = true
	}
	for _, b := range a.boxes {
		for _, p := range a.parents(b.wire) {
			if !known[p] {
				known[p] = true
				out = append(out, a.info(&box{wire: p, noselect: true}))
			}
		}
		out = append(out, a.info(b))
	}
	return out
}

// parents are the names above w, outermost first.
func (a *Account) parents(w mailbox.Wire) []mailbox.Wire {
	if a.options.Delimiter == "" {
		return nil
	}
	var out []mailbox.Wire
	for i := range w {
		if i > 0 && strings.HasPrefix(string(w[i:]), a.options.Delimiter) {
			out = append(out, w[:i])
		}
	}
	return out
}

func (a *Account) info(b *box) mailbox.Info {
	name, exact := mailbox.Decode(b.wire, a.options.Delimiter)
	info := mailbox.Info{Wire: b.wire, Name: name, Exact: exact, Delimiter: a.options.Delimiter, Selectable: !b.noselect, Subscribed: a.subscribed[b.wire]}
	if b.noselect {
		info.Attributes = append(info.Attributes, `\Noselect`)
	}
	if a.hasChildren(b.wire) {
		info.Attributes = append(info.Attributes, `\HasChildren`)
	} else {
		info.Attributes = append(info.Attributes, `\HasNoChildren`)
	}
	switch {
	case b.wire == mailbox.Inbox:
		info.Role = mailbox.RoleInbox
	case b.role != mailbox.RoleNone && a.caps.Has("SPECIAL-USE"):
		info.Role = b.role
		info.Attributes = append(info.Attributes, string(b.role))
	}
	return info
}

func (a *Account) hasChildren(w mailbox.Wire) bool {
	for _, b := range a.boxes {
		if a.options.Delimiter != "" && strings.HasPrefix(string(b.wire), string(w)+a.options.Delimiter) {
			return true
		}
	}
	return false
}

func (a *Account) status(b *box) mailbox.Status {
	st := mailbox.Status{Messages: uint32(len(b.messages)), UIDNext: b.next, UIDValidity: b.validity, Size: -1, AppendLimit: -1}
	for _, m := range b.messages {
		if !m.has(mailbox.Seen) {
			st.Unseen++
		}
	}
	if a.caps.Has("STATUS=SIZE") {
		st.Size = b.bytes()
	}
	if a.options.AppendLimit > 0 {
		st.AppendLimit = a.options.AppendLimit
	}
	if a.caps.Has("CONDSTORE") {
		st.ModSeq = b.modseq
	}
	return st
}

// used is what counts against the quota.
func (a *Account) used() (n int64) {
	for _, b := range a.boxes {
		n += b.bytes()
	}
	return n
}
