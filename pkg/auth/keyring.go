package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// fromKeyring asks the desktop's keyring (Secret Service, macOS Keychain, Windows Credential Manager).
func (s SourceSpec) fromKeyring(ctx context.Context) (Secret, error) {
	e := &SourceError{Source: fmt.Sprintf("keyring (service %q, user %q)", s.Keyring.Service, s.Keyring.User)}
	text, err := askKeyring(ctx, *s.Keyring, s.Timeout)
	switch {
	case ctx.Err() != nil:
		e.Err = fmt.Errorf("was not waited for: %w", ctx.Err())
	case errors.Is(err, errSilent):
		e.Err, e.Next = fmt.Errorf("gave no answer within %v", s.Timeout), "unlock it, or use command or file"
	case errors.Is(err, keyring.ErrNotFound):
		e.Err, e.Next = errors.New("holds no such password"), "store it there (on Linux: secret-tool store --label=imapmigrate service SERVICE username USER)"
	case err != nil:
		e.Err = fmt.Errorf("cannot be asked: %.200q", err.Error())
		e.Next = "a machine without a desktop session has no keyring service (D-Bus): use command or file there"
	case text == "":
		e.Err, e.Next = errors.New("holds an empty password"), "store the password there"
	default:
		return NewSecret(text), nil
	}
	return Secret{}, e
}

var errSilent = errors.New("no answer")

// askKeyring does not outlast the context, though the library knows none; what hangs then ends with the process.
func askKeyring(ctx context.Context, place Keyring, timeout time.Duration) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := keyring.Get(place.Service, place.User)
		answers <- answer{text, err}
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-timer.C:
		return "", errSilent
	}
}
