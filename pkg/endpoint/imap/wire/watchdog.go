package wire

import (
	"fmt"
	"time"
)

// patienceFactor times the timeout is how long a server may go on saying that it is still there without sending anything else.
const patienceFactor = 10

// watchdog ends a connection on which nothing moves though an answer is owed. It has a timer only while one is. The conn's mutex guards it.
type watchdog struct {
	limit   time.Duration // 0: never
	expired func()        // called by the timer, without the mutex
	timer   *time.Timer
	armed   bool
	moved   time.Time // last byte in either direction
	useful  time.Time // last byte that was part of an answer
}

// feed notes that something moved, and whether more is owed.
func (w *watchdog) feed(owed, useful bool) {
	if w.limit <= 0 {
		return
	}
	now := time.Now()
	w.moved = now
	if useful || !w.armed {
		w.useful = now
	}
	if !owed {
		w.armed = false // the timer finds that out when it fires
		return
	}
	if !w.armed {
		w.armed = true
		w.start(w.limit)
	}
}

func (w *watchdog) start(d time.Duration) {
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.expired)
		return
	}
	w.timer.Reset(d)
}

// check says why the connection has to end, or waits on.
func (w *watchdog) check(owed bool) error {
	if !owed || !w.armed {
		w.armed = false
		return nil
	}
	now := time.Now()
	if now.Sub(w.moved) >= w.limit {
		return &silence{fmt.Sprintf("the server was silent for %v while an answer was owed", w.limit)}
	}
	if now.Sub(w.useful) >= patienceFactor*w.limit {
		return &silence{fmt.Sprintf("the server sent nothing but signs of life for %v while an answer was owed", patienceFactor*w.limit)}
	}
	w.start(min(w.moved.Add(w.limit).Sub(now), w.useful.Add(patienceFactor*w.limit).Sub(now)))
	return nil
}

func (w *watchdog) stop() {
	w.limit, w.armed = 0, false
	if w.timer != nil {
		w.timer.Stop()
	}
}

// silence is the end of a connection because we would not wait any longer.
type silence struct{ words string }

func (s *silence) Error() string { return s.words }
