package purge_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

func sum(b []byte) mailbox.Digest { return sha256.Sum256(b) }

var verbs = []memory.Verb{memory.Select, memory.Scan, memory.Search, memory.Fetch, memory.Store, memory.Expunge}

// TestLostConnections breaks every call of a purge once, with and without its effect; the purge connects again by itself and comes to its end.
func TestLostConnections(t *testing.T) {
	for _, verb := range verbs {
		for n := 1; ; n++ {
			reached := false
			for _, f := range []memory.Fault{{Err: memory.Lost()}, memory.LostAnswer()} {
				p := newProved(t, 5, memory.Options{})
				p.source.Inject(func(c memory.Call) memory.Fault {
					if c.Verb == verb && c.Nth == n {
						reached = true
						return f
					}
					return memory.Fault{}
				})
				if r := p.mustPurge(); r.Remaining() != 0 || len(p.left("INBOX")) != 0 {
					t.Errorf("call %d of %s lost: %+v", n, verb, r)
				}
				p.ledger.Close()
			}
			if !reached {
				break
			}
		}
	}
}

// errKilled stands for the end of the process: no class, so that nothing goes on after it.
var errKilled = errors.New("killed")

// TestKilledAnywhere ends the process at every call, before its effect and after it, opens the ledger again, and lets another process finish.
func TestKilledAnywhere(t *testing.T) {
	for _, verb := range verbs {
		for n := 1; ; n++ {
			reached := false
			for _, done := range []bool{false, true} {
				p := newProved(t, 5, memory.Options{})
				p.source.Inject(func(c memory.Call) memory.Fault {
					if reached = reached || c.Verb == verb && c.Nth == n; reached { // the dead do not call again
						return memory.Fault{Err: &endpoint.Error{Class: endpoint.LoginRefused, Err: errKilled}, Done: done && c.Verb == verb && c.Nth == n}
					}
					return memory.Fault{}
				})
				_, err := purge.Run(context.Background(), p.job())
				if !reached {
					p.ledger.Close()
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatalf("call %d of %s: %v", n, verb, err)
				}
				p.heal()
				p.open()
				p.law()
				if r := p.mustPurge(); r.Remaining() != 0 || len(p.left("INBOX")) != 0 || r.Before+r.Gone != 8 {
					t.Errorf("killed at call %d of %s, done %v: %+v", n, verb, done, r)
				}
				p.ledger.Close()
				reached = done
			}
			if !reached {
				break
			}
		}
	}
}

