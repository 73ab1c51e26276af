package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

func (a *app) rollbackCommand() *cobra.Command {
	var r removal
	var list bool
	var mailboxes []string
	c := a.command(manual{
		use: "rollback [--list] [--mailbox PATTERN]... [--max-messages N] [--dry-run]", short: "Take the copies from the destination again, as far as nobody has touched them",
		examples: `
  imapmigrate rollback --list      # writes plans/NAME.rollback.yaml: exactly what would be taken back
  imapmigrate approve plans/acme.rollback.yaml
  imapmigrate rollback             # takes it back, after reading both copies once more`,
		long: `
The mirror of checkpoint and purge. The list holds only messages that this migration has appended; never one that was on the destination
before, and never one whose original has left the source. Of these, each is read again on both sides in this run: it must have the recorded
content, be on the source too, and carry the flags it was given; what a user has changed, moved or removed since stays as it is. It is removed by
UID EXPUNGE, the first of each mailbox alone. Mailboxes that this migration made are removed too, where they are empty and no mail but
ours was ever in them. Without a list, rollback makes one and ends with 10.

A later copy leaves alone what was rolled back.`,
		exits: []Code{Attention, NotApproved, Stale, Locked, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		if err := r.check(); err != nil {
			return err
		}
		conf, err := a.config()
		if err != nil {
			return err
		}
		return a.rollback(cmd.Context(), conf, list, mailboxes, r)
	})
	r.flags(c)
	c.Flags().BoolVar(&list, "list", false, "write the list anew, and do nothing else")
	c.Flags().StringArrayVar(&mailboxes, "mailbox", nil, "list only what was copied from source mailboxes that `PATTERN` names, with what lies below; may be given several times")
	return c
}

// rollback makes the list where there is none, and else does what the approved one says.
func (a *app) rollback(ctx context.Context, conf *config.Config, list bool, mailboxes []string, r removal) error {
	file := a.files(conf.Name).rollback
	_, err := os.Stat(file)
	absent := errors.Is(err, fs.ErrNotExist)
	if !list && !absent {
		if len(mailboxes) > 0 {
			return usagef("--mailbox limits the list when it is made; add --list")
		}
		return a.remove(ctx, conf, file, approval.Rollback, r)
	}
	c, err := a.rollbackList(conf, file, mailboxes)
	if err != nil || list {
		return err
	}
	return &approval.NotApprovedError{Subject: c.Subject(), Reason: "this is the list, and nobody has approved it"}
}

func (a *app) rollbackList(conf *config.Config, file string, mailboxes []string) (*checkpoint.Checkpoint, error) {
	which, err := plan.Select("--mailbox", mailboxes)
	if err != nil {
		return nil, usagef("%v", err)
	}
	l, err := a.openLedger(conf, "rollback")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	c, err := checkpoint.Build(l, checkpoint.Options{Kind: approval.Rollback, Now: a.now(), Tool: tool(), Mailboxes: which, Patterns: mailboxes, Approvers: policy(conf).Approvers})
	if err != nil {
		return nil, err
	}
	if c.Messages > 0 {
		text, err := c.Encode()
		if err != nil {
			return nil, err
		}
		if err := writeFile(file, text); err != nil {
			return nil, err
		}
	}
	if a.json {
		err = view.CheckpointJSON(a.Out, file, c)
	} else {
		err = view.Checkpoint(a.Out, c, a.outWidth())
	}
	switch {
	case err != nil:
		return nil, err
	case c.Messages == 0:
		return nil, &outcome{Attention, "nothing that this migration has appended can be taken back, so no list was written"}
	}
	a.note("written to %s; next: read it, then `imapmigrate approve %s`", file, file)
	return c, nil
}
