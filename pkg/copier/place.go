package copier

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

// place is the destination mailbox of one plan entry, which may have to be made and subscribed first. That goes on beside the copying.
type place struct {
	entry plan.Entry
	task  *task  // what goes there, nil for a mailbox without messages of its own
	owner *place // who makes the mailbox, where several entries go to one; nil for who does it itself
	ready bool   // there was nothing to do from the beginning

	done chan struct{} // closed when what follows is set
	made bool
	err  error
}

// wait returns when the mailbox is there, or with the reason why it cannot be.
func (p *place) wait(ctx context.Context) (made bool, err error) {
	if p.owner != nil {
		_, err = p.owner.wait(ctx)
		return false, err
	}
	select {
	case <-p.done:
		return p.made, p.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// atOnce reports whether nothing has to be waited for.
func (p *place) atOnce() bool { return p.ready || p.owner != nil && p.owner.ready }

// places has one for each entry of the plan, skipped ones too.
func (r *run) places(destination map[mailbox.Wire]mailbox.Info) []*place {
	out := make([]*place, len(r.Plan.Mailboxes))
	owners := map[mailbox.Wire]*place{}
	for i, e := range r.Plan.Mailboxes {
		p := &place{entry: e, done: make(chan struct{})}
		out[i] = p
		if e.Action.Copies() {
			if p.owner = owners[e.ToWire]; p.owner != nil {
				p.owner.entry.Subscribe = p.owner.entry.Subscribe || e.Subscribe
				continue
			}
			owners[e.ToWire] = p
		}
	}
	for _, p := range out {
		if p.owner == nil && r.inPlace(p.entry, destination) {
			p.ready = true
			close(p.done)
		}
	}
	return out
}

// inPlace reports whether nothing has to be made or subscribed for e.
func (r *run) inPlace(e plan.Entry, destination map[mailbox.Wire]mailbox.Info) bool {
	info, there := destination[e.ToWire]
	switch {
	case e.Action == plan.Skip:
		return true
	case e.Action == plan.Structure && (there || r.hasChildren(e)):
		return true // a server makes the parents of what it is told to make
	}
	return !missing(e, info) && (!e.Subscribe || info.Subscribed)
}

// missing reports whether the mailbox has to be made; info is what LIST says of it, zero if nothing.
func missing(e plan.Entry, info mailbox.Info) bool { return !info.Selectable && !e.To.IsInbox() }

// placeAll makes and subscribes the mailboxes that are not in place: parents before their children, for what a server makes on the way to a
// child has no special use; those of one depth at the same time, those first for which most is to be copied. The error is for what ends the
// run; a mailbox that cannot be made is a problem of its own.
func (r *run) placeAll(ctx context.Context, places []*place, destination map[mailbox.Wire]mailbox.Info) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, level := range levels(places) {
		queue := make(chan *place)
		var workers sync.WaitGroup
		for range min(r.Workers, len(level)) {
			workers.Go(func() {
				for p := range queue {
					p.made, p.err = r.make(ctx, p.entry, destination[p.entry.ToWire])
					if p.err != nil && !endsMailboxOnly(p.err) {
						stop(p.err)
						continue // nobody is to take it for the mailbox's own trouble
					}
					close(p.done)
				}
			})
		}
		for _, p := range level {
			queue <- p
		}
		close(queue)
		workers.Wait()
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
	return nil
}

// levels are the places that something has to be done for, by the depth of the mailbox.
func levels(places []*place) [][]*place {
	depth := map[int][]*place{}
	for _, p := range places {
		if p.owner == nil && !p.ready {
			depth[len(p.entry.To)] = append(depth[len(p.entry.To)], p)
		}
	}
	var out [][]*place
	for _, d := range slices.Sorted(maps.Keys(depth)) {
		slices.SortStableFunc(depth[d], func(a, b *place) int { return cmp.Compare(b.weight(), a.weight()) })
		out = append(out, depth[d])
	}
	return out
}

func (p *place) weight() int64 {
	if p.task == nil {
		return 0
	}
	return weight([]*task{p.task})
}

// make creates and subscribes the destination mailbox of e.
func (r *run) make(ctx context.Context, e plan.Entry, info mailbox.Info) (made bool, err error) {
	if missing(e, info) {
		err := r.Patience.Do(ctx, func() (bool, error) {
			now, err := r.Destination.Create(ctx, e.ToWire, e.ToRole)
			crash.Point("copier.created")
			made = made || now
			return false, err
		})
		if err != nil {
			return made, err
		}
	}
	if !e.Subscribe || info.Subscribed {
		return made, nil
	}
	err = r.Patience.Do(ctx, func() (bool, error) { return false, r.Destination.Subscribe(ctx, e.ToWire) })
	crash.Point("copier.subscribed")
	if err != nil && endsMailboxOnly(err) {
		r.Sink.Emit(event.Warning{Stage: stage, Text: "not subscribed: " + err.Error()})
		return made, nil
	}
	return made, err
}

func (r *run) hasChildren(parent plan.Entry) bool {
	for _, e := range r.Plan.Mailboxes {
		if e.Action != plan.Skip && len(e.To) > len(parent.To) && e.To.HasPrefix(parent.To) {
			return true
		}
	}
	return false
}

// failed tells of mailboxes without messages of their own that could not be made; the others tell when it is their turn.
func (r *run) failed(places []*place) {
	for _, p := range places {
		if p.task != nil || p.owner != nil {
			continue
		}
		select {
		case <-p.done:
			if p.err != nil {
				r.fail(p.entry, p.err)
			}
		default: // the run ended before
		}
	}
}
