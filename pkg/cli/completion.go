package cli

import (
	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	c := a.command(manual{
		use: "completion SHELL", short: "Print what a shell needs to complete commands and flags",
		examples: `
  imapmigrate completion bash > /etc/bash_completion.d/imapmigrate      # for all users of bash
  imapmigrate completion zsh > "${fpath[1]}/_imapmigrate"               # for zsh`,
		long: `SHELL is bash, zsh, fish or powershell.`,
	}, 1, 1, func(cmd *cobra.Command, args []string) error {
		root := cmd.Root()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(a.Out, true)
		case "zsh":
			return root.GenZshCompletion(a.Out)
		case "fish":
			return root.GenFishCompletion(a.Out, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(a.Out)
		}
		return usagef("there is no completion for %q; name bash, zsh, fish or powershell", args[0])
	})
	c.ValidArgs = []string{"bash", "zsh", "fish", "powershell"}
	return c
}
