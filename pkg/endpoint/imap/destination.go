package imap

import (
	"context"
	"strings"

	"imapmigrate/pkg/endpoint"
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

// Append sends one message after the other, each with a tagged answer of its own. After an error the rest of the batch was never begun.
func (t *target) Append(ctx context.Context, batch []endpoint.Outgoing) ([]endpoint.Placed, error) {
	out := make([]endpoint.Placed, len(batch))
	for i, m := range batch {
		err := t.one(ctx, m, &out[i])
		if err == nil {
			continue
		}
		why := asError(err, t.lease)
		if out[i].Verdict == endpoint.Unsent && out[i].Err == nil {
			out[i].Err = why
		}
		for k := i + 1; k < len(batch); k++ {
			out[k] = endpoint.Placed{Verdict: endpoint.Unsent, Err: why}
		}
		return out, err
	}
	return out, nil
}

func (t *target) one(ctx context.Context, m endpoint.Outgoing, placed *endpoint.Placed) error {
	s, err := t.lease.use(ctx, t.lease.writing())
	if err != nil {
		placed.Verdict = endpoint.Unsent
		return err
	}
	*placed, err = s.Append(ctx, t.lease.state.Wire, m)
	if err == nil && s.Broken() {
		// Answered, and closed for safety: after BAD a server may take a message for commands. The others go over a new connection.
		t.lease.dropped()
	}
	if err != nil {
		return t.lease.pool.ours(t.lease.writing(), err)
	}
	return nil
}

// asError is err as an *endpoint.Error; a context's error becomes Lost, which its connection then is.
func asError(err error, l *lease) *endpoint.Error {
	if e, ok := err.(*endpoint.Error); ok {
		return e
	}
	return &endpoint.Error{Class: endpoint.Lost, Account: l.pool.options.Account, Op: l.writing(), Err: err}
}
