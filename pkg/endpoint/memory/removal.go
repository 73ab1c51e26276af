package memory

import (
	"context"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// removal is the dangerous right.
type removal struct {
	source
	client *login
}

var _ endpoint.Expunger = removal{}

func (r removal) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	opened, err := r.client.open(ctx, w, Select)
	if err != nil {
		return nil, err
	}
	return remover{reader{opened}}, nil
}

// remover is a mailbox opened by SELECT, to remove from.
type remover struct{ reader }

func (r remover) MarkDeleted(ctx context.Context, set mailbox.UIDSet, modseq uint64) error {
	return r.store(ctx, set, false, modseq)
}

func (r remover) Unmark(ctx context.Context, set mailbox.UIDSet) error {
	return r.store(ctx, set, true, 0)
}

func (r remover) store(ctx context.Context, set mailbox.UIDSet, unmark bool, modseq uint64) error {
	s := r.session
	_, fault, err := s.call(ctx, Store, 0)
	if err != nil {
		return err
	}
	if fault.Err != nil && !fault.Done {
		return fault.Err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.caps.Has("CONDSTORE") {
		modseq = 0
	}
	var changed []mailbox.UID
	for _, m := range s.box.in(set) {
		if modseq != 0 && m.ModSeq > modseq || m.has(mailbox.Deleted) == !unmark {
			continue
		}
		changed = append(changed, m.UID)
		if unmark {
			m.setFlags(s.box, slices.DeleteFunc(slices.Clone(m.Flags), mailbox.Deleted.Equal))
		} else {
			m.setFlags(s.box, append(slices.Clone(m.Flags), mailbox.Deleted))
		}
	}
	a.note(Step{Verb: Store, Mailbox: s.box.wire, UIDs: set, Changed: mailbox.SetOf(changed...), Flags: []mailbox.Flag{mailbox.Deleted}, Unmark: unmark})
	return failed(fault.Err)
}

func (r remover) Deleted(ctx context.Context) (mailbox.UIDSet, error) {
	s := r.session
	_, fault, err := s.call(ctx, Search, 0)
	if err != nil {
		return nil, err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	var uids []mailbox.UID
	for _, m := range s.box.messages {
		if m.has(mailbox.Deleted) {
			uids = append(uids, m.UID)
		}
	}
	return mailbox.SetOf(uids...), failed(fault.Err)
}

func (r remover) Expunge(ctx context.Context, set mailbox.UIDSet) error {
	s := r.session
	c, fault, err := s.call(ctx, Expunge, 0)
	if err != nil {
		return err
	}
	if fault.Err != nil && !fault.Done {
		return fault.Err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.caps.Has("UIDPLUS") {
		return a.fail(endpoint.Unsupported, c, "", "no UIDPLUS")
	}
	removed := s.box.expunge(set, func(m *Message) bool { return m.has(mailbox.Deleted) })
	a.note(Step{Verb: Expunge, Mailbox: s.box.wire, UIDs: set, Changed: removed})
	return failed(fault.Err)
}

// Move is the verb of Move, which is in the History with what was moved.
const Move Verb = "MOVE"

func (r remover) Move(ctx context.Context, set mailbox.UIDSet, w mailbox.Wire) (moved endpoint.Moved, err error) {
	s := r.session
	c, fault, err := s.call(ctx, Move, 0)
	if err != nil {
		return moved, err
	}
	if fault.Err != nil && !fault.Done {
		return moved, fault.Err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.caps.Has("MOVE") || !a.caps.Has("UIDPLUS") {
		return moved, a.fail(endpoint.Unsupported, c, "", "no MOVE and UIDPLUS")
	}
	to := a.find(w)
	if to == nil {
		return moved, a.fail(endpoint.NoMailbox, c, "TRYCREATE", "no such mailbox")
	}
	moved = endpoint.Moved{Validity: to.validity, UIDs: map[mailbox.UID]mailbox.UID{}}
	for _, m := range s.box.in(set) {
		moved.UIDs[m.UID] = to.add(Message{Content: m.Content, InternalDate: m.InternalDate, Flags: slices.Clone(m.Flags), Problem: m.Problem}).UID
	}
	removed := s.box.expunge(set, func(*Message) bool { return true })
	a.note(Step{Verb: Move, Mailbox: s.box.wire, UIDs: set, Changed: removed})
	return moved, failed(fault.Err)
}
