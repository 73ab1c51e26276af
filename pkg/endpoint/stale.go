package endpoint

import (
	"fmt"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// StaleError: an account, or a mailbox, is no longer what was recorded of it, so that nothing remembered may be used on it: a UIDVALIDITY
// changed, a UIDNEXT went back, another user is logged in. Nothing is guessed; a person has to look.
type StaleError struct {
	Account string // "alice@old.example at imap.old.example"
	Mailbox string // decoded; empty when it is the account
	Reason  string // what does not fit
	Next    string // the next step, a clause for people
}

// Error is one sentence with the address, the reason and the next step.
func (e *StaleError) Error() string {
	var b strings.Builder
	b.WriteString(e.Account + ": ")
	if e.Mailbox != "" {
		fmt.Fprintf(&b, "mailbox %q: ", e.Mailbox)
	}
	b.WriteString(e.Reason)
	if e.Next != "" {
		b.WriteString("; " + e.Next)
	}
	return b.String()
}

// Still compares what a server says of an opened mailbox with what was recorded: the UIDVALIDITY, and the highest UID that is remembered,
// which UIDNEXT must lie above (RFC 9051 section 2.3.1.1: UIDs never go back). It gives nil, or what does not fit.
func (s State) Still(account Identity, name mailbox.Name, recorded mailbox.UIDValidity, highest mailbox.UID) *StaleError {
	stale := &StaleError{Account: account.String(), Mailbox: name.String(), Next: "it was made anew or restored; look at it, then plan and copy again"}
	switch {
	case s.Validity == 0 || recorded == 0:
		stale.Reason = "the server gives it no uidvalidity, so that its messages cannot be told apart later"
	case s.Validity != recorded:
		stale.Reason = fmt.Sprintf("its uidvalidity is %d, it was %d when it was recorded", s.Validity, recorded)
	case s.UIDNext != 0 && highest >= s.UIDNext:
		stale.Reason = fmt.Sprintf("its next uid is %d, but message %d was there before", s.UIDNext, highest)
	default:
		return nil
	}
	return stale
}
