package copier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

// Job is one run of a plan.
type Job struct {
	Plan        *plan.Plan
	Ledger      *ledger.Ledger
	Source      endpoint.Fetcher
	Destination endpoint.Appender
	Listed      *Listed // both accounts, if they were listed a moment ago; nil: Run asks

	Workers       int   // mailboxes at a time, at most; each needs one connection on either side
	Memory        int64 // bytes of message content held in memory over all workers, about
	BatchMessages int
	BatchBytes    int64
	MatchExisting bool // recognise mail that is on the destination already, by its content
	RetryRefused  bool // try messages again that were refused or oversize in an earlier run
	RecopyMissing bool // append those again that verify has found missing on the destination
	SpoolDir      string

	// Flags is the right by which flags that changed on the source after the copy are brought along; nil leaves the destination's alone.
	Flags endpoint.Flagger
	// Rematch says of which source mailboxes the records may be matched anew by content, where a UIDVALIDITY changed or UIDs went back; nil
	// is none. Any other such mailbox is stopped.
	Rematch func(mailbox.Name) bool

	Sink     event.Sink
	Now      func() time.Time
	Patience endpoint.Patience
	// Settling is how long to wait before a message that was in doubt and is not found counts as not stored: the server may still be
	// at work on what a broken connection gave it. It is waited up to three times.
	Settling time.Duration
}

// Listed are the mailboxes of both accounts, each with its Status.
type Listed struct{ Source, Destination []mailbox.Info }

// Result says what a run did, mailbox by mailbox in the plan's order.
type Result struct{ Mailboxes []Box }

// Box is one mailbox's part of a Result.
type Box struct {
	Name    mailbox.Name
	To      mailbox.Name
	Outcome map[ledger.Outcome]ledger.Count // of this run only
	Flags   FlagCount
	Matched *Matched // what a rematch found; nil when there was none
	Problem string   // why it could not be finished; empty when it was
}

// Total adds up the mailboxes.
func (r *Result) Total(o ledger.Outcome) ledger.Count {
	var sum ledger.Count
	for _, b := range r.Mailboxes {
		sum.Messages += b.Outcome[o].Messages
		sum.Bytes += b.Outcome[o].Bytes
	}
	return sum
}

// Problems lists the mailboxes that could not be finished.
func (r *Result) Problems() []Box {
	return slices.DeleteFunc(slices.Clone(r.Mailboxes), func(b Box) bool { return b.Problem == "" })
}

// stage is the name of this package's work in events.
const stage = "copy"

// run is a Job under way.
type run struct {
	Job
	window int64 // bytes of messages read ahead at a time, per worker
	memory *budget
	slots  *slots
	stored atomic.Int64 // bytes that the destination has taken

	mu      sync.Mutex
	results map[string]*Box // by plan entry's source name
}

// Run does what the plan says, as far as it is not done yet, and goes on where an earlier run was cut off. Trouble with a message or a
// mailbox is recorded and the rest goes on; the error is for what ends the run: the context, the ledger, an account that is full,
// refuses or stays away. The Result is filled as far as the run came in either case.
func Run(ctx context.Context, job Job) (*Result, error) {
	r := &run{Job: job, results: map[string]*Box{}}
	if r.Patience.Waiting == nil {
		r.Patience.Waiting = func(err error, wait time.Duration) {
			r.Sink.Emit(event.Waiting{Stage: stage, Reason: err.Error(), Wait: wait})
		}
	}
	r.Workers = max(1, r.Workers)
	r.BatchMessages = max(1, r.BatchMessages)
	// Five windows a connection exist at a time, about: two that are read or wait for their turn in each of two mailboxes, one that is being
	// appended. What the budget does not hold goes through files.
	r.window = max(64<<10, min(job.BatchBytes, job.Memory/int64(6*r.Workers)))
	r.memory = newBudget(max(1<<20, job.Memory*3/4))
	r.slots = newSlots(r.Workers)
	started := r.Now()
	if err := r.Ledger.RecordPlan(job.Plan.Sum(), started); err != nil {
		return &Result{}, err
	}
	err := r.walk(ctx)
	result := r.result()
	copied := result.Total(ledger.Copied)
	r.Sink.Emit(event.StageDone{Stage: stage, Messages: copied.Messages, Bytes: copied.Bytes, Took: r.Now().Sub(started)})
	return result, err
}

