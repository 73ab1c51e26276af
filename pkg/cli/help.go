package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/report"
)

// helpCommand shows the help of a command, or a topic; cobra's own ends with 0 when there is none.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND | TOPIC]", Short: "Show the help of a command, or a topic", DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("there is no help on %q; `imapmigrate --help` lists what there is", strings.Join(args, " "))
			}
			return found.Help()
		},
	}
}

// topics are texts that `imapmigrate help TOPIC` shows; they are no commands.
func topics() []*cobra.Command {
	var all []Code
	for _, m := range meanings {
		all = append(all, m.code)
	}
	return []*cobra.Command{
		{
			Use: "exit-codes", Short: "What each exit code means",
			Long: strings.TrimRight(exitStatus(all...), "\n") + `

Codes may be added. One that is not listed here counts as failure.
When several things went wrong, the code is that of what has to be seen to first; the text on stderr names them all.`,
		},
		{Use: "report-format", Short: "What the JSON of report and status holds, field by field", Long: strings.TrimRight(report.FormatText, "\n")},
		{
			Use: "environment", Short: "What is taken from the environment, and what is left behind",
			Long: `imapmigrate takes no settings from the environment: what runs is what the configuration and the command line say.

  variables named in the configuration   passwords and tokens ("password: {env: NAME}"); a password command does not get to see them
  TERM=dumb                              lines instead of a progress bar
  NO_COLOR                               respected, and without effect: nothing is coloured
  GOMEMLIMIT                             overrides the memory limit that follows from copy.memory

Files, all beside the configuration (` + "`-c`" + `):
  plans/NAME.plan.yaml                   the plan, to be read and edited; the one before it is NAME.plan.previous.yaml
  plans/NAME.checkpoint.yaml             what may be purged
  plans/NAME.checkpoint.approval.yaml    who allowed it
  plans/NAME.rollback.yaml               what may be taken back from the destination; its approval is beside it
  state/NAME.ledger.db                   what became of each message: addresses, digests, flags and dates; no content, no password
Large messages pass through files in state/ that have no name once they are open. All of it can be read by its owner only.`,
		},
	}
}
