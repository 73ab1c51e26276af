package imap

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// lease is one session with one mailbox open on it, for one goroutine.
type lease struct {
	pool    *pool
	session *session // nil after dropped: the next use connects again
	state   endpoint.State
	closed  bool
}

// open is EXAMINE or SELECT on a session of its own.
func (p *pool) open(ctx context.Context, w mailbox.Wire, readOnly bool) (*lease, error) {
	words := fmt.Sprintf("open mailbox %q", string(w))
	s, err := p.acquire(ctx, words)
	if err != nil {
		return nil, err
	}
	err = p.compress(ctx, s)
	var state endpoint.State
	if err == nil {
		state, err = s.enter(ctx, w, readOnly)
	}
	if err != nil {
		p.release(s)
		return nil, err
	}
	return &lease{pool: p, session: s, state: state}, nil
}

// enter opens a mailbox. When that fails none is open, not even the one before (RFC 9051 section 6.3.2).
func (s *session) enter(ctx context.Context, w mailbox.Wire, readOnly bool) (endpoint.State, error) {
	state, err := s.Select(ctx, w, readOnly)
	s.selected = err == nil
	return state, err
}

var (
	errClosed  = errors.New("the mailbox was closed")
	errChanged = errors.New("the mailbox was replaced while it was open: its UIDVALIDITY has changed")
)

// use gives the session with the mailbox open on it.
func (l *lease) use(ctx context.Context, words string) (*session, error) {
	if l.closed {
		return nil, l.pool.lost(words, errClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.session != nil {
		return l.session, nil
	}
	return l.session, l.reopen(ctx, words)
}

// reopen opens the mailbox on another connection. UIDs mean the same there only under the same UIDVALIDITY.
func (l *lease) reopen(ctx context.Context, words string) error {
	s, err := l.pool.session(ctx, words)
	if err != nil {
		return err
	}
	state, err := s.enter(ctx, l.state.Wire, l.state.ReadOnly)
	if err == nil && state.Validity != l.state.Validity {
		err = l.pool.lost(words, errChanged)
	}
	if err != nil {
		l.pool.drop(s)
		return err
	}
	l.session = s
	return nil
}

// dropped gives the connection up for a new one, because of something that is our doing or go-imap's.
func (l *lease) dropped() {
	if l.session != nil {
		l.pool.drop(l.session)
		l.session = nil
	}
}

// end gives the connection back. The mailbox stays open on it until it is used again: nothing is expunged by that, and it costs no wait.
func (l *lease) end() error {
	if l.closed {
		return nil
	}
	l.closed = true
	if l.session == nil {
		l.pool.unreserve()
	} else {
		l.pool.release(l.session)
	}
	return nil
}

func (l *lease) reading() string  { return fmt.Sprintf("read mailbox %q", string(l.state.Wire)) }
func (l *lease) writing() string  { return fmt.Sprintf("append to mailbox %q", string(l.state.Wire)) }
func (l *lease) removing() string { return fmt.Sprintf("remove from mailbox %q", string(l.state.Wire)) }
