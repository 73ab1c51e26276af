package imap

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// singly reads messages that exist one at a time, by the tolerant reader. One that cannot be had is a problem of its own and no other's.
func (r *reader) singly(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	for uid := range set.All {
		if err := r.single(ctx, uid, visit); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) single(ctx context.Context, uid mailbox.UID, visit func(endpoint.Body) error) error {
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return err
	}
	kept := &spools{}
	defer kept.close()
	got, err := s.FetchTolerant(ctx, uid, kept.add)
	switch {
	case errors.Is(err, errBodies), errors.Is(err, errHuge):
		r.lease.dropped() // the answer was not read to its end
	case err != nil && !refused(err):
		return r.lease.pool.ours(r.lease.reading(), err)
	}
	if err == nil && !got.Found {
		return nil
	}
	body := endpoint.Body{Message: got.Message, Problem: got.Problem}
	body.UID = uid
	switch spool, _ := got.Body.(*spool); {
	case err != nil:
		body.Problem = words(err)
	case body.Problem != "":
	case spool == nil:
		body.Problem = "the server sends no content"
	case isNotice(spool.memory.Bytes()) && spool.file == nil:
		body.Problem = noticeProblem
	case spool.size != got.BodySize:
		return r.lease.pool.lost(r.lease.reading(), errCut)
	default:
		if body.Content, err = spool.content(); err != nil {
			return r.lease.pool.ours(r.lease.reading(), err)
		}
		body.Size = spool.size
	}
	return visit(body)
}

// words are what a server said against one message.
func words(err error) string {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e.Text != "" {
		return fmt.Sprintf("the server says %q", e.Text)
	}
	return err.Error()
}
