package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// SourceSpec says where a secret comes from: exactly one of Env, File, Command, Keyring, Prompt.
type SourceSpec struct {
	Env     string   // name of an environment variable
	File    string   // a file that holds the secret alone
	Command []string // program and arguments, run without a shell; the first line of its output
	Keyring *Keyring
	Prompt  bool

	For      string        // whose secret, for questions and errors: "alice@old.example at imap.old.example"
	Dir      string        // folder that Command runs in; "" is the current one
	Withhold []string      // environment variables that Command must not see: all that hold secrets of this run
	Timeout  time.Duration // of Command and Keyring, which may ask a person to unlock something; 0 is two minutes
}

// Keyring is a place in the desktop's keyring.
type Keyring struct{ Service, User string }

// Prompter asks a person for a secret, without an echo. question ends without a colon.
type Prompter func(ctx context.Context, question string) (Secret, error)

// SourceError says that a secret could not be had. It names the source, never a value.
type SourceError struct {
	For    string // as in SourceSpec
	Source string // "environment variable OLD_PASSWORD"
	Err    error  // what is wrong with it; context.Canceled and the like are found in it
	Next   string // the next step
}

// Error is one sentence.
func (e *SourceError) Error() string {
	s := e.Source + " " + e.Err.Error()
	if e.For != "" {
		s = "password of " + e.For + ": " + s
	}
	if e.Next != "" {
		s += "; " + e.Next
	}
	return s
}

// Unwrap gives the cause beneath.
func (e *SourceError) Unwrap() error { return e.Err }

// largest is more than any password or token needs; longer output is some other file.
const largest = 64 << 10

const defaultTimeout = 2 * time.Minute

// Resolve fetches the secret that spec speaks of, afresh each time: tokens expire. ask is nil when nobody can be asked (no terminal, or
// --no-input). The error is a [*SourceError].
func Resolve(ctx context.Context, spec SourceSpec, ask Prompter) (Secret, error) {
	if spec.Timeout <= 0 {
		spec.Timeout = defaultTimeout
	}
	secret, err := spec.resolve(ctx, ask)
	if err == nil {
		err = ctx.Err()
	}
	if e, ok := errors.AsType[*SourceError](err); ok {
		e.For = spec.For
		return Secret{}, e
	}
	if err != nil {
		return Secret{}, &SourceError{For: spec.For, Source: "its source", Err: err}
	}
	return secret, nil
}

func (s SourceSpec) resolve(ctx context.Context, ask Prompter) (Secret, error) {
	if n := s.count(); n != 1 {
		return Secret{}, &SourceError{Source: "the configuration", Err: fmt.Errorf("names %d sources", n), Next: "name one of env, file, command, keyring, prompt"}
	}
	switch {
	case s.Env != "":
		return fromEnv(s.Env)
	case s.File != "":
		return fromFile(s.File)
	case len(s.Command) > 0:
		return s.fromCommand(ctx)
	case s.Keyring != nil:
		return s.fromKeyring(ctx)
	}
	return s.fromPrompt(ctx, ask)
}

func (s SourceSpec) count() int {
	n := 0
	for _, given := range []bool{s.Env != "", s.File != "", len(s.Command) > 0, s.Keyring != nil, s.Prompt} {
		if given {
			n++
		}
	}
	return n
}

func fromEnv(name string) (Secret, error) {
	value, set := os.LookupEnv(name)
	e := &SourceError{Source: "environment variable " + name}
	switch {
	case !set:
		e.Err, e.Next = errors.New("is not set"), "set it in the shell that runs imapmigrate"
	case value == "":
		e.Err, e.Next = errors.New("is empty"), "set it to the password"
	default:
		return NewSecret(value), nil
	}
	return Secret{}, e
}

func (s SourceSpec) fromPrompt(ctx context.Context, ask Prompter) (Secret, error) {
	e := &SourceError{Source: "the prompt", Next: "use env, file, command or keyring where nobody can be asked"}
	if ask == nil {
		e.Err = errors.New("cannot be shown: there is no terminal, or --no-input was given")
		return Secret{}, e
	}
	question := "password"
	if s.For != "" {
		question += " of " + s.For
	}
	secret, err := ask(ctx, question)
	switch {
	case err != nil:
		e.Err = fmt.Errorf("got no answer: %w", err)
	case secret.Empty():
		e.Err, e.Next = errors.New("got an empty answer"), "type the password"
	default:
		return secret, nil
	}
	return Secret{}, e
}

// firstLine is data up to its first line break.
func firstLine(data []byte) string {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r")
}
