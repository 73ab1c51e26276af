package cli

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/report"
	"imapmigrate/pkg/view"
)

// most is how many messages a report names; more are counted. It bounds the memory, not the truth.
const most = 100_000

func (a *app) reportCommand() *cobra.Command {
	var output string
	c := a.command(manual{
		use: "report [--output FILE]", short: "Say what became of each mailbox, and of each message that needs attention",
		examples: `
  imapmigrate report                              # as text
  imapmigrate report --json --output report.json  # as JSON, into a file`,
		long: `
From the ledger alone; no server is asked. The exit code says whether every message has a good outcome.`,
		exits: []Code{Attention, Locked, NoFile, BadConfig},
	}, 0, 0, func(*cobra.Command, []string) error {
		r, err := a.report("report", most)
		if err != nil {
			return err
		}
		if err := a.writeReport(r, output); err != nil {
			return err
		}
		if !r.Clean() {
			return &outcome{code: Attention, text: attention(r)}
		}
		return nil
	})
	c.Flags().StringVar(&output, "output", "", "write the report to `FILE`")
	return c
}

func (a *app) writeReport(r *report.Report, file string) error {
	write := func(w io.Writer, width int) error {
		if a.json {
			return view.WriteJSON(w, r)
		}
		return view.Report(w, r, width)
	}
	if file == "" {
		return write(a.Out, a.outWidth())
	}
	var text bytes.Buffer
	if err := write(&text, 0); err != nil {
		return err
	}
	if err := writeFile(file, text.Bytes()); err != nil {
		return err
	}
	a.note("written to %s", file)
	return nil
}

// attention says in one sentence why a report is not clean.
func attention(r *report.Report) string {
	return fmt.Sprintf("%s and %s need attention, %s unaccounted for",
		view.Plural(r.Totals.Attention, "message"), view.Plural(r.Totals.Unfinished, "mailbox"), areOr(r.Totals.Unaccounted))
}
