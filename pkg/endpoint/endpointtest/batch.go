package endpointtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// deliver appends until every message has a fate of its own, as a caller has to: a batch that was refused as a whole is halved, and what
// was not begun is sent again.
func (b *bench) deliver(target endpoint.Target, batch ...endpoint.Outgoing) []endpoint.Placed {
	b.Helper()
	out := make([]endpoint.Placed, len(batch))
	left := make([]int, len(batch))
	for i := range left {
		left[i] = i
	}
	for most := len(batch); len(left) > 0; {
		var part []endpoint.Outgoing
		for _, i := range left[:min(most, len(left))] {
			part = append(part, batch[i])
		}
		placed, err := target.Append(b.ctx, part, nil)
		b.must(err, "append")
		if len(part) > 1 && placed[0].Together {
			most = len(part) / 2
			continue
		}
		var again []int
		for k, p := range placed {
			if out[left[k]] = p; p.Verdict == endpoint.Unsent && p.Err == nil {
				again = append(again, left[k])
			}
		}
		if len(again) == len(part) {
			b.Fatal("nothing of a batch was begun, and no word said why")
		}
		left = append(again, left[len(part):]...)
	}
	return out
}

// refusedBatch: where batches are stored whole, one bad message keeps all of it out, and the word is about all of them.
func (b *bench) refusedBatch() {
	bad := slices.IndexFunc(Corpus(1<<10), func(s Sample) bool { return b.facts.RefusesMessage(s.Content) })
	if bad < 0 {
		b.Skip("the server refuses no message")
	}
	w := b.make("Refused")
	target := b.target(w)
	batch := []endpoint.Outgoing{outgoing(letter(1)), outgoing(text(Corpus(1 << 10)[bad].Content)), outgoing(letter(2))}
	placed, err := target.Append(b.ctx, batch, nil)
	b.must(err, "append")
	st, err := b.Fetcher.Status(b.ctx, w)
	b.must(err, "status")
	if !b.Appender.Capabilities().Has("MULTIAPPEND") {
		if placed[0].Verdict != endpoint.Stored || placed[0].Together || !isRefusal(placed[1]) {
			b.Errorf("one by one: %+v", placed)
		}
		return
	}
	for i, p := range placed {
		if p.Verdict != endpoint.Refused && p.Verdict != endpoint.Unsent || !p.Together || p.Err == nil {
			b.Errorf("message %d: %+v", i, p)
		}
	}
	if st.Messages != 0 {
		b.Errorf("%d messages of a refused batch are there", st.Messages)
	}
	placed = b.deliver(target, batch...) // the connection is good
	if placed[0].Verdict != endpoint.Stored || !isRefusal(placed[1]) || placed[2].Verdict != endpoint.Stored {
		b.Errorf("halved: %+v", placed)
	}
}

// turns: three Targets of one mailbox take batches by turns, and the messages come in the order of the turns though all upload at once.
//
//	target 0   batch 0 ──────▶ stored, batch 3 ...
//	target 1   batch 1 ── waits ──▶ stored, batch 4 ...
//	target 2   batch 2 ── waits ───── waits ──▶ stored
func (b *bench) turns() {
	const batches, size = 9, 5
	w := b.make("Turns")
	var done [batches + 1]chan struct{}
	for i := range done {
		done[i] = make(chan struct{})
	}
	close(done[0])
	placed := make([][]endpoint.Placed, batches)
	var running sync.WaitGroup
	for k := range 3 {
		target := b.target(w)
		running.Go(func() {
			for i := k; i < batches; i += 3 {
				var batch []endpoint.Outgoing
				for n := range size {
					batch = append(batch, outgoing(letter(i*size+n)))
				}
				var err error
				placed[i], err = target.Append(b.ctx, batch, func(ctx context.Context) error { return receive(ctx, done[i]) })
				if err != nil {
					b.Errorf("batch %d: %v", i, err)
				}
				close(done[i+1])
			}
			target.Close()
		})
	}
	running.Wait()
	b.inTurn(w, slices.Concat(placed...))
}

func receive(ctx context.Context, c chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// inTurn: the letters 0 to n are there in ascending order of UID.
func (b *bench) inTurn(w mailbox.Wire, placed []endpoint.Placed) {
	b.Helper()
	found := b.since(w, 1, len(placed))
	r := b.examine(w)
	defer r.Close()
	got := b.bodies(r, mailbox.SetOf(found...))
	for i, u := range found {
		if p := placed[i]; p.Verdict != endpoint.Stored || p.UID != 0 && p.UID != u {
			b.Errorf("message %d, found as %d: %+v", i, u, p)
		}
		b.sameBytes(u, got[u].content, letter(i))
	}
}

// noTurn: what never had its turn is not there, whatever was uploaded, and the words of the turn come back.
func (b *bench) noTurn() {
	w := b.make("No turn")
	refused := errors.New("another batch failed")
	for _, words := range []error{refused, fmt.Errorf("wrapped: %w", refused)} {
		target := b.target(w)
		calls := 0
		batch := []endpoint.Outgoing{outgoing(letter(1)), outgoing(letter(2))}
		placed, err := target.Append(b.ctx, batch, func(context.Context) error { calls++; return words })
		if err != words || calls != 1 {
			b.Errorf("%v, after %d calls", err, calls)
		}
		for i, p := range placed {
			if p.Verdict != endpoint.Unsent {
				b.Errorf("message %d: %+v", i, p)
			}
		}
		if _, err := target.Append(b.ctx, batch, nil); endpoint.ClassOf(err) != endpoint.Lost {
			b.Errorf("the target afterwards: %v", err)
		}
		b.must(target.Close(), "close")
	}
	st, err := b.Fetcher.Status(b.ctx, w)
	b.must(err, "status")
	if st.Messages != 0 {
		b.Errorf("%d messages are there without a turn", st.Messages)
	}
}
