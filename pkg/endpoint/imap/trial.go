package imap

import (
	"context"
	"errors"
	"sync"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// trial is the right to try messages out. It remembers what it has made, because it may delete nothing else.
type trial struct {
	destination
	mu   sync.Mutex
	made map[mailbox.Wire]mailbox.UIDValidity
}

var _ endpoint.Trialist = (*trial)(nil)

// Trial is the right to try messages out in a mailbox of its own.
func (a *Account) Trial() endpoint.Trialist {
	return &trial{destination: destination{source{a}}, made: map[mailbox.Wire]mailbox.UIDValidity{}}
}

func (t *trial) refuse(op, why string) error {
	return &endpoint.Error{Class: endpoint.BadMailbox, Account: t.account.identity.String(), Op: op, Err: errors.New(why)}
}

func (t *trial) Begin(ctx context.Context, w mailbox.Wire) error {
	const op = "make a mailbox for a trial"
	if !endpoint.IsTrial(w) {
		return t.refuse(op, "this is no name for a trial")
	}
	made, err := t.Create(ctx, w, mailbox.RoleNone)
	if err != nil {
		return err
	}
	if !made {
		return t.refuse(op, "there is a mailbox of that name already")
	}
	// Only an open mailbox has a UIDVALIDITY on every server: Courier makes one up each time it is asked about an empty one that was never opened.
	target, err := t.Target(ctx, w)
	if err != nil {
		return err
	}
	validity := target.State().Validity
	if err := target.Close(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made[w] = validity
	return nil
}

func (t *trial) Discard(ctx context.Context, w mailbox.Wire, messages uint32) (gone bool, stays string, err error) {
	t.mu.Lock()
	validity, ours := t.made[w]
	t.mu.Unlock()
	if !ours || !endpoint.IsTrial(w) {
		return false, "", t.refuse("remove the mailbox of a trial", "this trial has not made it")
	}
	err = t.account.pool.with(ctx, "remove the mailbox of a trial", func(s *session) error {
		gone, stays, err = s.Discard(ctx, w, validity, messages)
		return err
	})
	return gone, stays, err
}
