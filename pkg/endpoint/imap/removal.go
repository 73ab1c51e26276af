package imap

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

// removal is the one dangerous right.
type removal struct{ source }

var _ endpoint.Expunger = removal{}

func (r removal) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	l, err := r.account.pool.open(ctx, w, false)
	if err != nil {
		return nil, err
	}
	return &remover{newReader(l)}, nil
}

// remover is a mailbox opened by SELECT, to remove from.
type remover struct{ reader }

func (r *remover) MarkDeleted(ctx context.Context, set mailbox.UIDSet, modseq uint64) error {
	return r.store(ctx, set, imap.StoreFlagsAdd, modseq)
}

func (r *remover) Unmark(ctx context.Context, set mailbox.UIDSet) error {
	return r.store(ctx, set, imap.StoreFlagsDel, 0)
}

// commandUIDs is how many messages one STORE or EXPUNGE names at most.
const commandUIDs = 1000

func (r *remover) store(ctx context.Context, set mailbox.UIDSet, op imap.StoreFlagsOp, modseq uint64) error {
	options := &imap.StoreOptions{}
	if r.condstore() {
		options.UnchangedSince = modseq
	}
	flags := &imap.StoreFlags{Op: op, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	return r.each(ctx, set, func(c *imapclient.Client, piece imap.UIDSet) error {
		err := c.Store(piece, flags, options).Close()
		// RFC 7162 section 3.1.3: a server may answer NO [MODIFIED set] when not one message was left to change.
		if answer, ok := errors.AsType[*imap.Error](err); ok && strings.EqualFold(string(answer.Code), "MODIFIED") {
			return nil
		}
		return err
	})
}

func (r *remover) Expunge(ctx context.Context, set mailbox.UIDSet) error {
	s, err := r.lease.use(ctx, r.lease.removing())
	if err != nil {
		return err
	}
	if !s.Capabilities().Has("UIDPLUS") {
		return r.refuse(endpoint.Unsupported, "the server has no UIDPLUS, and without it an EXPUNGE would remove other messages too")
	}
	return r.each(ctx, set, func(c *imapclient.Client, piece imap.UIDSet) error { return c.UIDExpunge(piece).Close() })
}

// each runs one command for each piece of set.
func (r *remover) each(ctx context.Context, set mailbox.UIDSet, command func(*imapclient.Client, imap.UIDSet) error) error {
	if err := r.nameable(set); err != nil {
		return err
	}
	for pieces := newWindows(set, 0); ; {
		piece := pieces.next(commandUIDs)
		if piece == nil {
			return nil
		}
		s, err := r.lease.use(ctx, r.lease.removing())
		if err != nil {
			return err
		}
		err = s.Guard(ctx, wire.Op{Kind: wire.Mailbox, Words: r.lease.removing()}, func(c *imapclient.Client) error { return command(c, asSet(piece)) })
		if err != nil {
			return err
		}
	}
}

// nameable refuses sets that could mean other messages than they say: 0 is no UID, and some servers take the largest number for "*",
// the last message there is (Dovecot 2.3 does).
func (r *reader) nameable(set mailbox.UIDSet) error {
	for i, s := range set {
		if s.First == 0 || s.Last < s.First || s.Last == 1<<32-1 || i > 0 && s.First <= set[i-1].Last {
			return r.refuse(endpoint.Unsupported, "the UIDs "+bounded(set)+" cannot be named safely")
		}
	}
	return nil
}

func bounded(set mailbox.UIDSet) string {
	text := set[:min(len(set), 20)].String()
	if len(set) > 20 {
		text += ",..."
	}
	return text
}

func (r *reader) refuse(class endpoint.Class, why string) error {
	return &endpoint.Error{Class: class, Account: r.lease.pool.options.Account, Op: r.lease.removing(), Err: errors.New(why)}
}

// Deleted asks the server: somebody else may have set the flag a moment ago.
func (r *remover) Deleted(ctx context.Context) (mailbox.UIDSet, error) {
	s, err := r.lease.use(ctx, r.lease.removing())
	if err != nil {
		return nil, err
	}
	return s.SearchDeleted(ctx, wire.Op{Kind: wire.Mailbox, Words: r.lease.removing()})
}

func (r *remover) Move(ctx context.Context, set mailbox.UIDSet, w mailbox.Wire) (moved endpoint.Moved, err error) {
	if err := r.nameable(set); err != nil {
		return moved, err
	}
	for pieces := newWindows(set, 0); ; {
		piece := pieces.next(commandUIDs)
		if piece == nil {
			return moved, nil
		}
		s, err := r.lease.use(ctx, r.lease.removing())
		if err != nil {
			return moved, err
		}
		if caps := s.Capabilities(); !caps.Has("MOVE") || !caps.Has("UIDPLUS") {
			return moved, r.refuse(endpoint.Unsupported, "the server has no MOVE and UIDPLUS, and without them nobody could say what was moved")
		}
		some, err := s.Move(ctx, piece, w)
		if err != nil {
			return moved, err
		}
		moved = joined(moved, some)
	}
}

// joined is two answers as one; of two UIDVALIDITYs only the first is believed.
func joined(a, b endpoint.Moved) endpoint.Moved {
	if a.UIDs == nil {
		return b
	}
	if a.Validity == b.Validity {
		maps.Copy(a.UIDs, b.UIDs)
	}
	return a
}
