package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

func (a *app) diffCommand() *cobra.Command {
	var live bool
	c := a.command(manual{
		use: "diff OLD NEW [or diff PLAN --live]", short: "Show what changed between two plans, or since a plan was made",
		examples: `
  imapmigrate diff plans/acme.plan.previous.yaml plans/acme.plan.yaml     # what is new since the plan before
  imapmigrate diff plans/acme.plan.yaml --live                            # what a plan made now would say instead
  imapmigrate diff reviewed.yaml plans/acme.plan.yaml --json              # for programs`,
		long: `
With --live both accounts are looked at as plan does, and nothing is written anywhere. New mail is a change that only tells; what changes
what a copy does is counted at the end.`,
		exits: []Code{NoFile, Stale, Unreachable, ComeBack, Refused, BadConfig},
	}, 1, 2, func(cmd *cobra.Command, args []string) error {
		if live != (len(args) == 1) {
			return usagef("diff: it takes two plans, or one and --live; see `%s --help`", cmd.CommandPath())
		}
		old, err := readPlan(args[0])
		if err != nil {
			return err
		}
		now, err := a.other(cmd.Context(), old, args[1:])
		if err != nil {
			return err
		}
		changes := plan.Diff(old, now)
		if a.json {
			return view.DiffJSON(a.Out, changes)
		}
		return view.Diff(a.Out, changes, a.outWidth())
	})
	c.Flags().BoolVar(&live, "live", false, "compare with both accounts as they are now")
	return c
}

// other is the plan to compare with: that of the second file, or one made now.
func (a *app) other(ctx context.Context, old *plan.Plan, files []string) (*plan.Plan, error) {
	if len(files) > 0 {
		return readPlan(files[0])
	}
	conf, err := a.config()
	if err != nil {
		return nil, err
	}
	if err := fitsConfig(old, conf); err != nil {
		return nil, err
	}
	sink := a.progress()
	defer sink.Close()
	both, err := a.connect(ctx, conf)
	if err != nil {
		return nil, err
	}
	defer both.Close()
	now, err := both.plan(ctx, sink, conf, quick(old))
	if err != nil {
		return nil, err
	}
	return now, sink.Close()
}

// quick reports whether a plan was made without a look into the mailboxes.
func quick(p *plan.Plan) bool {
	return !slices.ContainsFunc(p.Mailboxes, func(e plan.Entry) bool { return e.Holds != nil })
}
