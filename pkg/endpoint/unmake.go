package endpoint

import (
	"context"

	"imapmigrate/pkg/mailbox"
)

// Unmaker is the right to take back a mailbox that this program has made, when nothing lives in it. Only rollback is handed it.
type Unmaker interface {
	// Identity says which account this is, after login.
	Identity() Identity
	// Unmake deletes one mailbox (RFC 9051 section 6.3.5), after a look over the same connection, right before. It deletes nothing, and says why
	// in stays, when the mailbox is INBOX, has another UIDVALIDITY, holds a message, has given a UID from next on to anybody, has a mailbox
	// below it, or cannot be opened. gone is true when LIST does not show it any more, whether this call or another removed it. IMAP has no
	// deletion on condition: what arrives in the instant between the look and the DELETE is not seen.
	Unmake(ctx context.Context, w mailbox.Wire, validity mailbox.UIDValidity, next mailbox.UID) (gone bool, stays string, err error)
}
