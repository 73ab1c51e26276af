package endpoint_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
)

var eager = endpoint.Patience{First: time.Millisecond, Most: 4 * time.Millisecond, Total: time.Second}

func class(c endpoint.Class) error { return &endpoint.Error{Class: c} }

// Only what may pass by itself is tried again.
func TestPatienceTriesAgain(t *testing.T) {
	for c := endpoint.Unclassified; c <= endpoint.Protocol; c++ {
		tries := 0
		err := eager.Do(t.Context(), func() (bool, error) {
			if tries++; tries < 3 {
				return false, class(c)
			}
			return false, nil
		})
		again := c == endpoint.Temporary || c == endpoint.Throttled || c == endpoint.Lost || c == endpoint.Unreachable
		if again != (err == nil && tries == 3) || !again && (tries != 1 || endpoint.ClassOf(err) != c) {
			t.Errorf("%s: %d tries, %v", c, tries, err)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	short := eager
	short.Total = 30 * time.Millisecond
	var waits []time.Duration
	short.Waiting = func(err error, wait time.Duration) {
		if endpoint.ClassOf(err) != endpoint.Lost {
			t.Errorf("waiting over %v", err)
		}
		waits = append(waits, wait)
	}
	err := short.Do(t.Context(), func() (bool, error) { return false, class(endpoint.Lost) })
	var sum time.Duration
	for _, w := range waits {
		sum += w
	}
	if endpoint.ClassOf(err) != endpoint.Lost || len(waits) == 0 || sum > short.Total {
		t.Errorf("%v after waits %v", err, waits)
	}
}

// Progress starts the patience anew: a bad line that gets something through each time is never given up.
func TestPatienceCountsFromTheLastProgress(t *testing.T) {
	short := eager
	short.Total = 20 * time.Millisecond
	tries := 0
	err := short.Do(t.Context(), func() (bool, error) {
		if tries++; tries < 40 {
			return true, class(endpoint.Lost)
		}
		return true, nil
	})
	if err != nil || tries != 40 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestPatienceHeedsTheServersWait(t *testing.T) {
	begun, tries := time.Now(), 0
	err := eager.Do(t.Context(), func() (bool, error) {
		if tries++; tries == 1 {
			return false, &endpoint.Error{Class: endpoint.Throttled, Wait: 60 * time.Millisecond}
		}
		return false, nil
	})
	if took := time.Since(begun); err != nil || took < 60*time.Millisecond {
		t.Errorf("%s, %v", took, err)
	}
	tries = 0
	err = eager.Do(t.Context(), func() (bool, error) {
		tries++
		return false, &endpoint.Error{Class: endpoint.Throttled, Wait: time.Hour}
	})
	if tries != 1 || endpoint.ClassOf(err) != endpoint.Throttled {
		t.Errorf("a wait beyond all patience: %d tries, %v", tries, err)
	}
}

func TestPatienceEndsWithTheContext(t *testing.T) {
	slow := endpoint.Patience{First: time.Hour, Most: time.Hour, Total: 3 * time.Hour}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := slow.Do(ctx, func() (bool, error) { return false, class(endpoint.Lost) }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
