package demo

import (
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"imapmigrate/pkg/mailbox"
)

// message is one stored message. All but flags and changed stay as they are for good; a flags slice is replaced, never written to.
type message struct {
	uid     imap.UID
	content []byte
	date    time.Time
	flags   []mailbox.Flag
	changed uint64 // the box's version when flags were last changed
}

func (m *message) has(f mailbox.Flag) bool { return slices.ContainsFunc(m.flags, f.Equal) }

// box is the messages of one mailbox.
type box struct {
	validity uint32

	mu       sync.Mutex
	next     imap.UID
	messages []*message // ascending by UID
	size     int64
	version  uint64        // counts changes, so that a view can tell whether it is behind
	changes  chan struct{} // closed at the next change; nil when nobody waits
}

func newBox(validity uint32) *box { return &box{validity: validity, next: 1} }

// touched counts a change; b.mu is held.
func (b *box) touched() {
	b.version++
	if b.changes != nil {
		close(b.changes)
		b.changes = nil
	}
}

// watch gives a channel that is closed at the next change.
func (b *box) watch() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changes == nil {
		b.changes = make(chan struct{})
	}
	return b.changes
}

// add appends a message; content must not be changed afterwards.
func (b *box) add(content []byte, date time.Time, flags []mailbox.Flag) imap.UID {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := &message{uid: b.next, content: content, date: date, flags: mailbox.Flags(flags...)}
	b.next++
	b.messages = append(b.messages, m)
	b.size += int64(len(content))
	b.touched()
	return m.uid
}

// find is the message of that UID; b.mu is held.
func (b *box) find(uid imap.UID) *message {
	i, found := slices.BinarySearchFunc(b.messages, uid, func(m *message, uid imap.UID) int { return int(int64(m.uid) - int64(uid)) })
	if !found {
		return nil
	}
	return b.messages[i]
}

// setFlags replaces the flags of m; b.mu is held.
func (b *box) setFlags(m *message, flags []mailbox.Flag) {
	m.flags = mailbox.Flags(flags...)
	b.touched()
	m.changed = b.version
}

// remove takes away the messages that gone says and gives their UIDs; b.mu is held.
func (b *box) remove(gone func(*message) bool) []imap.UID {
	var removed []imap.UID
	b.messages = slices.DeleteFunc(b.messages, func(m *message) bool {
		if !gone(m) {
			return false
		}
		removed = append(removed, m.uid)
		b.size -= int64(len(m.content))
		return true
	})
	if len(removed) > 0 {
		b.touched()
	}
	return removed
}

// count is the number of messages that carry f; b.mu is held.
func (b *box) count(f mailbox.Flag) uint32 {
	var n uint32
	for _, m := range b.messages {
		if m.has(f) {
			n++
		}
	}
	return n
}

// keywords are those in use; b.mu is held.
func (b *box) keywords() []mailbox.Flag {
	seen := make(map[mailbox.Flag]bool)
	var all []mailbox.Flag
	for _, m := range b.messages {
		for _, f := range m.flags {
			if !seen[f] && !f.System() {
				seen[f] = true
				all = append(all, f)
			}
		}
	}
	return mailbox.Flags(all...)
}

// status is what STATUS tells.
func (b *box) status() mailbox.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := uint32(len(b.messages))
	return mailbox.Status{
		Messages: n, Unseen: n - b.count(mailbox.Seen), UIDNext: mailbox.UID(b.next), UIDValidity: mailbox.UIDValidity(b.validity),
		Size: b.size, AppendLimit: -1,
	}
}
