package copier

import (
	"context"
	"sync"
	"time"
)

// slots are the connections to the destination that may be in use at a time. Few at first; more while that brings more, fewer when a server
// says that it is too much.
type slots struct {
	most int // never more

	mu      sync.Mutex
	limit   int
	used    int
	waiting int
	freed   chan struct{} // closed and replaced when a slot may have become free
}

func newSlots(most int) *slots {
	return &slots{most: most, limit: min(2, most), freed: make(chan struct{})}
}

// take waits for a slot: a mailbox needs one.
func (s *slots) take(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting++
	defer func() { s.waiting-- }()
	for s.used >= s.limit {
		freed := s.freed
		s.mu.Unlock()
		select {
		case <-freed:
			s.mu.Lock()
		case <-ctx.Done():
			s.mu.Lock()
			return ctx.Err()
		}
	}
	s.used++
	return nil
}

// try takes a slot if one is free and no mailbox waits for it.
func (s *slots) try() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting > 0 || s.used >= s.limit {
		return false
	}
	s.used++
	return true
}

func (s *slots) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	s.wake()
}

func (s *slots) wake() {
	close(s.freed)
	s.freed = make(chan struct{})
}

// shrink halves what may be in use: a server has said that it is too much. What is in use stays until it is given back.
func (s *slots) shrink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = max(1, s.limit/2)
	s.most = s.limit // it will not like it better later in this run
}

// grow allows one more; it reports whether that was possible.
func (s *slots) grow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit >= s.most {
		return false
	}
	s.limit++
	s.wake()
	return true
}

// full reports whether one more would be used.
func (s *slots) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used >= s.limit
}

// warmUp lets the slots grow as long as throughput grows with them, looking every interval; bytes counts what was stored so far. Batches
// land in lumps, so that a look counts only once enough has come, or has not for long. It ends when one more brought nothing, when all are
// allowed, or with ctx.
func (s *slots) warmUp(ctx context.Context, interval time.Duration, bytes func() int64) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var before, best, looks int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		looks++
		came := bytes() - before
		if !s.full() || came < enough && looks < patient {
			continue
		}
		rate := came / looks
		if came > 0 && rate < best*7/10 || !s.grow() {
			return
		}
		best, before, looks = max(best, rate), before+came, 0
	}
}

// A look at the throughput counts when so many bytes have come, or after so many intervals.
const (
	enough  = 4 << 20
	patient = 4
)
