package memory

import (
	"context"
	"strings"
	"unicode"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// destination is the right to add. The login is named twice so that source's methods are promoted and ours can use it.
type destination struct {
	source
	client *login
}

var _ endpoint.Appender = destination{}

func (d destination) Create(ctx context.Context, w mailbox.Wire, role mailbox.Role) (bool, error) {
	call := Call{Verb: Create, Mailbox: w}
	fault, err := d.client.begin(ctx, call)
	if err != nil {
		return false, err
	}
	if fault.Err != nil && !fault.Done {
		return false, fault.Err
	}
	made, refusal := d.client.account.create(call, role)
	if fault.Err != nil {
		return false, fault.Err
	}
	return made, failed(refusal)
}

func (a *Account) create(c Call, role mailbox.Role) (bool, *endpoint.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := canonical(c.Mailbox)
	if b := a.find(w); b != nil && !b.noselect {
		return false, nil
	}
	if e := a.refuseName(c, w); e != nil {
		a.note(Step{Verb: Create, Mailbox: w, Refused: e.Text})
		return false, e
	}
	b := a.find(w)
	if b == nil {
		b = a.addBox(w, mailbox.RoleNone)
	}
	b.noselect = false
	if a.caps.Has("CREATE-SPECIAL-USE") && role != mailbox.RoleInbox && !a.roleTaken(role) {
		b.role = role
	}
	a.note(Step{Verb: Create, Mailbox: w})
	return true, nil
}

func (a *Account) refuseName(c Call, w mailbox.Wire) *endpoint.Error {
	d := a.options.Delimiter
	if !strings.HasPrefix(string(w), string(a.options.Prefix)) {
		return a.fail(endpoint.BadMailbox, c, "CANNOT", "names begin with "+string(a.options.Prefix))
	}
	if strings.ContainsFunc(string(w), unicode.IsControl) {
		return a.fail(endpoint.BadMailbox, c, "CANNOT", "control character in a mailbox name")
	}
	if d != "" && (strings.Contains(string(w), d+d) || strings.HasPrefix(string(w), d) || strings.HasSuffix(string(w), d)) || w == "" {
		return a.fail(endpoint.BadMailbox, c, "CANNOT", "invalid mailbox name")
	}
	if a.options.RefuseName != nil {
		if e := a.options.RefuseName(w); e != nil {
			return a.named(e, c)
		}
	}
	return nil
}

func (a *Account) roleTaken(role mailbox.Role) bool {
	for _, b := range a.boxes {
		if b.role == role {
			return true
		}
	}
	return false
}

func (d destination) Subscribe(ctx context.Context, w mailbox.Wire) error {
	call := Call{Verb: Subscribe, Mailbox: w}
	fault, err := d.client.begin(ctx, call)
	if err != nil {
		return err
	}
	if fault.Err != nil && !fault.Done {
		return fault.Err
	}
	a := d.client.account
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.find(w)
	if b == nil {
		return a.noMailbox(call)
	}
	a.subscribed[b.wire] = true
	a.note(Step{Verb: Subscribe, Mailbox: b.wire})
	return failed(fault.Err)
}

func (d destination) Target(ctx context.Context, w mailbox.Wire) (endpoint.Target, error) {
	opened, err := d.client.open(ctx, w, Select)
	if err != nil {
		return nil, err
	}
	return target{opened}, nil
}
