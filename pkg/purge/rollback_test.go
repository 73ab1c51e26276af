package purge_test

import (
	"context"
	"strings"
	"testing"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// rolled is a migration in memory that is to be taken back: the same machinery the other way round.
func rolled(t *testing.T, n int) *proved {
	t.Helper()
	p := newProved(t, n, memory.Options{})
	p.rollback()
	return p
}

// rollback makes a checkpoint of what was appended, and says yes to it.
func (p *proved) rollback() {
	p.t.Helper()
	c, err := checkpoint.Build(p.ledger, checkpoint.Options{Kind: approval.Rollback, Now: p.now, Tool: "test"})
	if err != nil {
		p.t.Fatal(err)
	}
	p.checkpoint = c
	p.approveAgain()
}

func (p *proved) rollbackJob() purge.Job {
	job := p.job()
	job.Loses, job.Keeps = p.to.Removal(), p.source.Source()
	return job
}

func (p *proved) mustRollback() *purge.Result {
	p.t.Helper()
	r, err := purge.Run(context.Background(), p.rollbackJob())
	if err != nil || r.Err() != nil {
		p.t.Fatal(err, r.Err())
	}
	if len(p.source.History()) != 0 {
		p.t.Errorf("a rollback changed the source: %v", p.source.History())
	}
	return r
}

func (p *proved) arrived(w mailbox.Wire) string {
	var uids []mailbox.UID
	for _, m := range p.to.Messages(w) {
		uids = append(uids, m.UID)
	}
	return mailbox.SetOf(uids...).String()
}

func TestRollback(t *testing.T) {
	p := rolled(t, 130)
	own := p.to.Deliver("INBOX", []byte("the user's own"), day)
	p.limit = 50
	if r := p.mustRollback(); r.Gone != 50 || !r.Limited {
		t.Errorf("%+v", r)
	}
	p.limit = 0
	r := p.mustRollback()
	if r.Gone != 83 || r.Before != 50 || len(r.Left) != 0 || r.Remaining() != 0 || p.arrived("INBOX") != mailbox.SetOf(own).String() || p.arrived("Gesendet") != "" {
		t.Errorf("%+v; left %s", r, p.arrived("INBOX"))
	}
	box, _, err := p.ledger.Find("INBOX", p.source.Validity("INBOX"))
	if err != nil {
		t.Fatal(err)
	}
	if row, _, err := p.ledger.Row(box, 3); err != nil || row.Outcome != ledger.RolledBack || row.Removal != ledger.Kept {
		t.Errorf("%+v %v", row, err)
	}
	if again := p.mustRollback(); again.Gone != 0 || again.Before != 133 || len(again.Left) != 0 {
		t.Errorf("the second run: %+v", again)
	}
	if c, err := checkpoint.Build(p.ledger, checkpoint.Options{Now: noon}); err != nil || c.Messages != 0 {
		t.Errorf("a purge could still take messages whose copies are gone: %v", err)
	}
}

// TestRollbackKeeps what is not as we appended it, and what has lost its original.
func TestRollbackKeeps(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*proved)
		words  string
	}{
		"flag added by the user": {func(p *proved) { p.to.Edit("INBOX", 103, addFlag(mailbox.Flagged)) }, "flags were changed"},
		"moved away by the user": {func(p *proved) { p.to.Remove("INBOX", 103) }, "not there any more"},
		"found to be older than us": {func(p *proved) {
			box, _, err := p.ledger.Find("INBOX", p.source.Validity("INBOX"))
			if err != nil {
				p.t.Fatal(err)
			}
			r, _, err := p.ledger.Row(box, 3)
			if err != nil {
				p.t.Fatal(err)
			}
			r.Outcome = ledger.AlreadyThere
			p.update(box, r)
		}, "not ours to remove"},
		"original removed meantime": {func(p *proved) { p.source.Edit("INBOX", 3, addFlag(mailbox.Deleted)) }, "its copy is marked"},
	} {
		t.Run(name, func(t *testing.T) {
			p := rolled(t, 6)
			c.change(p)
			r := p.mustRollback()
			if r.Gone != 8 || r.Remaining() != 1 || len(r.Left) != 1 || r.Left[0].UID != 103 || !strings.Contains(r.Left[0].Reason, c.words) {
				t.Errorf("%+v", r)
			}
		})
	}
	for name, change := range map[string]func(*proved){
		"bytes changed":         func(p *proved) { p.to.Edit("INBOX", 105, flip) },
		"original's bytes":      func(p *proved) { p.source.Edit("INBOX", 5, flip) },
		"originals gone":        func(p *proved) { p.source.Remove("INBOX", 5) },
		"foreign mark":          func(p *proved) { p.to.Edit("INBOX", p.to.Deliver("INBOX", []byte("x"), day), addFlag(mailbox.Deleted)) },
		"destination made anew": func(p *proved) { p.to.Recreate("INBOX") },
		"source made anew":      func(p *proved) { p.source.Recreate("INBOX") },
	} {
		t.Run(name, func(t *testing.T) {
			p := rolled(t, 6)
			change(p)
			left := p.arrived("INBOX")
			r, err := purge.Run(context.Background(), p.rollbackJob())
			if err != nil || !isStale(r.Err()) || r.Mailboxes[0].Gone != 0 || p.arrived("INBOX") != left {
				t.Errorf("%+v %v; left %s of %s", r, err, p.arrived("INBOX"), left)
			}
		})
	}
}

