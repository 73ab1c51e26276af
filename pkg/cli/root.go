package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// manual is what help says about a command. Examples come first, because most people need nothing else.
type manual struct {
	use      string
	short    string
	examples string // two, each with a line that says what it does
	long     string
	exits    []Code // beside Done, Failed, Usage and the signals, which every command has
}

// command makes a command of the manual. run is the work; the number of its arguments is from least to most.
func (a *app) command(m manual, least, most int, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	codes := append([]Code{Done, Failed, Usage, Interrupted, Terminated}, m.exits...)
	return &cobra.Command{
		Use: m.use, Short: m.short, Long: strings.TrimSpace(m.long), Example: strings.Trim(m.examples, "\n"),
		Annotations:           map[string]string{"exits": exitStatus(codes...)},
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) < least:
				wanted, _, _ := strings.Cut(m.use, " [")
				return usagef("%s: it is used as `imapmigrate %s`; see `%s --help`", cmd.Name(), wanted, cmd.CommandPath())
			case len(args) > most:
				return usagef("%s: there is nothing to do with %q; see `%s --help`", cmd.Name(), args[most], cmd.CommandPath())
			}
			return nil
		},
		RunE: run,
	}
}

// root is the program. It is built afresh for each run: cobra keeps what it has parsed.
func (a *app) root() *cobra.Command {
	cobra.EnableCommandSorting = false // the order below is the order in which they are used
	root := &cobra.Command{
		Use:   "imapmigrate",
		Short: "Move a mailbox account from one IMAP server to another, and prove it.",
		Example: `  imapmigrate demo                      # the whole way, on two servers inside this program
  imapmigrate init                      # begin a migration: write migration.yaml, to be filled in`,
		Long: `A migration is a folder with migration.yaml, plans/ and state/. The way through it: init, check, plan (read it), copy, verify; and, only
if messages are to leave the source, checkpoint, approve, purge. Nothing but purge ever changes the source.`,
		SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(a.Err)
			_ = cmd.Help()
			return &outcome{code: Usage}
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%v; see `%s --help`", err, cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configFile, "config", "c", "migration.yaml", "the configuration `FILE`; plans/ and state/ are beside it")
	flags.BoolVar(&a.json, "json", false, "for programs: JSON on stdout, errors as JSON on stderr")
	flags.BoolVar(&a.quiet, "quiet", false, "no progress and no notes; warnings, errors and results only")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "each mailbox as it begins and ends")
	flags.BoolVar(&a.noInput, "no-input", false, "never ask; fail where a person would have to answer")
	flags.StringVar(&a.transcriptFile, "transcript", "", "keep what is said to the servers in `FILE`, without passwords, contents and addresses")
	root.AddCommand(a.initCommand(), a.checkCommand(), a.planCommand(), a.diffCommand(), a.copyCommand(), a.verifyCommand(), a.checkpointCommand(),
		a.approveCommand(), a.purgeCommand(), a.rollbackCommand(), a.statusCommand(), a.reportCommand(), a.ledgerCommand(), a.demoCommand(), a.versionCommand(), a.completionCommand())
	root.AddCommand(topics()...)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	next := "see `imapmigrate --help`"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		next = "did you mean `" + strings.Join(near, "` or `") + "`?"
	}
	return usagef("there is no command %q; %s", args[0], next)
}

// helpTemplate is for all commands: what it is, examples, the long story, usage, flags, and the exit status last.
const helpTemplate = `{{.Short}}
{{if .HasExample}}
EXAMPLES
{{.Example}}
{{end}}{{if .Long}}
{{.Long}}
{{end}}{{if .Runnable}}
USAGE
  {{.UseLine}}{{if .HasAvailableSubCommands}} COMMAND{{end}}
{{end}}{{if .HasAvailableSubCommands}}
COMMANDS{{range .Commands}}{{if and .IsAvailableCommand (ne .Name "help")}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
FLAGS
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if and .Runnable .HasAvailableInheritedFlags}}
FLAGS OF ALL COMMANDS
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasHelpSubCommands}}
MORE HELP{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .CommandPath .CommandPathPadding}}  {{.Short}}{{end}}{{end}}
{{end}}{{with index .Annotations "exits"}}
EXIT STATUS
{{.}}{{end}}`
