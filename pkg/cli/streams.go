package cli

import (
	"io"
	"os"

	"golang.org/x/term"

	"imapmigrate/pkg/auth"
)

// Streams are all that a command has of the outside: data goes to Out, everything else to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// OutColumns and ErrColumns say how wide the terminal behind Out and Err is at the moment; nil where there is none.
	OutColumns func() int
	ErrColumns func() int
	// Secret asks a person for a password without an echo; nil where nobody can be asked. It also says that In and Err are terminals,
	// so that a person can be asked for anything.
	Secret auth.Prompter
}

// FromFiles looks at the process's files once. A terminal that calls itself dumb gets lines, as a pipe does.
func FromFiles(in, out, err *os.File) Streams {
	s := Streams{In: in, Out: out, Err: err}
	dumb := os.Getenv("TERM") == "dumb"
	if term.IsTerminal(int(out.Fd())) {
		s.OutColumns = columns(out)
	}
	if term.IsTerminal(int(err.Fd())) {
		s.Secret = auth.Terminal(in, err)
		if !dumb {
			s.ErrColumns = columns(err)
		}
	}
	return s
}

// columns asks anew each time: windows change their size.
func columns(f *os.File) func() int {
	return func() int {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
		return 80
	}
}

// outWidth is how wide a table on Out may be; 0 is as wide as it likes.
func (s Streams) outWidth() int {
	if s.OutColumns == nil {
		return 0
	}
	return s.OutColumns()
}
