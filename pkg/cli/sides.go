package cli

import (
	"context"
	"errors"
	"sync"

	"imapmigrate/pkg/config"
)

// bothSides does something on the source and on the destination.
type bothSides func(ctx context.Context, source, destination func(context.Context) error) error

// sides says how to log in: at once, because each wait for a server then counts once, unless a secret may ask a person for something: two
// questions at a time cannot be answered.
func sides(c *config.Config) bothSides {
	for _, p := range []config.PasswordSource{c.Source.Auth.Password, c.Destination.Auth.Password} {
		if p.Prompt || len(p.Command) > 0 || p.Keyring != nil {
			return inTurn
		}
	}
	return atOnce
}

// inTurn has the source first: a wrong password there is known before the destination is bothered.
func inTurn(ctx context.Context, source, destination func(context.Context) error) error {
	if err := source(ctx); err != nil {
		return err
	}
	return destination(ctx)
}

// atOnce does both side by side. The first failure ends the other side; of two failures the source's is told.
func atOnce(ctx context.Context, source, destination func(context.Context) error) error {
	limited, stop := context.WithCancel(ctx)
	defer stop()
	var errs [2]error
	var both sync.WaitGroup
	for i, do := range []func(context.Context) error{source, destination} {
		both.Go(func() {
			if errs[i] = do(limited); errs[i] != nil {
				stop()
			}
		})
	}
	both.Wait()
	if errs[0] == nil || errs[1] != nil && ctx.Err() == nil && errors.Is(errs[0], context.Canceled) {
		return errs[1] // the source's failure, if any, only follows from it
	}
	return errs[0]
}
