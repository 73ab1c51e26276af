package purge

import (
	"context"
	"fmt"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// lossError ends the whole run: a removal took more away than its message.
type lossError struct{ stale *endpoint.StaleError }

// Error is the finding's own sentence.
func (e *lossError) Error() string { return e.stale.Error() }

// Unwrap makes it count as what it is for everybody else.
func (e *lossError) Unwrap() error { return e.stale }

func (b *box) alarm(reason string) error {
	return &lossError{&endpoint.StaleError{Account: b.losing().String(), Mailbox: b.out.Name, Reason: reason, Next: "the purge has ended; compare both accounts before anything else is done"}}
}

// canary removes one message alone, and watches what else happens: whether the mark shows on the copy too, because both names lead to one
// mailbox, and whether exactly one message is gone afterwards, and not its copy.
func (b *box) canary(ctx context.Context, r ledger.Row, modseq uint64) error {
	if err := b.openFrom(ctx); err != nil {
		return err
	}
	before := b.from.State()
	gone := b.out.Gone
	err := b.remove(ctx, []ledger.Row{r}, modseq, func(ctx context.Context) error { return b.apart(ctx, r) })
	if err != nil || b.out.Gone == gone {
		return err
	}
	ctx, done := finish(ctx)
	defer done()
	if err := b.copySurvived(ctx, r); err != nil {
		return err
	}
	if err := b.openFrom(ctx); err != nil {
		return err
	}
	if err := b.oneLess(ctx, before); err != nil {
		return err
	}
	b.tried = true
	return nil
}

// apart looks at the copy through a fresh session while the original is marked. A mark that shows there means that there is only one message.
func (b *box) apart(ctx context.Context, r ledger.Row) error {
	m, there, err := b.freshCopy(ctx, r)
	if err != nil {
		return err
	}
	if !there || slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal) {
		return b.stale(b.losing(), fmt.Sprintf("when message %d was marked \\Deleted, its copy on %s was marked or gone too: both lead to the same mailbox", b.goes(r), b.keeping()),
			"nothing was removed here; the two accounts are one under two names")
	}
	return nil
}

func (b *box) copySurvived(ctx context.Context, r ledger.Row) error {
	_, there, err := b.freshCopy(ctx, r)
	if err == nil && !there {
		return b.alarm(fmt.Sprintf("message %d was removed, and its copy, message %d on %s, went with it or at the same time", b.goes(r), b.stays(r), b.keeping()))
	}
	return err
}

func (b *box) freshCopy(ctx context.Context, r ledger.Row) (m mailbox.Message, there bool, err error) {
	if err := b.openOther(ctx); err != nil {
		return m, false, err
	}
	err = b.other.Scan(ctx, mailbox.SetOf(b.stays(r)), func(seen mailbox.Message) error {
		m, there = seen, seen.UID == b.stays(r)
		return nil
	})
	return m, there, err
}

// oneLess counts: the mailbox must hold exactly one message less than before, beside what has arrived in the meantime.
func (b *box) oneLess(ctx context.Context, before endpoint.State) error {
	after := b.from.State()
	var arrived int64
	if before.UIDNext != 0 && after.UIDNext > before.UIDNext {
		set := mailbox.UIDSet{{First: before.UIDNext, Last: after.UIDNext - 1}}
		err := b.from.Scan(ctx, set, func(mailbox.Message) error {
			arrived++
			return nil
		})
		if err != nil {
			return err
		}
	}
	want, have := int64(before.Messages)-1+arrived, int64(after.Messages)
	if have == want || have > want && before.UIDNext == 0 {
		return nil
	}
	return b.alarm(fmt.Sprintf("one message was removed, and the mailbox holds %d messages instead of %d: somebody else removes or adds mail at the same time, or the server removed more than it was asked to", have, want))
}
