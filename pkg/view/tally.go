package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/event"
)

// amount is messages and their bytes.
type amount struct{ messages, bytes int64 }

// tally is how far a stage has come. It is plain state: whoever holds it locks.
type tally struct {
	stage   string
	started time.Time
	total   amount // 0 is unknown
	done    amount
	open    []string // mailboxes under way, in the order in which they began
	marks   []mark   // what was done when, for the rate: the last few only
}

type mark struct {
	at    time.Time
	bytes int64
}

// window is how many marks the rate looks back over; at one a tick, that is long enough to be calm and short enough to be true.
const window = 10

func (t *tally) begin(e event.StageStarted, now time.Time) {
	*t = tally{stage: e.Stage, started: now, total: amount{e.Messages, e.Bytes}, marks: []mark{{at: now}}}
}

func (t *tally) add(e event.Progress) {
	t.done.messages += e.Messages
	t.done.bytes += e.Bytes
}

func (t *tally) opened(mailbox string) {
	if !slices.Contains(t.open, mailbox) {
		t.open = append(t.open, mailbox)
	}
}

func (t *tally) closed(mailbox string) {
	t.open = slices.DeleteFunc(t.open, func(m string) bool { return m == mailbox })
}

// remember notes the present for later rates.
func (t *tally) remember(now time.Time) {
	t.marks = append(t.marks, mark{now, t.done.bytes})
	if len(t.marks) > window {
		t.marks = t.marks[1:]
	}
}

// rate is bytes a second over the remembered past, 0 while there is none.
func (t *tally) rate(now time.Time) float64 {
	if len(t.marks) == 0 {
		return 0
	}
	first := t.marks[0]
	if seconds := now.Sub(first.at).Seconds(); seconds > 0 {
		return float64(t.done.bytes-first.bytes) / seconds
	}
	return 0
}

// left guesses the time that remains, from the average since the start; false while nothing can be said.
func (t *tally) left(now time.Time) (time.Duration, bool) {
	done, total := t.done.bytes, t.total.bytes
	if total <= 0 {
		done, total = t.done.messages, t.total.messages
	}
	elapsed := now.Sub(t.started)
	if done <= 0 || total < done || elapsed <= 0 {
		return 0, false
	}
	return time.Duration(float64(elapsed) * float64(total-done) / float64(done)), true
}

// place says which mailbox is worked on, in at most width columns.
func (t *tally) place(width int) string {
	if len(t.open) == 0 {
		return ""
	}
	more := ""
	if n := len(t.open) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return Clip(t.open[0], max(8, width-len(more))) + more
}

// messages is "4,210 of 10,000 messages".
func (t *tally) messages() string {
	if t.total.messages < t.done.messages || t.total.messages == 0 {
		return Plural(t.done.messages, "message")
	}
	return Count(t.done.messages) + " of " + Plural(t.total.messages, "message")
}

// sentence is one line about everything.
func (t *tally) sentence(now time.Time) string {
	parts := []string{t.messages()}
	switch {
	case t.total.bytes > 0 && t.total.bytes >= t.done.bytes:
		parts = append(parts, Bytes(t.done.bytes)+" of "+Bytes(t.total.bytes))
	case t.done.bytes > 0:
		parts = append(parts, Bytes(t.done.bytes))
	}
	if rate := t.rate(now); rate >= 1 {
		parts = append(parts, Bytes(int64(rate))+"/s")
	}
	if left, known := t.left(now); known && left > 0 {
		parts = append(parts, "about "+Took(left)+" left")
	}
	text := t.stage + ": " + strings.Join(parts, ", ")
	if place := t.place(60); place != "" {
		text += "; now " + place
	}
	return text
}
