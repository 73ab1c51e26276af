package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

// app is one run of the program: its streams, its clock, and the flags that all commands share.
type app struct {
	Streams
	now func() time.Time

	configFile string
	json       bool
	quiet      bool
	verbose    bool
	noInput    bool

	transcriptFile string
	transcript     *transcript // nil before the first connection
}

// missingError is a file that should be there, with the step that makes it.
type missingError struct {
	what, file, next string
	err              error
}

func (e *missingError) Error() string {
	return fmt.Sprintf("there is no %s %s; %s", e.what, e.file, e.next)
}

func (e *missingError) Unwrap() error { return e.err }

// missing gives an fs.ErrNotExist its next step, and leaves other errors alone.
func missing(err error, what, file, next string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &missingError{what, file, next, err}
	}
	return err
}

// note says something to a person, on stderr. It is silent for programs and with --quiet.
func (a *app) note(format string, args ...any) {
	if !a.quiet && !a.json {
		_, _ = fmt.Fprintln(a.Err, view.Visible(fmt.Sprintf(format, args...)))
	}
}

// caution says something that a person should know, also with --quiet.
func (a *app) caution(format string, args ...any) {
	if !a.json {
		_, _ = fmt.Fprintln(a.Err, "imapmigrate: "+view.Visible(fmt.Sprintf(format, args...)))
	}
}

// asks reports whether a person can be asked.
func (a *app) asks() bool { return a.Secret != nil && !a.noInput && !a.json }

// watched is a sink that has to be closed before anything else is written.
type watched interface {
	event.Sink
	io.Closer
}

// live is the sink for a command that works for a while: events as JSON lines on stdout with --json, else progress on stderr.
func (a *app) live() watched {
	if a.json {
		return view.NewJSONLines(a.Out, a.now)
	}
	return a.progress()
}

// progress is the sink for a command whose stdout is one document.
func (a *app) progress() watched {
	return view.NewProgress(a.Err, view.ProgressOptions{Columns: a.ErrColumns, Now: a.now, Verbose: a.verbose, Quiet: a.quiet || a.json})
}

// result ends a command: the fields as the last JSON line, or the text for people.
func (a *app) result(sink watched, fields any, text func(io.Writer) error) error {
	if lines, ok := sink.(*view.JSONLines); ok {
		lines.Write("result", fields)
		return lines.Close()
	}
	return errors.Join(sink.Close(), text(a.Out))
}

// config reads migration.yaml.
func (a *app) config() (*config.Config, error) {
	c, err := config.Load(a.configFile)
	return c, missing(err, "configuration", a.configFile, "write one with `imapmigrate init`, or name another with -c")
}

// paths are the files of one migration.
type paths struct{ plan, checkpoint, approval, rollback, ledger, state string }

// files says where the files of migration name are: beside the configuration.
func (a *app) files(name string) paths {
	dir := filepath.Dir(a.configFile)
	plans, state := filepath.Join(dir, "plans"), filepath.Join(dir, "state")
	return paths{
		plan:       filepath.Join(plans, name+".plan.yaml"),
		checkpoint: filepath.Join(plans, name+".checkpoint.yaml"),
		approval:   filepath.Join(plans, name+".checkpoint.approval.yaml"),
		rollback:   filepath.Join(plans, name+".rollback.yaml"),
		ledger:     filepath.Join(state, name+".ledger.db"),
		state:      state,
	}
}

// largest is more than any plan or checkpoint needs; what is bigger is some other file.
const largest = 256 << 20

// readFile reads a file of ours, bounded.
func readFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tooLarge := fmt.Errorf("%s is larger than any file of imapmigrate; is it the right one?", file)
	if info, err := f.Stat(); err == nil && info.Size() > largest {
		return nil, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, largest+1)) // the size may be that of a pipe, or grow
	if err == nil && len(data) > largest {
		return nil, tooLarge
	}
	return data, err
}

// writeFile puts text into file in one step, readable by its owner only: whoever reads it sees the old text or the new one, never half of one.
func writeFile(file string, text []byte) error {
	return streamFile(file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// streamFile is writeFile for a text that is too long to be held.
func streamFile(file string, write func(io.Writer) error) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // after the rename there is nothing left to remove
	err = write(temp)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}

// readPlan reads a plan file; next says how to come by one.
func readPlan(file string) (*plan.Plan, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, missing(err, "plan", file, "make one with `imapmigrate plan`")
	}
	return plan.Read(file, data)
}

func readCheckpoint(file string) (*checkpoint.Checkpoint, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, missing(err, "checkpoint", file, "make one with `imapmigrate checkpoint`")
	}
	return checkpoint.Read(file, data)
}

// readApproval gives nil when nobody has approved anything: that is an answer, not an error.
func readApproval(file string) (*approval.Approval, error) {
	data, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return approval.Read(file, data)
}

// openLedger opens a ledger that must be there, and holds it to the configuration: an edited name or account is another migration.
func (a *app) openLedger(c *config.Config, command string) (*ledger.Ledger, error) {
	file := a.files(c.Name).ledger
	l, err := ledger.Open(file, a.ledgerOptions(command))
	if err != nil {
		return nil, missing(err, "ledger", file, "nothing has been copied under this name yet: `imapmigrate copy` begins one")
	}
	if err := belongs(l, c); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (a *app) ledgerOptions(command string) ledger.Options {
	return ledger.Options{Command: "imapmigrate " + command, Now: a.now}
}

// belongs checks the ledger against the configuration, before any server is asked.
func belongs(l *ledger.Ledger, c *config.Config) error {
	facts := l.Facts()
	for _, side := range []struct {
		what       string
		have, want any
		same       bool
	}{
		{"name", facts.Name, c.Name, facts.Name == c.Name},
		{"source", facts.Source, identity(c.Source), facts.Source.Same(identity(c.Source))},
		{"destination", facts.Destination, identity(c.Destination), facts.Destination.Same(identity(c.Destination))},
	} {
		if !side.same {
			return &ledger.ForeignError{Path: l.Path(), Reason: fmt.Sprintf("belongs to another migration: its %s is %v, the configuration says %v; "+
				"give this migration another name, or move the ledger away", side.what, side.have, side.want)}
		}
	}
	return nil
}

// writeLines writes lines that may hold a stranger's text.
func writeLines(w io.Writer, lines []string) error {
	for _, l := range lines {
		if _, err := io.WriteString(w, view.Visible(l)+"\n"); err != nil {
			return err
		}
	}
	return nil
}
