package memory

import (
	"context"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Flags logs in afresh, with the right to change flags, other than \Deleted.
func (a *Account) Flags() endpoint.Flagger {
	l := a.login()
	return flagging{source{l}, l}
}

// flagging is that right.
type flagging struct {
	source
	client *login
}

var _ endpoint.Flagger = flagging{}

func (f flagging) Mark(ctx context.Context, w mailbox.Wire) (endpoint.Marker, error) {
	opened, err := f.client.open(ctx, w, Select)
	if err != nil {
		return nil, err
	}
	return marker{reader{opened}}, nil
}

// marker is a mailbox opened by SELECT, to change flags in it.
type marker struct{ reader }

// Change is one STORE a direction, each a call of its own, so that a fault can come between them.
func (m marker) Change(ctx context.Context, set mailbox.UIDSet, change endpoint.FlagChange, modseq uint64) error {
	if !m.session.login.account.caps.Has("CONDSTORE") {
		modseq = 0
	}
	if len(change.Add()) > 0 {
		left, err := m.store(ctx, set, change.Add(), false, modseq)
		if err != nil {
			return err
		}
		set, modseq = left, 0
	}
	if len(change.Take()) > 0 {
		_, err := m.store(ctx, set, change.Take(), true, modseq)
		return err
	}
	return nil
}

// store says which messages it was about: those that modseq did not spare.
func (m marker) store(ctx context.Context, set mailbox.UIDSet, flags []mailbox.Flag, unmark bool, modseq uint64) (mailbox.UIDSet, error) {
	s := m.session
	_, fault, err := s.call(ctx, Store, 0)
	if err != nil {
		return nil, err
	}
	if fault.Err != nil && !fault.Done {
		return nil, fault.Err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	var about, changed []mailbox.UID
	for _, msg := range s.box.in(set) {
		if modseq != 0 && msg.ModSeq > modseq {
			continue
		}
		about = append(about, msg.UID)
		want := a.kept(append(slices.Clone(msg.Flags), flags...))
		if unmark {
			want = slices.DeleteFunc(slices.Clone(msg.Flags), func(f mailbox.Flag) bool { return slices.ContainsFunc(flags, f.Equal) })
		}
		if !mailbox.SameFlags(want, msg.Flags) {
			changed = append(changed, msg.UID)
			msg.setFlags(s.box, want)
		}
	}
	a.note(Step{Verb: Store, Mailbox: s.box.wire, UIDs: set, Changed: mailbox.SetOf(changed...), Flags: flags, Unmark: unmark})
	return mailbox.SetOf(about...), failed(fault.Err)
}

func (r reader) ScanFlags(ctx context.Context, set mailbox.UIDSet, since uint64, visit func(mailbox.Message) error) error {
	_, fault, err := r.session.call(ctx, Scan, 0)
	if err != nil {
		return err
	}
	if fault.Err != nil {
		return fault.Err
	}
	for _, m := range r.session.look(set) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.ModSeq != 0 && m.ModSeq <= since {
			continue
		}
		err := visit(mailbox.Message{UID: m.UID, Size: -1, Flags: append([]mailbox.Flag{}, m.Flags...), ModSeq: m.ModSeq})
		if err != nil {
			return err
		}
	}
	return nil
}
