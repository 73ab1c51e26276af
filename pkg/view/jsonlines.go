package view

import (
	"io"
	"sync"
	"time"

	"imapmigrate/pkg/event"
)

// JSONLines writes each event as one line of JSON with format, type and time. It is an [event.Sink].
type JSONLines struct {
	mu  sync.Mutex
	w   io.Writer
	now func() time.Time
	err error
}

// NewJSONLines writes to w, which is stdout.
func NewJSONLines(w io.Writer, now func() time.Time) *JSONLines { return &JSONLines{w: w, now: now} }

// Emit takes an event from any goroutine.
func (j *JSONLines) Emit(e event.Event) { j.Write(e.Type(), e) }

// Write adds a line of another type than the events', such as a run's result.
func (j *JSONLines) Write(name string, fields any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	text, err := line(name, stamped{j.now().UTC().Format(time.RFC3339Nano)}, fields)
	if err == nil && j.err == nil {
		_, err = j.w.Write(text)
	}
	if j.err == nil {
		j.err = err
	}
}

type stamped struct {
	Time string `json:"time"`
}

// Close says whether all lines could be written.
func (j *JSONLines) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}
