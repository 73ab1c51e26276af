package imap

import (
	"context"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

// source is the right to read.
type source struct{ account *Account }

var _ endpoint.Fetcher = source{}

func (s source) Identity() endpoint.Identity         { return s.account.identity }
func (s source) Capabilities() endpoint.Capabilities { return s.account.caps }
func (s source) Close() error                        { return s.account.Close() }

func (s source) Namespaces(ctx context.Context) (out endpoint.Namespaces, err error) {
	err = s.account.pool.with(ctx, "ask for namespaces", func(c *session) error {
		out, err = c.Namespaces(ctx)
		return err
	})
	return out, err
}

func (s source) List(ctx context.Context) (out []mailbox.Info, err error) {
	err = s.account.pool.with(ctx, "list mailboxes", func(c *session) error {
		out, err = c.List(ctx, wire.ListOptions{Status: true})
		return err
	})
	return out, err
}

func (s source) Status(ctx context.Context, w mailbox.Wire) (out mailbox.Status, err error) {
	err = s.account.pool.with(ctx, "ask for a mailbox's status", func(c *session) error {
		out, err = c.Status(ctx, w)
		return err
	})
	return out, err
}

func (s source) Quota(ctx context.Context) (out []endpoint.Quota, err error) {
	err = s.account.pool.with(ctx, "ask for the quota", func(c *session) error {
		out, err = c.Quota(ctx)
		return err
	})
	return out, err
}

func (s source) Examine(ctx context.Context, w mailbox.Wire) (endpoint.Reader, error) {
	l, err := s.account.pool.open(ctx, w, true)
	if err != nil {
		return nil, err
	}
	r := newReader(l)
	return &r, nil
}
