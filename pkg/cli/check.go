package cli

import (
	"github.com/spf13/cobra"

	"imapmigrate/pkg/view"
)

func (a *app) checkCommand() *cobra.Command {
	return a.command(manual{
		use: "check", short: "Log in to both accounts and say what they can do, and what that means",
		examples: `
  imapmigrate check              # after each change of migration.yaml
  imapmigrate check --json       # for programs`,
		long: `
Looks only: no mailbox is opened, nothing is changed. Lines that begin with "!" will stop or hurt the migration.`,
		exits: []Code{NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		conf, err := a.config()
		if err != nil {
			return err
		}
		sink := a.progress()
		defer sink.Close()
		both, err := a.connect(cmd.Context(), conf)
		if err != nil {
			return err
		}
		defer both.Close()
		if err := both.survey(cmd.Context(), sink); err != nil {
			return err
		}
		if err := sink.Close(); err != nil {
			return err
		}
		found := meaning(both.sourceSurvey, both.destinationSurvey)
		if a.json {
			return view.CheckJSON(a.Out, found)
		}
		if err := view.Check(a.Out, found, a.outWidth()); err != nil {
			return err
		}
		a.note("both accounts can be used; next: `imapmigrate plan`")
		return nil
	})
}
