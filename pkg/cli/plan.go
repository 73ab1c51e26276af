package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/config"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

func (a *app) planCommand() *cobra.Command {
	var output string
	var detailed bool
	c := a.command(manual{
		use: "plan [-o FILE] [--detailed-exitcode]", short: "Decide where each mailbox goes; write that down and show it",
		examples: `
  imapmigrate plan                           # writes plans/NAME.plan.yaml and shows it as a table
  imapmigrate plan --json | jq '.totals'     # the same for programs`,
		long: `
Looks at both accounts and changes nothing on either. The file may be edited by hand (actions and destinations); copy runs what it says then.
When the plan differs in what a copy would do from the one that is there, that one is kept as NAME.plan.previous.yaml: see imapmigrate diff.`,
		exits: []Code{Work, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		conf, err := a.config()
		if err != nil {
			return err
		}
		file := output
		if file == "" {
			file = a.files(conf.Name).plan
		}
		return a.plan(cmd.Context(), conf, file, detailed)
	})
	c.Flags().StringVarP(&output, "output", "o", "", "write the plan to `FILE`")
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, fmt.Sprintf("exit %d when there is something to copy or to make", Work))
	return c
}

func (a *app) plan(ctx context.Context, conf *config.Config, file string, detailed bool) error {
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
	p, err := plan.Build(both.sourceSurvey, both.destinationSurvey, rules(conf), a.now())
	if err != nil {
		return err
	}
	if err := sink.Close(); err != nil {
		return err
	}
	kept, err := keepPrevious(p, file)
	if err != nil {
		return err
	}
	if err := writePlan(p, file); err != nil {
		return err
	}
	if a.json {
		err = view.PlanJSON(a.Out, p)
	} else {
		err = view.Plan(a.Out, p, a.outWidth())
	}
	if err != nil {
		return err
	}
	a.note("written to %s; read it, change what you like, then `imapmigrate copy`", file)
	if kept != "" {
		a.note("the plan before it is kept as %s; `imapmigrate diff %s %s` shows what changed", kept, kept, file)
	}
	if detailed && hasWork(p) {
		return &outcome{code: Work}
	}
	return nil
}

// hasWork reports whether a copy under p would have anything to look at.
func hasWork(p *plan.Plan) bool {
	for _, e := range p.Mailboxes {
		switch {
		case e.Action.Copies() && e.Messages != 0, e.Action != plan.Skip && !e.There:
			return true
		}
	}
	return false
}

func writePlan(p *plan.Plan, file string) error {
	var text bytes.Buffer
	if err := p.Encode(&text); err != nil {
		return err
	}
	return writeFile(file, text.Bytes())
}

// keepPrevious puts a plan that says something else aside, so that neither a person's edits nor what was reviewed are lost.
func keepPrevious(p *plan.Plan, file string) (kept string, err error) {
	if _, err := os.Lstat(file); err != nil {
		return "", nil
	}
	if old, err := readPlan(file); err == nil && old.Sum() == p.Sum() {
		return "", nil
	}
	kept = previous(file)
	return kept, os.Rename(file, kept)
}

// previous is the name under which the plan before is kept.
func previous(file string) string {
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + ".previous" + ext
}
