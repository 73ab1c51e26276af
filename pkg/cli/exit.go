package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/plan"
)

// Code is what the process exits with.
type Code int

// The exit codes. They are a promise: a number never changes its meaning, and a number that is not listed counts as failure.
const (
	Done         Code = 0
	Failed       Code = 1
	Attention    Code = 3
	Work         Code = 4
	Differences  Code = 5
	NotApproved  Code = 10
	Stale        Code = 11
	Locked       Code = 12
	Usage        Code = 64
	Unreachable  Code = 69
	NoFile       Code = 66
	ComeBack     Code = 75
	Refused      Code = 77
	BadConfig    Code = 78
	Interrupted  Code = 130
	Terminated   Code = 143
	signalOffset      = 128
)

// meanings are the words for the codes, in the order in which help shows them.
var meanings = []struct {
	code Code
	text string
}{
	{Done, "done, nothing left, every message has a good outcome"},
	{Failed, "failed, not classified"},
	{Attention, "finished, but some messages need attention (see report)"},
	{Work, "plan --detailed-exitcode: there is work"},
	{Differences, "verify found differences"},
	{NotApproved, "not approved"},
	{Stale, "plan or checkpoint no longer fits the accounts, or was changed after it was approved"},
	{Locked, "ledger in use by another run"},
	{Usage, "usage: unknown command, flag or argument"},
	{NoFile, "file not found"},
	{Unreachable, "server not reachable, or the connection was lost for good"},
	{ComeBack, "throttled, quota, window closed: safe to run again"},
	{Refused, "login or permission refused, TLS not trusted"},
	{BadConfig, "configuration: a file that cannot be used as it is"},
	{Interrupted, "stopped by SIGINT (Ctrl-C); state is safe"},
	{Terminated, "stopped by SIGTERM; state is safe"},
}

// Meaning says a code in words.
func (c Code) Meaning() string {
	for _, m := range meanings {
		if m.code == c {
			return m.text
		}
	}
	return "unknown: counts as failure"
}

// exitStatus lists some codes as a command's help shows them.
func exitStatus(codes ...Code) string {
	var b strings.Builder
	for _, m := range meanings {
		for _, c := range codes {
			if c == m.code {
				fmt.Fprintf(&b, "  %3d  %s\n", m.code, m.text)
			}
		}
	}
	return b.String()
}

// usageError is a mistake on the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// outcome ends a command that did its work with another code than 0. What there is to say has been said: its text is the last word.
type outcome struct {
	code Code
	text string
}

func (e *outcome) Error() string { return e.text }

// signalled is the cause of a context that a signal ended.
type signalled struct{ signal os.Signal }

func (e *signalled) Error() string { return fmt.Sprintf("stopped by %s", signalName(e.signal)) }

func signalName(s os.Signal) string {
	switch s {
	case os.Interrupt:
		return "SIGINT"
	case syscall.SIGTERM:
		return "SIGTERM"
	}
	return s.String()
}

// codeOf is the one ladder from errors to exit codes. ctx tells whether a signal ended the work: then whatever broke, broke because of that.
func codeOf(ctx context.Context, err error) Code {
	if err == nil {
		return Done
	}
	if s, ok := errors.AsType[*signalled](context.Cause(ctx)); ok {
		if n, ok := s.signal.(syscall.Signal); ok {
			return signalOffset + Code(n)
		}
		return Failed
	}
	if o, ok := errors.AsType[*outcome](err); ok {
		return o.code
	}
	if is[*usageError](err) {
		return Usage
	}
	if c := codeOfFiles(err); c != Failed {
		return c
	}
	return codeOfServers(err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// codeOfFiles knows what our own files can be wrong with.
func codeOfFiles(err error) Code {
	switch {
	case is[*ledger.LockedError](err):
		return Locked
	case is[*approval.NotApprovedError](err):
		return NotApproved
	case is[*approval.EarlyError](err):
		return ComeBack
	case is[*approval.VoidError](err), is[*checkpoint.EditedError](err), is[*plan.StaleError](err), is[*endpoint.StaleError](err):
		return Stale
	case is[strict.Faults](err), is[*plan.RulesError](err), is[*ledger.ForeignError](err), is[*ledger.DamagedError](err):
		return BadConfig
	case errors.Is(err, fs.ErrNotExist):
		return NoFile
	case is[*auth.SourceError](err):
		return BadConfig
	}
	return Failed
}

// codeOfServers knows the classes of what a server, or the way to it, says.
func codeOfServers(err error) Code {
	switch endpoint.ClassOf(err) {
	case endpoint.Temporary, endpoint.Throttled, endpoint.OverQuota:
		return ComeBack
	case endpoint.Unreachable, endpoint.Lost:
		return Unreachable
	case endpoint.LoginRefused, endpoint.Untrusted:
		return Refused
	}
	return Failed
}
