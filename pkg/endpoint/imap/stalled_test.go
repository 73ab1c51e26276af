package imap_test

import (
	"bytes"
	"context"
	"io"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/mailbox"
)

type text string

func (s text) Size() int64       { return int64(len(s)) }
func (s text) Reader() io.Reader { return bytes.NewReader([]byte(s)) }

// stalled makes the calls that lead to the command of pattern.
func stalled(ctx context.Context, a *imap.Account, pattern string) error {
	verb := strings.TrimSuffix(pattern, " .*")
	switch verb {
	case "STATUS":
		_, err := a.Source().Status(ctx, "Box")
		return err
	case "LIST":
		_, err := a.Source().List(ctx)
		return err
	case "CREATE":
		_, err := a.Destination().Create(ctx, "New", mailbox.RoleNone)
		return err
	case "APPEND":
		target, err := a.Destination().Target(ctx, "Box")
		if err != nil {
			return err
		}
		defer target.Close()
		_, err = target.Append(ctx, []endpoint.Outgoing{{Content: text("x")}}, nil)
		return err
	case "UID STORE", "UID SEARCH", "UID EXPUNGE":
		return stalledRemover(ctx, a, verb)
	}
	r, err := a.Source().Examine(ctx, "Box")
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Fetch(ctx, mailbox.SetOf(1, 2), func(endpoint.Body) error { return nil })
}

func stalledRemover(ctx context.Context, a *imap.Account, verb string) error {
	s, err := a.Removal().Select(ctx, "Box")
	if err != nil {
		return err
	}
	defer s.Close()
	switch verb {
	case "UID STORE":
		return s.MarkDeleted(ctx, mailbox.SetOf(1), 0)
	case "UID SEARCH":
		_, err = s.Deleted(ctx)
	case "UID EXPUNGE":
		err = s.Expunge(ctx, mailbox.SetOf(1))
	}
	return err
}
