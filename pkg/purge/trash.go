package purge

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// canMove refuses a removal into the trash where the server cannot do it in one step and say what it did.
func (r *run) canMove() error {
	if r.Trash == "" {
		return nil
	}
	caps := r.Loses.Capabilities()
	switch {
	case r.kind != approval.Purge:
		return fmt.Errorf("only a purge can move messages to the trash")
	case !caps.Has("MOVE"):
		return &endpoint.Error{Class: endpoint.Unsupported, Account: r.losing().String(), Op: r.stage, Err: errors.New("the server has no MOVE (RFC 6851), so that a message would be in both places, or in none, when the connection breaks"),
			Hint: "nothing was removed; purge without --to-trash, or move the messages with a mail client"}
	}
	return nil
}

// discard is remove for messages that go to the trash: one command, and no mark before it, because a mark would go with them.
func (b *box) discard(ctx context.Context, rows []ledger.Row) error {
	ctx, done := finish(ctx)
	defer done()
	if err := b.clear(ctx, rows); err != nil {
		return err
	}
	rows, err := b.unchanged(ctx, rows)
	if err != nil {
		return err
	}
	if rows, err = b.stillCopied(ctx, rows); err != nil || len(rows) == 0 {
		return err
	}
	moved, err := b.from.Move(ctx, b.losers(rows), b.Trash)
	if err != nil {
		return err
	}
	if err := b.confirm(ctx, rows); err != nil {
		return err
	}
	return b.inTrash(rows, moved)
}

// clear takes the marks away that a run which was to expunge has left: they would go along to the trash.
func (b *box) clear(ctx context.Context, rows []ledger.Row) error {
	var ours []ledger.Row
	for _, r := range rows {
		if b.ours.Contains(b.goes(r)) {
			ours = append(ours, r)
		}
	}
	marked, err := b.marked(ctx, ours)
	if err != nil || len(marked) == 0 {
		return err
	}
	return b.from.Unmark(ctx, b.losers(marked))
}

// unchanged looks a last time at those that are about to be moved: there is no condition that could go with a MOVE.
func (b *box) unchanged(ctx context.Context, rows []ledger.Row) (same []ledger.Row, err error) {
	seen, err := b.look(ctx, rows)
	if err != nil {
		return nil, err
	}
	var gone, changed []ledger.Row
	for _, r := range rows {
		m, there := seen[b.goes(r)]
		switch {
		case !there:
			gone = append(gone, r)
		case !mailbox.SameFlags(b.flags(r), m.Flags):
			changed = append(changed, r)
		default:
			same = append(same, r)
		}
	}
	if err := b.gone(gone); err != nil {
		return nil, err
	}
	return same, b.unflag(ctx, changed, "its flags were changed at the moment of its removal")
}

// inTrash notes in the ledger what has arrived in the trash, so that a later copy does not take it for new mail; and it stops where the
// server does not say where it put the messages.
func (b *box) inTrash(rows []ledger.Row, moved endpoint.Moved) error {
	for _, r := range rows {
		if moved.UIDs[b.goes(r)] == 0 {
			return &endpoint.Error{Class: endpoint.Protocol, Account: b.losing().String(), Op: fmt.Sprintf("move uid %d of mailbox %q to the trash", b.goes(r), b.out.Name),
				Text: "the server said OK, and not where the message is now", Hint: "look into the trash with a mail client; purge without --to-trash if it is not there"}
		}
	}
	trash, found, err := b.Ledger.Find(b.Trash, moved.Validity)
	if err != nil || !found {
		return err
	}
	arrived := make([]ledger.Row, 0, len(rows))
	for _, r := range rows {
		uid := moved.UIDs[b.goes(r)]
		if _, known, err := b.Ledger.Row(trash, uid); err != nil {
			return err
		} else if !known {
			arrived = append(arrived, ledger.Row{UID: uid, Outcome: ledger.Excluded, Size: r.Size, Date: r.Date, Flags: r.Flags, Digest: r.Digest,
				Reason: fmt.Sprintf("purge moved it here from mailbox %.200q", b.out.Name)})
		}
	}
	if len(arrived) == 0 {
		return nil
	}
	return b.Ledger.Update(trash, arrived...)
}

// isTrash reports whether the mailbox is the trash itself: what is there cannot be moved there.
func (b *box) isTrash() bool { return b.Trash != "" && mailbox.Wire(b.listed.Wire) == b.Trash }
