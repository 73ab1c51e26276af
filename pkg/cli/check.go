package cli

import (
	"context"
	"crypto/rand"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/trial"
	"imapmigrate/pkg/view"
)

func (a *app) checkCommand() *cobra.Command {
	var try bool
	c := a.command(manual{
		use: "check [--trial]", short: "Log in to both accounts and say what they can do, and what that means",
		examples: `
  imapmigrate check              # after each change of migration.yaml
  imapmigrate check --trial      # and try at the destination what comes back of a few messages of our own
  imapmigrate check --json       # for programs`,
		long: `
Looks only: no mailbox is opened, nothing is changed. Lines that begin with "!" will stop or hurt the migration.
With --trial a mailbox imapmigrate-trial-... is made at the destination, a few small messages of our own are appended and read back, and what
the server changed in bytes, date, flags and keywords is said; then exactly that mailbox is deleted. It is the only thing that check changes.`,
		exits: []Code{NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), try) })
	c.Flags().BoolVar(&try, "trial", false, "append a few messages to a mailbox of our own at the destination, read them back, delete it")
	return c
}

func (a *app) check(ctx context.Context, try bool) error {
	conf, err := a.config()
	if err != nil {
		return err
	}
	sink := a.progress()
	defer sink.Close()
	both, err := a.connect(ctx, conf)
	if err != nil {
		return err
	}
	defer both.Close()
	if err := both.survey(ctx, sink); err != nil {
		return err
	}
	if err := both.measure(ctx); err != nil {
		return err
	}
	found := meaning(both.sourceSurvey, both.destinationSurvey)
	if try {
		result, err := trial.Run(ctx, both.destination.Trial(), both.destinationSurvey.Namespaces.Personal[0].Prefix, rand.Reader)
		if err != nil && (result == nil || result.Stays == "") {
			return err
		}
		tried := &found[len(found)-1]
		tried.Findings = append(tried.Findings, outcomes(result, err)...)
	}
	if err := sink.Close(); err != nil {
		return err
	}
	if a.json {
		return view.CheckJSON(a.Out, found)
	}
	if err := view.Check(a.Out, found, a.outWidth()); err != nil {
		return err
	}
	a.note("both accounts can be used; next: `imapmigrate plan`")
	return nil
}
