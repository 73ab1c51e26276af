package auth

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Terminal asks on a terminal: the question goes to out, the answer is read from in without an echo. It is nil when in is no terminal, which
// is what [Resolve] wants to know.
func Terminal(in *os.File, out io.Writer) Prompter {
	fd := int(in.Fd())
	if !term.IsTerminal(fd) {
		return nil
	}
	return func(ctx context.Context, question string) (Secret, error) {
		before, err := term.GetState(fd)
		if err != nil {
			return Secret{}, err
		}
		_, _ = fmt.Fprintf(out, "%s: ", question)
		type answer struct {
			text []byte
			err  error
		}
		answers := make(chan answer, 1)
		go func() {
			text, err := term.ReadPassword(fd)
			answers <- answer{text, err}
		}()
		defer func() { _, _ = fmt.Fprintln(out) }()
		select {
		case a := <-answers:
			return NewSecret(string(a.text)), a.err
		case <-ctx.Done():
			// The reader stays behind until the process ends; the echo must not stay off.
			_ = term.Restore(fd, before)
			return Secret{}, ctx.Err()
		}
	}
}
