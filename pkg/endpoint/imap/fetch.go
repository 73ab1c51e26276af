package imap

import (
	"context"
	"errors"
	"maps"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

const (
	fetchUIDs = 1000 // messages that one FETCH of bodies names at most

	// After so many connections that go-imap gave up, in one mailbox and on one account, it is asked no more: logins are limited.
	fatalInMailbox = 3
	fatalInAccount = 12
)

// Fetch streams bodies through go-imap, piece by piece. What a piece did not bring home whole is then read message by message.
func (r *reader) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	set, err := r.existing(ctx, set)
	if err != nil {
		return err
	}
	pieces := newWindows(set, 0)
	for {
		piece := pieces.next(fetchUIDs)
		if piece == nil {
			return nil
		}
		if err := r.fetch(ctx, piece, visit); err != nil {
			return err
		}
	}
}

// existing narrows a set that is far larger than the mailbox to the messages that are there.
func (r *reader) existing(ctx context.Context, set mailbox.UIDSet) (mailbox.UIDSet, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if uint64(set.Len()) <= 2*uint64(r.lease.state.Messages)+fetchUIDs {
		return set, nil
	}
	var there []mailbox.UID
	err := r.Scan(ctx, set, func(m mailbox.Message) error {
		there = append(there, m.UID)
		return nil
	})
	return mailbox.SetOf(there...), err
}

// fetch reads one piece: through go-imap as far as that goes, the rest singly.
func (r *reader) fetch(ctx context.Context, piece mailbox.UIDSet, visit func(endpoint.Body) error) error {
	left := piece
	for !r.wary() {
		asked := r.readable(left)
		if len(asked) == 0 {
			break
		}
		seen, err := r.stream(ctx, asked, visit)
		left = without(left, seen)
		if len(left) == 0 && err == nil {
			return nil
		}
		unparsable := errors.Is(err, wire.ErrUnparsable)
		if err != nil && !unparsable && !refused(err) {
			return err
		}
		known := len(r.odd)
		if left, err = r.remember(ctx, left); err != nil {
			return err
		}
		asked = r.readable(left)
		if !unparsable {
			r.blind = len(seen) == 0 && asked.Len() > 1
			break
		}
		if len(r.odd) == known && len(asked) > 0 {
			// The metadata does not tell which message it was. Servers answer in ascending order, so the lowest is the likeliest.
			r.odd[asked[0].First] = true
		}
	}
	return r.singly(ctx, left, visit)
}

// readable is set less the messages that are known to be beyond go-imap.
func (r *reader) readable(set mailbox.UIDSet) mailbox.UIDSet {
	return without(set, slices.Collect(maps.Keys(r.odd)))
}

// wary reports whether to leave go-imap out of it.
func (r *reader) wary() bool {
	return r.blind || r.fatal >= fatalInMailbox || r.lease.pool.unparsed.Load() >= fatalInAccount
}

// remember asks which messages of set exist, and notes those that are beyond go-imap.
func (r *reader) remember(ctx context.Context, set mailbox.UIDSet) (mailbox.UIDSet, error) {
	if err := r.news(ctx); err != nil {
		return nil, err
	}
	var there []mailbox.UID
	for pieces := newWindows(set, 0); ; {
		piece := pieces.next(fetchUIDs)
		if piece == nil {
			return mailbox.SetOf(there...), nil
		}
		found, err := r.describe(ctx, piece)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			there = append(there, m.UID)
			r.note(m)
		}
	}
}

// stream is one FETCH through go-imap; it says which messages were visited.
func (r *reader) stream(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) ([]mailbox.UID, error) {
	if len(set) == 0 {
		return nil, ctx.Err()
	}
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return nil, err
	}
	p := &pass{asked: set, visit: visit, modseq: r.condstore(), abandon: s.Abandon}
	err = s.Guard(ctx, wire.Op{Kind: wire.Message, Words: r.lease.reading()}, p.run)
	switch {
	case p.halt != nil && !p.cut:
		if s.Broken() {
			r.lease.dropped()
		}
		return p.seen, p.halt
	case errors.Is(err, errCut):
		r.lease.dropped()
		return p.seen, r.lease.pool.lost(r.lease.reading(), errCut)
	case errors.Is(err, wire.ErrUnparsable):
		r.fatal++
		r.lease.pool.unparsed.Add(1)
		r.lease.dropped()
	}
	return p.seen, err
}

// refused reports whether err is the server's word about messages, and not about the connection or the moment.
func refused(err error) bool {
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok || e.Text == "" && e.Code == "" {
		return false
	}
	switch e.Class {
	case endpoint.Unclassified, endpoint.BadMessage, endpoint.BadMailbox, endpoint.NoMailbox, endpoint.Unsupported:
		return true
	case endpoint.Temporary:
		// Dovecot says SERVERBUG of a message whose file is damaged, and will say so tomorrow; EXPUNGEISSUED is about messages that are gone.
		return e.Code == "SERVERBUG" || e.Code == "EXPUNGEISSUED"
	}
	return false
}

// errCut is a literal that ended early although the connection is there.
var errCut = errors.New("a message ended before its announced length")
