package copier

import (
	"cmp"
	"context"
	"slices"

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
	place  *place          // where it goes
	made   bool            // the destination mailbox did not exist before
	ahead  ledger.Count    // new messages, as far as STATUS tells; Bytes 0 where it does not

	// What the attempts of this run have learned about messages that break the connection: see transfer.stumble and transfer.refresh.
	tries    map[mailbox.UID]int
	stumbles int
}

// prepare returns what there is to copy, grouped by destination mailbox, the largest first.
func (r *run) prepare(ctx context.Context, source, destination map[mailbox.Wire]mailbox.Info, places []*place) ([][]*task, error) {
	groups := map[mailbox.Wire]int{}
	records, err := r.records()
	if err != nil {
		return nil, err
	}
	var tasks [][]*task
	for i, e := range r.Plan.Mailboxes {
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
		t := newTask(e, status, destination[e.ToWire].Status, records)
		t.place, places[i].task = places[i], t
		tasks[n] = append(tasks[n], t)
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
func newTask(e plan.Entry, from mailbox.Status, to *mailbox.Status, records map[mailbox.Wire]ledger.Mailbox) *task {
	t := &task{entry: e, source: from, dest: to, tries: map[mailbox.UID]int{}}
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
