package purge_test

import (
	"context"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// trashing is a purge into the trash, which the ledger knows as a mailbox that was copied.
func trashing(t *testing.T, n int, o memory.Options) *proved {
	t.Helper()
	p := newProved(t, n, o)
	p.trash = "Trash"
	p.source.Make("Trash", mailbox.RoleTrash, true)
	p.to.Make("Papierkorb", mailbox.RoleTrash, true)
	p.deliver("Trash", 2)
	p.prove("Trash", "Papierkorb")
	return p
}

func TestToTrash(t *testing.T) {
	p := trashing(t, 130, memory.Options{})
	p.source.Edit("INBOX", 7, addFlag(mailbox.Flagged))
	r := p.mustPurge()
	if r.Gone != 132 || r.Remaining() != 1 || p.left("INBOX").String() != "7" || len(p.left("Sent")) != 0 {
		t.Errorf("%+v; left %s", r, p.left("INBOX"))
	}
	if n := len(p.source.Messages("Trash")); n != 134 {
		t.Errorf("%d messages are in the trash", n)
	}
	if n := p.source.Calls(memory.Store) + p.source.Calls(memory.Expunge); n != 0 {
		t.Errorf("%d marks or expunges", n)
	}
	// A later copy must not take them for new mail.
	box, found, err := p.ledger.Find("Trash", p.source.Validity("Trash"))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	for _, m := range p.source.Messages("Trash")[2:] {
		if row, found, err := p.ledger.Row(box, m.UID); err != nil || !found || row.Outcome != ledger.Excluded || row.Digest != sum(m.Content) {
			t.Errorf("message %d in the trash: %+v %v", m.UID, row, err)
		}
	}
	if again := p.mustPurge(); again.Gone != 0 || again.Before != 132 {
		t.Errorf("the second run: %+v", again)
	}
}

// TestToTrashRefused: where it cannot be done in one step, or would do nothing, nothing is done.
func TestToTrashRefused(t *testing.T) {
	trashing(t, 3, memory.Options{Without: []string{"MOVE"}}).untouched("no MOVE", unsupported)
	trashing(t, 3, memory.Options{Without: []string{"UIDPLUS"}}).untouched("no UIDPLUS", unsupported)
	p := trashing(t, 3, memory.Options{})
	p.approve() // lists the trash too
	r, err := p.purge()
	if err != nil || !isStale(r.Err()) || r.Gone != 6 || p.left("Trash").Len() != 8 {
		t.Errorf("%+v %v %v", r, err, r.Err())
	}
}

// TestToTrashOnAServerThatDoesNotSay has no COPYUID: the mailbox stops, and what was seen to be gone is noted.
func TestToTrashOnAServerThatDoesNotSay(t *testing.T) {
	p := trashing(t, 5, memory.Options{})
	job := p.job()
	job.Loses = silent{job.Loses}
	r, err := purge.Run(context.Background(), job)
	if err != nil || endpoint.ClassOf(r.Err()) != endpoint.Protocol || r.Mailboxes[0].Gone != 1 || p.left("INBOX").String() != "2:5" {
		t.Errorf("%+v %v %v", r, err, r.Err())
	}
}

type silent struct{ endpoint.Expunger }

type silentRemover struct{ endpoint.Remover }

func (s silent) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	r, err := s.Expunger.Select(ctx, w)
	return silentRemover{r}, err
}

func (s silentRemover) Move(ctx context.Context, set mailbox.UIDSet, w mailbox.Wire) (endpoint.Moved, error) {
	_, err := s.Remover.Move(ctx, set, w)
	return endpoint.Moved{}, err
}

// TestToTrashKilled ends the process at every MOVE, before and after its effect, and lets another finish.
func TestToTrashKilled(t *testing.T) {
	for _, done := range []bool{false, true} {
		for nth := 1; nth <= 3; nth++ {
			p := trashing(t, 5, memory.Options{})
			dead := false
			p.source.Inject(func(c memory.Call) memory.Fault {
				now := c.Verb == memory.Move && c.Nth == nth
				if dead = dead || now; dead {
					return memory.Fault{Err: &endpoint.Error{Class: endpoint.LoginRefused, Err: errKilled}, Done: done && now}
				}
				return memory.Fault{}
			})
			if _, err := purge.Run(context.Background(), p.job()); err == nil {
				t.Fatalf("MOVE %d was not reached", nth)
			}
			p.heal()
			p.open()
			if r := p.mustPurge(); r.Remaining() != 0 || len(p.left("INBOX")) != 0 || p.left("Trash").Len() != 10 {
				t.Errorf("MOVE %d, done %v: %+v; in the trash %s", nth, done, r, p.left("Trash"))
			}
			p.ledger.Close()
		}
	}
}

// TestToTrashAfterAMark takes the mark of an earlier run away before it moves the message.
func TestToTrashAfterAMark(t *testing.T) {
	p := trashing(t, 5, memory.Options{})
	p.edit("INBOX", 2, func(r *ledger.Row) { r.Removal = ledger.Purging })
	p.source.Edit("INBOX", 2, addFlag(mailbox.Deleted))
	if r := p.mustPurge(); r.Remaining() != 0 || len(r.Left) != 0 || len(p.marked("Trash")) != 0 || p.left("Trash").Len() != 10 {
		t.Errorf("%+v; marked in the trash %s", r, p.marked("Trash"))
	}
}

// TestToTrashLastLook: what changes right before the MOVE stays, and what has lost its copy by then.
func TestToTrashLastLook(t *testing.T) {
	for name, change := range map[string]func(*proved){
		"flag": func(p *proved) { p.source.Edit("INBOX", 3, addFlag(mailbox.Flagged)) },
		"copy": func(p *proved) { p.to.Remove("INBOX", 103) },
	} {
		t.Run(name, func(t *testing.T) {
			p := trashing(t, 5, memory.Options{})
			p.source.Inject(func(c memory.Call) memory.Fault {
				if c.Verb == memory.Move && c.Mailbox == "INBOX" && c.Nth == 1 {
					change(p) // the batch has been read; the canary goes, and then the rest is looked at once more
				}
				return memory.Fault{}
			})
			r := p.mustPurge()
			if r.Mailboxes[0].Gone != 4 || p.left("INBOX").String() != "3" {
				t.Errorf("%+v; left %s", r, p.left("INBOX"))
			}
		})
	}
}
