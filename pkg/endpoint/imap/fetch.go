package imap

import (
	"bytes"
	"context"
	"errors"
	"io"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

const fetchUIDs = 1000 // messages that one FETCH of bodies names at most

// Fetch streams bodies, two commands on their way at a time. What does not come home whole is then read message by message.
func (r *reader) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	set, err := r.existing(ctx, set)
	if err != nil {
		return err
	}
	for pieces := newWindows(set, 0); ; {
		asked, err := r.fetch(ctx, pieces, visit)
		if asked == nil || err != nil {
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

// fetch reads pieces as long as the server answers, and then what is missing of those, singly. asked is nil when there was none left.
func (r *reader) fetch(ctx context.Context, pieces *windows, visit func(endpoint.Body) error) (asked mailbox.UIDSet, err error) {
	f := &flow{visit: visit, pieces: pieces}
	if r.blind {
		f.asked = pieces.next(fetchUIDs)
	} else if err = r.stream(ctx, f); err != nil && !refused(err) {
		return nil, err
	}
	left := without(f.asked, f.seen)
	if len(left) == 0 {
		return f.asked, nil
	}
	r.blind = r.blind || err != nil && len(f.seen) == 0 && f.asked.Len() > 1
	if left, err = r.remember(ctx, left); err != nil {
		return nil, err
	}
	return f.asked, r.singly(ctx, left, visit)
}

// remember asks which messages of set exist.
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
		}
	}
}

// flow is a stream of bodies.
type flow struct {
	visit  func(endpoint.Body) error
	pieces *windows
	asked  mailbox.UIDSet
	seen   []mailbox.UID // visited whole
}

// stream lets the bodies come.
func (r *reader) stream(ctx context.Context, f *flow) error {
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return err
	}
	err = s.FetchBodies(ctx, wire.Bodies{Next: f.next, Visit: f.one})
	if _, done := errors.AsType[*endpoint.Error](err); err != nil && !done && ctx.Err() == nil && s.Broken() {
		r.lease.dropped() // given up because the visit wanted no more
	}
	return err
}

func (f *flow) next() mailbox.UIDSet {
	piece := f.pieces.next(fetchUIDs)
	f.asked = append(f.asked, piece...)
	return piece
}

// one has a message visited. A notice in its place is none.
func (f *flow) one(m mailbox.Message, content io.Reader, size int64) error {
	b := endpoint.Body{Message: m, Content: content, Size: size}
	if size <= int64(noticeMost) {
		small, err := io.ReadAll(content)
		if err != nil || isNotice(small) {
			return err
		}
		b.Content = bytes.NewReader(small)
	}
	if err := f.visit(b); err != nil {
		return err
	}
	f.seen = append(f.seen, m.UID)
	return nil
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
