package memory

import (
	"context"
	"sync"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// login is one client's connection pool.
type login struct {
	account *Account
	slots   chan struct{} // nil without a limit

	mu     sync.Mutex
	closed bool
}

func (a *Account) login() *login {
	l := &login{account: a}
	if a.options.Connections > 0 {
		l.slots = make(chan struct{}, a.options.Connections)
	}
	return l
}

// begin opens a call on the login; it fails after Close.
func (l *login) begin(ctx context.Context, c Call) (Fault, error) {
	if l.isClosed() {
		return Fault{}, l.account.fail(endpoint.Lost, c, "", "logged out")
	}
	return l.account.ask(ctx, c)
}

func (l *login) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close ends the login; its sessions are lost.
func (l *login) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	a := l.account
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.sessions {
		if s.login == l {
			s.lost = true
		}
	}
	return nil
}

// session is one open mailbox. It belongs to one goroutine; lost is guarded by the account's lock.
type session struct {
	login    *login
	box      *box
	state    endpoint.State
	readOnly bool
	lost     bool
	closed   bool
}

// open is EXAMINE or SELECT.
func (l *login) open(ctx context.Context, w mailbox.Wire, verb Verb) (*session, error) {
	call := Call{Verb: verb, Mailbox: w}
	fault, err := l.begin(ctx, call)
	if err != nil {
		return nil, err
	}
	if fault.Err != nil {
		return nil, fault.Err
	}
	if err := l.take(ctx); err != nil {
		return nil, err
	}
	s, refusal := l.account.openBox(l, call)
	if refusal != nil {
		l.give()
		return nil, refusal
	}
	return s, nil
}

func (a *Account) openBox(l *login, c Call) (*session, *endpoint.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.find(c.Mailbox)
	if b == nil {
		return nil, a.noMailbox(c)
	}
	if b.noselect {
		return nil, a.fail(endpoint.BadMailbox, c, "CANNOT", "mailbox cannot be selected")
	}
	s := &session{login: l, box: b, readOnly: c.Verb == Examine}
	s.state = a.state(b, s.readOnly)
	if !s.readOnly {
		a.note(Step{Verb: Select, Mailbox: b.wire})
		for _, m := range b.messages {
			m.Recent = false
		}
	}
	a.sessions[s] = true
	return s, nil
}

// state is what the server says at this moment; the caller holds the lock.
func (a *Account) state(b *box, readOnly bool) endpoint.State {
	st := endpoint.State{Wire: b.wire, Validity: b.validity, UIDNext: b.next, Messages: uint32(len(b.messages)), ReadOnly: readOnly}
	if a.caps.Has("CONDSTORE") {
		st.ModSeq = b.modseq
	}
	if !readOnly {
		st.Permanent = append([]mailbox.Flag{mailbox.Answered, mailbox.Deleted, mailbox.Draft, mailbox.Flagged, mailbox.Seen}, a.options.Keywords...)
		st.Keywords = !a.options.NoKeywords
	}
	return st
}

func (l *login) take(ctx context.Context) error {
	if l.slots == nil {
		return nil
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *login) give() {
	if l.slots != nil {
		<-l.slots
	}
}

// usable says why nothing more can be done with s; the caller holds the lock.
func (s *session) usable(c Call) *endpoint.Error {
	switch {
	case s.closed:
		return s.login.account.fail(endpoint.Lost, c, "", "the mailbox was closed")
	case s.lost:
		return s.login.account.fail(endpoint.Lost, c, "", "")
	case s.box.gone:
		s.lost = true
		return s.login.account.fail(endpoint.Lost, c, "", "the mailbox was deleted")
	}
	return nil
}

// call begins one command in the session.
func (s *session) call(ctx context.Context, verb Verb, uid mailbox.UID) (Call, Fault, error) {
	c := Call{Verb: verb, Mailbox: s.box.wire, UID: uid}
	a := s.login.account
	a.mu.Lock()
	dead := s.usable(c)
	a.mu.Unlock()
	if dead != nil {
		return c, Fault{}, dead
	}
	fault, err := a.ask(ctx, c)
	if err == nil && endpoint.ClassOf(failed(fault.Err)) == endpoint.Lost {
		s.lose()
	}
	return c, fault, err
}

// callAll begins one command with n messages in the session: as many calls, of which the first that fails decides.
func (s *session) callAll(ctx context.Context, verb Verb, n int) (c Call, out Fault, err error) {
	a := s.login.account
	for i := range n {
		a.mu.Lock()
		uid := s.box.next + mailbox.UID(i)
		a.mu.Unlock()
		var f Fault
		if c, f, err = s.call(ctx, verb, uid); err != nil {
			return c, Fault{}, err
		}
		if f.Err != nil {
			return c, f, nil
		}
	}
	return c, out, nil
}

func (s *session) lose() {
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	s.lost = true
}

// Close gives the connection back; twice is once.
func (s *session) Close() error {
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if !s.closed {
		s.closed = true
		delete(a.sessions, s)
		s.login.give()
	}
	return nil
}

func (s *session) State() endpoint.State { return s.state }
