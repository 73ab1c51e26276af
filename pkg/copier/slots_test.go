package copier

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

func TestSlots(t *testing.T) {
	s := newSlots(4)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if s.take(ctx) != nil || !s.try() || s.try() {
		t.Fatal("it does not start with two")
	}
	took := make(chan error)
	go func() { took <- s.take(ctx) }()
	for !func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.waiting == 1 }() {
		time.Sleep(time.Millisecond)
	}
	s.grow()
	if err := <-took; err != nil {
		t.Fatal(err)
	}
	s.shrink() // three are used, one is allowed
	s.give()
	s.give()
	if s.try() {
		t.Error("one is in use, and one is all")
	}
	s.give()
	if !s.try() {
		t.Error("none is in use")
	}
	if s.grow() {
		t.Error("a server that has said that it is too much is asked again")
	}
	go func() { took <- s.take(ctx) }()
	cancel()
	if err := <-took; err == nil {
		t.Error("taken after the end")
	}
}

func TestSlotsGrowWhileThatHelps(t *testing.T) {
	for name, c := range map[string]struct {
		perSlot []int64 // bytes per look with so many slots
		want    int
	}{
		"it helps":                {[]int64{0, 1 << 20, 2 << 20, 3 << 20, 4 << 20}, 4},
		"it never helped":         {[]int64{0, 1 << 20, 2 << 20, 1 << 20, 1 << 19}, 3},
		"there is nothing to see": {[]int64{0, 0, 0, 0, 0}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSlots(4)
			for s.try() {
			}
			var stored atomic.Int64
			s.warmUp(t.Context(), time.Millisecond, func() int64 {
				s.mu.Lock()
				n := s.limit
				s.used = s.limit
				s.mu.Unlock()
				return stored.Add(c.perSlot[n])
			})
			if s.limit != c.want {
				t.Errorf("%d slots, want %d", s.limit, c.want)
			}
		})
	}
}
