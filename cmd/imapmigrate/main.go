// Command imapmigrate owns the process: it hands its arguments and streams to the command line and exits with what that returns.
// It does nothing else; pkg/cli is where to read on.
package main

import (
	"context"
	"os"

	"imapmigrate/pkg/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.FromFiles(os.Stdin, os.Stdout, os.Stderr)))
}
