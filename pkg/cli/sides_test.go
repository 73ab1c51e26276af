package cli

import (
	"context"
	"errors"
	"testing"

	"imapmigrate/pkg/config"
)

func TestBothSidesAreWorkedOnAtOnce(t *testing.T) {
	here, there := make(chan struct{}), make(chan struct{})
	meet := func(mine, others chan struct{}) func(context.Context) error {
		return func(context.Context) error {
			close(mine)
			<-others // for ever, if the other has to wait for this one
			return nil
		}
	}
	if err := atOnce(t.Context(), meet(here, there), meet(there, here)); err != nil {
		t.Error(err)
	}
}

func TestFailureOfOneSideEndsTheOther(t *testing.T) {
	broken := errors.New("broken")
	fails := func(context.Context) error { return broken }
	waits := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	works := func(context.Context) error { return nil }
	for name, err := range map[string]error{
		"source": atOnce(t.Context(), fails, waits), "destination": atOnce(t.Context(), waits, fails),
		"source alone": atOnce(t.Context(), fails, works), "destination alone": atOnce(t.Context(), works, fails),
		"in turn": inTurn(t.Context(), fails, func(context.Context) error { panic("the destination is bothered") }),
	} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := atOnce(ended, waits, waits); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was ended: %v", err)
	}
	if err := atOnce(t.Context(), works, works); err != nil {
		t.Error(err)
	}
}

// Two questions at once cannot be answered.
func TestSecretsThatMayAskComeInTurn(t *testing.T) {
	for name, p := range map[string]config.PasswordSource{"prompt": {Prompt: true}, "command": {Command: []string{"pass"}}, "keyring": {Keyring: &config.Keyring{}}} {
		c := &config.Config{}
		c.Destination.Auth.Password = p
		order := ""
		note := func(side string) func(context.Context) error {
			return func(context.Context) error { order += side; return nil } // a race, were they at once
		}
		if err := sides(c)(t.Context(), note("source "), note("destination")); err != nil || order != "source destination" {
			t.Errorf("%s: %q %v", name, order, err)
		}
	}
}
