package copier

import (
	"context"

	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

// task is one source mailbox on its way.
type task struct {
	entry  plan.Entry
	source mailbox.Status
	made   bool
	ahead  ledger.Count // new messages, as far as STATUS tells; Bytes 0 where it does not

	// What the attempts of this run have learned about messages that break the connection: see transfer.stumble and transfer.refresh.
	tries    map[mailbox.UID]int
	stumbles int
}

// prepare makes the destination's mailboxes, parents first as the plan has them, subscribes them, and returns what there is to copy,
// grouped by destination mailbox. A mailbox that cannot be made is a problem of its own.
func (r *run) prepare(ctx context.Context, source, destination map[mailbox.Wire]mailbox.Info) ([][]*task, error) {
	groups := map[mailbox.Wire]int{}
	var tasks [][]*task
	for _, e := range r.Plan.Mailboxes {
		if e.Action == plan.Skip {
			continue
		}
		made, err := r.place(ctx, e, destination)
		if err != nil && !endsMailboxOnly(err) {
			return nil, err
		}
		if err != nil {
			r.fail(e, err)
			continue
		}
		if e.Action == plan.Structure {
			continue
		}
		info, found := source[e.SourceWire]
		if !found || info.Status == nil {
			r.fail(e, stopf("mailbox %q is gone from the source, or cannot be looked at (%s); plan again", e.Source, info.Problem))
			continue
		}
		i, seen := groups[e.ToWire]
		if !seen {
			i = len(tasks)
			groups[e.ToWire] = i
			tasks = append(tasks, nil)
		}
		tasks[i] = append(tasks[i], &task{entry: e, source: *info.Status, made: made, ahead: r.ahead(e, *info.Status), tries: map[mailbox.UID]int{}})
	}
	return tasks, nil
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

// ahead guesses what is new from counts alone: it feeds the progress bar and nothing else.
func (r *run) ahead(e plan.Entry, now mailbox.Status) ledger.Count {
	c := ledger.Count{Messages: int64(now.Messages), Bytes: max(0, now.Size)}
	boxes, err := r.Ledger.Mailboxes()
	if err != nil {
		return c
	}
	for _, m := range boxes {
		if m.Source != e.SourceWire || m.Validity != now.UIDValidity || m.Messages == 0 {
			continue
		}
		known := min(c.Messages, int64(m.Messages))
		if c.Messages > 0 {
			c.Bytes -= c.Bytes * known / c.Messages
		}
		c.Messages -= known
	}
	return c
}

func (r *run) fail(e plan.Entry, err error) {
	r.box(e).Problem = err.Error()
	r.Sink.Emit(event.MailboxDone{Stage: stage, Mailbox: e.Source.String(), Problem: err.Error()})
}
