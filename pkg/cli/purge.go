package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/purge"
	"imapmigrate/pkg/view"
)

func (a *app) purgeCommand() *cobra.Command {
	var most int64
	c := a.command(manual{
		use: "purge [CHECKPOINT] [--max-messages N]", short: "Remove the approved messages from the source, after reading both copies once more",
		examples: `
  imapmigrate purge                           # what plans/NAME.checkpoint.yaml lists, if it is approved
  imapmigrate purge --max-messages 10         # ten of them, to see how it goes; then again without`,
		long: `
Removes exactly the listed messages and nothing else: each is read again on both sides in this run, must have the recorded content there and
the copied flags here, and is removed by UID EXPUNGE. Each step is recorded first, so that a purge can be stopped and started again.`,
		exits: []Code{Attention, NotApproved, Stale, Locked, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 1, func(cmd *cobra.Command, args []string) error {
		if most < 0 {
			return usagef("--max-messages cannot be negative")
		}
		conf, err := a.config()
		if err != nil {
			return err
		}
		file := a.files(conf.Name).checkpoint
		if len(args) > 0 {
			file = args[0]
		}
		return a.purge(cmd.Context(), conf, file, most)
	})
	c.Flags().Int64Var(&most, "max-messages", 0, "remove at most `N` messages in this run; 0 is all")
	return c
}

func (a *app) purge(ctx context.Context, conf *config.Config, file string, most int64) error {
	limitMemory(conf)
	c, err := readCheckpoint(file)
	if err != nil {
		return err
	}
	yes, err := readApproval(approvalOf(file))
	if err != nil {
		return err
	}
	// Purge itself asks again, right before it removes; asking here spares a login.
	if err := approval.Check(yes, c.Subject(), a.now()); err != nil {
		return err
	}
	l, err := a.openLedger(conf, "purge")
	if err != nil {
		return err
	}
	defer l.Close()
	sink := a.live()
	defer sink.Close()
	both, err := a.connect(ctx, conf)
	if err != nil {
		return err
	}
	defer both.Close()
	result, err := purge.Run(ctx, purge.Job{
		Ledger: l, Checkpoint: c, Approval: yes, Source: both.source.Removal(), Destination: both.destination.Source(), MaxMessages: most,
		Sink: sink, Now: a.now, Patience: endpoint.DefaultPatience,
	})
	show := func() error {
		return a.result(sink, result, func(w io.Writer) error { return view.Purge(w, purged(result), a.outWidth()) })
	}
	if err != nil && result != nil && result.Gone > 0 {
		// What has left the source is said even when the run was cut off.
		return errors.Join(err, show(), l.Close())
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := show(); err != nil {
		return err
	}
	return a.judgePurge(result)
}

// judgePurge turns what a purge left behind into an exit code.
func (a *app) judgePurge(r *purge.Result) error {
	switch {
	case r.Err() != nil:
		return r.Err()
	case r.Limited:
		a.note("stopped at --max-messages: %s of the approved are still on the source; run it again for more", view.Plural(r.Remaining(), "message"))
	case r.Remaining() > 0:
		return &outcome{Attention, fmt.Sprintf("%s approved and still on the source, for the reasons above", areOr(r.Remaining()))}
	}
	return nil
}

// purged is a purge as view shows it.
func purged(r *purge.Result) view.Purged {
	p := view.Purged{Approved: r.Approved, Before: r.Before, Gone: r.Gone, Bytes: r.Bytes, More: r.More}
	for _, m := range r.Mailboxes {
		p.Mailboxes = append(p.Mailboxes, view.PurgedMailbox{Mailbox: m.Name, Approved: m.Approved, Before: m.Before, Gone: m.Gone, Kept: m.Kept(), Problem: m.Problem})
	}
	for _, l := range r.Left {
		p.Left = append(p.Left, view.Left{Mailbox: l.Mailbox, UID: uint32(l.UID), Reason: l.Reason})
	}
	return p
}
