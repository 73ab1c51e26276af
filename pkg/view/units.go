package view

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Count writes a number with a comma before every third digit.
func Count[N ~int | ~int64 | ~uint32](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Plural is the count and its noun, with an s where there is not exactly one.
func Plural[N ~int | ~int64 | ~uint32](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun[len(noun)-1] == 'x':
		return Count(n) + " " + noun + "es"
	}
	return Count(n) + " " + noun + "s"
}

// Bytes writes a size in powers of 1024; -1, the word for unknown, is "?".
func Bytes(n int64) string {
	if n < 0 {
		return "?"
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	value, unit := float64(n), 0
	for value >= 1023.5 && unit < len(units)-1 { // 1023.6 KiB would be printed as 1024 KiB
		value, unit = value/1024, unit+1
	}
	if unit == 0 || value >= 99.95 {
		return fmt.Sprintf("%.0f %s", value, units[unit])
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// Span writes a length of time that is a guess: 40 seconds, 5 minutes, 3.5 hours, 2 days.
func Span(d time.Duration) string {
	units := []struct {
		size time.Duration
		noun string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}}
	for _, u := range units {
		if d >= 2*u.size || d == u.size {
			text := strconv.FormatFloat(math.Round(float64(d)/float64(u.size)*10)/10, 'f', -1, 64)
			if text == "1" {
				return "1 " + u.noun
			}
			return text + " " + u.noun + "s"
		}
	}
	return Plural(int64(d.Round(time.Second)/time.Second), "second")
}

// Took writes a duration as people say it: 0.4s, 12s, 3m20s, 2h05m.
func Took(d time.Duration) string {
	switch {
	case d < 0:
		return "?"
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	s := int64(d.Round(time.Second).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
}
