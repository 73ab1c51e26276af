package memory

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// target is a mailbox opened for appending.
type target struct{ session *session }

func (t target) State() endpoint.State { return t.session.State() }
func (t target) Close() error          { return t.session.Close() }

func (t target) Append(ctx context.Context, batch []endpoint.Outgoing) ([]endpoint.Placed, error) {
	out := make([]endpoint.Placed, len(batch))
	for i, m := range batch {
		var err error
		if out[i], err = t.one(ctx, m); err == nil {
			continue
		}
		rest, _ := err.(*endpoint.Error)
		if rest == nil {
			rest = &endpoint.Error{Class: endpoint.Lost, Account: t.session.login.account.identity.String(), Op: "APPEND", Err: err}
		}
		for k := i + 1; k < len(batch); k++ {
			out[k] = endpoint.Placed{Verdict: endpoint.Unsent, Err: rest}
		}
		return out, err
	}
	return out, nil
}

func (t target) one(ctx context.Context, m endpoint.Outgoing) (endpoint.Placed, error) {
	s := t.session
	a := s.login.account
	for _, f := range m.Flags {
		if !f.System() && !f.Keyword() {
			bad := a.fail(endpoint.BadMessage, Call{Verb: Append, Mailbox: s.box.wire}, "", fmt.Sprintf("flag %q cannot be sent", string(f)))
			return endpoint.Placed{Verdict: endpoint.Unsent, Err: bad}, nil
		}
	}
	content, err := io.ReadAll(m.Content.Reader())
	if err != nil || int64(len(content)) != m.Content.Size() {
		return endpoint.Placed{}, s.breakOff(fmt.Errorf("the message has %d bytes where %d were announced (%v)", len(content), m.Content.Size(), err))
	}
	c, fault, err := s.call(ctx, Append, s.nextUID())
	if err != nil {
		e, _ := err.(*endpoint.Error)
		return endpoint.Placed{Verdict: endpoint.Unsent, Err: e}, err
	}
	lost := endpoint.ClassOf(failed(fault.Err)) == endpoint.Lost
	if fault.Err != nil && !fault.Done {
		a.noteRefused(c, content, fault.Err.Error())
		if lost {
			return endpoint.Placed{Verdict: endpoint.InDoubt}, fault.Err
		}
		return endpoint.Placed{Verdict: endpoint.Refused, Err: fault.Err}, nil
	}
	placed := a.store(s, c, m, content)
	switch {
	case lost:
		return endpoint.Placed{Verdict: endpoint.InDoubt}, fault.Err
	case fault.Err != nil:
		return endpoint.Placed{Verdict: endpoint.Refused, Err: fault.Err}, nil
	}
	return placed, nil
}

// breakOff ends the session because going on would send a wrong literal.
func (s *session) breakOff(cause error) error {
	s.lose()
	return &endpoint.Error{Class: endpoint.Lost, Account: s.login.account.identity.String(), Op: "APPEND", Err: cause}
}

func (s *session) nextUID() mailbox.UID {
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.box.next
}

func (a *Account) noteRefused(c Call, content []byte, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.note(Step{Verb: Append, Mailbox: c.Mailbox, Digest: digest(content), Refused: why})
}

// store is APPEND itself.
func (a *Account) store(s *session, c Call, m endpoint.Outgoing, content []byte) endpoint.Placed {
	a.mu.Lock()
	defer a.mu.Unlock()
	msg := Message{Content: content, InternalDate: m.InternalDate, Flags: a.kept(m.Flags), Recent: true}
	if msg.InternalDate.IsZero() {
		msg.InternalDate = a.options.Now()
	}
	msg.InternalDate = whole(msg.InternalDate)
	if e := a.refuse(c, msg); e != nil {
		a.note(Step{Verb: Append, Mailbox: c.Mailbox, Digest: digest(content), Refused: e.Text})
		return endpoint.Placed{Verdict: endpoint.Refused, Err: e}
	}
	if a.options.Change != nil {
		msg.Content = a.options.Change(slices.Clone(content))
	}
	stored := s.box.add(msg)
	a.note(Step{Verb: Append, Mailbox: c.Mailbox, UIDs: mailbox.SetOf(stored.UID), Flags: stored.Flags, Digest: digest(content)})
	placed := endpoint.Placed{Verdict: endpoint.Stored}
	if a.caps.Has("UIDPLUS") {
		placed.Validity, placed.UID = s.box.validity, stored.UID
	}
	return placed
}

func (a *Account) refuse(c Call, m Message) *endpoint.Error {
	size := int64(len(m.Content))
	switch o := a.options; {
	case o.AppendLimit > 0 && size > o.AppendLimit:
		return a.fail(endpoint.BadMessage, c, "TOOBIG", "message is too large")
	case o.Quota > 0 && a.used()+size > o.Quota:
		return a.fail(endpoint.OverQuota, c, "OVERQUOTA", "quota exceeded")
	case o.Refuse != nil:
		if e := o.Refuse(c.Mailbox, m); e != nil {
			return a.named(e, c)
		}
	}
	return nil
}

// kept are the flags that the server stores.
func (a *Account) kept(flags []mailbox.Flag) []mailbox.Flag {
	return slices.DeleteFunc(mailbox.Flags(flags...), func(f mailbox.Flag) bool {
		return !f.System() && a.options.NoKeywords && !slices.ContainsFunc(a.options.Keywords, f.Equal)
	})
}

// whole is the date as the wire carries it: seconds, and the zone as an offset.
func whole(date time.Time) time.Time {
	if date.IsZero() {
		return date
	}
	_, offset := date.Zone()
	return date.Truncate(time.Second).In(time.FixedZone("", offset))
}
