package copier

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

// task is one source mailbox on its way.
type task struct {
	entry  plan.Entry
	source mailbox.Status
	dest   *mailbox.Status // of the destination mailbox as LIST gave it, nil when it did not
	record *ledger.Mailbox // the newest entry of the source mailbox; nil before the first
	fresh  bool            // nothing was recorded of it before this run
	made   bool
	ahead  ledger.Count // new messages, as far as STATUS tells; Bytes 0 where it does not

	// What the attempts of this run have learned about messages that break the connection: see transfer.stumble and transfer.refresh.
	tries    map[mailbox.UID]int
	stumbles int
}

// prepare makes the destination's mailboxes, subscribes them, and returns what there is to copy, grouped by destination mailbox, the
// largest first. A mailbox that cannot be made is a problem of its own.
func (r *run) prepare(ctx context.Context, source, destination map[mailbox.Wire]mailbox.Info) ([][]*task, error) {
	places, err := r.placeAll(ctx, destination)
	if err != nil {
		return nil, err
	}
	groups := map[mailbox.Wire]int{}
	records, err := r.records()
	if err != nil {
		return nil, err
	}
	var tasks [][]*task
	for i, e := range r.Plan.Mailboxes {
		if places[i].err != nil {
			r.fail(e, places[i].err)
			continue
		}
		if e.Action == plan.Structure || e.Action == plan.Skip {
			continue
		}
		status, err := r.sourceStatus(ctx, e, source)
		if err != nil && !endsMailboxOnly(err) {
			return nil, err
		}
		if err != nil {
			r.fail(e, err)
			continue
		}
		n, seen := groups[e.ToWire]
		if !seen {
			n = len(tasks)
			groups[e.ToWire] = n
			tasks = append(tasks, nil)
		}
		tasks[n] = append(tasks[n], newTask(e, status, destination[e.ToWire].Status, places[i].made, records))
	}
	// What takes longest begins first, else it is what the others wait for at the end.
	slices.SortStableFunc(tasks, func(a, b []*task) int { return cmp.Compare(weight(b), weight(a)) })
	return tasks, nil
}

// sourceStatus is what LIST brought of a source mailbox, or, where the server gave it no status, what STATUS says: the refusal may have been
// of that moment.
func (r *run) sourceStatus(ctx context.Context, e plan.Entry, source map[mailbox.Wire]mailbox.Info) (status mailbox.Status, err error) {
	info, found := source[e.SourceWire]
	if !found || !info.Selectable {
		return status, stopf("mailbox %q is gone from the source, or cannot be opened any more; plan again", e.Source)
	}
	if info.Status != nil {
		return *info.Status, nil
	}
	err = r.Patience.Do(ctx, func() (bool, error) {
		status, err = r.Source.Status(ctx, e.SourceWire)
		return false, err
	})
	if err != nil && endsMailboxOnly(err) {
		err = stopf("mailbox %q cannot be looked at on the source: %s; plan again", e.Source, err)
	}
	return status, err
}

// newTask brings together what is known of one mailbox before it is opened. to may be nil.
func newTask(e plan.Entry, from mailbox.Status, to *mailbox.Status, made bool, records map[mailbox.Wire]ledger.Mailbox) *task {
	t := &task{entry: e, source: from, dest: to, made: made, tries: map[mailbox.UID]int{}}
	if m, known := records[e.SourceWire]; known {
		t.record = &m
	}
	t.ahead = t.guess()
	return t
}

// weight is about how long a group takes: its bytes, and something for each message and mailbox.
func weight(group []*task) (sum int64) {
	for _, t := range group {
		sum += t.ahead.Bytes + t.ahead.Messages<<12 + 1
	}
	return sum
}

// placed says what came of making one mailbox.
type placed struct {
	made bool
	err  error // the mailbox's own trouble
}

// placeAll makes and subscribes the plan's mailboxes, one result an entry: parents before their children, for what a server makes on the
// way to a child has no special use; those of one depth at the same time. The error is for what ends the run.
func (r *run) placeAll(ctx context.Context, destination map[mailbox.Wire]mailbox.Info) ([]placed, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out := make([]placed, len(r.Plan.Mailboxes))
	for _, level := range levels(r.Plan) {
		queue := make(chan int)
		var workers sync.WaitGroup
		for range min(r.Workers, len(level)) {
			workers.Go(func() {
				for i := range queue {
					out[i].made, out[i].err = r.place(ctx, r.Plan.Mailboxes[i], destination)
					if out[i].err != nil && !endsMailboxOnly(out[i].err) {
						stop(out[i].err)
					}
				}
			})
		}
		for _, i := range level {
			queue <- i
		}
		close(queue)
		workers.Wait()
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// levels are the indexes of the entries that are not skipped, by the depth of where they go. Of entries with one destination only the
// first is on its level, the others come a level of their own later: only one is to make it.
func levels(p *plan.Plan) [][]int {
	depth := map[int][]int{}
	var later [][]int
	seen := map[mailbox.Wire]bool{}
	for i, e := range p.Mailboxes {
		switch {
		case e.Action == plan.Skip:
		case seen[e.ToWire]:
			later = append(later, []int{i})
		default:
			depth[len(e.To)] = append(depth[len(e.To)], i)
			seen[e.ToWire] = true
		}
	}
	var out [][]int
	for _, d := range slices.Sorted(maps.Keys(depth)) {
		out = append(out, depth[d])
	}
	return append(out, later...)
}

// place makes sure that the destination mailbox of e is there and subscribed.
func (r *run) place(ctx context.Context, e plan.Entry, destination map[mailbox.Wire]mailbox.Info) (made bool, err error) {
	info, there := destination[e.ToWire]
	if e.Action == plan.Structure && (there || r.hasChildren(e)) {
		return false, nil // a server makes the parents of what it is told to make
	}
	if (!there || !info.Selectable) && !e.To.IsInbox() {
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

// records are the newest entries of all source mailboxes.
func (r *run) records() (map[mailbox.Wire]ledger.Mailbox, error) {
	all, err := r.Ledger.Mailboxes()
	newest := make(map[mailbox.Wire]ledger.Mailbox, len(all))
	for _, m := range all {
		newest[m.Source] = m
	}
	return newest, err
}

// guess says what is new from counts alone: it feeds the progress bar and nothing else.
func (t *task) guess() ledger.Count {
	c := ledger.Count{Messages: int64(t.source.Messages), Bytes: max(0, t.source.Size)}
	if t.record == nil || t.record.Validity != t.source.UIDValidity || t.record.Messages == 0 {
		return c
	}
	known := min(c.Messages, int64(t.record.Messages))
	if c.Messages > 0 {
		c.Bytes -= c.Bytes * known / c.Messages
	}
	c.Messages -= known
	return c
}

func (r *run) fail(e plan.Entry, err error) {
	r.box(e).Problem = err.Error()
	r.Sink.Emit(event.MailboxDone{Stage: stage, Mailbox: e.Source.String(), Problem: err.Error()})
}
