package purge_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// rehearse runs a job on a copy of the ledger, and gives the commands that the run would send.
func (p *pair) rehearse(trash mailbox.Wire) (told []string) {
	p.t.Helper()
	text, err := os.ReadFile(p.ledger.Path())
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "copy.ledger")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	l, err := ledger.Open(path, ledger.Options{Now: time.Now})
	if err != nil {
		p.t.Fatal(err)
	}
	defer l.Close()
	job := p.job(trash)
	job.Ledger, job.Approval = l, nil
	job.Loses = purge.Rehearsal(p.source.Source(), func(c purge.Command) { told = append(told, c.Text) })
	if r, err := purge.Run(p.t.Context(), job); err != nil || r.Err() != nil {
		p.t.Fatal(err, r.Err())
	}
	return told
}

func (p *pair) job(trash mailbox.Wire) purge.Job {
	return purge.Job{Ledger: p.ledger, Checkpoint: p.checkpoint, Approval: p.approval, Loses: p.source.Removal(), Keeps: p.destination.Source(), Trash: trash,
		Sink: event.Discard, Now: time.Now, Patience: patience}
}

// changing are the commands that went to the source and change something, in the form of a rehearsal.
func (p *pair) changing() (all []string) {
	for _, line := range p.sourceTap.commands() {
		if !harmless.MatchString(line) {
			all = append(all, line)
		}
	}
	return all
}

// TestRealRehearsal holds what a dry run says against what real servers are then sent, to the letter.
func TestRealRehearsal(t *testing.T) {
	for name, way := range map[string]struct {
		from  func(testing.TB) *imaptest.Server
		work  string
		trash string
	}{
		"dovecot":          {dovecotA, "INBOX.Work", ""},
		"cyrus into trash": {imaptest.Cyrus, "Work", "Bin"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, way.from(t), dovecotB(t), way.work)
			if way.trash != "" {
				p.from.Dial(t).Create(way.trash)
			}
			told := p.rehearse(mailbox.Wire(way.trash))
			if sent := p.changing(); len(sent) != 0 {
				t.Fatalf("a rehearsal sent %q", sent)
			}
			r, err := purge.Run(t.Context(), p.job(mailbox.Wire(way.trash)))
			if err != nil || r.Err() != nil || r.Remaining() != 0 {
				t.Fatalf("%+v %v %v", r, err, r.Err())
			}
			if sent := p.changing(); !slices.Equal(told, sent) {
				t.Errorf("told %q\nsent %q", told, sent)
			}
			if way.trash == "" {
				return
			}
			if n := len(p.from.Dial(t).FetchAll(way.trash)); n != inboxMessages+7 {
				t.Errorf("%d messages are in the trash", n)
			}
		})
	}
}
