package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Delete is the verb of Unmake, which is in the History when something was deleted.
const Delete Verb = "DELETE"

// unmaking is the right to take back empty mailboxes.
type unmaking struct{ client *login }

var _ endpoint.Unmaker = unmaking{}

// Unmaking logs in afresh, with the right to take back empty mailboxes.
func (a *Account) Unmaking() endpoint.Unmaker { return unmaking{a.login()} }

func (u unmaking) Identity() endpoint.Identity { return u.client.account.identity }

func (u unmaking) Unmake(ctx context.Context, w mailbox.Wire, validity mailbox.UIDValidity, next mailbox.UID) (gone bool, stays string, err error) {
	fault, err := u.client.begin(ctx, Call{Verb: Delete, Mailbox: w})
	if err != nil {
		return false, "", err
	}
	if fault.Err != nil && !fault.Done {
		return false, "", fault.Err
	}
	a := u.client.account
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.find(w)
	if b == nil {
		return true, "", failed(fault.Err)
	}
	if stays := a.lives(b, validity, next); stays != "" {
		return false, stays, failed(fault.Err)
	}
	b.gone = true
	a.boxes = slices.DeleteFunc(a.boxes, func(o *box) bool { return o == b })
	a.note(Step{Verb: Delete, Mailbox: b.wire})
	return true, "", failed(fault.Err)
}

// lives says what keeps a mailbox from being taken back; the caller holds the lock.
func (a *Account) lives(b *box, validity mailbox.UIDValidity, next mailbox.UID) string {
	for _, o := range a.boxes {
		if a.options.Delimiter != "" && strings.HasPrefix(string(o.wire), string(b.wire)+a.options.Delimiter) {
			return fmt.Sprintf("mailbox %q is below it", string(o.wire))
		}
	}
	switch {
	case b.wire == mailbox.Inbox:
		return "it is INBOX"
	case b.noselect:
		return "it cannot be opened"
	case validity == 0 || b.validity != validity:
		return fmt.Sprintf("its uidvalidity is %d, it was %d when it was made", b.validity, validity)
	case len(b.messages) > 0:
		return fmt.Sprintf("it holds %d messages that are not ours to remove", len(b.messages))
	case b.next > next:
		return fmt.Sprintf("its next uid is %d, not %d: others have had mail in it", b.next, next)
	}
	return ""
}
