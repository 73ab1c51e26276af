package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/config"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/report"
	"imapmigrate/pkg/view"
)

func (a *app) statusCommand() *cobra.Command {
	return a.command(manual{
		use: "status", short: "Say where the migration stands",
		examples: `
  imapmigrate status              # the sums, what is not finished, and the next step
  imapmigrate status --json       # for programs`,
		long: `
From the ledger alone; no server is asked.`,
		exits: []Code{Locked, NoFile, BadConfig},
	}, 0, 0, func(*cobra.Command, []string) error {
		r, err := a.report("status", 0)
		if err != nil {
			return err
		}
		if a.json {
			return view.WriteJSON(a.Out, r)
		}
		return view.Status(a.Out, r, a.outWidth())
	})
}

// report reads the ledger, and what lies beside it; problems is how many messages are named.
func (a *app) report(command string, problems int) (*report.Report, error) {
	conf, err := a.config()
	if err != nil {
		return nil, err
	}
	l, err := a.openLedger(conf, command)
	if err != nil {
		return nil, err
	}
	r, err := a.build(conf, l, problems)
	return r, errors.Join(err, l.Close())
}

// build is the report of an open ledger.
func (a *app) build(conf *config.Config, l *ledger.Ledger, problems int) (*report.Report, error) {
	planned, err := a.planned(conf, l)
	if err != nil {
		return nil, err
	}
	o := report.Options{Now: a.now(), Problems: problems, Planned: planned}
	a.gate(conf, &o)
	return report.Build(l, o)
}

// gate adds the checkpoints and their approvals, where they are there. A faulty one is said and left out: it stops a removal, not a report.
func (a *app) gate(conf *config.Config, o *report.Options) {
	if g := a.gateOf(conf, a.files(conf.Name).checkpoint, o.Now); g != nil {
		o.Checkpoint, o.Approval = g.Checkpoint, g.Approval
	}
	o.Rollback = a.gateOf(conf, a.files(conf.Name).rollback, o.Now)
}

// gateOf reads one of them; nil when it is not there.
func (a *app) gateOf(conf *config.Config, file string, now time.Time) *report.Gate {
	c, err := readCheckpoint(file)
	if is[*missingError](err) {
		return nil
	}
	if err != nil {
		a.caution("%v", err)
		return nil
	}
	g := &report.Gate{Checkpoint: &report.Checkpoint{Digest: c.Sum(), Created: c.Created, Messages: c.Messages, Bytes: c.Bytes}}
	yes, err := readApproval(approvalOf(file))
	if err != nil {
		a.caution("%v", err)
		return g
	}
	g.Approval = report.OfApproval(yes, c.Subject(), policy(conf), now)
	return g
}
