package purge_test

import (
	"context"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// made is a migration that has made two mailboxes on the destination, one below the other, the upper one for an empty mailbox.
func made(t *testing.T) *proved {
	t.Helper()
	p := newProved(t, 3, memory.Options{})
	for _, w := range []mailbox.Wire{"Work", "Work/2019"} {
		p.source.Make(w, mailbox.RoleNone, true)
		p.to.Make(w, mailbox.RoleNone, true)
		_, err := p.ledger.Enrol(ledger.Mailbox{Source: w, Name: mailbox.Name(strings.Split(string(w), "/")), Validity: p.source.Validity(w),
			Dest: w, DestName: mailbox.Name(strings.Split(string(w), "/")), DestValidity: p.to.Validity(w), Made: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.deliver("Work/2019", 4)
	p.prove("Work/2019", "Work/2019")
	p.rollback()
	return p
}

func (p *proved) unmakingJob() purge.Job {
	job := p.rollbackJob()
	job.Unmakes = p.to.Unmaking()
	return job
}

func (p *proved) has(w mailbox.Wire) bool {
	for _, have := range p.to.Mailboxes() {
		if have == w {
			return true
		}
	}
	return false
}

func TestRollbackRemovesWhatWasMade(t *testing.T) {
	p := made(t)
	if len(p.checkpoint.Unmake) != 2 || p.checkpoint.Unmake[0].Name != "Work/2019" {
		t.Fatalf("%+v", p.checkpoint.Unmake)
	}
	r, err := purge.Run(context.Background(), p.unmakingJob())
	if err != nil || r.Err() != nil || strings.Join(r.Unmade, " ") != "Work/2019 Work" || len(r.Standing) != 0 || p.has("Work") || p.has("Work/2019") || !p.has("Gesendet") || !p.has("INBOX") {
		t.Fatalf("%+v %v; %v", r, err, p.to.Mailboxes())
	}
	again, err := purge.Run(context.Background(), p.unmakingJob())
	if err != nil || again.Err() != nil || again.Before != r.Gone || len(again.Unmade)+len(again.Standing) != 0 {
		t.Errorf("the second run: %+v %v %v", again, err, again.Err())
	}
	if n := p.to.Calls(memory.Delete); n != 2 {
		t.Errorf("%d DELETE", n)
	}
	// A mailbox made in its place is a new one: it can be copied to again.
	p.to.Make("Work", mailbox.RoleNone, true)
	m, err := p.ledger.Enrol(ledger.Mailbox{Source: "Work", Name: mailbox.Name{"Work"}, Validity: p.source.Validity("Work"), Dest: "Work", DestName: mailbox.Name{"Work"}, DestValidity: p.to.Validity("Work"), Made: true})
	if err != nil || m.Unmade || m.DestValidity != p.to.Validity("Work") {
		t.Errorf("%+v %v", m, err)
	}
}

// TestRollbackLeavesWhatIsLivedIn: whatever speaks against it, the mailbox stays and the reason is said.
func TestRollbackLeavesWhatIsLivedIn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*proved)
		words  string
	}{
		"new mail":             {func(p *proved) { p.to.Deliver("Work/2019", []byte("mine"), day) }, "holds 1 messages"},
		"mail came and went":   {func(p *proved) { p.to.Skip("Work/2019", 1) }, "others have had mail in it"},
		"a mailbox below":      {func(p *proved) { p.to.Make("Work/2019/mine", mailbox.RoleNone, true) }, "is below it"},
		"a message was edited": {func(p *proved) { p.to.Edit("Work/2019", 1, addFlag(mailbox.Flagged)) }, "not everything"},
		"the server says no": {func(p *proved) {
			p.to.Inject(func(c memory.Call) memory.Fault {
				if c.Verb != memory.Delete || c.Mailbox != "Work/2019" {
					return memory.Fault{}
				}
				return memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Text: "no"}}
			})
		}, "the server says \"no\""},
	} {
		t.Run(name, func(t *testing.T) {
			p := made(t)
			c.change(p)
			r, err := purge.Run(context.Background(), p.unmakingJob())
			if err != nil || len(r.Standing) != 2 || !strings.Contains(r.Standing[0].Reason, c.words) || len(r.Unmade) != 0 || !p.has("Work") || !p.has("Work/2019") {
				t.Errorf("%+v %v; %v", r, err, p.to.Mailboxes())
			}
		})
	}
	t.Run("made anew by somebody", func(t *testing.T) {
		p := made(t)
		p.to.Recreate("Work/2019")
		r, err := purge.Run(context.Background(), p.unmakingJob())
		if err != nil || !isStale(r.Err()) || len(r.Unmade) != 0 || !p.has("Work/2019") {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// TestRollbackUnmakesNoMoreThanWasApproved: neither a list without them, nor a right to another account, nor a run without the right.
func TestRollbackUnmakesNoMoreThanWasApproved(t *testing.T) {
	p := made(t)
	job := p.unmakingJob()
	job.Unmakes = nil
	if r, err := purge.Run(context.Background(), job); err != nil || len(r.Unmade) != 0 || !p.has("Work") {
		t.Errorf("%+v %v", r, err)
	}
	p = made(t)
	job = p.unmakingJob()
	job.Unmakes = p.source.Unmaking()
	if r, err := purge.Run(context.Background(), job); !isStale(err) || r.Gone != 0 {
		t.Errorf("%+v %v", r, err)
	}
	p = made(t)
	p.checkpoint.Unmake = p.checkpoint.Unmake[:1]
	if r, err := purge.Run(context.Background(), p.unmakingJob()); err == nil || r.Gone != 0 {
		t.Errorf("a list that was changed after the approval: %+v %v", r, err)
	}
	p = newProved(t, 3, memory.Options{})
	if len(p.checkpoint.Unmake) != 0 {
		t.Error("a purge lists mailboxes to remove")
	}
}

// TestRollbackOfMailboxesEndsAfterAnyLostAnswer: whether DELETE was done or not, the next run finds out.
func TestRollbackOfMailboxesEndsAfterAnyLostAnswer(t *testing.T) {
	for _, done := range []bool{false, true} {
		p := made(t)
		p.to.Inject(memory.Nth(memory.Delete, 1, memory.Fault{Err: &endpoint.Error{Class: endpoint.Lost}, Done: done}))
		job := p.unmakingJob()
		job.Patience.Total = -1
		_, _ = purge.Run(context.Background(), job)
		p.heal()
		r, err := purge.Run(context.Background(), p.unmakingJob())
		if err != nil || r.Err() != nil || p.has("Work") || p.has("Work/2019") || len(r.Standing) != 0 {
			t.Errorf("done %v: %+v %v %v", done, r, err, p.to.Mailboxes())
		}
		for _, w := range []mailbox.Wire{"Work", "Work/2019"} {
			if m, _, err := p.ledger.Find(w, p.source.Validity(w)); err != nil || !m.Unmade {
				t.Errorf("done %v: %q is not recorded as removed: %v", done, string(w), err)
			}
		}
	}
}
