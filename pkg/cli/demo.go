package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/demo"
	"imapmigrate/pkg/view"
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	c := a.command(manual{
		use: "demo [--dir FOLDER]", short: "Go the whole way on two IMAP servers inside this program",
		examples: `
  imapmigrate demo                       # in a new folder, which is left for you to look at
  imapmigrate demo --dir /tmp/tour       # in that folder, which must not hold a migration yet`,
		long: `
Starts two small IMAP servers with sample mail on loopback and runs the real commands against them: check, plan, copy, copy again, verify,
report, checkpoint, approve, purge, status. No other machine is touched. The servers are gone afterwards; plans, ledger and report stay.`,
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		if a.json {
			return usagef("demo is for people: it has no --json")
		}
		return a.demo(cmd.Context(), dir)
	})
	c.Flags().StringVar(&dir, "dir", "", "the `FOLDER` to work in; a new one in the system's place for temporary files if not given")
	return c
}

func (a *app) demo(ctx context.Context, dir string) error {
	if dir == "" {
		made, err := os.MkdirTemp("", "imapmigrate-demo-")
		if err != nil {
			return err
		}
		dir = made
	}
	scene, err := demo.Prepare(dir, a.now)
	if err != nil {
		return err
	}
	err = errors.Join(a.tour(ctx, scene), scene.Close())
	if err == nil {
		_, err = fmt.Fprintf(a.Out, "\nThat was the whole way. The two servers are gone; what they left behind is in %s:\n"+
			"  migration.yaml    the configuration\n  plans/            the plan, the checkpoint and its approval\n  state/            the ledger\n  report.txt        what became of each message\n", dir)
	}
	return err
}

// stop is one command of the tour: why it is run, its arguments, and what it is to exit with.
type stop struct {
	why  string
	args []string
	want Code
}

// tour runs each command as a user would, in this process.
func (a *app) tour(ctx context.Context, scene *demo.Scene) error {
	config := []string{"-c", scene.Config}
	if a.quiet {
		config = append(config, "--quiet")
	}
	if a.verbose {
		config = append(config, "-v")
	}
	checkpointFile := filepath.Join(scene.Dir, "plans", "demo.checkpoint.yaml")
	first := []stop{
		{"Can both accounts be used, and what will differ?", []string{"check"}, Done},
		{"Where will each mailbox go, and why? Nothing is changed by this.", []string{"plan"}, Done},
		{"Do it.", []string{"copy"}, Done},
		{"Once more: a second run finds nothing to do, and nothing comes twice.", []string{"copy"}, Done},
		{"Prove it: every message is read back from the destination, and its SHA-256 compared.", []string{"verify"}, Done},
		{"Which messages may leave the source? Exactly these.", []string{"checkpoint"}, Done},
		{"Without an approval nothing leaves.", []string{"purge"}, NotApproved},
	}
	for _, s := range first {
		if err := a.visit(ctx, s, config); err != nil {
			return err
		}
	}
	c, err := readCheckpoint(checkpointFile)
	if err != nil {
		return err
	}
	last := []stop{
		{"Somebody reads the list and says yes, by typing what will happen.", []string{"approve", checkpointFile, "--phrase", c.Subject().Phrase()}, Done},
		{"Both copies of each message are read once more; then it leaves the source.", []string{"purge"}, Done},
		{"Where does it stand?", []string{"status"}, Done},
		{"What became of each message, for the files.", []string{"report", "--output", filepath.Join(scene.Dir, "report.txt")}, Done},
	}
	for _, s := range last {
		if err := a.visit(ctx, s, config); err != nil {
			return err
		}
	}
	return nil
}

// visit prints a command as if it had been typed, and runs it.
func (a *app) visit(ctx context.Context, s stop, config []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	args := append(append([]string{}, config...), s.args...)
	if _, err := fmt.Fprintf(a.Out, "\n# %s\n$ imapmigrate %s\n", s.why, shellWords(args)); err != nil {
		return err
	}
	if got := Run(ctx, args, a.Streams); got != s.want {
		return &outcome{got, fmt.Sprintf("the demo stops here: this command ended with code %d (%s), not %d", got, got.Meaning(), s.want)}
	}
	return nil
}

// shellWords writes arguments as a shell would take them.
func shellWords(args []string) string {
	words := make([]string, len(args))
	for i, w := range args {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=@:") != "" {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		words[i] = view.Visible(w)
	}
	return strings.Join(words, " ")
}
