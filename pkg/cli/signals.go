package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// withSignals gives a context that the first SIGINT or SIGTERM ends, with a *signalled as its cause; told is called then. The second one
// ends the process at once, as the system does it: the ledger makes that safe.
func withSignals(parent context.Context, told func(os.Signal)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			cancel(&signalled{s})
			told(s)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}
