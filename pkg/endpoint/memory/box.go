package memory

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
)

// Message is one stored message as the server has it.
type Message struct {
	UID          mailbox.UID
	Content      []byte
	InternalDate time.Time // zero: the server sends a date that nobody can read
	Flags        []mailbox.Flag
	ModSeq       uint64
	Recent       bool // delivered since a mailbox was last opened read-write

	ClaimedSize int64  // RFC822.SIZE where it lies; 0: the truth
	Problem     string // the bytes cannot be had, in these words
}

// box is one mailbox; its fields are guarded by the account's lock.
type box struct {
	wire     mailbox.Wire
	role     mailbox.Role
	validity mailbox.UIDValidity
	next     mailbox.UID
	modseq   uint64
	messages []*Message // ascending UIDs
	noselect bool
	gone     bool // deleted or made anew: whoever has it open is cut off
}

func (a *Account) addBox(w mailbox.Wire, role mailbox.Role) *box {
	a.lastValidity++
	b := &box{wire: w, role: role, validity: a.lastValidity, next: 1, modseq: 1}
	a.boxes = append(a.boxes, b)
	return b
}

// find gives nil for a mailbox that is not there.
func (a *Account) find(w mailbox.Wire) *box {
	w = canonical(w)
	for _, b := range a.boxes {
		if b.wire == w {
			return b
		}
	}
	return nil
}

func (b *box) add(m Message) *Message {
	b.modseq++
	m.UID, m.ModSeq = b.next, b.modseq
	b.next++
	b.messages = append(b.messages, &m)
	return &m
}

func (b *box) message(uid mailbox.UID) *Message {
	i, found := slices.BinarySearchFunc(b.messages, uid, func(m *Message, u mailbox.UID) int { return int(int64(m.UID) - int64(u)) })
	if !found {
		return nil
	}
	return b.messages[i]
}

func (b *box) in(set mailbox.UIDSet) []*Message {
	var out []*Message
	for _, m := range b.messages {
		if set.Contains(m.UID) {
			out = append(out, m)
		}
	}
	return out
}

// expunge removes those of set that keep agrees to lose, and says which.
func (b *box) expunge(set mailbox.UIDSet, lose func(*Message) bool) mailbox.UIDSet {
	var removed []mailbox.UID
	b.messages = slices.DeleteFunc(b.messages, func(m *Message) bool {
		hit := set.Contains(m.UID) && lose(m)
		if hit {
			removed = append(removed, m.UID)
		}
		return hit
	})
	if len(removed) > 0 {
		b.modseq++
	}
	return mailbox.SetOf(removed...)
}

func (m *Message) setFlags(b *box, flags []mailbox.Flag) {
	b.modseq++
	m.Flags, m.ModSeq = mailbox.Flags(flags...), b.modseq
}

func (m *Message) has(f mailbox.Flag) bool { return slices.ContainsFunc(m.Flags, f.Equal) }

// seen is the message as FETCH describes it.
func (m *Message) seen(condstore bool) mailbox.Message {
	out := mailbox.Message{UID: m.UID, Size: int64(len(m.Content)), InternalDate: m.InternalDate, Flags: slices.Clone(m.Flags)}
	if m.ClaimedSize != 0 {
		out.Size = m.ClaimedSize
	}
	if m.Recent {
		out.Flags = append(out.Flags, mailbox.Recent)
	}
	if condstore {
		out.ModSeq = m.ModSeq
	}
	return out
}

func (m *Message) clone() Message {
	c := *m
	c.Flags = slices.Clone(m.Flags)
	return c
}

func (b *box) bytes() (n int64) {
	for _, m := range b.messages {
		n += int64(len(m.Content))
	}
	return n
}

func contains(list []string, s string) bool {
	return slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, s) })
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
