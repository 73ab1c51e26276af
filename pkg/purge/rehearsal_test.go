package purge_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// rehearse runs the job on a copy of the ledger, over an account that can only be read.
func (p *proved) rehearse(change func(*purge.Job)) (told []string, r *purge.Result) {
	p.t.Helper()
	text, err := os.ReadFile(p.path)
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "copy.ledger")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	l, err := ledger.Open(path, ledger.Options{Command: "test", Now: p.clock})
	if err != nil {
		p.t.Fatal(err)
	}
	defer l.Close()
	job := p.job()
	job.Ledger = l
	job.Loses = purge.Rehearsal(p.source.Source(), func(c purge.Command) { told = append(told, string(c.Mailbox)+" "+c.Text) })
	job.Approval = nil // nobody has to say yes to what changes nothing
	if change != nil {
		change(&job)
	}
	if r, err = purge.Run(context.Background(), job); err != nil {
		p.t.Fatal(err)
	}
	return told, r
}

// done is what a run did to the source, in the words of a rehearsal but for the condition.
func (p *proved) done() (all []string) {
	for _, s := range p.source.History() {
		sign := "+"
		if s.Unmark {
			sign = "-"
		}
		switch s.Verb {
		case memory.Store:
			all = append(all, fmt.Sprintf(`%s UID STORE %s %sFLAGS.SILENT (\Deleted)`, s.Mailbox, s.UIDs, sign))
		case memory.Expunge:
			all = append(all, fmt.Sprintf("%s UID EXPUNGE %s", s.Mailbox, s.UIDs))
		case memory.Move:
			all = append(all, fmt.Sprintf("%s UID MOVE %s %q", s.Mailbox, s.UIDs, "Trash"))
		}
	}
	return all
}

// TestRehearsalIsTheRun: a rehearsal changes nothing, and what it says is what the run then does, with everything in the way that makes
// messages stay.
func TestRehearsalIsTheRun(t *testing.T) {
	for name, trash := range map[string]mailbox.Wire{"expunge": "", "trash": "Trash"} {
		t.Run(name, func(t *testing.T) {
			p := newProved(t, 130, memory.Options{Without: []string{"CONDSTORE"}})
			p.source.Make("Trash", mailbox.RoleTrash, true)
			p.source.Edit("INBOX", 1, addFlag(mailbox.Flagged)) // not even the canary is as it was
			p.source.Remove("INBOX", 50)
			p.to.Edit("INBOX", 160, addFlag(mailbox.Deleted))
			before := fmt.Sprint(p.source.Messages("INBOX"), p.row("INBOX", 2))
			told, rehearsed := p.rehearse(func(j *purge.Job) { j.Trash = trash })
			if after := fmt.Sprint(p.source.Messages("INBOX"), p.row("INBOX", 2)); after != before || len(p.source.History()) != 0 {
				t.Fatalf("a rehearsal changed something: %v", p.source.History())
			}
			job := p.job()
			job.Trash = trash
			r, err := purge.Run(context.Background(), job)
			if err != nil || r.Err() != nil {
				t.Fatal(err, r.Err())
			}
			if did := p.done(); !slices.Equal(told, did) {
				t.Errorf("told %q\ndid  %q", told, did)
			}
			if fmt.Sprint(rehearsed) != fmt.Sprint(r) {
				t.Errorf("the rehearsal came to %+v, the run to %+v", rehearsed, r)
			}
		})
	}
}

// TestRehearsalSeesAForeignMark stops where the run would stop.
func TestRehearsalSeesAForeignMark(t *testing.T) {
	p := newProved(t, 5, memory.Options{})
	uid := p.source.Deliver("INBOX", []byte("new"), day)
	p.source.Edit("INBOX", uid, addFlag(mailbox.Deleted))
	told, r := p.rehearse(nil)
	if !isStale(r.Err()) || r.Mailboxes[0].Gone != 0 || r.Mailboxes[1].Gone != 3 {
		t.Errorf("%+v %v, told %q", r, r.Err(), told)
	}
}
