package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/config"
)

func (a *app) initCommand() *cobra.Command {
	return a.command(manual{
		use: "init", short: "Write a commented migration.yaml, to be filled in",
		examples: `
  imapmigrate init                             # migration.yaml in this folder
  imapmigrate -c acme/migration.yaml init      # in that folder, which is made`,
		long: `
The migration is named after its folder; the name stands in the file and may be changed before anything has been copied.`,
	}, 0, 0, func(*cobra.Command, []string) error {
		if _, err := os.Lstat(a.configFile); err == nil {
			return fmt.Errorf("%s is there already and is left as it is; name another with -c, or move it away", a.configFile)
		}
		name, err := nameOf(a.configFile)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := config.Template(&text, name); err != nil {
			return err
		}
		if err := writeFile(a.configFile, text.Bytes()); err != nil {
			return err
		}
		a.note("written to %s, for a migration named %s; fill in hosts, users and where the passwords come from, then `imapmigrate check`", a.configFile, name)
		return nil
	})
}

// nameOf makes a migration's name of the folder that its configuration is in.
func nameOf(file string) (string, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(filepath.Base(filepath.Dir(full))))
	if name = strings.Trim(name, "-."); !config.ValidName(name) {
		name = "my-migration"
	}
	return name, nil
}