func (r *run) walk(ctx context.Context) error {
	listed, err := r.list(ctx)
	if err != nil {
		return err
	}
	destination := byWire(listed.Destination)
	places := r.places(destination)
	tasks, err := r.prepare(ctx, byWire(listed.Source), destination, places)
	if err != nil {
		return err
	}
	r.announce(tasks)
	err = r.work(ctx, tasks, func(ctx context.Context) error { return r.placeAll(ctx, places, destination) })
	r.failed(places)
	return err
}

func (r *run) list(ctx context.Context) (*Listed, error) {
	if r.Listed != nil {
		return r.Listed, nil
	}
	l := &Listed{}
	err := r.Patience.Do(ctx, func() (progressed bool, err error) {
		if l.Source, err = r.Source.List(ctx); err != nil {
			return false, err
		}
		l.Destination, err = r.Destination.List(ctx)
		return false, err
	})
	return l, err
}

// announce tells how much may lie ahead; what is filtered out or there already shows only on the way.
func (r *run) announce(tasks [][]*task) {
	var e event.StageStarted
	e.Stage = stage
	for _, group := range tasks {
		for _, t := range group {
			e.Messages += t.ahead.Messages
			e.Bytes += t.ahead.Bytes
		}
	}
	r.Sink.Emit(e)
}

// work runs groups of tasks, twice as many at a time as there are connections: while some are appended, others are opened and read, and
// beside all place makes their mailboxes. Tasks of one group share a destination mailbox and go one after the other, so that only one of
// them has messages in doubt there. The first error that ends the run stops all.
func (r *run) work(ctx context.Context, groups [][]*task, place func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan []*task)
	var workers sync.WaitGroup
	background := func(do func() error) {
		workers.Go(func() {
			if err := do(); err != nil {
				stop(err)
			}
		})
	}
	background(func() error { return place(ctx) })
	for range 2 * r.Workers {
		background(func() error {
			for group := range queue {
				if err := r.copyGroup(ctx, group); err != nil {
					stop(err)
				}
			}
			return nil
		})
	}
	go r.slots.warmUp(ctx, warmUpInterval, r.stored.Load)
	for _, group := range groups {
		select {
		case queue <- group:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// warmUpInterval is how long throughput is looked at before one connection more is tried.
const warmUpInterval = 250 * time.Millisecond

func (r *run) copyGroup(ctx context.Context, group []*task) error {
	for _, t := range group {
		if err := r.copyMailbox(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// box is the result of one plan entry; callers hold no lock.
func (r *run) box(e plan.Entry) *Box {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := e.Source.String()
	if r.results[key] == nil {
		r.results[key] = &Box{Name: e.Source, To: e.To, Outcome: map[ledger.Outcome]ledger.Count{}}
	}
	return r.results[key]
}

func (r *run) result() *Result {
	out := &Result{}
	for _, e := range r.Plan.Mailboxes {
		if b := r.results[e.Source.String()]; b != nil {
			out.Mailboxes = append(out.Mailboxes, *b)
		}
	}
	return out
}

func byWire(infos []mailbox.Info) map[mailbox.Wire]mailbox.Info {
	m := make(map[mailbox.Wire]mailbox.Info, len(infos))
	for _, info := range infos {
		m[info.Wire] = info
	}
	return m
}

// stopMailbox is trouble that ends one mailbox and no more.
type stopMailbox struct{ reason string }

func (e *stopMailbox) Error() string { return e.reason }

func stopf(format string, args ...any) error { return &stopMailbox{fmt.Sprintf(format, args...)} }

// endsMailboxOnly tells trouble of one mailbox from trouble of the account or the run.
func endsMailboxOnly(err error) bool {
	if _, ok := errors.AsType[*stopMailbox](err); ok {
		return true
	}
	switch endpoint.ClassOf(err) {
	case endpoint.NoMailbox, endpoint.BadMailbox, endpoint.BadMessage, endpoint.Protocol, endpoint.Unsupported:
		return true
	}
	return false
}