// TestChangesWhileDead has somebody change things between the death of one process and the next.
func TestChangesWhileDead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*proved)
		gone   int64
		left   string // of INBOX
		stale  bool
	}{
		"nothing": {func(*proved) {}, 6, "", false},
		"a flag":  {func(p *proved) { p.source.Edit("INBOX", 2, addFlag(mailbox.Flagged)) }, 5, "2", false},
		"mark taken away": {func(p *proved) {
			p.source.Edit("INBOX", 2, func(m *memory.Message) { m.Flags = []mailbox.Flag{mailbox.Seen, "$Forwarded"} })
		}, 6, "", false},
		"expunged by another": {func(p *proved) { p.source.Remove("INBOX", 2) }, 6, "", false},
		"copy marked":         {func(p *proved) { p.to.Edit("INBOX", 102, addFlag(mailbox.Deleted)) }, 5, "2", false},
		"copy lost":           {func(p *proved) { p.to.Remove("INBOX", 102) }, 0, "1:6", true},
		"copy altered":        {func(p *proved) { p.to.Edit("INBOX", 102, flip) }, 0, "1:6", true},
		"original altered":    {func(p *proved) { p.source.Edit("INBOX", 2, flip) }, 0, "1:6", true},
		"foreign mark": {func(p *proved) {
			uid := p.source.Deliver("INBOX", []byte("new"), day)
			p.source.Edit("INBOX", uid, addFlag(mailbox.Deleted))
		}, 0, "1:7", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProved(t, 6, memory.Options{})
			// The first process died right after the mark was set on the messages 1 to 3.
			for uid := mailbox.UID(1); uid <= 3; uid++ {
				p.edit("INBOX", uid, func(r *ledger.Row) { r.Removal = ledger.Purging })
				p.source.Edit("INBOX", uid, addFlag(mailbox.Deleted))
			}
			c.change(p)
			p.open()
			r, err := p.purge()
			if err != nil || isStale(r.Err()) != c.stale {
				t.Fatal(err, r.Err())
			}
			if r.Mailboxes[0].Gone != c.gone || p.left("INBOX").String() != c.left {
				t.Errorf("%+v; left %s", r.Mailboxes[0], p.left("INBOX"))
			}
			if m := p.marked("INBOX"); len(m) != 0 && m.String() != "7" {
				t.Errorf("%s stays marked", m)
			}
			if err := p.ledger.Each(p.box("INBOX"), func(r ledger.Row) error {
				if r.Removal == ledger.Purging {
					return fmt.Errorf("message %d is still being purged", r.UID)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBegunUnderAnotherApproval has a new checkpoint that does not list what an earlier purge has marked: it is un-flagged, not finished.
func TestBegunUnderAnotherApproval(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	for uid := mailbox.UID(2); uid <= 3; uid++ {
		p.edit("INBOX", uid, func(r *ledger.Row) { r.Removal = ledger.Purging })
	}
	p.source.Edit("INBOX", 2, addFlag(mailbox.Deleted)) // and 3 was not reached
	p.approve()
	if got := p.checkpoint.Mailboxes[0].UIDs.Set().String(); got != "1,4:6" {
		t.Fatalf("the checkpoint lists %s", got)
	}
	r := p.mustPurge()
	if p.left("INBOX").String() != "2:3" || len(p.marked("INBOX")) != 0 || r.Gone != 7 || r.Remaining() != 0 {
		t.Errorf("%+v; left %s, marked %s", r, p.left("INBOX"), p.marked("INBOX"))
	}
}

// TestAnyTroubleKeepsTheLaw lets random faults, random deaths and random other clients loose on a purge, and then a last, undisturbed one.
func TestAnyTroubleKeepsTheLaw(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		var without []string
		if rapid.Bool().Draw(t, "no condstore") {
			without = []string{"CONDSTORE"}
		}
		p := newProved(outer, rapid.IntRange(1, 120).Draw(t, "messages"), memory.Options{Without: without})
		defer p.ledger.Close()
		for range rapid.IntRange(1, 4).Draw(t, "runs") {
			p.trouble(t)
			if _, err := purge.Run(context.Background(), p.job()); err != nil && endpoint.ClassOf(err) == endpoint.Unclassified && !isStale(err) {
				t.Fatal(err)
			}
			p.heal()
			p.open()
			p.law()
		}
		if _, err := purge.Run(context.Background(), p.job()); err != nil && !isStale(err) {
			t.Fatal(err)
		}
		p.law()
		if n := len(p.marked("INBOX")); n > p.foreignMarks() {
			t.Fatalf("%d messages stay marked", n)
		}
	})
}

// trouble makes one call in a few fail, and lets others change things.
func (p *proved) trouble(t *rapid.T) {
	faults := rapid.SliceOfN(rapid.IntRange(0, 11), 1, 40).Draw(t, "faults")
	i := 0
	p.source.Inject(func(c memory.Call) memory.Fault {
		i++
		switch faults[i%len(faults)] {
		case 0:
			return memory.Fault{Err: memory.Lost()}
		case 1:
			return memory.LostAnswer()
		case 2:
			if all := p.source.Messages("INBOX"); len(all) > 0 {
				p.source.Edit("INBOX", all[i%len(all)].UID, addFlag(mailbox.Answered))
			}
		case 3:
			if all := p.to.Messages("INBOX"); len(all) > 0 && i%5 == 0 {
				p.to.Remove("INBOX", all[i%len(all)].UID)
			}
		case 4:
			p.deliver("INBOX", 1)
		}
		return memory.Fault{}
	})
}

// foreignMarks is how many marks are none of ours: nobody else sets any in these tests.
func (p *proved) foreignMarks() int { return 0 }
