package plan

import (
	"math"
	"time"

	"imapmigrate/pkg/survey"
)

// Forecast is how long a first copy may take. Least is with a fast line and servers that do as they say, Most with a slow line; 0 is not known.
// The numbers are rounded coarsely: the network is never the same twice, and a plan that changes with it would be noise.
type Forecast struct {
	SourceRoundTrip      time.Duration // measured, rounded up to 1, 2 or 5 of a decade
	DestinationRoundTrip time.Duration
	Least, Most          time.Duration
}

// What a copy costs beside waiting, as measured between two servers on one machine and guessed for a slow one.
const (
	quickMessage = 400 * time.Microsecond
	slowMessage  = 5 * time.Millisecond
	quickLine    = 60 << 20 // bytes a second
	slowLine     = 4 << 20
	openings     = 6  // round trips to open a mailbox on both sides, read its metadata and leave it
	batch        = 50 // messages in one command
	pipelined    = 8  // commands under way
	most         = 4  // connections beyond which a destination gets no faster
)

// forecast needs the counts of every mailbox, and the round trips of both sides where they were measured.
func (b *builder) forecast(p *Plan) Forecast {
	src, dst := b.src.survey, b.dst.survey
	f := Forecast{SourceRoundTrip: decade(src.RoundTrip), DestinationRoundTrip: decade(dst.RoundTrip)}
	totals := p.Totals()
	messages, bytes := totals.Messages, totals.Bytes
	if totals.Wanted != Unknown {
		messages, bytes = totals.Wanted, totals.WantedBytes
	}
	if messages == Unknown || bytes == Unknown {
		return f
	}
	mailboxes := int64(totals.Create + totals.Merge)
	workers := int64(min(max(1, b.rules.Connections), most, max(1, int(mailboxes))))
	trips := float64(f.SourceRoundTrip+f.DestinationRoundTrip) * openings * float64(mailboxes) / float64(workers)
	trips += float64(f.DestinationRoundTrip) * float64(messages) * tripsEach(dst) / float64(workers)
	line := func(speed int64) float64 {
		if b.rules.Bandwidth > 0 {
			speed = min(speed, b.rules.Bandwidth)
		}
		return float64(bytes) / float64(speed) * float64(time.Second)
	}
	f.Least = coarse(trips + float64(messages)*float64(quickMessage) + line(quickLine))
	f.Most = coarse(2*trips + float64(messages)*float64(slowMessage) + line(slowLine))
	return f
}

// tripsEach is how many round trips one message costs at the destination.
func tripsEach(s *survey.Survey) float64 {
	caps := s.Capabilities
	switch {
	case caps.Has("MULTIAPPEND"):
		return 1.0 / batch
	case caps.Has("LITERAL+") || caps.Has("LITERAL-"):
		return 1.0 / pipelined
	}
	return 2
}

// decade rounds up to 1, 2 or 5 of a power of ten; what is below a millisecond is one.
func decade(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	for unit := time.Millisecond; unit < time.Hour; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if d <= n*unit {
				return n * unit
			}
		}
	}
	return time.Hour
}

// coarse rounds to one and a half digits: seconds to 10, minutes to 5, from there on hours and days.
func coarse(nanoseconds float64) time.Duration {
	d := time.Duration(min(nanoseconds, math.MaxInt64/4))
	for _, step := range []struct{ below, unit time.Duration }{
		{2 * time.Minute, 10 * time.Second}, {10 * time.Minute, time.Minute}, {time.Hour, 5 * time.Minute}, {4 * time.Hour, 15 * time.Minute}, {48 * time.Hour, time.Hour},
	} {
		if d < step.below {
			return (d/step.unit + 1) * step.unit
		}
	}
	return (d/(24*time.Hour) + 1) * 24 * time.Hour
}
