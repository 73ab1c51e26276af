package cli

import (
	"github.com/spf13/cobra"

	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

func (a *app) diffCommand() *cobra.Command {
	return a.command(manual{
		use: "diff OLD NEW", short: "Show what changed between two plans",
		examples: `
  imapmigrate diff plans/acme.plan.previous.yaml plans/acme.plan.yaml     # what is new since the plan before
  imapmigrate diff reviewed.yaml plans/acme.plan.yaml --json              # for programs`,
		exits: []Code{NoFile, BadConfig},
	}, 2, 2, func(_ *cobra.Command, args []string) error {
		old, err := readPlan(args[0])
		if err != nil {
			return err
		}
		now, err := readPlan(args[1])
		if err != nil {
			return err
		}
		changes := plan.Diff(old, now)
		if a.json {
			return view.DiffJSON(a.Out, changes)
		}
		return view.Diff(a.Out, changes, a.outWidth())
	})
}
