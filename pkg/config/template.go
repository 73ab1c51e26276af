package config

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
)

//go:embed template.yaml
var template string

// Template writes a configuration with comments on every key, for a person to fill in: the hosts and users are empty, which [Parse] refuses.
func Template(w io.Writer, name string) error {
	if !ValidName(name) {
		return fmt.Errorf("%q cannot name a migration; use a-z, 0-9, dot, underscore and hyphen, as in acme-alice", name)
	}
	_, err := io.WriteString(w, strings.Replace(template, `"NAME"`, `"`+name+`"`, 1))
	return err
}
