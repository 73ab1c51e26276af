package verify

import (
	"context"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// sourceSide looks for messages that the ledger does not know, and for recorded ones that have gone.
func (b *box) sourceSide(ctx context.Context, p *page) error {
	left := map[mailbox.UID]bool{}
	for _, r := range p.rows {
		left[r.UID] = r.Outcome.Present() && r.Removal != ledger.Gone
	}
	b.sourceUse.Lock()
	defer b.sourceUse.Unlock()
	err := b.source.Scan(ctx, within(b.source.State().UIDNext, p.first, p.last), func(m mailbox.Message) error {
		if _, known := left[m.UID]; known {
			left[m.UID] = false
		} else if b.finished() && m.UID >= b.mailbox.Cursor {
			p.totals.NewOnSource++
		} else {
			p.unknown = append(p.unknown, m.UID)
		}
		return nil
	})
	for _, gone := range left {
		if gone {
			p.totals.LeftSource++
		}
	}
	return err
}

// finished reports whether copy once came to the mailbox's end: only then is a message above the cursor a new one.
func (b *box) finished() bool { return b.mailbox.Cursor != 0 && b.mailbox.Problem == "" }

// within is the UIDs from first to last that can exist when the next one to be given is next (0: nobody says).
func within(next, first, last mailbox.UID) mailbox.UIDSet {
	if next != 0 && next <= last {
		last = next - 1
	}
	if last < first {
		return nil
	}
	return mailbox.UIDSet{{First: first, Last: last}}
}
