package cli_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"imapmigrate/pkg/cli"
)

// TestMain lets a script's `imapmigrate` be the real main, in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"imapmigrate": func() {
			os.Exit(cli.Main(context.Background(), os.Args[1:], cli.FromFiles(os.Stdin, os.Stdout, os.Stderr)))
		},
	})
}

// TestScripts runs testdata/script. Beside testscript's commands there are:
//
//	exits CODE COMMAND...        run it and want that exit code, as `exec` does for 0 and `! exec` for anything else
//	servers DIR                  two of the demo's servers, for as long as the script runs, with a configuration in DIR
//	holds SIDE MAILBOX N         the account on that side (source, destination) has N messages in that mailbox
//	deliver SIDE MAILBOX TEXT    somebody else puts a message there
//	flag SIDE MAILBOX UID FLAG   somebody else gives a message that one flag
//	recreate SIDE MAILBOX        somebody else deletes a mailbox and makes it anew
//	drop SIDE MAILBOX UID        somebody else removes a message
//	arrived                      the destination has every message that the source had when it was started, with date and flags
//	untouched                    the source is, bit for bit, as it was when it was started
//	replace FILE OLD NEW         in the text of a file; OLD must be there
//	secret FILE TEXT             makes a file for its owner only
//	port SIDE PORT               the configuration names that port
//	phrase NAME CHECKPOINT       the phrase that approves it, in $NAME
//	mode FILE MODE               wants these permissions
//	closedport NAME              a port that nothing listens on, in $NAME
//	expired NAME FILE            the port of a server whose certificate has expired, in $NAME, what to trust in FILE
//	nostarttls NAME              the port of a server without STARTTLS, in $NAME; a login on it fails the test
//	slow SIDE                    what goes to and from that side takes its time
//	cut SIDE BYTES TIMES         the first connections to that side end after so many bytes from the server
//	stopped SIGNAL CODE CMD...   starts it, waits for its first message to arrive at the destination, sends it INT, TERM, or TWICE (INT two
//	                             times), and wants that exit code; what it says is in out.txt and err.txt
//	lock LEDGER                  another process has the ledger, until the script ends
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values[stageKey{}] = &stage{tb: e.T().(testing.TB)}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "servers": on((*stage).servers), "holds": on((*stage).holds), "deliver": on((*stage).deliver), "flag": on((*stage).flag),
			"recreate": on((*stage).recreate), "drop": on((*stage).drop), "cut": on((*stage).cut), "arrived": on((*stage).arrived), "untouched": on((*stage).untouched), "replace": on((*stage).replace),
			"secret": on((*stage).secret), "mode": on((*stage).mode), "closedport": on((*stage).closedPort), "expired": on((*stage).expired),
			"nostarttls": on((*stage).noStartTLS), "slow": on((*stage).slow), "lock": on((*stage).lock),
			"port": on((*stage).port), "phrase": on((*stage).phrase), "stopped": on((*stage).stopped),
		},
	})
}

// exits runs a command and wants one exit code and no other.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// stageKey finds the stage of a script.
type stageKey struct{}

// on makes a script's command of a method; its arguments are in args.
func on(f func(*stage, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		s := ts.Value(stageKey{}).(*stage)
		s.script = ts
		ts.Check(f(s, append(args, "", "", ""))) // what is missing fails as an empty name does
	}
}
