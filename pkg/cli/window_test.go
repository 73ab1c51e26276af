package cli

import (
	"context"
	"errors"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
)

func TestWindowEndsAtTheEarlierOfBoth(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	evening := time.Date(2026, 3, 31, 20, 0, 0, 0, zone)
	for _, c := range []struct {
		window
		want time.Time
	}{
		{window{}, time.Time{}},
		{window{most: 90 * time.Minute}, evening.Add(90 * time.Minute)},
		{window{until: "07:00"}, time.Date(2026, 4, 1, 7, 0, 0, 0, zone)},
		{window{until: "20:00"}, time.Date(2026, 4, 1, 20, 0, 0, 0, zone)},
		{window{until: "20:01"}, time.Date(2026, 3, 31, 20, 1, 0, 0, zone)},
		{window{most: 12 * time.Hour, until: "07:00"}, time.Date(2026, 4, 1, 7, 0, 0, 0, zone)},
		{window{most: 8 * time.Hour, until: "07:00"}, evening.Add(8 * time.Hour)},
	} {
		if got, err := c.end(evening); err != nil || !got.Equal(c.want) {
			t.Errorf("%+v ends at %v, %v; want %v", c.window, got, err, c.want)
		}
	}
	for _, bad := range []window{{most: -time.Second}, {until: "7"}, {until: "25:00"}, {until: "07:00:00"}, {until: "tomorrow"}} {
		if end, err := bad.end(evening); !is[*usageError](err) {
			t.Errorf("%+v ends at %v, %v; want a usage error", bad, end, err)
		}
	}
}

func TestOnlyWhatTheWindowCutOffIsItsEnd(t *testing.T) {
	ctx, cancel, err := (&window{most: time.Hour}).limit(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	end, _ := ctx.Deadline()
	lost := &endpoint.Error{Class: endpoint.Lost, Op: "append"}
	for name, c := range map[string]struct {
		now  time.Time
		err  error
		want Code
	}{
		"the network, at the end":  {end, &endpoint.Error{Class: endpoint.Unreachable, Op: "connect"}, ComeBack},
		"the context":              {end, context.DeadlineExceeded, ComeBack},
		"the cause":                {end, &closed{end}, ComeBack},
		"the network, before":      {end.Add(-time.Minute), lost, Unreachable},
		"a damaged ledger":         {end, &ledger.DamagedError{Path: "x", Err: errors.New("noise")}, BadConfig},
		"done, with some left":     {end, &outcome{Attention, "look"}, Attention},
		"a password, at that time": {end, &endpoint.Error{Class: endpoint.LoginRefused, Op: "log in"}, Refused},
		"done":                     {end, nil, Done},
	} {
		if got := codeOf(t.Context(), windowClosed(ctx, c.now, c.err)); got != c.want {
			t.Errorf("%s: code %d, want %d", name, got, c.want)
		}
	}
}
