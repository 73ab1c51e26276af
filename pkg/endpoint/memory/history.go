package memory

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"imapmigrate/pkg/mailbox"
)

// Step is one command that changed the account, or would have.
type Step struct {
	Verb    Verb // CREATE, SUBSCRIBE, APPEND, STORE, EXPUNGE; SELECT because it takes \Recent away
	Mailbox mailbox.Wire
	UIDs    mailbox.UIDSet // of APPEND: the UID given; of STORE and EXPUNGE: the set that was sent
	Changed mailbox.UIDSet // of STORE and EXPUNGE: the messages that really were changed or removed
	Flags   []mailbox.Flag
	Unmark  bool // of STORE: the flag was taken away
	Digest  mailbox.Digest
	Refused string // why nothing was changed; empty when it was
}

// String is for a test's message.
func (s Step) String() string {
	text := fmt.Sprintf("%s %q", s.Verb, string(s.Mailbox))
	if len(s.UIDs) > 0 {
		text += " " + s.UIDs.String()
	}
	if s.Refused != "" {
		text += " refused: " + s.Refused
	}
	return text
}

// History is every such command of every login since the account was made, in order; what other clients do is not in it.
func (a *Account) History() []Step {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.history)
}

// Calls counts the calls of verb so far, failed ones included; of FETCH and APPEND, the messages.
func (a *Account) Calls(verb Verb) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[verb]
}

// note writes down one step; the caller holds the lock.
func (a *Account) note(s Step) { a.history = append(a.history, s) }

func digest(content []byte) mailbox.Digest { return sha256.Sum256(content) }
