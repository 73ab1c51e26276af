package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/report"
	"imapmigrate/pkg/view"
)

// most is how many messages a report names; more are counted. It bounds the memory, not the truth.
const most = 100_000

// reportForms are where each form of a report goes; an empty one is not asked for.
type reportForms struct {
	output   string // text or JSON
	html     string
	csv      string
	subjects bool
}

func (a *app) reportCommand() *cobra.Command {
	var forms reportForms
	c := a.command(manual{
		use: "report [--output FILE] [--html FILE] [--csv FILE] [--subjects]", short: "Say what became of each mailbox, and of each message that needs attention",
		examples: `
  imapmigrate report                              # as text
  imapmigrate report --json --output report.json  # as JSON, into a file; "imapmigrate help report-format" describes it
  imapmigrate report --html report.html           # one page for the customer, which asks nobody for anything
  imapmigrate report --csv mapping.csv            # where every message was and where it is, with its SHA-256`,
		long: `
From the ledger alone; no server is asked, except with --subjects: then the source is asked for the subjects of the messages that are named,
which the ledger does not hold. With --html or --csv nothing goes to stdout. The exit code says whether every message has a good outcome.`,
		exits: []Code{Attention, Locked, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error { return a.reportAll(cmd.Context(), forms) })
	c.Flags().StringVar(&forms.output, "output", "", "write the report to `FILE`")
	c.Flags().StringVar(&forms.html, "html", "", "write one self-contained page to `FILE`")
	c.Flags().StringVar(&forms.csv, "csv", "", "write the mapping of UIDs to `FILE`")
	c.Flags().BoolVar(&forms.subjects, "subjects", false, "name messages by their subjects too, read from the source now")
	return c
}

func (a *app) reportAll(ctx context.Context, forms reportForms) error {
	conf, err := a.config()
	if err != nil {
		return err
	}
	l, err := a.openLedger(conf, "report")
	if err != nil {
		return err
	}
	defer l.Close()
	r, err := a.build(conf, l, most)
	if err != nil {
		return err
	}
	if forms.subjects {
		if err := a.subjects(ctx, conf, r); err != nil {
			return err
		}
	}
	if err := errors.Join(a.writeForms(r, l, forms), l.Close()); err != nil {
		return err
	}
	if !r.Clean() {
		return &outcome{code: Attention, text: attention(r)}
	}
	return nil
}

// writeForms writes what was asked for: the text or the JSON, unless it is only a page or a mapping.
func (a *app) writeForms(r *report.Report, l *ledger.Ledger, forms reportForms) error {
	text := func(w io.Writer, width int) error {
		if a.json {
			return view.WriteJSON(w, r)
		}
		return view.Report(w, r, width)
	}
	if forms.output == "" && forms.html == "" && forms.csv == "" {
		return text(a.Out, a.outWidth())
	}
	for _, form := range []struct {
		file  string
		write func(io.Writer) error
	}{
		{forms.output, func(w io.Writer) error { return text(w, 0) }},
		{forms.html, func(w io.Writer) error { return view.ReportPage(w, r) }},
		{forms.csv, func(w io.Writer) error {
			return view.Mapping(w, func(visit func(report.Link) error) error { return report.Mapping(l, nil, visit) })
		}},
	} {
		if form.file == "" {
			continue
		}
		if err := streamFile(form.file, form.write); err != nil {
			return err
		}
		a.note("written to %s", form.file)
	}
	return nil
}

// attention says in one sentence why a report is not clean.
func attention(r *report.Report) string {
	return fmt.Sprintf("%s and %s need attention, %s unaccounted for",
		view.Plural(r.Totals.Attention, "message"), view.Plural(r.Totals.Unfinished, "mailbox"), areOr(r.Totals.Unaccounted))
}
