package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/config"
	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/report"
	"imapmigrate/pkg/view"
)

func (a *app) copyCommand() *cobra.Command {
	var choices copyChoices
	c := a.command(manual{
		use: "copy [PLAN] [--rematch MAILBOX] [--until HH:MM]", short: "Do what the plan says; go on where an earlier run stopped",
		examples: `
  imapmigrate copy                           # runs plans/NAME.plan.yaml
  imapmigrate copy reviewed.plan.yaml        # runs that plan
  imapmigrate copy --until 07:00             # stops safely in the morning (75); the same command goes on in the evening
  imapmigrate copy --rematch INBOX/Sent      # that mailbox was restored from a backup: its messages are found again by content`,
		long: `
Reads the source without changing it and appends to the destination, message by message, with internal date, flags and keywords. What was
meant and what was done is recorded first and after, so that a run can be stopped at any moment and started again: nothing is lost, nothing
comes twice. A message or mailbox that cannot be copied is recorded with the reason; the rest goes on.

A second run copies what is new, and brings flags along that changed on the source since (never \Deleted), for messages whose flags nobody
has changed on the destination. Where the source has CONDSTORE that costs nothing when nothing has changed; elsewhere all flags are read,
some 60 bytes a message (--no-flags leaves them).

A mailbox whose UIDs mean other messages than before (another uidvalidity, UIDs that went back: it was made anew or restored) is stopped on
either side. --rematch MAILBOX reads that side again and finds the recorded messages by their content: records go on unproved, checkpoints
made before are void, and what is not on the destination any more is copied again.`,
		exits: []Code{Attention, Stale, Locked, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 1, func(cmd *cobra.Command, args []string) error {
		conf, err := a.config()
		if err != nil {
			return err
		}
		file := a.files(conf.Name).plan
		if len(args) > 0 {
			file = args[0]
		}
		p, err := readPlan(file)
		if err != nil {
			return err
		}
		if _, err := choices.rematched(p); err != nil {
			return err
		}
		ctx, cancel, err := choices.hours.limit(cmd.Context(), a.now())
		if err != nil {
			return err
		}
		defer cancel()
		err = a.copy(ctx, conf, p, file, &choices)
		return windowClosed(ctx, a.now(), err)
	})
	choices.flags(c)
	return c
}

// settling is how long a destination may take to show what it was given before a connection broke.
const settling = 3 * time.Second

func (a *app) copy(ctx context.Context, conf *config.Config, p *plan.Plan, file string, choices *copyChoices) error {
	limitMemory(conf)
	if err := fitsConfig(p, conf); err != nil {
		return err
	}
	if err := a.probe(conf, "copy"); err != nil {
		return err
	}
	a.announcePlan(p, file)
	sink := a.live()
	defer sink.Close()
	both, err := a.connect(ctx, conf)
	if err != nil {
		return err
	}
	defer both.Close()
	l, err := ledger.Create(a.files(conf.Name).ledger, both.facts(conf), a.ledgerOptions("copy"))
	if err != nil {
		return err
	}
	defer l.Close()
	if err := both.stillFits(ctx, sink, p, l, choices); err != nil {
		return err
	}
	rematched, err := choices.rematched(p)
	if err != nil {
		return err
	}
	result, err := copier.Run(ctx, copier.Job{
		Plan: p, Ledger: l, Source: both.source.Source(), Destination: both.destination.Destination(),
		Listed:  &copier.Listed{Source: both.sourceSurvey.Mailboxes, Destination: both.destinationSurvey.Mailboxes},
		Workers: workers(conf), Memory: int64(conf.Copy.Memory), BatchMessages: conf.Copy.BatchMessages, BatchBytes: int64(conf.Copy.BatchBytes),
		MatchExisting: conf.Copy.Existing == config.Match, RetryRefused: choices.retryRefused, RecopyMissing: choices.recopyMissing,
		Flags: choices.flagger(both.destination), Rematch: rematched, SpoolDir: a.files(conf.Name).state,
		Sink: sink, Now: a.now, Patience: patience(ctx, a.now()), Settling: crash.Wait(settling),
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	whole, err := report.Build(l, report.Options{Now: a.now(), Planned: copies(p)}) // of all runs: what an earlier one could not copy still counts
	if err != nil {
		return err
	}
	if err := a.result(sink, copyFields(result, whole), func(w io.Writer) error { return copyText(w, result) }); err != nil {
		return err
	}
	if !whole.Clean() || len(result.Problems()) > 0 {
		return &outcome{Attention, "some messages or mailboxes need attention: `imapmigrate report` names them, with the next step"}
	}
	a.note("next: `imapmigrate verify`")
	return nil
}

// announcePlan says which plan runs: what was reviewed is what runs, or it is said that it is not.
func (a *app) announcePlan(p *plan.Plan, file string) {
	a.note("plan %s, digest %s", file, p.Sum())
	if p.Edited() {
		a.note("it was edited by hand since it was planned (the planner wrote digest %.16s...)", p.Digest)
	}
}

// fitsConfig refuses a plan for another migration before any server is asked.
func fitsConfig(p *plan.Plan, c *config.Config) error {
	stale := func(account, reason string, args ...any) error {
		return &plan.StaleError{Plan: p.Name, Causes: []*endpoint.StaleError{{Account: account, Reason: fmt.Sprintf(reason, args...)}}}
	}
	if p.Name != c.Name {
		return stale("migration "+c.Name, "the plan is for the migration %q", p.Name)
	}
	for _, side := range []struct {
		what       string
		have, want endpoint.Identity
	}{{"source", p.Source.Identity, identity(c.Source)}, {"destination", p.Destination.Identity, identity(c.Destination)}} {
		if !side.have.Same(side.want) {
			return stale(side.want.String(), "the plan's %s is %s port %d", side.what, side.have, side.have.Port)
		}
	}
	return nil
}

// probe asks an existing ledger whether it can be had, so that a second run ends before it logs in anywhere.
func (a *app) probe(c *config.Config, command string) error {
	l, err := a.openLedger(c, command)
	if is[*missingError](err) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.Close()
}

// facts are the accounts as they call themselves after login.
func (b *accounts) facts(c *config.Config) ledger.Facts {
	return ledger.Facts{Name: c.Name, Source: b.source.Source().Identity(), Destination: b.destination.Destination().Identity()}
}

// stillFits looks at both accounts again and holds the plan to them.
func (b *accounts) stillFits(ctx context.Context, sink watched, p *plan.Plan, l *ledger.Ledger, choices *copyChoices) error {
	if err := b.survey(ctx, sink); err != nil {
		return err
	}
	boxes, err := l.Mailboxes()
	if err != nil {
		return err
	}
	made := map[mailbox.Wire]mailbox.UIDValidity{}
	for _, m := range boxes {
		made[m.Dest] = m.DestValidity
	}
	if made, err = choices.madeBefore(p, made); err != nil {
		return err
	}
	if err := p.Check(b.sourceSurvey, b.destinationSurvey, made); err != nil {
		return err
	}
	if late := p.Unplanned(b.sourceSurvey); len(late) > 0 {
		var names []string
		for _, m := range late[:min(len(late), 5)] {
			names = append(names, m.Name.String())
		}
		b.app.caution("%s came to the source after the plan was made and will not be copied (%s); plan again to take them too",
			view.Plural(len(late), "mailbox"), strings.Join(names, ", "))
	}
	return nil
}

// workers is how many mailboxes go at a time: each takes one connection of each side.
func workers(c *config.Config) int {
	return max(1, min(c.Source.Connections, c.Destination.Connections))
}

type copyResult struct {
	Clean     bool          `json:"clean"`
	Mailboxes []copyMailbox `json:"mailboxes"`
}

type copyMailbox struct {
	Mailbox  mailbox.Name            `json:"mailbox"`
	To       mailbox.Name            `json:"to"`
	Outcomes map[string]ledger.Count `json:"outcomes"` // of this run
	Flags    copier.FlagCount        `json:"flags"`
	Matched  *copier.Matched         `json:"matched,omitempty"` // by content, with --rematch
	Problem  string                  `json:"problem,omitempty"`
}

func copyFields(r *copier.Result, whole *report.Report) copyResult {
	out := copyResult{Clean: whole.Clean() && len(r.Problems()) == 0, Mailboxes: []copyMailbox{}}
	for _, b := range r.Mailboxes {
		m := copyMailbox{Mailbox: b.Name, To: b.To, Outcomes: map[string]ledger.Count{}, Flags: b.Flags, Matched: b.Matched, Problem: b.Problem}
		for o, c := range b.Outcome {
			m.Outcomes[o.String()] = c
		}
		out.Mailboxes = append(out.Mailboxes, m)
	}
	return out
}

// copyText is one sentence about this run, and one for each mailbox that could not be finished.
func copyText(w io.Writer, r *copier.Result) error {
	var parts []string
	for _, o := range ledger.Outcomes {
		if c := r.Total(o); c.Messages > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", view.Count(c.Messages), o, view.Bytes(c.Bytes)))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing new"}
	}
	lines := append([]string{strings.Join(parts, ", ")}, extraText(r)...)
	for _, b := range r.Problems() {
		lines = append(lines, fmt.Sprintf("not finished: %s: %s", b.Name, b.Problem))
	}
	return writeLines(w, lines)
}
