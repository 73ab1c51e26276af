package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

// Version is the program's, set by the linker; "dev" is a build from a working copy.
var Version = "dev"

// tool is how plans and checkpoints name what made them.
func tool() string { return "imapmigrate " + Version }

type version struct {
	Format  int            `json:"format"`
	Version string         `json:"version"`
	Commit  string         `json:"commit,omitempty"`
	Go      string         `json:"go"`
	System  string         `json:"system"`
	Formats map[string]int `json:"formats"`
}

func thisVersion() version {
	v := version{Format: view.Format, Version: Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Formats: map[string]int{
		"plan": plan.Format, "ledger": ledger.Format, "approval": approval.Format, "checkpoint": checkpoint.Format, "json": view.Format,
	}}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	return a.command(manual{
		use: "version", short: "Say which version this is, and which file formats it knows",
		examples: `
  imapmigrate version              # one line
  imapmigrate version --json       # with the formats of plans, checkpoints and ledgers`,
	}, 0, 0, func(*cobra.Command, []string) error {
		v := thisVersion()
		if a.json {
			return view.WriteJSON(a.Out, v)
		}
		commit := ""
		if v.Commit != "" {
			commit = " commit " + v.Commit
		}
		_, err := fmt.Fprintf(a.Out, "imapmigrate %s%s (%s, %s; formats: plan %d, ledger %d, checkpoint %d)\n", v.Version, commit, v.Go, v.System,
			v.Formats["plan"], v.Formats["ledger"], v.Formats["checkpoint"])
		return err
	})
}
