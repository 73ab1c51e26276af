package demo

import (
	"strings"

	"github.com/emersion/go-imap/v2"

	"imapmigrate/pkg/mailbox"
)

// layout is how a server puts mailbox names together. A key is a whole name, decoded, with the server's delimiter, as go-imap hands it
// to a session; INBOX is in upper case in it.
type layout struct{ delimiter, prefix string }

const maxName = 1000 // bytes; longer than any server's, short enough for a log

// key is the canonical form of a name that a client sent: INBOX is case-insensitive also as the first part, a delimiter at the end
// means nothing (RFC 9051 section 6.3.4).
func (l layout) key(name string) string {
	name = strings.TrimSuffix(name, l.delimiter)
	first, rest, more := strings.Cut(name, l.delimiter)
	if !strings.EqualFold(first, mailbox.Inbox) {
		return name
	}
	if more {
		return mailbox.Inbox + l.delimiter + rest
	}
	return mailbox.Inbox
}

// join makes a key of a name's parts.
func (l layout) join(n mailbox.Name) (string, error) {
	if _, err := mailbox.Encode(n, l.delimiter); err != nil {
		return "", err
	}
	return l.key(strings.Join(n, l.delimiter)), nil
}

func (l layout) split(key string) mailbox.Name { return strings.Split(key, l.delimiter) }

// check says whether a mailbox of that name may be made.
func (l layout) check(key string) error {
	switch {
	case len(key) > maxName:
		return refuse(imap.ResponseCodeLimit, "a mailbox name has at most %d bytes", maxName)
	case key != mailbox.Inbox && !strings.HasPrefix(key, l.prefix):
		return refuse(imap.ResponseCodeCannot, "mailbox names begin with %+q here", l.prefix)
	}
	if _, err := l.join(l.split(key)); err != nil {
		return refuse(imap.ResponseCodeCannot, "mailbox %+q: empty parts and control characters are not allowed", key)
	}
	return nil
}

// parent is the key one level up.
func (l layout) parent(key string) (string, bool) {
	i := strings.LastIndex(key, l.delimiter)
	if i < 0 {
		return "", false
	}
	return key[:i], true
}

// inside reports whether key lies below the mailbox above.
func (l layout) inside(key, above string) bool { return strings.HasPrefix(key, above+l.delimiter) }
