package imap

import (
	"context"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// unmaking is the right to take back empty mailboxes.
type unmaking struct{ account *Account }

var _ endpoint.Unmaker = unmaking{}

// Unmaking is the right to take back empty mailboxes that were made by us.
func (a *Account) Unmaking() endpoint.Unmaker { return unmaking{a} }

func (u unmaking) Identity() endpoint.Identity { return u.account.identity }

func (u unmaking) Unmake(ctx context.Context, w mailbox.Wire, validity mailbox.UIDValidity, next mailbox.UID) (gone bool, stays string, err error) {
	err = u.account.pool.with(ctx, "remove an empty mailbox", func(s *session) error {
		gone, stays, err = s.Unmake(ctx, w, validity, next)
		return err
	})
	return gone, stays, err
}
