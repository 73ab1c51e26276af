package purge_test

import (
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/mailbox"
)

// weaker is a checkpoint that says that metadata are enough.
func weaker(t *testing.T, n int) *proved {
	t.Helper()
	p := newProved(t, n, memory.Options{})
	p.checkpoint.Recheck = checkpoint.RecheckMetadata
	p.approveAgain()
	return p
}

// TestRecheckMetadata reads the bytes of the first message of each mailbox on both sides, and of no other.
func TestRecheckMetadata(t *testing.T) {
	p := weaker(t, 130)
	r := p.mustPurge()
	if r.Gone != 133 || r.Remaining() != 0 {
		t.Errorf("%+v", r)
	}
	if from, to := p.source.Calls(memory.Fetch), p.to.Calls(memory.Fetch); from != 2 || to != 2 {
		t.Errorf("%d originals and %d copies were read, want one of each in each mailbox", from, to)
	}
}

func TestRecheckMetadataKeeps(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*proved)
		words  string
	}{
		"size of the original": {func(p *proved) { p.source.Edit("INBOX", 3, longer) }, "it has 32 bytes"},
		"size of the copy":     {func(p *proved) { p.to.Edit("INBOX", 103, longer) }, "its copy has 32 bytes"},
		"date of the original": {func(p *proved) { p.source.Edit("INBOX", 3, later) }, "it has the date"},
		"date of the copy":     {func(p *proved) { p.to.Edit("INBOX", 103, later) }, "its copy has the date"},
		"flags":                {func(p *proved) { p.source.Edit("INBOX", 3, addFlag(mailbox.Flagged)) }, "flags were changed"},
		"copy marked":          {func(p *proved) { p.to.Edit("INBOX", 103, addFlag(mailbox.Deleted)) }, "its copy is marked"},
	} {
		t.Run(name, func(t *testing.T) {
			p := weaker(t, 6)
			c.change(p)
			r := p.mustPurge()
			if r.Gone != 8 || len(r.Left) != 1 || r.Left[0].UID != 3 || !strings.Contains(r.Left[0].Reason, c.words) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestRecheckMetadataReadsTheFirst: other bytes in the first message stop the mailbox, whatever the checkpoint says.
func TestRecheckMetadataReadsTheFirst(t *testing.T) {
	p := weaker(t, 6)
	p.source.Edit("INBOX", 1, addFlag(mailbox.Flagged)) // so that the second is the first to go
	p.source.Edit("INBOX", 2, flip)
	r, err := p.purge()
	if err != nil || !isStale(r.Err()) || r.Mailboxes[0].Gone != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestContentReadsWhatMetadataWouldMiss has a flipped byte of the same length in the last message.
func TestContentReadsWhatMetadataWouldMiss(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	p.to.Edit("INBOX", 106, flip)
	if r, err := p.purge(); err != nil || !isStale(r.Err()) || r.Mailboxes[0].Gone != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

func longer(m *memory.Message) { m.Content = append([]byte("x"), m.Content...) }

func later(m *memory.Message) { m.InternalDate = m.InternalDate.Add(time.Second) }
