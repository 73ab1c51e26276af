package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/view"
)

// Main runs the program with these arguments (without the program's name) and returns the code that the process exits with. It takes the
// process's signals for as long as it runs.
func Main(ctx context.Context, args []string, streams Streams) int {
	ctx, stop := withSignals(ctx, func(s os.Signal) {
		_, _ = fmt.Fprintf(streams.Err, "\nimapmigrate: %s: finishing or giving up what is in flight, then stopping; once more stops at once, and is safe too\n", signalName(s))
	})
	defer stop()
	return int(Run(ctx, args, streams))
}

// Run is Main without the signals.
func Run(ctx context.Context, args []string, streams Streams) Code {
	a := &app{Streams: streams, now: time.Now}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	a.closeTranscript()
	code := codeOf(ctx, err)
	if err != nil {
		// A command line that could not be read may have asked for JSON all the same.
		a.json = a.json || slices.Contains(args, "--json")
		a.complain(ctx, err, code)
	}
	return code
}

// failure is what --json says of an error, on stderr.
type failure struct {
	Code    Code    `json:"code"`
	Meaning string  `json:"meaning"`
	Message string  `json:"message"`
	Faults  []fault `json:"faults,omitempty"`
}

// fault is one thing wrong in a file.
type fault struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
	Next   string `json:"next,omitempty"`
}

// complain writes what went wrong to stderr: sentences for people, one object for programs.
func (a *app) complain(ctx context.Context, err error, code Code) {
	if s, ok := errors.AsType[*signalled](context.Cause(ctx)); ok {
		err = fmt.Errorf("%w; what was done is recorded: run the same command again to go on", s)
	}
	text := err.Error()
	if text == "" {
		return // what there is to say has been said
	}
	if a.json {
		f := failure{Code: code, Meaning: code.Meaning(), Message: text}
		faults, _ := errors.AsType[strict.Faults](err)
		for _, one := range faults {
			f.Faults = append(f.Faults, fault(one))
		}
		if view.WriteJSONLine(a.Err, "error", f) == nil {
			return
		}
	}
	for i, line := range strings.Split(text, "\n") {
		if !is[strict.Faults](err) && i == 0 {
			line = "imapmigrate: " + line
		}
		_, _ = fmt.Fprintln(a.Err, view.Visible(line))
	}
	if a.verbose {
		a.lastLines(err)
	}
}

// lastLines shows what was said at last on a connection that has ended.
func (a *app) lastLines(err error) {
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok || len(e.Last) == 0 {
		return
	}
	_, _ = fmt.Fprintln(a.Err, "the last lines of that connection:")
	for _, line := range e.Last {
		_, _ = fmt.Fprintln(a.Err, "  "+view.Visible(line))
	}
}
