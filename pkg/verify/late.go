package verify

import (
	"context"
	"fmt"
	"time"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// wait gives the messages that were not there a little time, each try in a fresh session, and then records them as missing.
func (b *box) wait(ctx context.Context) error {
	for try := 0; len(b.late) > 0 && try < b.Settle.Tries; try++ {
		if err := b.pause(ctx); err != nil {
			return err
		}
		late := b.late
		b.late = nil
		for len(late) > 0 {
			n := min(len(late), pageRows)
			if err := b.again(ctx, late[:n]); err != nil {
				b.late = append(b.late, late...)
				return err
			}
			late = late[n:]
		}
	}
	late := b.late
	b.late = nil
	return b.missing(late)
}

// pause waits and takes a fresh look: a session may go on showing what was there when it began.
func (b *box) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.Settle.Wait):
	}
	return b.openDest(ctx)
}

func (b *box) again(ctx context.Context, uids []mailbox.UID) error {
	rows, err := b.rows(uids)
	if err != nil {
		return err
	}
	f, err := b.look(ctx, b.dest, rows)
	if err != nil {
		return err
	}
	if err := b.record(f); err != nil {
		return err
	}
	b.late = append(b.late, f.absent...)
	return nil
}

func (b *box) rows(uids []mailbox.UID) ([]ledger.Row, error) {
	rows := make([]ledger.Row, 0, len(uids))
	for _, uid := range uids {
		r, found, err := b.Ledger.Row(b.mailbox, uid)
		if err != nil {
			return nil, err
		}
		if found {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// missing records what did not appear.
func (b *box) missing(uids []mailbox.UID) error {
	for len(uids) > 0 {
		n := min(len(uids), pageRows)
		rows, err := b.rows(uids[:n])
		if err != nil {
			return err
		}
		for i := range rows {
			r := &rows[i]
			r.Proof, r.ProvedAt = ledger.Missing, b.Now().UTC().Truncate(time.Second)
			r.Reason = fmt.Sprintf("the destination has no message %d any more", r.Dest)
			if r.Dest == 0 {
				r.Reason = "the destination has no message with its bytes; it was lost there, or altered"
			}
		}
		if err := b.Ledger.Update(b.mailbox, rows...); err != nil {
			return err
		}
		for _, r := range rows {
			b.tell(r, Missing, "%s", r.Reason)
		}
		uids = uids[n:]
	}
	return nil
}
