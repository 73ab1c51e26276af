package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// fromCommand runs a program and takes the first line of what it prints: programs like pass print notes below the password.
func (s SourceSpec) fromCommand(ctx context.Context) (Secret, error) {
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var out, complaint bounded
	defer func() { clear(out.data) }()
	cmd := exec.CommandContext(limited, s.Command[0], s.Command[1:]...)
	cmd.Dir = s.Dir
	cmd.Env = s.environment(os.Environ())
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes open
	err := cmd.Run()
	secret := firstLine(out.data)
	e := &SourceError{Source: fmt.Sprintf("command %.100q", s.Command[0]), Next: "run it by hand and see what it prints"}
	switch {
	case ctx.Err() != nil:
		e.Err, e.Next = fmt.Errorf("was stopped: %w", ctx.Err()), ""
	case limited.Err() != nil:
		e.Err = fmt.Errorf("did not finish within %v", s.Timeout)
	case err != nil && cmd.ProcessState == nil:
		e.Err, e.Next = fmt.Errorf("cannot be run: %w", plainly(err)), "name a program and its arguments, as a list"
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		e.Err = fmt.Errorf("failed (%v)%s", err, complaint.quoted(secret))
	case out.over:
		e.Err = fmt.Errorf("printed more than %d bytes", largest)
	case secret == "":
		e.Err = fmt.Errorf("printed an empty first line%s", complaint.quoted(""))
	default:
		return NewSecret(secret), nil
	}
	return Secret{}, e
}

// environment is ours without what holds secrets: the program for one account has no business with the other's password.
func (s SourceSpec) environment(all []string) []string {
	return slices.DeleteFunc(all, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(s.Withhold, name)
	})
}

// plainly is err without the path or name that exec repeats.
func plainly(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	return cause(err)
}

// bounded keeps the beginning of what a program prints.
type bounded struct {
	data []byte
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := largest - len(b.data)
	b.over = b.over || len(p) > room
	b.data = append(b.data, p[:min(len(p), room)]...)
	return len(p), nil
}

// quoted is what the program complained of, without the secret, should it have printed that there too.
func (b *bounded) quoted(secret string) string {
	text := string(bytes.TrimSpace(b.data))
	if text == "" {
		return ""
	}
	if secret != "" {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return fmt.Sprintf(", it says %.300q", text)
}
