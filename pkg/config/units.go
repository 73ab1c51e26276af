package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

// Rate is a number of bytes in a second; 0 is no limit.
type Rate int64

// Date is an instant, written as a date (its first moment in UTC) or in full (RFC 3339). The zero Date is none.
type Date struct{ time.Time }

var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

var errSize = errors.New("this is no size; write a whole number of bytes, or with a unit like 8MiB (times 1024) or 20MB (times 1000)")

// UnmarshalText reads "8MiB", "20 MB", "1048576"; the empty text is 0. Units may be written in any case.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := parseSize(string(text))
	*s = Size(n)
	return err
}

// MarshalText writes what UnmarshalText reads, without loss.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is the size in the unit that makes the smallest whole number.
func (s Size) String() string {
	best := strconv.FormatInt(int64(s), 10) + "B"
	least := int64(s)
	for _, u := range units {
		if n := int64(s) / u.bytes; n*u.bytes == int64(s) && n < least {
			best, least = strconv.FormatInt(n, 10)+u.name, n
		}
	}
	return best
}

func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	unit := strings.TrimSpace(text[len(digits):])
	n, err := strconv.ParseInt(digits, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("this size is too large; write a smaller one")
	}
	if err != nil {
		return 0, errSize
	}
	if unit == "" {
		return n, nil
	}
	for _, u := range units {
		if strings.EqualFold(unit, u.name) {
			if n > math.MaxInt64/u.bytes {
				return 0, errors.New("this size is too large; write a smaller one")
			}
			return n * u.bytes, nil
		}
	}
	return 0, errSize
}

// UnmarshalText reads "10MB/s"; the empty text is 0.
func (r *Rate) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = 0
		return nil
	}
	size, ok := strings.CutSuffix(string(text), "/s")
	n, err := parseSize(size)
	if !ok || err != nil || n == 0 {
		return errors.New("this is no bandwidth; write a size per second, like 10MB/s")
	}
	*r = Rate(n)
	return nil
}

// String is the rate as it is written, "" for no limit.
func (r Rate) String() string {
	if r == 0 {
		return ""
	}
	return Size(r).String() + "/s"
}

// UnmarshalText reads "2015-01-01" and "2015-01-01T12:00:00+01:00"; the empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			*d = Date{t}
			return nil
		}
	}
	return errors.New("this is no date; write it like 2015-01-31 (its first moment in UTC) or 2015-01-31T20:00:00+01:00")
}
