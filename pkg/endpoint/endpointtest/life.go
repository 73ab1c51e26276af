package endpointtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// soon is how long a method may take to notice that its context has ended.
const soon = 5 * time.Second

func testCancel(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Cancelled")
	b.add(w, outgoing(letter(1)), outgoing(text(big("Subject: big\r\n\r\n", 8<<20))), outgoing(letter(3)))
	t.Run("before", func(t *testing.T) { b.with(t).cancelledBefore(w) })
	t.Run("in a visit", func(t *testing.T) { b.with(t).cancelledIn(w) })
	t.Run("after", func(t *testing.T) {
		b := b.with(t)
		r := b.examine(w)
		if n := len(b.bodies(r, r.State().Everything())); n != 3 {
			b.Errorf("%d bodies", n)
		}
	})
}

// cancelledBefore: with an ended context nothing is done.
func (b *bench) cancelledBefore(w mailbox.Wire) {
	r, target, s := b.examine(w), b.target(w), b.remover(w)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	calls := map[string]func() error{
		"list":    func() error { _, err := b.Fetcher.List(ctx); return err },
		"status":  func() error { _, err := b.Fetcher.Status(ctx, w); return err },
		"examine": func() error { _, err := b.Fetcher.Examine(ctx, w); return err },
		"create":  func() error { _, err := b.Appender.Create(ctx, b.wire("Never"), ""); return err },
		"target":  func() error { _, err := b.Appender.Target(ctx, w); return err },
		"select":  func() error { _, err := b.Expunger.Select(ctx, w); return err },
		"scan":    func() error { return r.Scan(ctx, r.State().Everything(), func(mailbox.Message) error { return nil }) },
		"fetch":   func() error { return r.Fetch(ctx, r.State().Everything(), func(endpoint.Body) error { return nil }) },
		"append":  func() error { _, err := target.Append(ctx, []endpoint.Outgoing{outgoing(letter(9))}, nil); return err },
		"mark":    func() error { return s.MarkDeleted(ctx, s.State().Everything(), 0) },
		"expunge": func() error { return s.Expunge(ctx, s.State().Everything()) },
	}
	for name, call := range calls {
		b.ends(name, call)
	}
	for _, c := range []io.Closer{r, target, s} {
		b.must(c.Close(), "close")
	}
	if st, err := b.Fetcher.Status(b.ctx, w); err != nil || st.Messages != 3 {
		b.Errorf("after that: %+v, %v", st, err)
	}
	b.deleted(b.remover(w))
}

// ends checks that a call with an ended context returns soon, with the context's error or one of ours.
func (b *bench) ends(name string, call func() error) {
	b.Helper()
	begun := time.Now()
	err := call()
	if took := time.Since(begun); took > soon {
		b.Errorf("%s: %s after the context ended", name, took)
	}
	if e, ours := errors.AsType[*endpoint.Error](err); !errors.Is(err, context.Canceled) && !ours || ours && e.Class != endpoint.Lost {
		b.Errorf("%s with an ended context: %v", name, err)
	}
}

// cancelledIn: the context ends while a body is being read.
func (b *bench) cancelledIn(w mailbox.Wire) {
	r := b.examine(w)
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	b.ends("fetch", func() error {
		return r.Fetch(ctx, r.State().Everything(), func(body endpoint.Body) error {
			if body.Size > 1<<20 {
				cancel()
			}
			_, err := io.Copy(io.Discard, body.Content)
			if err != nil && ctx.Err() == nil {
				return err
			}
			return nil
		})
	})
	b.must(r.Close(), "close")
}

// testParallel: several mailboxes of one account at the same time, from several goroutines.
func testParallel(t *testing.T, f Factory) {
	b := f.open(t)
	const n = 20
	first, second, third := b.make("First"), b.make("Second"), b.make("Third")
	b.fill(first, n)
	b.fill(second, n)
	var all sync.WaitGroup
	for i, w := range []mailbox.Wire{first, second} {
		all.Go(func() {
			if err := b.readOften(w, n); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	all.Go(func() {
		if err := b.appendOften(third, n); err != nil {
			t.Errorf("target: %v", err)
		}
	})
	all.Wait()
	if st, err := b.Fetcher.Status(b.ctx, third); err != nil || st.Messages != n {
		t.Errorf("%+v, %v", st, err)
	}
}

func (b *bench) readOften(w mailbox.Wire, n int) error {
	for range 3 {
		r, err := b.Fetcher.Examine(b.ctx, w)
		if err != nil {
			return err
		}
		seen := 0
		err = r.Fetch(b.ctx, r.State().Everything(), func(body endpoint.Body) error {
			seen++
			_, err := readAll(body)
			return err
		})
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		if seen != n {
			return fmt.Errorf("%d bodies of %d", seen, n)
		}
	}
	return nil
}

func (b *bench) appendOften(w mailbox.Wire, n int) error {
	target, err := b.Appender.Target(b.ctx, w)
	if err != nil {
		return err
	}
	defer target.Close()
	for i := range n {
		placed, err := target.Append(b.ctx, []endpoint.Outgoing{outgoing(letter(i))}, nil)
		if err != nil {
			return err
		}
		if placed[0].Verdict != endpoint.Stored {
			return fmt.Errorf("message %d: %+v", i, placed[0])
		}
	}
	return nil
}

// testClose: what is closed fails with Lost, what is closed twice is closed, and closing gives back.
func testClose(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Reopened")
	b.fill(w, 2)
	for range 12 { // more often than any pool is large
		r := b.examine(w)
		b.must(r.Close(), "close")
		b.must(r.Close(), "close again")
		if err := r.Scan(b.ctx, r.State().Everything(), func(mailbox.Message) error { return nil }); endpoint.ClassOf(err) != endpoint.Lost {
			t.Errorf("scan after close: %v", err)
		}
	}
	r := b.examine(w)
	b.must(b.Fetcher.Close(), "close account")
	if err := r.Scan(b.ctx, r.State().Everything(), func(mailbox.Message) error { return nil }); endpoint.ClassOf(err) != endpoint.Lost {
		t.Errorf("scan after the account was closed: %v", err)
	}
	b.must(r.Close(), "close reader")
	b.must(b.Fetcher.Close(), "close account again")
	if _, err := b.Fetcher.Examine(b.ctx, w); endpoint.ClassOf(err) != endpoint.Lost {
		t.Errorf("examine after the account was closed: %v", err)
	}
}
