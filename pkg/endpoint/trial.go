package endpoint

import (
	"context"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// TrialName begins the last part of the name of every mailbox that a Trialist makes; 32 hexadecimal digits follow it.
const TrialName = "imapmigrate-trial-"

// IsTrial reports whether w ends in a name that only a trial has: TrialName and 32 hexadecimal digits, which nobody else comes to by chance.
func IsTrial(w mailbox.Wire) bool {
	at := strings.LastIndex(string(w), TrialName)
	if at < 0 {
		return false
	}
	digits := string(w)[at+len(TrialName):]
	return len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// Trialist is the right to try out what a server makes of messages, in a mailbox of its own. Only check --trial is handed it.
type Trialist interface {
	Appender
	// Begin makes mailbox w. A name that is not [IsTrial], or that is there already, is Class BadMailbox: nothing is made, and Discard will
	// not touch it.
	Begin(ctx context.Context, w mailbox.Wire) error
	// Discard deletes w with the trial's messages in it (RFC 9051 section 6.3.5), if Begin made it, and only then: another name is Class
	// BadMailbox. It deletes nothing, and says why in stays, when the mailbox has another UIDVALIDITY than Begin found, holds more than so
	// many messages or has given more UIDs, or has a mailbox below it. gone is true when it is there no more, whoever removed it.
	Discard(ctx context.Context, w mailbox.Wire, messages uint32) (gone bool, stays string, err error)
}
