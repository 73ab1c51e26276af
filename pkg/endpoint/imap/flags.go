package imap

import (
	"context"
	"fmt"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Flags is the right to change flags, other than \Deleted.
func (a *Account) Flags() endpoint.Flagger { return flagging{source{a}} }

// flagging is that right.
type flagging struct{ source }

var _ endpoint.Flagger = flagging{}

func (f flagging) Mark(ctx context.Context, w mailbox.Wire) (endpoint.Marker, error) {
	l, err := f.account.pool.open(ctx, w, false)
	if err != nil {
		return nil, err
	}
	return &marker{newReader(l)}, nil
}

// marker is a mailbox opened by SELECT, to change flags in it.
type marker struct{ reader }

// Change adds first and takes then. Between the two the messages that the first one changed carry a new MODSEQ, so that the second could
// not name a condition for them; what it takes away are single flags, and what others set meanwhile stays.
func (m *marker) Change(ctx context.Context, set mailbox.UIDSet, change endpoint.FlagChange, modseq uint64) error {
	if err := m.nameable(set); err != nil {
		return err
	}
	for pieces := newWindows(set, 0); ; {
		piece := pieces.next(commandUIDs)
		if piece == nil {
			return nil
		}
		if err := m.change(ctx, piece, change, modseq); err != nil {
			return err
		}
	}
}

func (m *marker) change(ctx context.Context, piece mailbox.UIDSet, change endpoint.FlagChange, modseq uint64) error {
	for _, step := range []struct {
		add   bool
		flags []mailbox.Flag
	}{{true, change.Add()}, {false, change.Take()}} {
		if len(step.flags) == 0 || len(piece) == 0 {
			continue
		}
		s, err := m.lease.use(ctx, m.lease.marking())
		if err != nil {
			return err
		}
		modified, err := s.StoreFlags(ctx, piece, step.add, step.flags, modseq)
		if err != nil {
			return err
		}
		left := []mailbox.UID{}
		for uid := range modified.All {
			left = append(left, uid)
		}
		piece, modseq = without(piece, left), 0
	}
	return nil
}

// ScanFlags is Scan for flags alone.
func (r *reader) ScanFlags(ctx context.Context, set mailbox.UIDSet, since uint64, visit func(mailbox.Message) error) error {
	if err := r.news(ctx); err != nil {
		return err
	}
	pieces, n := newWindows(set, r.lease.state.UIDNext), firstWindow
	for {
		piece := pieces.next(n)
		if piece == nil {
			return nil
		}
		found, err := r.flags(ctx, piece, since)
		if refused(err) {
			found, err = r.flags(ctx, piece, since) // see describe
		}
		if err != nil {
			return err
		}
		for _, m := range found {
			if err := visit(m); err != nil {
				return err
			}
		}
		n = widened(n, len(found))
	}
}

func (r *reader) flags(ctx context.Context, piece mailbox.UIDSet, since uint64) ([]mailbox.Message, error) {
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return nil, err
	}
	return s.FetchFlags(ctx, piece, since)
}

func (l *lease) marking() string {
	return fmt.Sprintf("change flags in mailbox %q", string(l.state.Wire))
}
