package memory

import (
	"context"
	"errors"
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

// Append is one transaction with MULTIAPPEND, else one a message. A hook is asked for every message in either case; with MULTIAPPEND the
// first that fails decides for all.
func (t target) Append(ctx context.Context, batch []endpoint.Outgoing, turn func(context.Context) error) ([]endpoint.Placed, error) {
	d := &delivery{session: t.session, turn: turn, placed: make([]endpoint.Placed, len(batch))}
	for i := range d.placed {
		d.placed[i].Verdict = endpoint.Unsent
	}
	n, unfit := t.fit(batch)
	step := 1
	if t.session.login.account.caps.Has("MULTIAPPEND") {
		step = max(1, n)
	}
	for i := 0; i < n && d.plain(i); i += step {
		if err := d.send(ctx, batch[i:i+step], d.placed[i:i+step]); err != nil {
			d.explain(err)
			return d.placed, err
		}
	}
	if unfit != nil && d.plain(n) {
		d.placed[n].Err = unfit
	}
	return d.placed, nil
}

// fit is how many messages can be sent, and what is wrong with the next.
func (t target) fit(batch []endpoint.Outgoing) (int, *endpoint.Error) {
	for i, m := range batch {
		for _, f := range m.Flags {
			if !f.System() && !f.Keyword() {
				c := Call{Verb: Append, Mailbox: t.session.box.wire}
				return i, t.session.login.account.fail(endpoint.BadMessage, c, "", fmt.Sprintf("flag %q cannot be sent", string(f)))
			}
		}
	}
	return len(batch), nil
}

// delivery is one Append on its way.
type delivery struct {
	session *session
	turn    func(context.Context) error // nil once it has been had
	placed  []endpoint.Placed
}

// plain reports whether the first n messages are stored.
func (d *delivery) plain(n int) bool {
	return !slices.ContainsFunc(d.placed[:n], func(p endpoint.Placed) bool { return p.Verdict != endpoint.Stored })
}

// explain gives the messages that were not sent a reason.
func (d *delivery) explain(err error) {
	why, ok := errors.AsType[*endpoint.Error](err)
	if !ok {
		why = &endpoint.Error{Class: endpoint.Lost, Account: d.session.login.account.identity.String(), Op: "APPEND", Err: err}
	}
	for i := range d.placed {
		if p := &d.placed[i]; p.Verdict == endpoint.Unsent && p.Err == nil {
			p.Err = why
		}
	}
}

// send is one command. placed says Unsent so far.
func (d *delivery) send(ctx context.Context, batch []endpoint.Outgoing, placed []endpoint.Placed) error {
	s := d.session
	contents := make([][]byte, len(batch))
	for i, m := range batch {
		var err error
		if contents[i], err = io.ReadAll(m.Content.Reader()); err != nil || int64(len(contents[i])) != m.Content.Size() {
			return s.breakOff(fmt.Errorf("the message has %d bytes where %d were announced (%v)", len(contents[i]), m.Content.Size(), err))
		}
	}
	if d.turn != nil {
		turn := d.turn
		d.turn = nil
		if err := turn(ctx); err != nil {
			s.lose()
			return err
		}
	}
	call, fault, err := s.callAll(ctx, Append, len(batch))
	if err != nil {
		return err
	}
	all := func(p endpoint.Placed) {
		p.Together = p.Verdict == endpoint.Refused && len(batch) > 1
		for i := range placed {
			placed[i] = p
		}
	}
	a := s.login.account
	if fault.Err == nil || fault.Done {
		var refused *endpoint.Error
		if refused = a.store(s, call, batch, contents, placed); refused != nil {
			all(endpoint.Placed{Verdict: endpoint.Refused, Err: refused})
		}
	} else {
		a.noteRefused(call, contents, fault.Err.Error())
	}
	switch {
	case fault.Err == nil:
		return nil
	case fault.Err.Class == endpoint.Lost:
		all(endpoint.Placed{Verdict: endpoint.InDoubt})
		return fault.Err
	}
	all(endpoint.Placed{Verdict: endpoint.Refused, Err: fault.Err})
	return nil
}

// breakOff ends the session because going on would send a wrong literal.
func (s *session) breakOff(cause error) error {
	s.lose()
	return &endpoint.Error{Class: endpoint.Lost, Account: s.login.account.identity.String(), Op: "APPEND", Err: cause}
}

func (a *Account) noteRefused(c Call, contents [][]byte, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, content := range contents {
		a.note(Step{Verb: Append, Mailbox: c.Mailbox, Digest: digest(content), Refused: why})
	}
}

// store is APPEND itself: all of the batch, or nothing and the refusal.
func (a *Account) store(s *session, c Call, batch []endpoint.Outgoing, contents [][]byte, placed []endpoint.Placed) *endpoint.Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	messages := make([]Message, len(batch))
	var before int64
	for i, m := range batch {
		messages[i] = a.asStored(m, contents[i])
		if e := a.refuse(c, messages[i], before); e != nil {
			a.note(Step{Verb: Append, Mailbox: c.Mailbox, Digest: digest(contents[i]), Refused: e.Text})
			return e
		}
		before += int64(len(contents[i]))
	}
	for i, msg := range messages {
		if a.options.Change != nil {
			msg.Content = a.options.Change(slices.Clone(msg.Content))
		}
		stored := s.box.add(msg)
		a.note(Step{Verb: Append, Mailbox: c.Mailbox, UIDs: mailbox.SetOf(stored.UID), Flags: stored.Flags, Digest: digest(contents[i])})
		placed[i] = endpoint.Placed{Verdict: endpoint.Stored}
		if a.caps.Has("UIDPLUS") {
			placed[i].Validity, placed[i].UID = s.box.validity, stored.UID
		}
	}
	return nil
}

// asStored is the message as it will be kept.
func (a *Account) asStored(m endpoint.Outgoing, content []byte) Message {
	msg := Message{Content: content, InternalDate: m.InternalDate, Flags: a.kept(m.Flags), Recent: true}
	if msg.InternalDate.IsZero() {
		msg.InternalDate = a.options.Now()
	}
	msg.InternalDate = whole(msg.InternalDate)
	return msg
}

// refuse says no to a message; before is how many bytes of the same batch come before it.
func (a *Account) refuse(c Call, m Message, before int64) *endpoint.Error {
	size := int64(len(m.Content))
	switch o := a.options; {
	case o.AppendLimit > 0 && size > o.AppendLimit:
		return a.fail(endpoint.BadMessage, c, "TOOBIG", "message is too large")
	case o.Quota > 0 && a.used()+before+size > o.Quota:
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
