package cli

import (
	"testing"
	"time"
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
