package purge_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	day  = time.Date(2019, 3, 31, 2, 30, 0, 0, time.FixedZone("", 3600))
)

// proved is a migration in memory that was copied and verified, and waits for its purge. The ledger is filled here, by hand.
type proved struct {
	t          testing.TB
	source, to *memory.Account
	ledger     *ledger.Ledger
	path       string
	now        time.Time

	checkpoint *checkpoint.Checkpoint
	approval   *approval.Approval
	sink       event.Sink
	limit      int64
	trash      mailbox.Wire
}

// newProved has n messages in INBOX and three in Sent, all proved, listed and approved.
func newProved(t testing.TB, n int, o memory.Options) *proved {
	t.Helper()
	o.Host, o.User, o.Connections = "old.example", "alice", 1 // one more, and a purge would wait for ever
	p := &proved{t: t, source: memory.New(o), to: memory.New(memory.Options{Host: "new.example", User: "alice", Connections: 1}),
		path: filepath.Join(imaptest.RAMDir(t), "a.ledger"), now: noon, sink: event.Discard}
	p.source.Make("Sent", mailbox.RoleSent, true)
	p.to.Make("Gesendet", mailbox.RoleSent, true)
	p.to.Skip("INBOX", 100) // so that no UID is the same on both sides
	p.deliver("INBOX", n)
	p.deliver("Sent", 3)
	p.open()
	p.prove("INBOX", "INBOX")
	p.prove("Sent", "Gesendet")
	p.approve()
	return p
}

func (p *proved) deliver(w mailbox.Wire, n int) {
	for i := range n {
		p.source.Deliver(w, fmt.Appendf(nil, "Subject: %d in %s\r\n\r\nbody %d\r\n", i, w, i), day, mailbox.Seen, "$Forwarded")
	}
}

// open opens the ledger, after closing it as a process's end does.
func (p *proved) open() {
	p.t.Helper()
	if p.ledger != nil {
		p.ledger.Close()
	}
	l, err := ledger.Create(p.path, ledger.Facts{Name: "a", Source: p.source.Identity(), Destination: p.to.Identity()}, ledger.Options{Command: "test", Now: p.clock})
	if err != nil {
		p.t.Fatal(err)
	}
	p.ledger = l
	p.t.Cleanup(func() { l.Close() })
}

func (p *proved) clock() time.Time { return p.now }

// prove copies what the ledger does not know, and records it as proved.
func (p *proved) prove(from, to mailbox.Wire) {
	p.t.Helper()
	box, err := p.ledger.Enrol(ledger.Mailbox{Source: from, Name: mailbox.Name{string(from)}, Validity: p.source.Validity(from),
		Dest: to, DestName: mailbox.Name{string(to)}, DestValidity: p.to.Validity(to)})
	if err != nil {
		p.t.Fatal(err)
	}
	var rows []ledger.Row
	for _, m := range p.source.Messages(from) {
		if _, found, _ := p.ledger.Row(box, m.UID); found {
			continue
		}
		rows = append(rows, ledger.Row{UID: m.UID, Outcome: ledger.Copied, Proof: ledger.ProvedContent, ProvedAt: noon, Size: int64(len(m.Content)), Date: m.InternalDate,
			Flags: mailbox.Flags(m.Flags...), Digest: sha256.Sum256(m.Content), Dest: p.to.Deliver(to, m.Content, m.InternalDate, m.Flags...)})
	}
	p.update(box, rows...)
}

func (p *proved) update(box ledger.Mailbox, rows ...ledger.Row) {
	p.t.Helper()
	if err := p.ledger.Update(box, rows...); err != nil {
		p.t.Fatal(err)
	}
}

// approve makes a checkpoint of what is proved, and says yes to it.
func (p *proved) approve() {
	p.t.Helper()
	c, err := checkpoint.Build(p.ledger, checkpoint.Options{Now: p.now, Tool: "test"})
	if err != nil {
		p.t.Fatal(err)
	}
	p.checkpoint = c
	s := c.Subject()
	p.approval, err = approval.Give(s, s.Phrase(), approval.Person{User: "alice", Host: "here"}, "", p.now)
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *proved) box(source mailbox.Wire) ledger.Mailbox {
	p.t.Helper()
	m, found, err := p.ledger.Find(source, p.checkpoint.Mailboxes[slices.IndexFunc(p.checkpoint.Mailboxes, func(m checkpoint.Mailbox) bool { return m.Wire == checkpoint.Wire(source) })].Validity)
	if err != nil || !found {
		p.t.Fatal(found, err)
	}
	return m
}

func (p *proved) row(source mailbox.Wire, uid mailbox.UID) ledger.Row {
	p.t.Helper()
	r, found, err := p.ledger.Row(p.box(source), uid)
	if err != nil || !found {
		p.t.Fatalf("row %d: %v %v", uid, found, err)
	}
	return r
}

func (p *proved) edit(source mailbox.Wire, uid mailbox.UID, change func(*ledger.Row)) {
	p.t.Helper()
	r := p.row(source, uid)
	change(&r)
	p.update(p.box(source), r)
}

func (p *proved) job() purge.Job {
	return purge.Job{Ledger: p.ledger, Checkpoint: p.checkpoint, Approval: p.approval, Loses: watched{p.source.Removal(), p}, Keeps: p.to.Source(), MaxMessages: p.limit, Trash: p.trash,
		Sink: p.sink, Now: p.clock, Patience: endpoint.Patience{First: time.Millisecond, Most: time.Millisecond, Total: 20 * time.Millisecond}}
}

