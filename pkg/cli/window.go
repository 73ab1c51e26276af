package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/endpoint"
)

// window is how long a run may take, told by a length, by an hour of the day, or by both: the earlier end counts.
type window struct {
	most  time.Duration
	until string // "07:00", local time
}

func (w *window) flags(c *cobra.Command) {
	c.Flags().DurationVar(&w.most, "max-duration", 0, "stop safely after this long (`LENGTH`: 90m, 8h), with exit code 75")
	c.Flags().StringVar(&w.until, "until", "", "stop safely at this hour of the day (`HH:MM`, local time), with exit code 75")
}

// end is when the run has to stop; zero: never.
func (w *window) end(now time.Time) (end time.Time, err error) {
	if w.most < 0 {
		return end, usagef("--max-duration %v is in the past; give a length like 8h", w.most)
	}
	if w.most > 0 {
		end = now.Add(w.most)
	}
	if w.until == "" {
		return end, nil
	}
	hour, err := time.Parse("15:04", w.until)
	if err != nil {
		return end, usagef("--until %q is no hour of the day; write it like 07:00", w.until)
	}
	next := time.Date(now.Year(), now.Month(), now.Day(), hour.Hour(), hour.Minute(), 0, 0, now.Location())
	if !next.After(now) {
		next = time.Date(now.Year(), now.Month(), now.Day()+1, hour.Hour(), hour.Minute(), 0, 0, now.Location())
	}
	if end.IsZero() || next.Before(end) {
		end = next
	}
	return end, nil
}

// closed is the cause of a context that ended with the window.
type closed struct{ end time.Time }

func (c *closed) Error() string {
	return fmt.Sprintf("the time for this run ended at %s; what was done is recorded: run the same command again to go on", c.end.Format("15:04"))
}

// limit gives a context that ends with the window, if there is one. The wait is by the monotonic clock: setting the clock moves nothing.
func (w *window) limit(ctx context.Context, now time.Time) (context.Context, context.CancelFunc, error) {
	end, err := w.end(now)
	if err != nil || end.IsZero() {
		return ctx, func() {}, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, end.Sub(now), &closed{end})
	return limited, cancel, nil
}

// patience lasts as long as the window, if there is one: a server that is away at night may be back before morning.
func patience(ctx context.Context, now time.Time) endpoint.Patience {
	p := endpoint.DefaultPatience
	if end, limited := ctx.Deadline(); limited {
		p.Total = max(p.Total, end.Sub(now))
	}
	return p
}

// windowClosed turns what a run ended with into the window's end, where that was the reason. Besides the context's own error that is what a
// connection says which was cut off at that moment; a network time-out may even come a little before the context knows that it has ended.
func windowClosed(ctx context.Context, now time.Time, err error) error {
	end, limited := ctx.Deadline()
	if err == nil || !limited || now.Before(end) || is[*signalled](context.Cause(ctx)) {
		return err
	}
	class := endpoint.ClassOf(err)
	if is[*closed](err) || errors.Is(err, context.DeadlineExceeded) || class == endpoint.Lost || class == endpoint.Unreachable || class == endpoint.Temporary || class == endpoint.Throttled {
		return &outcome{ComeBack, (&closed{end}).Error()}
	}
	return err
}
