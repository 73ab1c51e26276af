package memory

import (
	"context"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// source is the right to read.
type source struct{ login *login }

var _ endpoint.Fetcher = source{}

func (s source) Identity() endpoint.Identity         { return s.login.account.identity }
func (s source) Capabilities() endpoint.Capabilities { return s.login.account.caps }
func (s source) Close() error                        { return s.login.Close() }

func (s source) Namespaces(ctx context.Context) (endpoint.Namespaces, error) {
	a := s.login.account
	if err := s.ask(ctx, Call{Verb: Namespace}); err != nil {
		return endpoint.Namespaces{}, err
	}
	return endpoint.Namespaces{Personal: []endpoint.Namespace{{Prefix: a.options.Prefix, Delimiter: a.options.Delimiter}}}, nil
}

func (s source) List(ctx context.Context) ([]mailbox.Info, error) {
	if err := s.ask(ctx, Call{Verb: List}); err != nil {
		return nil, err
	}
	a := s.login.account
	infos := a.list()
	for i, info := range infos {
		if !info.Selectable {
			continue
		}
		// A hook may refuse the STATUS of one mailbox; that is no error of List.
		st, err := s.Status(ctx, info.Wire)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case endpoint.ClassOf(err) == endpoint.Lost:
			return nil, err
		case err != nil:
			infos[i].Problem = err.Error()
		default:
			infos[i].Status = &st
		}
	}
	return infos, nil
}

func (s source) Status(ctx context.Context, w mailbox.Wire) (mailbox.Status, error) {
	call := Call{Verb: Status, Mailbox: w}
	if err := s.ask(ctx, call); err != nil {
		return mailbox.Status{}, err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.find(w)
	if b == nil || b.noselect {
		return mailbox.Status{}, a.noMailbox(call)
	}
	return a.status(b), nil
}

func (s source) Quota(ctx context.Context) ([]endpoint.Quota, error) {
	if err := s.ask(ctx, Call{Verb: GetQuota}); err != nil {
		return nil, err
	}
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.options.Quota == 0 || !a.caps.Has("QUOTA") {
		return nil, nil
	}
	return []endpoint.Quota{{Root: "User quota", Resource: "STORAGE", Used: (a.used() + 1023) / 1024, Limit: a.options.Quota / 1024}}, nil
}

func (s source) Examine(ctx context.Context, w mailbox.Wire) (endpoint.Reader, error) {
	opened, err := s.login.open(ctx, w, Examine)
	if err != nil {
		return nil, err
	}
	return reader{opened}, nil
}

// ask is a call whose fault is simply its error.
func (s source) ask(ctx context.Context, c Call) error {
	fault, err := s.login.begin(ctx, c)
	if err != nil {
		return err
	}
	return failed(fault.Err)
}