// TestRollbackKnowsWhatTheDestinationDropped: a keyword that never arrived is no change by the user.
func TestRollbackKnowsWhatTheDestinationDropped(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	p.edit("INBOX", 3, func(r *ledger.Row) { r.Dropped = []mailbox.Flag{"$forwarded"} })
	p.to.Edit("INBOX", 103, func(m *memory.Message) { m.Flags = []mailbox.Flag{mailbox.Seen} })
	p.rollback()
	if r := p.mustRollback(); r.Remaining() != 0 {
		t.Errorf("%+v", r)
	}
}

// TestApprovalForTheOtherKind: nobody who said yes to a purge has said yes to a rollback, and the other way round; nor are the sides
// exchanged.
func TestApprovalForTheOtherKind(t *testing.T) {
	p := newProved(t, 3, memory.Options{})
	given := p.approval
	p.rollback()
	job := p.rollbackJob()
	job.Approval = given
	if r, err := purge.Run(context.Background(), job); !notApproved(err) || r.Gone != 0 {
		t.Errorf("%v", err)
	}
	if r, err := purge.Run(context.Background(), p.job()); !isStale(err) || r.Gone != 0 {
		t.Errorf("a rollback on the source: %v", err)
	}
	p.approve()
	if r, err := purge.Run(context.Background(), p.rollbackJob()); !isStale(err) || r.Gone != 0 {
		t.Errorf("a purge on the destination: %v", err)
	}
}

// TestRollbackOfMailboxesThatWereMerged has two sources in one mailbox, and a run that died between the mark and the end: what was marked
// for the one is no foreign mark for the other.
func TestRollbackOfMailboxesThatWereMerged(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	p.source.Make("Old", "", true)
	p.deliver("Old", 4)
	p.prove("Old", "INBOX")
	p.rollback()
	for _, w := range []mailbox.Wire{"INBOX", "Old"} {
		box, _, err := p.ledger.Find(w, p.source.Validity(w))
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := p.ledger.Row(box, 2)
		if err != nil {
			t.Fatal(err)
		}
		r.Removal = ledger.RollingBack
		p.update(box, r)
		p.to.Edit("INBOX", r.Dest, addFlag(mailbox.Deleted))
	}
	if r := p.mustRollback(); r.Gone != 13 || r.Remaining() != 0 || p.arrived("INBOX") != "" {
		t.Errorf("%+v; left %s", r, p.arrived("INBOX"))
	}
}
