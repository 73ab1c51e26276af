package verify

import (
	"context"
	"sync"
	"sync/atomic"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// A page ends at the first of these: little is read again after a lost connection, and what a page costs beside its bytes weighs little.
var (
	pageRows  = 2000 // tests make it smaller
	pageBytes = int64(8 << 20)
)

// page is a stretch of the ledger's rows on its way. Its two sides are looked at side by side.
type page struct {
	first, last mailbox.UID // on the source, both included
	rows        []ledger.Row

	totals  Totals        // of the source
	unknown []mailbox.UID // there, and not in the ledger
	err     error         // why the source could not be looked at

	looked  chan struct{} // closed when the two below are there
	found   findings      // on the destination
	lookErr error
}

// ahead is how many pages may be under way.
const ahead = 8

// flow takes a mailbox's pages through both sides. Pages are settled in their order, so that an attempt that breaks off has told
// everything below next and nothing above.
//
//	feed: ledger ─▶ page ─▶ queue ─▶ lane (a connection to the destination), as many as are to be had ─▶ settle: ledger, totals, differences
//	                  └──▶ source ──────────────────────────────────────────────────────────────────▶
type flow struct {
	*box
	begin  mailbox.UID // of the first page
	queue  chan *page
	order  chan *page
	all    sync.WaitGroup
	narrow atomic.Bool // one lane more was refused
}

// windows goes through the mailbox in pages of the ledger, and through what the source has beyond the last row.
func (b *box) windows(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	f := &flow{box: b, begin: b.next, queue: make(chan *page), order: make(chan *page, ahead)}
	f.all.Go(func() { f.feed(ctx) })
	f.all.Go(func() { f.lane(ctx, b.dest) })
	err := f.settle(ctx)
	stop()
	f.all.Wait()
	return err
}

// feed makes pages until one cannot be made, or none is left.
func (f *flow) feed(ctx context.Context) {
	defer close(f.order)
	defer close(f.queue)
	for first := f.begin; first != 0; { // 0 comes after the last possible UID
		p := f.page(first)
		if p.err == nil {
			f.hand(ctx, p)
			p.err = f.sourceSide(ctx, p)
		}
		select {
		case f.order <- p:
		case <-ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
		first = p.last + 1
	}
}

func (f *flow) page(first mailbox.UID) *page {
	p := &page{first: first, last: 1<<32 - 1, looked: make(chan struct{})}
	if p.rows, p.err = f.Ledger.Page(f.mailbox, first, pageRows); p.err != nil {
		close(p.looked)
		return p
	}
	n, size := 0, int64(0)
	for n < len(p.rows) && (n == 0 || size+p.rows[n].Size <= pageBytes) {
		size += p.rows[n].Size
		n++
	}
	if n == pageRows || n < len(p.rows) {
		p.last = p.rows[n-1].UID
	}
	p.rows = p.rows[:n]
	return p
}

// hand gives a page to a lane, to a new one if all are busy.
func (f *flow) hand(ctx context.Context, p *page) {
	if f.Depth < Metadata || len(destSet(located(p.rows))) == 0 {
		close(p.looked)
		return
	}
	if p.first != f.begin { // the first lane may not have come to its queue yet
		select {
		case f.queue <- p:
			return
		default:
			f.widen(ctx)
		}
	}
	select {
	case f.queue <- p:
	case <-ctx.Done():
		p.lookErr = ctx.Err()
		close(p.looked)
	}
}

// widen opens one lane more, if a connection is to spare. What goes wrong with it is no trouble: the first lane is there, and would show it.
func (f *flow) widen(ctx context.Context) {
	if f.narrow.Load() {
		return
	}
	select {
	case <-f.spare:
	default:
		return
	}
	f.all.Go(func() {
		defer func() { f.spare <- struct{}{} }()
		m := f.mailbox
		dest, err := f.open(ctx, f.Destination, m.Dest, m.DestName, m.DestValidity, f.highestDest)
		if err != nil {
			f.narrow.Store(true)
			return
		}
		defer dest.Close()
		f.lane(ctx, dest)
	})
}

// lane looks at the destination's side of one page after the other.
func (f *flow) lane(ctx context.Context, dest endpoint.Reader) {
	for p := range f.queue {
		p.found, p.lookErr = f.look(ctx, dest, p.rows)
		close(p.looked)
	}
}

// settle records what was found, page by page. Only a page that was done is told of: one that a lost connection broke off is looked at again.
func (f *flow) settle(ctx context.Context) error {
	for p := range f.order {
		<-p.looked
		if p.err != nil {
			return p.err
		}
		if p.lookErr != nil {
			return p.lookErr
		}
		if err := f.record(p.found); err != nil {
			return err
		}
		f.late = append(f.late, p.found.absent...)
		f.totals.add(p.totals)
		for _, uid := range p.unknown {
			f.tell(ledger.Row{UID: uid}, Unaccounted, "it is on the source, and copy has not dealt with it; run copy")
		}
		f.next = p.last + 1
		f.progressed = true
	}
	return ctx.Err()
}