// purge runs a job; whatever comes of it, the law of this package holds.
func (p *proved) purge() (*purge.Result, error) {
	p.t.Helper()
	r, err := purge.Run(context.Background(), p.job())
	p.law()
	return r, err
}

// mustPurge runs a job that has to do all it is told.
func (p *proved) mustPurge() *purge.Result {
	p.t.Helper()
	r, err := p.purge()
	if err != nil || r.Err() != nil {
		p.t.Fatal(err, r.Err())
	}
	return r
}

// law is what holds after any run, with any fault: the history of the server shows no command that removes or marks anything but approved UIDs,
// every message that was removed has its copy with the same bytes on the destination, nothing but \Deleted was ever set, the ledger is never
// ahead of the truth, and the destination was not touched.
func (p *proved) law() {
	p.t.Helper()
	p.lawOfHistory()
	if len(p.to.History()) != 0 {
		p.t.Errorf("the destination was changed: %v", p.to.History())
	}
	if n := p.source.OpenSessions() + p.to.OpenSessions(); n != 0 {
		p.t.Errorf("%d sessions are still open", n)
	}
	all, err := p.ledger.Mailboxes()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, box := range all {
		there := map[mailbox.UID]bool{}
		for _, m := range p.source.Messages(box.Source) {
			there[m.UID] = true
		}
		err := p.ledger.Each(box, func(r ledger.Row) error {
			if r.Removal == ledger.Gone && there[r.UID] && p.source.Validity(box.Source) == box.Validity {
				p.t.Errorf("the ledger says that message %d of %q is gone, and it is there", r.UID, box.Source)
			}
			return nil
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *proved) lawOfHistory() {
	p.t.Helper()
	approved := map[mailbox.Wire]mailbox.UIDSet{}
	for _, m := range p.checkpoint.Mailboxes {
		approved[mailbox.Wire(m.Wire)] = m.UIDs.Set()
	}
	for _, s := range p.source.History() {
		switch s.Verb {
		case memory.Select:
		case memory.Store, memory.Expunge, memory.Move:
			for uid := range s.UIDs.All {
				if !approved[s.Mailbox].Contains(uid) && !s.Unmark {
					p.t.Errorf("%v names message %d, which nobody approved", s, uid)
				}
			}
			if s.UIDs.Len() > 100 {
				p.t.Errorf("%v is larger than a batch", s)
			}
		default:
			p.t.Errorf("the source was changed: %v", s)
		}
	}
}

// watched looks, at the very moment of every EXPUNGE, whether all that it names was approved, is recorded as being removed, and has its copy,
// whole and unmarked.
type watched struct {
	endpoint.Expunger
	p *proved
}

type watchedRemover struct {
	endpoint.Remover
	p *proved
}

func (w watched) Select(ctx context.Context, name mailbox.Wire) (endpoint.Remover, error) {
	r, err := w.Expunger.Select(ctx, name)
	if err != nil {
		return nil, err
	}
	return watchedRemover{r, w.p}, nil
}

func (w watchedRemover) Move(ctx context.Context, set mailbox.UIDSet, to mailbox.Wire) (endpoint.Moved, error) {
	for uid := range set.All {
		w.p.lawOfExpunge(w.State().Wire, uid)
	}
	return w.Remover.Move(ctx, set, to)
}

func (w watchedRemover) Expunge(ctx context.Context, set mailbox.UIDSet) error {
	for uid := range set.All {
		w.p.lawOfExpunge(w.State().Wire, uid)
	}
	return w.Remover.Expunge(ctx, set)
}

// heal takes all faults away.
func (p *proved) heal() {
	p.source.Heal()
	p.to.Heal()
}

func (p *proved) lawOfExpunge(w mailbox.Wire, uid mailbox.UID) {
	p.t.Helper()
	r := p.row(w, uid)
	if r.Removal != ledger.Purging {
		p.t.Errorf("message %d is about to be removed, and the ledger says that it is %s", uid, r.Removal)
	}
	copied := p.to.Messages(p.box(w).Dest)
	i := slices.IndexFunc(copied, func(m memory.Message) bool { return m.UID == r.Dest })
	if i < 0 || sha256.Sum256(copied[i].Content) != r.Digest || slices.Contains(copied[i].Flags, mailbox.Deleted) {
		p.t.Errorf("message %d is about to be removed, and has no copy", uid)
	}
}

// left is what the source still holds in a mailbox.
func (p *proved) left(w mailbox.Wire) mailbox.UIDSet {
	var uids []mailbox.UID
	for _, m := range p.source.Messages(w) {
		uids = append(uids, m.UID)
	}
	return mailbox.SetOf(uids...)
}

// marked is what carries \Deleted on the source.
func (p *proved) marked(w mailbox.Wire) mailbox.UIDSet {
	var uids []mailbox.UID
	for _, m := range p.source.Messages(w) {
		if slices.Contains(m.Flags, mailbox.Deleted) {
			uids = append(uids, m.UID)
		}
	}
	return mailbox.SetOf(uids...)
}

func isStale(err error) bool {
	_, ok := errors.AsType[*endpoint.StaleError](err)
	return ok
}

func addFlag(f mailbox.Flag) func(*memory.Message) {
	return func(m *memory.Message) { m.Flags = append(m.Flags, f) }
}

func flip(m *memory.Message) {
	m.Content = bytes.Clone(m.Content)
	m.Content[len(m.Content)-4] ^= 1
}
