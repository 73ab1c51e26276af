package cli

import (
	"github.com/spf13/cobra"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/view"
)

func (a *app) checkpointCommand() *cobra.Command {
	return a.command(manual{
		use: "checkpoint", short: "List exactly which messages may leave the source",
		examples: `
  imapmigrate checkpoint             # writes plans/NAME.checkpoint.yaml
  imapmigrate checkpoint --json      # a summary for programs`,
		long: `
From the ledger alone: messages whose copies were proved by content, per mailbox, as exact UIDs. Nothing is removed; the list has to be
approved first, and its digest stands for every message on it.`,
		exits: []Code{Attention, Locked, NoFile, BadConfig},
	}, 0, 0, func(*cobra.Command, []string) error {
		conf, err := a.config()
		if err != nil {
			return err
		}
		return a.checkpoint(conf)
	})
}

func (a *app) checkpoint(conf *config.Config) error {
	l, err := a.openLedger(conf, "checkpoint")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := checkpoint.Build(l, checkpoint.Options{Now: a.now(), Tool: tool()})
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
		return &outcome{Attention, "no message is proved and still on the source, so no checkpoint was written; verify first, if there is anything left to remove"}
	}
	a.note("written to %s; next: read it, then `imapmigrate approve %s`", file, file)
	return nil
}
