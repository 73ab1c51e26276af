package verify

import (
	"context"
	"sync"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// box is one mailbox of the ledger, on its way through a verification. It belongs to one worker. What it has found stays over a lost
// connection: the next attempt goes on from next.
type box struct {
	*run
	mailbox ledger.Mailbox
	name    string
	totals  Totals
	bytes   int64 // of the present messages
	err     error

	highest     mailbox.UID // that the ledger knows on the source
	highestDest mailbox.UID // on the destination
	next        mailbox.UID // source UIDs below it are done
	place       *place
	late        []mailbox.UID
	unlocated   int64

	source, dest endpoint.Reader // of the present attempt
	progressed   bool            // by the present attempt

	sourceUse sync.Mutex // held by who uses source while pages are under way
	altered   int        // messages; under sourceUse
}

func newBox(r *run, m ledger.Mailbox) *box {
	return &box{run: r, mailbox: m, name: m.Name.String(), next: 1}
}

// place is one destination mailbox, with all source mailboxes that go there.
type place struct {
	boxes    []*box
	compared bool // its count was looked at
	short    bool // it holds fewer messages than are recorded
}

// message is what one costs beside its bytes, in bytes; about.
const message = 4 << 10

// work is how much there is to do, for an order.
func (p *place) work() (n int64) {
	for _, b := range p.boxes {
		n += b.bytes + b.totals.Present*message
	}
	return n
}

// survey counts what the ledger says of the mailbox.
func (b *box) survey() error {
	return b.Ledger.Each(b.mailbox, func(r ledger.Row) error {
		b.totals.Rows++
		b.highest = max(b.highest, r.UID)
		switch {
		case r.Outcome.Present():
			b.totals.Present++
			b.bytes += r.Size
			b.highestDest = max(b.highestDest, r.Dest)
		case !r.Outcome.Good():
			b.totals.Attention++
		}
		if len(r.Dropped) > 0 {
			b.totals.Dropped++
		}
		if r.Outcome.Present() && r.Dest == 0 {
			b.unlocated++
		}
		return nil
	})
}

// verify does the whole mailbox, connecting again as long as patience lasts. The returned error ends the run.
func (b *box) verify(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil // the reason is known where it came from
	}
	b.Sink.Emit(event.MailboxStarted{Stage: stage, Mailbox: b.name, To: b.mailbox.DestName.String(), Messages: b.totals.Present, Bytes: b.bytes})
	err := b.Patience.Do(ctx, func() (bool, error) {
		b.progressed = false
		err := b.attempt(ctx)
		return b.progressed, err
	})
	done := event.MailboxDone{Stage: stage, Mailbox: b.name, Messages: b.totals.Proved, Bytes: b.totals.Bytes}
	if err != nil {
		b.err = err
		done.Problem = err.Error()
	}
	b.Sink.Emit(done)
	if err != nil && endsMailboxOnly(err) {
		return nil
	}
	return err
}

// attempt goes as far as it can on one pair of connections.
func (b *box) attempt(ctx context.Context) error {
	defer b.closeDest() // by then it may be another
	defer b.closeSource()
	if err := b.openBoth(ctx); err != nil {
		return err
	}
	if err := b.counts(); err != nil {
		return err
	}
	if err := b.windows(ctx); err != nil {
		return err
	}
	if b.Depth == Content {
		if err := b.locate(ctx); err != nil {
			return err
		}
	} else {
		b.totals.Unlocated = b.unlocated
	}
	return b.wait(ctx)
}

// openBoth opens the two sides at once: each costs a wait. Of two troubles the source's is told.
func (b *box) openBoth(ctx context.Context) error {
	var dest error
	var both sync.WaitGroup
	both.Go(func() { dest = b.openDest(ctx) })
	m := b.mailbox
	source, err := b.open(ctx, b.Source, m.Source, m.Name, m.Validity, b.highest)
	if err == nil {
		b.source = source
	}
	both.Wait()
	if err != nil {
		return err
	}
	return dest
}

// open examines a mailbox and holds it against what was recorded of it.
func (b *box) open(ctx context.Context, f endpoint.Fetcher, w mailbox.Wire, name mailbox.Name, recorded mailbox.UIDValidity, highest mailbox.UID) (endpoint.Reader, error) {
	reader, err := f.Examine(ctx, w)
	if endpoint.ClassOf(err) == endpoint.NoMailbox {
		return nil, &endpoint.StaleError{Account: f.Identity().String(), Mailbox: name.String(), Reason: "it is not there any more", Next: "look at the account; what was recorded of it is void"}
	}
	if err != nil {
		return nil, err
	}
	if stale := reader.State().Still(f.Identity(), name, recorded, highest); stale != nil {
		reader.Close()
		return nil, stale
	}
	return reader, nil
}

func (b *box) closeSource() {
	if b.source != nil {
		b.source.Close()
		b.source = nil
	}
}

func (b *box) closeDest() {
	if b.dest != nil {
		b.dest.Close()
		b.dest = nil
	}
}

// openDest takes a session that begins now: only what it shows counts as being there. The one before is closed first, so that one connection
// is enough.
func (b *box) openDest(ctx context.Context) error {
	b.closeDest()
	m := b.mailbox
	dest, err := b.open(ctx, b.Destination, m.Dest, m.DestName, m.DestValidity, b.highestDest)
	if err == nil {
		b.dest = dest
	}
	return err
}

// counts compares how many messages the destination has with how many are recorded there, from whatever source mailbox.
func (b *box) counts() error {
	if b.Depth != Counts {
		return nil
	}
	if !b.place.compared {
		claims, err := b.Ledger.Claims(b.mailbox, 1)
		if err != nil {
			return err
		}
		want, have := int64(claims.Len()), int64(b.dest.State().Messages)
		for _, o := range b.place.boxes {
			want += o.unlocated
		}
		b.place.compared, b.place.short = true, have < want
		if b.place.short {
			b.tell(ledger.Row{}, Count, "the destination mailbox has %d messages, %d are recorded there; verify --depth metadata says which are missing", have, want)
		}
	}
	if !b.place.short {
		b.totals.Proved, b.totals.Bytes = b.totals.Present, b.bytes
	}
	return nil
}
