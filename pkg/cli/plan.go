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
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
	"imapmigrate/pkg/view"
)

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	c := a.command(manual{
		use: "plan [-o FILE] [--html FILE] [--quick] [--detailed-exitcode]", short: "Decide where each mailbox goes; write that down and show it",
		examples: `
  imapmigrate plan                           # writes plans/NAME.plan.yaml and shows it as a table
  imapmigrate plan --html plan.html          # and as a page for the person who decides
  imapmigrate plan --json | jq '.totals'     # the same for programs`,
		long: `
Looks at both accounts and changes nothing on either: sizes, dates and flags of all messages that would be copied are read, to say what will
be refused or lost, and whether a mailbox only shows what is in others; --quick leaves that out. The file may be edited by hand (actions and destinations); copy runs what it says then.
When the plan differs in what a copy would do from the one that is there, that one is kept as NAME.plan.previous.yaml: see imapmigrate diff.`,
		exits: []Code{Work, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		conf, err := a.config()
		if err != nil {
			return err
		}
		if o.file == "" {
			o.file = a.files(conf.Name).plan
		}
		return a.plan(cmd.Context(), conf, o)
	})
	c.Flags().StringVarP(&o.file, "output", "o", "", "write the plan to `FILE`")
	c.Flags().StringVar(&o.html, "html", "", "write it as one self-contained page to `FILE` too")
	c.Flags().BoolVar(&o.quick, "quick", false, "believe the servers' counts; do not look into the mailboxes")
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, fmt.Sprintf("exit %d when there is something to copy or to make", Work))
	return c
}

// planOptions are the flags of plan.
type planOptions struct {
	file, html      string
	quick, detailed bool
}

func (a *app) plan(ctx context.Context, conf *config.Config, o planOptions) error {
	sink := a.progress()
	defer sink.Close()
	both, err := a.connect(ctx, conf)
	if err != nil {
		return err
	}
	defer both.Close()
	p, err := both.plan(ctx, sink, conf, o.quick)
	if err != nil {
		return err
	}
	if err := sink.Close(); err != nil {
		return err
	}
	kept, err := keepPrevious(p, o.file)
	if err != nil {
		return err
	}
	if err := writePlan(p, o.file); err != nil {
		return err
	}
	if err := writePlanPage(p, o.html); err != nil {
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
	if o.html != "" {
		a.note("the page is %s", o.html)
	}
	a.note("written to %s; read it, change what you like, then `imapmigrate copy`", o.file)
	if kept != "" {
		a.note("the plan before it is kept as %s; `imapmigrate diff %s %s` shows what changed", kept, kept, o.file)
	}
	if o.detailed && hasWork(p) {
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

func writePlanPage(p *plan.Plan, file string) error {
	if file == "" {
		return nil
	}
	var text bytes.Buffer
	if err := view.PlanHTML(&text, p); err != nil {
		return err
	}
	return writeFile(file, text.Bytes())
}

// plan surveys both ends, looks into what would be copied unless quick, and makes the plan. It reads only.
func (b *accounts) plan(ctx context.Context, sink event.Sink, conf *config.Config, quick bool) (*plan.Plan, error) {
	if err := b.survey(ctx, sink); err != nil {
		return nil, err
	}
	r := rules(conf)
	if err := b.measure(ctx); err != nil {
		return nil, err
	}
	if !quick {
		if err := b.lookInto(ctx, sink, conf, r); err != nil {
			return nil, err
		}
	}
	return plan.Build(b.sourceSurvey, b.destinationSurvey, r, b.app.now())
}

// measure asks both ends how long they take to answer.
func (b *accounts) measure(ctx context.Context) error {
	if err := b.sourceSurvey.Time(ctx, b.source.Source(), b.app.now); err != nil {
		return err
	}
	return b.destinationSurvey.Time(ctx, b.destination.Source(), b.app.now)
}

// lookInto reads the metadata of what the rules copy.
func (b *accounts) lookInto(ctx context.Context, sink event.Sink, conf *config.Config, r plan.Rules) error {
	q, err := plan.Ask(b.sourceSurvey, b.destinationSurvey, r)
	if err != nil {
		return err
	}
	q.Workers = conf.Source.Connections
	q.Patience = endpoint.DefaultPatience
	q.Patience.Waiting = waiting(survey.ScanStage, sink)
	return b.sourceSurvey.Scan(ctx, b.source.Source(), q, sink, b.app.now)
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
