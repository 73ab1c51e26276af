package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

// wishes are the flags by which a checkpoint is made to list less, or to wait.
type wishes struct {
	mailboxes []string
	before    string
	olderThan string
	grace     string
	recheck   string
}

func (a *app) checkpointCommand() *cobra.Command {
	var w wishes
	c := a.command(manual{
		use: "checkpoint [--mailbox PATTERN]... [--before DATE | --older-than 30d] [--grace 3d] [--recheck DEPTH]", short: "List exactly which messages may leave the source",
		examples: `
  imapmigrate checkpoint                             # writes plans/NAME.checkpoint.yaml
  imapmigrate checkpoint --older-than 30d --grace 3d # only what is older, and nothing leaves before three days are over
  imapmigrate checkpoint --mailbox 'Archive/**'      # only that, with all that lies below
  imapmigrate checkpoint --json                      # a summary for programs`,
		long: `
From the ledger alone: messages whose copies were proved by content, per mailbox, as exact UIDs. Nothing is removed; the list has to be
approved first, and its digest stands for every message on it, for both accounts with the keys of their servers, and for how purge looks at
each message once more: with --recheck content (as always, when nothing is said) it reads both copies again; --recheck metadata is weaker,
compares size, date and flags, and reads the bytes of the first message of each mailbox only.`,
		exits: []Code{Attention, Locked, NoFile, BadConfig},
	}, 0, 0, func(*cobra.Command, []string) error {
		conf, err := a.config()
		if err != nil {
			return err
		}
		o, err := w.options(a.now())
		if err != nil {
			return err
		}
		o.Tool, o.Approvers = tool(), policy(conf).Approvers
		return a.checkpoint(conf, o)
	})
	c.Flags().StringArrayVar(&w.mailboxes, "mailbox", nil, "only source mailboxes that `PATTERN` names, with what lies below; may be given several times")
	c.Flags().StringVar(&w.before, "before", "", "only messages that arrived before `DATE` (2015-01-31, or with a time: 2015-01-31T20:00:00+01:00)")
	c.Flags().StringVar(&w.olderThan, "older-than", "", "only messages that arrived longer ago: `DAYS` like 30d, or weeks like 8w")
	c.Flags().StringVar(&w.grace, "grace", "", "have purge refuse for so many `DAYS` from now: 3d, 1w")
	c.Flags().StringVar(&w.recheck, "recheck", string(checkpoint.RecheckContent), "how purge looks at each message again: `DEPTH` is content or metadata")
	return c
}

// options turns the flags into what Build is asked for.
func (w wishes) options(now time.Time) (o checkpoint.Options, err error) {
	o = checkpoint.Options{Now: now, Patterns: w.mailboxes, Recheck: checkpoint.Recheck(w.recheck)}
	if o.Mailboxes, err = plan.Select("--mailbox", w.mailboxes); err != nil {
		return o, usagef("%v", err)
	}
	if w.before != "" && w.olderThan != "" {
		return o, usagef("--before and --older-than say the same thing twice; use one of them")
	}
	var before config.Date
	if err := before.UnmarshalText([]byte(w.before)); err != nil {
		return o, usagef("--before: %v", err)
	}
	o.Before = before.Time
	if w.olderThan != "" {
		days, err := parseDays("--older-than", w.olderThan)
		if err != nil {
			return o, err
		}
		o.Before = now.AddDate(0, 0, -days)
	}
	if w.grace != "" {
		days, err := parseDays("--grace", w.grace)
		if err != nil {
			return o, err
		}
		o.NotBefore = now.AddDate(0, 0, days)
	}
	if o.Recheck != checkpoint.RecheckContent && o.Recheck != checkpoint.RecheckMetadata {
		return o, usagef("--recheck: %q is neither content nor metadata", w.recheck)
	}
	return o, nil
}

// parseDays reads 30d and 8w.
func parseDays(flag, text string) (int, error) {
	wrong := usagef("%s: %q is no number of days; write it like 30d, or in weeks like 8w", flag, text)
	if text == "" {
		return 0, wrong
	}
	digits, unit := text[:len(text)-1], text[len(text)-1]
	n, err := strconv.ParseUint(digits, 10, 16)
	switch {
	case err != nil || n == 0:
		return 0, wrong
	case unit == 'd':
		return int(n), nil
	case unit == 'w':
		return 7 * int(n), nil
	}
	return 0, wrong
}

func (a *app) checkpoint(conf *config.Config, o checkpoint.Options) error {
	l, err := a.openLedger(conf, "checkpoint")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := checkpoint.Build(l, o)
	if err != nil {
		return err
	}
	file := a.files(conf.Name).checkpoint
	if c.Messages > 0 {
		text, err := c.Encode()
		if err != nil {
			return err
		}
		if err := writeFile(file, text); err != nil {
			return err
		}
	}
	if a.json {
		err = view.CheckpointJSON(a.Out, file, c)
	} else {
		err = view.Checkpoint(a.Out, c, a.outWidth())
	}
	if err != nil {
		return err
	}
	if c.Messages == 0 {
		return &outcome{Attention, "no message is proved and still on the source, so no checkpoint was written; verify first, if there is anything left to remove" + narrowed(c)}
	}
	a.note("written to %s; next: read it, then `imapmigrate approve %s`", file, file)
	return nil
}

// narrowed reminds of limits, when they may be why nothing is listed.
func narrowed(c *checkpoint.Checkpoint) string {
	if c.Limits.Before.IsZero() && len(c.Limits.Mailboxes) == 0 {
		return ""
	}
	return fmt.Sprintf(", or ask for more than %s", view.Limits(c))
}
