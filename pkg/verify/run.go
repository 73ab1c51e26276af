package verify

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// stage is the name of this package's work in events.
const stage = "verify"

// run is a Job under way.
type run struct {
	Job
	result *Result
	spare  chan struct{} // one for each worker that has nothing to do: its connection to the destination may be another's
}

// Run compares both accounts with the ledger and writes proofs into it. A mailbox that cannot be verified is in the Result, and the others go
// on; the error is for what ends the run: the context, the ledger, an account that is not the recorded one or cannot be reached any more. The
// Result then holds what was found until then.
func Run(ctx context.Context, j Job) (*Result, error) {
	r := &run{Job: j.withDefaults(), result: &Result{}}
	r.spare = make(chan struct{}, r.Workers)
	r.result.Depth = r.Depth.String()
	if err := r.sameAccounts(); err != nil {
		return r.result, err
	}
	places, err := r.places()
	if err != nil {
		return r.result, err
	}
	started := r.Now()
	err = r.work(ctx, places)
	r.gather(places)
	t := r.result.Totals
	r.Sink.Emit(event.StageDone{Stage: stage, Messages: t.Proved, Bytes: t.Bytes, Took: r.Now().Sub(started)})
	return r.result, err
}

// sameAccounts holds the logins against the ledger: proof that another account has the mail would be no proof.
func (r *run) sameAccounts() error {
	facts := r.Ledger.Facts()
	for _, side := range []struct{ recorded, now endpoint.Identity }{{facts.Source, r.Source.Identity()}, {facts.Destination, r.Destination.Identity()}} {
		if !side.recorded.Same(side.now) {
			return &endpoint.StaleError{Account: side.now.String(), Reason: "the ledger is of " + side.recorded.String(), Next: "name the migration that belongs to this account"}
		}
	}
	// The keys that the servers show now are those that the proof is from: a checkpoint names them, and purge wants to see them again.
	return r.Ledger.Recognise(r.Source.Identity(), r.Destination.Identity())
}

// places are the mailboxes to verify. Those that share a destination stay together, because one after the other has to claim its messages there.
func (r *run) places() ([]*place, error) {
	all, err := r.Ledger.Mailboxes()
	if err != nil {
		return nil, err
	}
	known := map[mailbox.Wire]bool{}
	byDest := map[uint32]*place{}
	var places []*place
	var before ledger.Count
	for i, m := range all {
		known[m.Source] = true
		// A mailbox that a rollback has removed has nothing to be proved.
		if ledger.Superseded(all, i) || m.Unmade || r.Mailboxes != nil && !r.Mailboxes(m.Name) {
			continue
		}
		b := newBox(r, m)
		if err := b.survey(); err != nil {
			return nil, err
		}
		before.Messages, before.Bytes = before.Messages+b.totals.Present, before.Bytes+b.bytes
		if b.place = byDest[m.DestID]; b.place == nil {
			b.place = &place{}
			byDest[m.DestID] = b.place
			places = append(places, b.place)
		}
		b.place.boxes = append(b.place.boxes, b)
	}
	slices.SortStableFunc(places, func(a, b *place) int { return cmp.Compare(b.work(), a.work()) }) // the largest is not to be begun last
	r.Sink.Emit(event.StageStarted{Stage: stage, Messages: before.Messages, Bytes: before.Bytes})
	r.unbegun(known)
	return places, nil
}

// unbegun are the planned mailboxes that copy never came to.
func (r *run) unbegun(known map[mailbox.Wire]bool) {
	var names []string
	for w, name := range r.Planned {
		if !known[w] && (r.Mailboxes == nil || r.Mailboxes(name)) {
			names = append(names, name.String())
		}
	}
	slices.Sort(names)
	for _, name := range names {
		r.result.tell(r.Sink, &r.result.Totals, Difference{Mailbox: name, Kind: Unaccounted, Reason: "the plan copies this mailbox, but copy has not come to it; run copy"})
	}
}

// work lets the workers take one place after the other. The first error that ends the run ends all of them.
func (r *run) work(ctx context.Context, places []*place) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan *place)
	var workers sync.WaitGroup
	busy := min(r.Workers, len(places))
	for range r.Workers - busy {
		r.spare <- struct{}{}
	}
	for range busy {
		workers.Go(func() {
			defer func() { r.spare <- struct{}{} }()
			for p := range queue {
				for _, b := range p.boxes {
					if err := b.verify(ctx); err != nil {
						stop(err)
					}
				}
			}
		})
	}
	for _, p := range places {
		queue <- p
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

func (r *run) gather(places []*place) {
	var all []*box
	for _, p := range places {
		all = append(all, p.boxes...)
	}
	slices.SortFunc(all, func(a, b *box) int { return int(a.mailbox.ID) - int(b.mailbox.ID) })
	mailboxes := make([]ledger.Mailbox, len(all))
	for i, b := range all {
		mailboxes[i] = b.mailbox
	}
	for _, i := range ledger.ByName(mailboxes) {
		b := all[i]
		m := MailboxResult{Name: b.name, Dest: b.mailbox.DestName.String(), Totals: b.totals, Err: b.err}
		if b.err != nil {
			m.Problem = b.err.Error()
		}
		r.result.Mailboxes = append(r.result.Mailboxes, m)
		r.result.Totals.add(b.totals)
	}
}

// endsMailboxOnly tells trouble with one mailbox from trouble with the account, the ledger or the run.
func endsMailboxOnly(err error) bool {
	if _, ok := errors.AsType[*endpoint.StaleError](err); ok {
		return true
	}
	switch endpoint.ClassOf(err) {
	case endpoint.NoMailbox, endpoint.BadMailbox, endpoint.BadMessage, endpoint.Protocol, endpoint.Unsupported:
		return true
	}
	return false
}
