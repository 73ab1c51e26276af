package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
	"imapmigrate/pkg/view"
)

// removal is what the commands that remove can be told.
type removal struct {
	most    int64
	toTrash bool
	dryRun  bool
}

// flags are those that every removal has.
func (r *removal) flags(c *cobra.Command) {
	c.Flags().Int64Var(&r.most, "max-messages", 0, "remove at most `N` messages in this run; 0 is all")
	c.Flags().BoolVar(&r.dryRun, "dry-run", false, "look at every message as the run would, show the exact commands, and change nothing; needs no approval")
}

// check finds what no run can do, before anything is read.
func (r removal) check() error {
	if r.most < 0 {
		return usagef("--max-messages cannot be negative")
	}
	return nil
}

func (a *app) purgeCommand() *cobra.Command {
	var r removal
	c := a.command(manual{
		use: "purge [CHECKPOINT] [--max-messages N] [--to-trash] [--dry-run]", short: "Remove the approved messages from the source, after reading both copies once more",
		examples: `
  imapmigrate purge --dry-run                 # the commands that it would send, and what would stay; changes nothing
  imapmigrate purge                           # what plans/NAME.checkpoint.yaml lists, if it is approved
  imapmigrate purge --max-messages 10         # ten of them, to see how it goes; then again without
  imapmigrate purge --to-trash                # into the source's own trash, instead of for good`,
		long: `
Removes exactly the listed messages and nothing else: each is read again on both sides in this run, must have the recorded content there and
the copied flags here, and is removed by UID EXPUNGE. The first of each mailbox goes alone, and the mailbox is counted before the rest
follows. A message that somebody else has marked as deleted stops its mailbox. Each step is recorded first, so that a purge can be stopped,
or killed, and started again.

With --to-trash messages go to the source's \Trash by UID MOVE, which not every server has. What a later copy finds there from this purge
it leaves alone; the server empties its trash when it likes.`,
		exits: []Code{Attention, NotApproved, Stale, Locked, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 1, func(cmd *cobra.Command, args []string) error {
		if err := r.check(); err != nil {
			return err
		}
		conf, err := a.config()
		if err != nil {
			return err
		}
		file := a.files(conf.Name).checkpoint
		if len(args) > 0 {
			file = args[0]
		}
		return a.remove(cmd.Context(), conf, file, approval.Purge, r)
	})
	r.flags(c)
	c.Flags().BoolVar(&r.toTrash, "to-trash", false, "move the messages to the source's trash instead of removing them for good")
	return c
}

// remove runs an approved checkpoint of that kind.
func (a *app) remove(ctx context.Context, conf *config.Config, file string, kind approval.Kind, r removal) error {
	limitMemory(conf)
	c, yes, err := a.approved(conf, file, kind, r.dryRun)
	if err != nil {
		return err
	}
	l, err := a.openLedger(conf, string(kind))
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
	job := purge.Job{Ledger: l, Checkpoint: c, Approval: yes, Policy: policy(conf), MaxMessages: r.most, Sink: sink, Now: a.now, Patience: endpoint.DefaultPatience}
	loses, keeps := both.source, both.destination
	if kind == approval.Rollback {
		loses, keeps = keeps, loses
		job.Unmakes = loses.Unmaking()
	}
	job.Loses, job.Keeps = loses.Removal(), keeps.Source()
	if r.toTrash {
		if job.Trash, err = trash(ctx, loses.Source()); err != nil {
			return err
		}
	}
	if r.dryRun {
		return a.rehearse(ctx, sink, job, loses.Source())
	}
	result, err := purge.Run(ctx, job)
	show := func() error {
		return a.result(sink, result, func(w io.Writer) error { return view.Purge(w, purged(result, kind), a.outWidth()) })
	}
	if err != nil && result != nil && result.Gone+int64(len(result.Unmade)) > 0 {
		// What has left is said even when the run was cut off.
		return errors.Join(err, show(), l.Close())
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := show(); err != nil {
		return err
	}
	return a.judgePurge(result, c)
}

// approved reads a checkpoint of that kind and what has been said to it. The run itself asks again, right before it removes; asking here
// spares a login.
func (a *app) approved(conf *config.Config, file string, kind approval.Kind, dryRun bool) (*checkpoint.Checkpoint, *approval.Approval, error) {
	c, err := readCheckpoint(file)
	if err != nil {
		return nil, nil, err
	}
	if c.Kind != kind {
		return nil, nil, usagef("%s is a checkpoint for `imapmigrate %s`, not for a %s", file, c.Kind, kind)
	}
	yes, err := readApproval(approvalOf(file))
	if err != nil || dryRun {
		return c, yes, err
	}
	return c, yes, approval.Check(yes, c.Subject(), policy(conf), a.now())
}

// trash finds the mailbox that the account itself calls its trash.
func trash(ctx context.Context, source endpoint.Lister) (mailbox.Wire, error) {
	all, err := source.List(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if m.Role == mailbox.RoleTrash && m.Selectable {
			return m.Wire, nil
		}
	}
	return "", &endpoint.Error{Class: endpoint.Unsupported, Account: source.Identity().String(), Op: "find the trash", Err: errors.New("the server says of no mailbox that it is \\Trash (RFC 6154)"),
		Hint: "nothing was removed; purge without --to-trash"}
}

// rehearse runs the job on a copy of the ledger and over an account that can only be read, and shows the commands that it would send.
func (a *app) rehearse(ctx context.Context, sink watched, job purge.Job, over endpoint.Fetcher) error {
	dir, err := os.MkdirTemp(filepath.Dir(job.Ledger.Path()), ".rehearsal-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := a.copyLedger(job.Ledger, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return err
	}
	defer l.Close()
	commands := []purge.Command{}
	job.Ledger, job.Unmakes = l, nil
	job.Loses = purge.Rehearsal(over, func(c purge.Command) { commands = append(commands, c) })
	result, err := purge.Run(ctx, job)
	if err != nil {
		return err
	}
	fields := map[string]any{"dry_run": true, "commands": commands, "result": result}
	err = a.result(sink, fields, func(w io.Writer) error {
		if err := view.Commands(w, rehearsed(commands)); err != nil {
			return err
		}
		return view.Purge(w, purged(result, job.Checkpoint.Kind).Rehearsed(), a.outWidth())
	})
	if err != nil {
		return err
	}
	a.note("this was a dry run: nothing was removed, and nothing recorded")
	return result.Err()
}

// copyLedger opens a copy. The ledger is ours alone while we have it open, and nothing is being written.
func (a *app) copyLedger(l *ledger.Ledger, to string) (*ledger.Ledger, error) {
	from, err := os.Open(l.Path())
	if err != nil {
		return nil, err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return ledger.Open(to, a.ledgerOptions("dry run"))
}

// judgePurge turns what a removal left behind into an exit code.
func (a *app) judgePurge(r *purge.Result, c *checkpoint.Checkpoint) error {
	side := "source"
	if c.Kind == approval.Rollback {
		side = "destination"
	}
	switch {
	case r.Err() != nil:
		return r.Err()
	case r.Limited:
		a.note("stopped at --max-messages: %s of the approved are still on the %s; run it again for more", view.Plural(r.Remaining(), "message"), side)
	case r.Remaining() > 0:
		return &outcome{Attention, fmt.Sprintf("%s approved and still on the %s, for the reasons above", areOr(r.Remaining()), side)}
	}
	return nil
}

// rehearsed are commands as view shows them.
func rehearsed(commands []purge.Command) []view.Command {
	all := make([]view.Command, len(commands))
	for i, c := range commands {
		all[i] = view.Command{Mailbox: c.Name, Text: c.Text}
	}
	return all
}

// purged is a removal as view shows it.
func purged(r *purge.Result, kind approval.Kind) view.Purged {
	p := view.Purged{Rollback: kind == approval.Rollback, Approved: r.Approved, Before: r.Before, Gone: r.Gone, Bytes: r.Bytes, More: r.More, Unmade: r.Unmade}
	for _, m := range r.Standing {
		p.Standing = append(p.Standing, view.Left{Mailbox: m.Mailbox, Reason: m.Reason})
	}
	for _, m := range r.Mailboxes {
		p.Mailboxes = append(p.Mailboxes, view.PurgedMailbox{Mailbox: m.Name, Approved: m.Approved, Before: m.Before, Gone: m.Gone, Kept: m.Kept(), Problem: m.Problem})
	}
	for _, l := range r.Left {
		p.Left = append(p.Left, view.Left{Mailbox: l.Mailbox, UID: uint32(l.UID), Reason: l.Reason})
	}
	return p
}
