package copier

import (
	"context"
	"sync/atomic"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// transfer is one mailbox, opened on both sides: what one attempt between two connection losses needs.
type transfer struct {
	*run
	*task
	box    *Box
	entry  ledger.Mailbox
	reader endpoint.Reader
	target endpoint.Target // open since the attempt began, nil once it was closed or is a delivery's
	// destModSeq is the destination's HIGHESTMODSEQ when the attempt began, 0 when it does not say.
	destModSeq uint64
	todo       []pending
	existing   map[mailbox.Digest][]mailbox.UID // unclaimed destination messages by content, lowest UID first
	moved      bool                             // something became durable in this attempt
	unwritten  []ledger.Row                     // outcomes not in the ledger yet
	most       atomic.Int64                     // messages in a batch
	unread     atomic.Int64                     // messages of todo that are not read yet
	windows    <-chan window                    // what is read, nil before reading has begun
	stop       context.CancelFunc               // ends the reading
}

// pending is a source message without an outcome.
type pending struct {
	uid  mailbox.UID
	size int64 // the server's claim, -1 unknown
	date int64 // seconds
}

// copyMailbox does one task, connecting again as long as patience lasts. The returned error ends the run.
func (r *run) copyMailbox(ctx context.Context, t *task) error {
	if ctx.Err() != nil {
		return nil
	}
	done, err := r.nothingNew(t)
	if done || err != nil {
		return err
	}
	name := t.entry.Source.String()
	box := r.box(t.entry)
	r.Sink.Emit(event.MailboxStarted{Stage: stage, Mailbox: name, To: t.entry.To.String(), Messages: t.ahead.Messages, Bytes: t.ahead.Bytes})
	err = r.Patience.Do(ctx, func() (bool, error) {
		x := &transfer{run: r, task: t, box: box}
		x.most.Store(int64(max(1, r.BatchMessages>>t.stumbles)))
		err := x.attempt(ctx)
		if endpoint.ClassOf(err) == endpoint.Throttled {
			r.slots.shrink()
		}
		return x.moved, err
	})
	if err != nil && endsMailboxOnly(err) {
		box.Problem = err.Error()
		err = r.trouble(t, err)
	}
	copied := box.Outcome[ledger.Copied]
	r.Sink.Emit(event.MailboxDone{Stage: stage, Mailbox: name, Messages: copied.Messages, Bytes: copied.Bytes, Problem: box.Problem})
	return err
}

// trouble keeps the reason where status and report find it.
func (r *run) trouble(t *task, reason error) error {
	if t.record == nil {
		return nil
	}
	m, found, err := r.Ledger.Find(t.entry.SourceWire, t.record.Validity) // as it is now: the record may be older than what was advanced
	if err != nil || !found {
		return err
	}
	return r.Ledger.Trouble(m, reason.Error())
}

// attempt goes as far as it can on one set of connections. What it made durable stays; the next attempt starts from the ledger.
func (x *transfer) attempt(ctx context.Context) (err error) {
	if x.reader, err = x.Source.Examine(ctx, x.task.entry.SourceWire); err != nil {
		return err
	}
	defer x.reader.Close()
	defer x.stopReading()
	if x.unrecorded() {
		if err := x.peek(ctx); err != nil {
			return err
		}
	}
	if x.made, err = x.task.place.wait(ctx); err != nil {
		return err
	}
	if err := x.slots.take(ctx); err != nil {
		return err
	}
	defer x.slots.give()
	if err := x.openTarget(ctx); err != nil {
		return err
	}
	defer x.closeTarget()
	return x.proceed(ctx)
}

// proceed is what an attempt does once both sides are open.
func (x *transfer) proceed(ctx context.Context) error {
	for _, step := range []func(context.Context) error{x.enrol, x.look, x.compare, x.send, x.bringFlags} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return x.finish()
}

// openTarget opens the destination for appending, unless there is nothing new to copy.
func (x *transfer) openTarget(ctx context.Context) (err error) {
	if r := x.task.record; r == nil || r.Cursor != x.task.source.UIDNext || x.again() {
		x.target, err = x.Destination.Target(ctx, x.task.entry.ToWire)
	}
	return err
}

// closeTarget gives the destination's connection back, before anything else asks for one: there may be only one.
func (x *transfer) closeTarget() {
	if x.target != nil {
		x.target.Close()
		x.target = nil
	}
}

// look lists the messages that have no outcome yet, and settles those that the plan leaves out.
func (x *transfer) look(ctx context.Context) error {
	if x.windows != nil {
		return nil // peek has
	}
	set := x.reader.State().Everything()
	if !x.again() {
		set = from(set, max(x.entry.Cursor, 1))
	}
	err := x.reader.Scan(ctx, set, func(m mailbox.Message) error {
		row, found, err := x.Ledger.Row(x.entry, m.UID)
		if err != nil {
			return err
		}
		if found && !x.due(row) {
			return nil
		}
		if reason := x.leftOut(m); reason != "" && !found {
			return x.write(ledger.Row{UID: m.UID, Outcome: ledger.Excluded, Size: max(0, m.Size), Date: m.InternalDate, Flags: mailbox.Flags(m.Flags...), Reason: reason})
		}
		x.todo = append(x.todo, pending{m.UID, m.Size, m.InternalDate.Unix()})
		return nil
	})
	if err != nil {
		return err
	}
	if err := x.commit(ledger.Commit{}); err != nil {
		return err
	}
	return x.rewind()
}

// again reports whether messages are wanted that have an outcome already, so that the whole mailbox has to be looked at.
func (r *run) again() bool { return r.RetryRefused || r.RecopyMissing }

// due reports whether a message that has a row is to be sent: one in doubt that is found nowhere, and what was asked for.
func (x *transfer) due(row ledger.Row) bool {
	switch {
	case row.Outcome == ledger.Intended:
		return true
	case row.Outcome == ledger.Refused, row.Outcome == ledger.Oversize:
		return x.RetryRefused
	}
	return (x.RecopyMissing || x.entry.Rematched) && row.Lost()
}

// rewind moves the cursor below what is about to be sent once more: if the run ends when such a message has been taken back, and has no
// outcome, the next one has to find it.
func (x *transfer) rewind() (err error) {
	if len(x.todo) == 0 || x.todo[0].uid >= x.entry.Cursor {
		return nil
	}
	x.entry, err = x.Ledger.Advance(x.entry, x.todo[0].uid, x.entry.Messages)
	return err
}

func (x *transfer) leftOut(m mailbox.Message) string {
	rule := x.Plan.Messages
	switch {
	case !rule.Since.IsZero() && m.InternalDate.Before(rule.Since):
		return "older than messages.since"
	case !rule.Before.IsZero() && !m.InternalDate.Before(rule.Before):
		return "not older than messages.before"
	case rule.MaxSize > 0 && m.Size > rule.MaxSize:
		return "larger than messages.max_size"
	}
	return ""
}

func from(set mailbox.UIDSet, first mailbox.UID) mailbox.UIDSet {
	var out mailbox.UIDSet
	for _, r := range set {
		if r.Last >= first {
			out = append(out, mailbox.Range{First: max(r.First, first), Last: r.Last})
		}
	}
	return out
}

// write notes an outcome and makes outcomes durable when enough have come together.
func (x *transfer) write(row ledger.Row) error {
	if old, found, err := x.Ledger.Row(x.entry, row.UID); err != nil || found && old.Lost() && !row.Outcome.Present() {
		return err // what is missing on the destination stays so, whatever has become of it on the source
	}
	x.note(row)
	if len(x.unwritten) < 1000 {
		return nil
	}
	return x.commit(ledger.Commit{})
}

// note keeps an outcome for the next commit.
func (x *transfer) note(row ledger.Row) {
	x.unwritten = append(x.unwritten, row)
	x.count(row)
}

// commit makes c and the noted outcomes durable. Outcomes are progress, intents are not: a message that kills the connection each time it
// is sent must not renew the patience.
func (x *transfer) commit(c ledger.Commit) error {
	c.Settled = append(c.Settled, x.unwritten...)
	if len(c.Settled)+len(c.Withdrawn)+len(c.Intended) == 0 {
		return nil
	}
	x.moved = x.moved || len(c.Settled) > 0
	x.unwritten = nil
	return x.Ledger.Commit(x.entry, c)
}

// count adds an outcome to the run's result and tells it if somebody has to look.
func (x *transfer) count(row ledger.Row) {
	x.mu.Lock()
	c := x.box.Outcome[row.Outcome]
	c.Messages++
	c.Bytes += row.Size
	x.box.Outcome[row.Outcome] = c
	x.mu.Unlock()
	if row.Outcome == ledger.Copied {
		x.stored.Add(row.Size)
	}
	x.progress(row.Size)
	if !row.Outcome.Good() {
		x.Sink.Emit(event.MessageProblem{Stage: stage, Mailbox: x.task.entry.Source.String(), UID: uint32(row.UID), Outcome: row.Outcome.String(), Reason: row.Reason})
	}
}

// progress tells of one message more.
func (x *transfer) progress(bytes int64) {
	x.Sink.Emit(event.Progress{Stage: stage, Mailbox: x.task.entry.Source.String(), Messages: 1, Bytes: bytes})
}

// finish checks that every message that was seen has its outcome, and moves the cursor so that the next run starts above.
func (x *transfer) finish() error {
	counts, err := x.Ledger.Counts(x.entry)
	if err != nil {
		return err
	}
	if open := counts.Outcome[ledger.Intended].Messages; open > 0 {
		return stopf("mailbox %q: %d messages are still in doubt; run copy again", x.task.entry.Source, open)
	}
	for _, p := range x.todo {
		row, found, err := x.Ledger.Row(x.entry, p.uid)
		if err != nil {
			return err
		}
		if !found || row.Outcome == ledger.Intended {
			return stopf("mailbox %q: message %d was seen on the source and has no outcome: this is a defect of this program, please report it", x.task.entry.Source, p.uid)
		}
	}
	crash.Point("copier.advancing")
	x.entry.DestModSeq, x.entry.Rematched = max(x.entry.DestModSeq, x.destModSeq), false
	x.entry, err = x.Ledger.Advance(x.entry, x.reader.State().UIDNext, uint32(counts.Total.Messages))
	return err
}
