package memory

import (
	"bytes"
	"context"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// reader is a mailbox opened by EXAMINE.
type reader struct{ session *session }

func (r reader) State() endpoint.State { return r.session.State() }
func (r reader) Close() error          { return r.session.Close() }

func (r reader) Scan(ctx context.Context, set mailbox.UIDSet, visit func(mailbox.Message) error) error {
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
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

// look is a copy of what FETCH would say of set now.
func (s *session) look(set mailbox.UIDSet) []mailbox.Message {
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []mailbox.Message
	for _, m := range s.box.in(set) {
		out = append(out, m.seen(a.caps.Has("CONDSTORE")))
	}
	return out
}

func (r reader) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	for _, known := range r.session.look(set) {
		_, fault, err := r.session.call(ctx, Fetch, known.UID)
		if err != nil {
			return err
		}
		body, there := r.session.body(known.UID)
		if !there { // another client was quicker
			continue
		}
		if fault.Err != nil {
			return cut(body, fault, visit)
		}
		if err := visit(body); err != nil {
			return err
		}
	}
	return nil
}

// cut gives as much of a body as the fault lets through. What visit says then is the fault's consequence and not the answer.
func cut(body endpoint.Body, f Fault, visit func(endpoint.Body) error) error {
	if f.Cut > 0 && body.Problem == "" {
		content := body.Content.(*bytes.Reader)
		part := make([]byte, min(f.Cut, body.Size))
		content.Read(part)
		body.Content = bytes.NewReader(part)
		_ = visit(body)
	}
	return f.Err
}

func (s *session) body(uid mailbox.UID) (endpoint.Body, bool) {
	a := s.login.account
	a.mu.Lock()
	defer a.mu.Unlock()
	m := s.box.message(uid)
	if m == nil {
		return endpoint.Body{}, false
	}
	body := endpoint.Body{Message: m.seen(a.caps.Has("CONDSTORE")), Problem: m.Problem}
	if m.Problem == "" {
		body.Content, body.Size = bytes.NewReader(m.Content), int64(len(m.Content))
	}
	return body, true
}
