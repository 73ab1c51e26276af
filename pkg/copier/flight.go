package copier

import (
	"context"
	"errors"
	"slices"
	"time"

	"imapmigrate/pkg/endpoint"
)

// flight is one batch on its way over one connection. Several are in the air at a time, each on a connection of its own; they land in order.
type flight struct {
	batch  []parcel
	target endpoint.Target

	now   func() time.Time
	began time.Time // when nothing stood in its way any more

	done   chan struct{} // closed when what follows is set
	placed []endpoint.Placed
	err    error
	took   time.Duration
}

// errOutOfTurn ends the flights behind one whose batch was not stored whole: what they carry must not come before it.
var errOutOfTurn = errors.New("a batch before this one was not stored whole")

// start sends the batch. Nothing of it takes effect before the flight ahead, if there is one, has stored everything.
func (f *flight) start(ctx context.Context, ahead *flight) {
	f.began = f.now()
	var turn func(context.Context) error
	if ahead != nil {
		turn = func(ctx context.Context) error {
			defer func() { f.began = f.now() }()
			return ahead.landed(ctx)
		}
	}
	out := make([]endpoint.Outgoing, len(f.batch))
	for i, p := range f.batch {
		out[i] = p.out
	}
	go func() {
		defer close(f.done)
		f.placed, f.err = f.target.Append(ctx, out, turn)
		f.took = f.now().Sub(f.began)
	}()
}

// landed waits for the flight and says whether the next may take effect.
func (f *flight) landed(ctx context.Context) error {
	select {
	case <-f.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !f.whole() {
		return errOutOfTurn
	}
	return nil
}

// whole reports whether everything was stored. Only after done.
func (f *flight) whole() bool {
	return f.err == nil && !slices.ContainsFunc(f.placed, func(p endpoint.Placed) bool { return p.Verdict != endpoint.Stored })
}
