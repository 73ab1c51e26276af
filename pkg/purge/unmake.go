package purge

import (
	"context"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Standing is one mailbox that was to be removed and stays, and why.
type Standing struct {
	Mailbox string `json:"mailbox"`
	Reason  string `json:"reason"`
}

// unmake removes the listed mailboxes that are empty now, after everything else. One that stays is no failure: somebody lives in it.
func (r *run) unmake(ctx context.Context) error {
	if r.kind != approval.Rollback || r.Unmakes == nil || r.result.Limited {
		return nil
	}
	all, err := r.Ledger.Mailboxes()
	if err != nil {
		return err
	}
	for i := range r.Checkpoint.Unmake {
		if err := r.approved(); err != nil {
			return err
		}
		if err := r.unmakeOne(ctx, all, &r.Checkpoint.Unmake[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) unmakeOne(ctx context.Context, all []ledger.Mailbox, u *checkpoint.Unmake) error {
	ours, reason, err := r.nothingOfOurs(all, u)
	if err != nil || len(ours) == 0 && reason == "" {
		return err
	}
	var gone bool
	if reason == "" {
		err = r.Patience.Do(ctx, func() (bool, error) {
			gone, reason, err = r.Unmakes.Unmake(ctx, mailbox.Wire(u.Wire), u.Validity, u.Next)
			return false, err
		})
		if err != nil && !endsMailboxOnly(err) {
			return err
		}
		if err != nil {
			reason = err.Error()
		}
	}
	if !gone {
		r.result.Standing = append(r.result.Standing, Standing{u.Name, reason})
		return nil
	}
	for _, m := range ours {
		if err := r.Ledger.Unmake(m); err != nil {
			return err
		}
	}
	r.result.Unmade = append(r.result.Unmade, u.Name)
	r.Sink.Emit(event.MailboxDone{Stage: r.stage, Mailbox: u.Name})
	return nil
}

// nothingOfOurs gives the ledger's entries of a listed mailbox, or why it must stay: something of ours is in it, or it is not recorded as made by
// us. Neither is given when all of them say that it was removed.
func (r *run) nothingOfOurs(all []ledger.Mailbox, u *checkpoint.Unmake) (ours []ledger.Mailbox, reason string, err error) {
	known := false
	for _, m := range all {
		if m.Dest != mailbox.Wire(u.Wire) || m.DestValidity != u.Validity {
			continue
		}
		known = true
		if m.Unmade {
			continue
		}
		if !m.Made {
			return nil, "the ledger does not know it as made by this migration", nil
		}
		holds, err := r.Ledger.Holds(m)
		if err != nil {
			return nil, "", err
		}
		if holds {
			return nil, "not everything that was copied there could be taken back", nil
		}
		ours = append(ours, m)
	}
	if !known {
		return nil, "the ledger does not know it", nil
	}
	return ours, "", nil
}

// sameUnmaker refuses a right to another account.
func (r *run) sameUnmaker() error {
	if r.Unmakes == nil || r.Unmakes.Identity().Same(r.losing()) {
		return nil
	}
	return &endpoint.StaleError{Account: r.Unmakes.Identity().String(), Reason: "it is not the account that loses the messages", Next: "nothing was removed"}
}
