package view

import (
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(-1000), "-1,000"}, {Count(-100), "-100"}, {Count(int64(1234567890)), "1,234,567,890"},
		{Plural(1, "message"), "1 message"}, {Plural(0, "message"), "0 messages"}, {Plural(1200, "mailbox"), "1,200 mailboxes"},
		{Bytes(-1), "?"}, {Bytes(0), "0 B"}, {Bytes(1023), "1023 B"}, {Bytes(1024), "1.0 KiB"}, {Bytes(1<<20 - 1), "1.0 MiB"}, {Bytes(150 << 20), "150 MiB"},
		{Bytes(99_900_000), "95.3 MiB"}, {Bytes(1<<63 - 1), "8.0 EiB"},
		{Took(0), "0.0s"}, {Took(400 * time.Millisecond), "0.4s"}, {Took(9960 * time.Millisecond), "10s"}, {Took(59500 * time.Millisecond), "1m00s"},
		{Took(200 * time.Second), "3m20s"}, {Took(2*time.Hour + 5*time.Minute + 59*time.Second), "2h05m"}, {Took(-1), "?"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 seconds", 10 * time.Second: "10 seconds", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 2 * time.Minute: "2 minutes", 55 * time.Minute: "55 minutes", time.Hour: "1 hour",
		90 * time.Minute: "90 minutes", 150 * time.Minute: "2.5 hours", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", 72 * time.Hour: "3 days",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
