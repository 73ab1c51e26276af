package endpoint

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Patience says how long to go on trying when a server is away or asks to wait.
type Patience struct {
	First time.Duration // before the second try; doubles from there, with jitter
	Most  time.Duration // between two tries
	Total time.Duration // from the first failure on; then the last error is returned
	// Waiting is told before each wait; it may be nil.
	Waiting func(err error, wait time.Duration)
}

// DefaultPatience suits a run that nobody watches.
var DefaultPatience = Patience{First: time.Second, Most: time.Minute, Total: 10 * time.Minute}

// Do calls op until it succeeds, fails for good, or patience ends. Only Temporary, Throttled, Lost and Unreachable are tried again; op
// must leave nothing half done that it would not find again. Progress made by op between failures starts the patience anew: op says so
// by returning progressed.
func (p Patience) Do(ctx context.Context, op func() (progressed bool, err error)) error {
	pause := &backoff.ExponentialBackOff{InitialInterval: p.First, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: p.Most}
	pause.Reset()
	var waited time.Duration
	for {
		progressed, err := op()
		if progressed {
			pause.Reset()
			waited = 0
		}
		if err == nil || !again(err) || ctx.Err() != nil {
			return err
		}
		wait := pause.NextBackOff()
		if e, ok := errors.AsType[*Error](err); ok && e.Wait > 0 {
			wait = e.Wait
		}
		if waited+wait > p.Total {
			return err
		}
		waited += wait
		if p.Waiting != nil {
			p.Waiting(err, wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func again(err error) bool {
	switch ClassOf(err) {
	case Temporary, Throttled, Lost, Unreachable:
		return true
	}
	return false
}
