package imap

import (
	"context"
	"errors"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

// destination is the right to add.
type destination struct{ source }

var _ endpoint.Appender = destination{}

// Create never names INBOX: it is always there (RFC 9051 section 5.1), and servers disagree on what to answer.
func (d destination) Create(ctx context.Context, w mailbox.Wire, role mailbox.Role) (made bool, err error) {
	if strings.EqualFold(string(w), mailbox.Inbox) {
		return false, ctx.Err()
	}
	err = d.account.pool.with(ctx, "create a mailbox", func(s *session) error {
		made, err = s.Create(ctx, w, role)
		return err
	})
	return made, err
}

func (d destination) Subscribe(ctx context.Context, w mailbox.Wire) error {
	return d.account.pool.with(ctx, "subscribe to a mailbox", func(s *session) error { return s.Subscribe(ctx, w) })
}

func (d destination) Target(ctx context.Context, w mailbox.Wire) (endpoint.Target, error) {
	l, err := d.account.pool.open(ctx, w, false)
	if err != nil {
		return nil, err
	}
	return &target{l}, nil
}

// target is a mailbox opened for appending.
type target struct{ lease *lease }

func (t *target) State() endpoint.State { return t.lease.state }
func (t *target) Close() error          { return t.lease.end() }

// Append hands the batch to the wire, which knows the best way that this connection allows.
func (t *target) Append(ctx context.Context, batch []endpoint.Outgoing, turn func(context.Context) error) ([]endpoint.Placed, error) {
	s, err := t.lease.use(ctx, t.lease.writing())
	if err != nil {
		return t.unsent(len(batch), err), err
	}
	singly := &t.lease.pool.singly
	placed, err := s.Append(ctx, t.lease.state.Wire, batch, wire.AppendOptions{Turn: turn, Singly: singly.Load()})
	if s.Unbatchable() {
		singly.Store(true)
	}
	if err == nil && s.Broken() {
		// Answered, and closed for safety: after BAD a server may take a message for commands. The next batch goes over a new connection.
		t.lease.dropped()
	}
	return placed, err
}

// unsent says of n messages that not one was begun.
func (t *target) unsent(n int, err error) []endpoint.Placed {
	why, ok := errors.AsType[*endpoint.Error](err)
	if !ok {
		why = t.lease.pool.lost(t.lease.writing(), err)
	}
	out := make([]endpoint.Placed, n)
	for i := range out {
		out[i] = endpoint.Placed{Verdict: endpoint.Unsent, Err: why}
	}
	return out
}
