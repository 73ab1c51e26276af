// Package cli owns the command line: commands, flags, files and their names, signals, exit codes, and which piece is handed which right.
// It moves no mail and shows nothing by itself: each command wires the packages that do, and turns what they return into an exit code.
//
// One file a command. What the commands share is in app.go (configuration, ledger, accounts), exit.go (the ladder from errors to codes),
// streams.go and signals.go.
package cli
