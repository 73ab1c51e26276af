package copier

import (
	"context"
	"errors"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// transfer is one mailbox, opened on both sides: what one attempt between two connection losses needs.
type transfer struct {
	*run
	*task
	box       *Box
	entry     ledger.Mailbox
	reader    endpoint.Reader
	todo      []pending
	existing  map[mailbox.Digest][]mailbox.UID // unclaimed destination messages by content, lowest UID first
	moved     bool                             // something became durable in this attempt
	unwritten []ledger.Row                     // outcomes not in the ledger yet
	told      map[mailbox.UID]bool             // stored messages that progress was told of before their outcome was settled
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
		x := &transfer{run: r, task: t, box: box, told: map[mailbox.UID]bool{}}
		err := x.attempt(ctx)
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
	m, found, err := r.Ledger.Find(t.entry.SourceWire, t.entry.Validity)
	if err != nil || !found {
		return err
	}
	return r.Ledger.Trouble(m, reason.Error())
}

// nothingNew reports whether an earlier run gave every message its outcome and STATUS shows none above.
func (r *run) nothingNew(t *task) (bool, error) {
	validity := t.source.UIDValidity
	if t.entry.Messages == 0 && t.source.Messages == 0 {
		validity = t.entry.Validity // see enrol
	}
	m, found, err := r.Ledger.Find(t.entry.SourceWire, validity)
	if err != nil || !found || r.RetryRefused || m.Problem != "" || m.Cursor == 0 || m.Cursor != t.source.UIDNext || m.Dest != t.entry.ToWire {
		return false, err
	}
	open, _, err := r.Ledger.InDoubt(m)
	if err != nil || len(open) > 0 {
		return false, err
	}
	r.box(t.entry)
	return true, nil
}

// attempt goes as far as it can on one set of connections. What it made durable stays; the next attempt starts from the ledger.
func (x *transfer) attempt(ctx context.Context) (err error) {
	if x.reader, err = x.Source.Examine(ctx, x.task.entry.SourceWire); err != nil {
		return err
	}
	defer x.reader.Close()
	if err := x.enrol(ctx); err != nil {
		return err
	}
	if err := x.look(ctx); err != nil {
		return err
	}
	if err := x.compare(ctx); err != nil {
		return err
	}
	if err := x.send(ctx); err != nil {
		return err
	}
	return x.finish()
}

// enrol finds or makes the ledger's entry, after both sides proved to be the mailboxes that were planned and recorded.
func (x *transfer) enrol(ctx context.Context) error {
	e, state := x.task.entry, x.reader.State()
	validity := state.Validity
	switch {
	case validity == e.Validity || e.Messages == 0 && state.Messages > 0:
	case e.Messages == 0:
		validity = e.Validity // Courier makes one up each time it is asked about an empty mailbox
	default:
		return stopf("mailbox %q: the source's uidvalidity is %d, the plan was made for %d: it was made anew or restored; plan again", e.Source, validity, e.Validity)
	}
	if validity == 0 {
		return stopf("mailbox %q: the source gives no stable UIDs (no uidvalidity), so nothing about it can be remembered; copy it by hand", e.Source)
	}
	there, err := x.destinationValidity(ctx, e.ToWire)
	if err != nil {
		return err
	}
	if there == 0 {
		return stopf("mailbox %q: the destination gives no stable UIDs (no uidvalidity), so nothing about it can be remembered; map it elsewhere", e.To)
	}
	x.entry, err = x.Ledger.Enrol(ledger.Mailbox{Source: e.SourceWire, Name: e.Source, Validity: validity,
		Dest: e.ToWire, DestName: e.To, DestValidity: there, Made: x.made})
	if conflict, ok := errors.AsType[*ledger.ConflictError](err); ok {
		return stopf("%s", conflict.Error())
	}
	return err
}

// destinationValidity asks for it in a way that makes it last: Courier keeps that of an empty mailbox only from the first SELECT on.
func (x *transfer) destinationValidity(ctx context.Context, w mailbox.Wire) (mailbox.UIDValidity, error) {
	status, err := x.Destination.Status(ctx, w)
	if err != nil || status.Messages > 0 || status.UIDNext > 1 {
		return status.UIDValidity, err
	}
	target, err := x.Destination.Target(ctx, w)
	if err != nil {
		return 0, err
	}
	defer target.Close()
	return target.State().Validity, nil
}

// look lists the messages that have no outcome yet, and settles those that the plan leaves out.
func (x *transfer) look(ctx context.Context) error {
	set := x.reader.State().Everything()
	if !x.RetryRefused {
		set = from(set, max(x.entry.Cursor, 1))
	}
	err := x.reader.Scan(ctx, set, func(m mailbox.Message) error {
		row, found, err := x.Ledger.Row(x.entry, m.UID)
		if err != nil {
			return err
		}
		again := x.RetryRefused && (row.Outcome == ledger.Refused || row.Outcome == ledger.Oversize)
		if found && !again && row.Outcome != ledger.Intended {
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
	return x.commit(ledger.Commit{})
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
	if !x.told[row.UID] {
		x.progress(row.Size)
	}
	delete(x.told, row.UID)
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
	x.entry, err = x.Ledger.Advance(x.entry, x.reader.State().UIDNext, uint32(counts.Total.Messages))
	return err
}
