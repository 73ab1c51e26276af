package memory

import (
	"context"
	"errors"
	"slices"
	"sync"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// trial is the right to try messages out.
type trial struct {
	destination
	mu   sync.Mutex
	made map[mailbox.Wire]mailbox.UIDValidity
}

var _ endpoint.Trialist = (*trial)(nil)

// Trial logs in afresh, with the right to try messages out in a mailbox of its own.
func (a *Account) Trial() endpoint.Trialist {
	l := a.login()
	return &trial{destination: destination{source{l}, l}, made: map[mailbox.Wire]mailbox.UIDValidity{}}
}

func (t *trial) refuse(why string) error {
	return &endpoint.Error{Class: endpoint.BadMailbox, Account: t.Identity().String(), Op: "try a mailbox out", Err: errors.New(why)}
}

func (t *trial) Begin(ctx context.Context, w mailbox.Wire) error {
	if !endpoint.IsTrial(w) {
		return t.refuse("this is no name for a trial")
	}
	made, err := t.Create(ctx, w, mailbox.RoleNone)
	if err != nil {
		return err
	}
	if !made {
		return t.refuse("there is a mailbox of that name already")
	}
	status, err := t.Status(ctx, w)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made[w] = status.UIDValidity
	return nil
}

func (t *trial) Discard(ctx context.Context, w mailbox.Wire, messages uint32) (gone bool, stays string, err error) {
	t.mu.Lock()
	validity, ours := t.made[w]
	t.mu.Unlock()
	if !ours {
		return false, "", t.refuse("this trial has not made it")
	}
	fault, err := t.client.begin(ctx, Call{Verb: Delete, Mailbox: w})
	if err != nil {
		return false, "", err
	}
	if fault.Err != nil && !fault.Done {
		return false, "", fault.Err
	}
	a := t.client.account
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.find(w)
	switch {
	case b == nil:
		return true, "", failed(fault.Err)
	case b.validity != validity || len(b.messages) > int(messages) || uint64(b.next) > uint64(messages)+1:
		return false, "others have had mail in it", failed(fault.Err)
	}
	b.gone = true
	a.boxes = slices.DeleteFunc(a.boxes, func(o *box) bool { return o == b })
	a.note(Step{Verb: Delete, Mailbox: b.wire})
	return true, "", failed(fault.Err)
}
