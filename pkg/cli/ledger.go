package cli

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/view"
)

// ledgerCommand holds what one does with the ledger itself.
func (a *app) ledgerCommand() *cobra.Command {
	c := a.command(manual{
		use: "ledger", short: "Look at the ledger itself: check it, export it",
		examples: `
  imapmigrate ledger check            # is it whole?
  imapmigrate ledger export           # all of it, as JSON lines`,
		long: `
The ledger is state/NAME.ledger.db: what was meant to be copied, what became of it, what was proved. It is never repaired: a damaged one is
refused. Put a backup in its place; or move it away and run plan and copy again, which recognises by content what is on the destination
already (copy.existing: match) and sends only the rest. What was proved and approved before has to be proved and approved anew.`,
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		return usagef("ledger: say what to do with it, `imapmigrate ledger check` or `imapmigrate ledger export`; see `%s --help`", cmd.CommandPath())
	})
	c.AddCommand(a.ledgerCheckCommand(), a.ledgerExportCommand())
	return c
}

func (a *app) ledgerCheckCommand() *cobra.Command {
	return a.command(manual{
		use: "check", short: "Read everything in the ledger and say whether it can be believed",
		examples: `
  imapmigrate ledger check            # says what it found
  imapmigrate ledger check --json     # for programs`,
		long: `
Every value has a checksum; rows, destinations, counters and what is in doubt have to agree with each other; the file's pages have to be
whole. Reads only, asks no server. Exits 78 when something is wrong: then use no other command on this ledger.`,
		exits: []Code{Locked, NoFile, BadConfig},
	}, 0, 0, func(*cobra.Command, []string) error {
		return a.readLedger(func(l *ledger.Ledger) error {
			found, err := l.Check()
			if err != nil {
				return err
			}
			if err := a.showFindings(l, found); err != nil {
				return err
			}
			if !found.Sound() {
				return &outcome{BadConfig, fmt.Sprintf("ledger %s cannot be believed; put a backup in its place, or move it away to match the destination by content again", l.Path())}
			}
			return nil
		})
	})
}

func (a *app) showFindings(l *ledger.Ledger, f ledger.Findings) error {
	if a.json {
		if f.Problems == nil {
			f.Problems = []string{}
		}
		return view.WriteJSON(a.Out, struct {
			Format int  `json:"format"`
			Sound  bool `json:"sound"`
			ledger.Findings
		}{view.Format, f.Sound(), f})
	}
	lines := []string{fmt.Sprintf("%s: %s in %s, %s of the destination, %d in doubt, %s", l.Path(), view.Plural(f.Messages, "message"), view.Plural(f.Mailboxes, "mailbox"),
		view.Plural(f.Claims, "message"), f.InDoubt, view.Bytes(f.Bytes))}
	lines = append(lines, f.Problems...)
	switch {
	case f.Sound():
		lines = append(lines, "sound")
	case f.MoreProblems > 0:
		lines = append(lines, fmt.Sprintf("and %s more", view.Plural(f.MoreProblems, "problem")))
	}
	return writeLines(a.Out, lines)
}

func (a *app) ledgerExportCommand() *cobra.Command {
	return a.command(manual{
		use: "export", short: "Write all that the ledger holds, as JSON lines",
		examples: `
  imapmigrate ledger export > alice.jsonl                                           # for an archive, or another program
  imapmigrate ledger export | jq -r 'select(.outcome=="refused") | .reason'         # what was refused, and why`,
		long: `
One line for the ledger, then for each mailbox one line, followed by its messages in the order of their UIDs; each line has a format and a
type (ledger, mailbox, message). The same ledger gives the same text. It holds no content of mail and no secret, but the names of mailboxes
and what servers said. Reads only, asks no server, and needs the same little memory for any number of messages.`,
		exits: []Code{Locked, NoFile, BadConfig},
	}, 0, 0, func(*cobra.Command, []string) error {
		return a.readLedger(func(l *ledger.Ledger) error {
			w := bufio.NewWriter(a.Out)
			err := l.Export(ledger.Export{
				Head:    func(h ledger.ExportHead) error { return view.WriteJSONLine(w, "ledger", h) },
				Mailbox: func(m ledger.ExportMailbox) error { return view.WriteJSONLine(w, "mailbox", m) },
				Message: func(m ledger.ExportMessage) error { return view.WriteJSONLine(w, "message", m) },
			})
			return errors.Join(err, w.Flush())
		})
	})
}

// readLedger hands out the configured migration's ledger, which nothing can be changed in.
func (a *app) readLedger(use func(*ledger.Ledger) error) error {
	conf, err := a.config()
	if err != nil {
		return err
	}
	file := a.files(conf.Name).ledger
	l, err := ledger.OpenReadOnly(file)
	if err != nil {
		return missing(err, "ledger", file, "nothing has been copied under this name yet: `imapmigrate copy` begins one")
	}
	if err := belongs(l, conf); err != nil {
		return errors.Join(err, l.Close())
	}
	return errors.Join(use(l), l.Close())
}
