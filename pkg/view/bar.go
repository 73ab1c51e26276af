package view

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// bar is one stage on a terminal: a bar in bytes (or messages, where bytes are not known) with rate and times, and below it a row with
// the messages and the mailbox. The library draws; what is drawn and when is decided in here.
type bar struct {
	w     io.Writer
	lib   *progressbar.ProgressBar
	bytes bool
	max   int64
}

// screen hides that the writer is a file: the library would fsync it at every step.
type screen struct{ io.Writer }

func newBar(w io.Writer, total amount, columns int) *bar {
	b := &bar{w: screen{w}, bytes: total.bytes > 0, max: total.bytes}
	if !b.bytes {
		b.max = total.messages
	}
	max := b.max
	if max <= 0 {
		max = -1 // a spinner
	}
	b.lib = progressbar.NewOptions64(max,
		progressbar.OptionSetWriter(b.w),
		progressbar.OptionSetWidth(barWidth(columns)),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionShowCount(),
		progressbar.OptionShowBytes(b.bytes || max < 0),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetPredictTime(max > 0),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetMaxDetailRow(1),
	)
	return b
}

// barWidth leaves room for "100% [] (1023/1023 MiB, 1023 KiB/s) [10h10m10s:10h10m10s]".
func barWidth(columns int) int { return min(max(columns-66, 5), 40) }

// paint draws the bar and its row; the cursor ends at the start of the bar.
func (b *bar) paint(t *tally, columns int) {
	done := t.done.messages
	if b.bytes || b.max <= 0 {
		done = t.done.bytes
	}
	if b.max > 0 {
		// At its maximum the library takes the bar for finished and draws no more; what is announced is often a guess.
		done = min(done, b.max-1)
	}
	// Errors of the library are errors of the terminal: a run does not end because nobody can see it.
	_ = b.lib.Set64(done)
	row := "      " + t.messages()
	if place := t.place(columns - Width(row) - 3); place != "" {
		row += "  " + place
	}
	_ = b.lib.AddDetail(Clip(row, columns-1))
}

// erase takes the bar and its row off the screen.
func (b *bar) erase() { _, _ = io.WriteString(b.w, "\r\x1b[J") }
