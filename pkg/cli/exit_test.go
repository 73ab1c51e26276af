package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/plan"
)

func TestLadder(t *testing.T) {
	class := func(c endpoint.Class) error { return &endpoint.Error{Class: c, Op: "log in"} }
	cases := []struct {
		err  error
		want Code
	}{
		{nil, Done},
		{errors.New("anything"), Failed},
		{&outcome{code: Attention}, Attention},
		{&usageError{"x"}, Usage},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, NoFile},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, Failed},
		{strict.Faults{{Text: "x"}}, BadConfig},
		{&ledger.LockedError{Path: "x"}, Locked},
		{&ledger.ForeignError{Path: "x"}, BadConfig},
		{&ledger.DamagedError{Path: "x"}, BadConfig},
		{&plan.StaleError{}, Stale},
		{&endpoint.StaleError{}, Stale},
		{&checkpoint.EditedError{}, Stale},
		{&approval.VoidError{}, Stale},
		{&approval.NotApprovedError{}, NotApproved},
		{&approval.EarlyError{}, ComeBack},
		{&auth.SourceError{Err: errors.New("is not set")}, BadConfig},
		{&auth.SourceError{Err: fs.ErrNotExist}, NoFile},
		{class(endpoint.Unclassified), Failed},
		{class(endpoint.Temporary), ComeBack},
		{class(endpoint.Throttled), ComeBack},
		{class(endpoint.OverQuota), ComeBack},
		{class(endpoint.Lost), Unreachable},
		{class(endpoint.Unreachable), Unreachable},
		{class(endpoint.LoginRefused), Refused},
		{class(endpoint.Untrusted), Refused},
		{class(endpoint.BadMailbox), Failed},
		{class(endpoint.NoMailbox), Failed},
		{class(endpoint.Unsupported), Failed},
		{class(endpoint.Protocol), Failed},
	}
	for _, c := range cases {
		for _, err := range []error{c.err, wrapped(c.err)} {
			if got := codeOf(t.Context(), err); got != c.want {
				t.Errorf("%T %v: code %d, want %d", c.err, err, got, c.want)
			}
		}
	}
}

func wrapped(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("copy: %w", errors.Join(errors.New("and another"), err))
}

func TestSignalsWin(t *testing.T) {
	for signal, want := range map[os.Signal]Code{os.Interrupt: Interrupted, syscall.SIGTERM: Terminated} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(&signalled{signal})
		if got := codeOf(ctx, &endpoint.Error{Class: endpoint.Lost}); got != want {
			t.Errorf("%v: code %d, want %d", signal, got, want)
		}
		if got := codeOf(ctx, nil); got != Done {
			t.Errorf("%v after the work was done: code %d, want 0", signal, got)
		}
	}
}

// TestReadmeListsEveryCode keeps the promise and the program together.
func TestReadmeListsEveryCode(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range meanings {
		if row := fmt.Sprintf("| %d | %s |", m.code, m.text); !strings.Contains(string(text), row) {
			t.Errorf("README.md lacks the row %q", row)
		}
	}
	if !strings.Contains(string(text), "treat a code that is not in this table as failure") {
		t.Error("README.md no longer promises that unknown codes count as failure")
	}
}

// TestReadmeListsEveryCommand does the same for commands.
func TestReadmeListsEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range (&app{}).root().Commands() {
		name := "`" + c.Name()
		if c.Name() == "help" || c.IsAdditionalHelpTopicCommand() {
			name = "`help "
		}
		if !strings.Contains(string(text), name) {
			t.Errorf("README.md does not mention %s`", name)
		}
	}
}

// TestEveryCommandHasAManual: two examples first, and the exit status.
func TestEveryCommandHasAManual(t *testing.T) {
	for _, c := range (&app{}).root().Commands() {
		if c.Name() == "help" || c.IsAdditionalHelpTopicCommand() {
			continue
		}
		if n := strings.Count(c.Example, "imapmigrate "); n < 2 {
			t.Errorf("%s has %d examples, want two", c.Name(), n)
		}
		if !strings.Contains(c.Annotations["exits"], "  0  done") {
			t.Errorf("%s does not say its exit status", c.Name())
		}
	}
}
