package ledger

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"imapmigrate/pkg/crash"
)

// change is one caller's part of a transaction. It may run more than once, each time on a transaction that holds nothing of its earlier
// runs, so it must not keep anything outside from one run to the next.
type change func(*bbolt.Tx) error

// write is a change that waits for its transaction.
type write struct {
	change change
	err    error
	wake   chan bool // true: this caller leads the next transaction; false: its change is durable, or err says why not
}

// update makes one change durable, together with whatever other goroutines have waiting at that moment: they share one transaction and
// one disk sync. An error of the change itself takes back that change alone and is returned as it is; an error of the commit means
// "unknown whether it took effect" for all, and ends the ledger's use.
//
// The first to come leads a transaction; whoever comes while it is being written waits, and one of them leads the next.
func (l *Ledger) update(c change) error {
	w := &write{change: c, wake: make(chan bool, 1)}
	l.mu.Lock()
	leads := !l.writing
	l.writing = true
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	if !leads && !<-w.wake {
		return w.err
	}
	l.mu.Lock()
	batch := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	l.writeAll(batch)
	l.handOver()
	for _, other := range batch {
		if other != w {
			other.wake <- false
		}
	}
	return w.err
}

// handOver makes the first of those who came meanwhile the next leader.
func (l *Ledger) handOver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.writing = false
		return
	}
	l.waiting[0].wake <- true
}

// writeAll commits a batch in the order in which it came. A change that errs is left out, and the others are tried again without it.
func (l *Ledger) writeAll(batch []*write) {
	for len(batch) > 0 {
		if broken := l.broken.Load(); broken != nil {
			for _, w := range batch {
				w.err = *broken
			}
			return
		}
		refused := l.writeOnce(batch)
		if refused < 0 {
			return
		}
		batch = append(append([]*write{}, batch[:refused]...), batch[refused+1:]...)
	}
}

// writeOnce runs one transaction of the whole batch. It returns the index of the change that erred, in which case nothing was written, or
// -1 when the batch is done with.
func (l *Ledger) writeOnce(batch []*write) (refused int) {
	refused = -1
	crash.Point("ledger.write.before")
	err := l.survive(func() error {
		return l.db.Update(func(tx *bbolt.Tx) error {
			for i, w := range batch {
				if err := w.change(tx); err != nil {
					refused = i
					return err
				}
			}
			return nil
		})
	})
	if refused >= 0 {
		batch[refused].err = err
		return refused
	}
	if err != nil {
		err = fmt.Errorf("ledger %s could not be written, so nothing more is sent; free space or mend the disk, then run the same command again: %w", l.path, err)
		l.broken.Store(&err)
		for _, w := range batch {
			w.err = err
		}
		return -1
	}
	crash.Point("ledger.write.after")
	return -1
}

func (l *Ledger) view(f func(*bbolt.Tx) error) error {
	if broken := l.broken.Load(); broken != nil {
		return *broken
	}
	return l.survive(func() error { return l.db.View(f) })
}

// survive turns what bbolt does on a damaged file (Go panics, faults in the memory map) into a DamagedError.
func (l *Ledger) survive(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if p := recover(); p != nil {
			if e, ok := p.(runtime.Error); ok {
				err = &DamagedError{l.path, e}
				return
			}
			err = &DamagedError{l.path, fmt.Errorf("%v", p)}
		}
	}()
	if err = f(); errors.Is(err, errRow) {
		err = &DamagedError{l.path, err}
	}
	return err
}
