package purge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

func TestPurgeRemovesWhatWasApproved(t *testing.T) {
	p := newProved(t, 250, memory.Options{})
	p.deliver("INBOX", 2) // came later, and nobody approved them
	r := p.mustPurge()
	if r.Gone != 253 || r.Approved != 253 || r.Remaining() != 0 || r.Before != 0 || len(r.Left) != 0 {
		t.Errorf("%+v", r)
	}
	if p.left("INBOX").String() != "251:252" || len(p.left("Sent")) != 0 {
		t.Errorf("left are %s and %s", p.left("INBOX"), p.left("Sent"))
	}
	var sizes []int
	for _, s := range p.source.History() {
		if s.Verb == memory.Expunge && s.Mailbox == "INBOX" {
			sizes = append(sizes, s.UIDs.Len())
		}
	}
	if fmt.Sprint(sizes) != "[1 99 100 50]" {
		t.Errorf("batches of %v; the first message goes alone", sizes)
	}
	if row := p.row("INBOX", 7); row.Removal != ledger.Gone {
		t.Errorf("%+v", row)
	}
	again := p.mustPurge()
	if again.Gone != 0 || again.Before != 253 || again.Remaining() != 0 {
		t.Errorf("the second run: %+v", again)
	}
}

func TestEverythingIsReadAgainBeforeItGoes(t *testing.T) {
	p := newProved(t, 120, memory.Options{})
	read := map[mailbox.UID]bool{}
	copies := map[mailbox.UID]bool{}
	p.to.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Fetch && c.Mailbox == "INBOX" {
			copies[c.UID] = true
		}
		return memory.Fault{}
	})
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Fetch && c.Mailbox == "INBOX" {
			read[c.UID] = true
		}
		if c.Verb == memory.Store && c.Mailbox == "INBOX" && (len(read) == 0 || len(read) != len(copies)) {
			t.Errorf("a mark is set after %d originals and %d copies were read", len(read), len(copies))
		}
		return memory.Fault{}
	})
	p.mustPurge()
	if len(read) != 120 || len(copies) != 120 {
		t.Errorf("%d originals and %d copies were read", len(read), len(copies))
	}
}

// refused runs a purge that has to come to nothing at all.
func (p *proved) refused(what string, check func(error) bool) {
	p.t.Helper()
	inbox, sent := p.left("INBOX").String(), p.left("Sent").String()
	r, err := p.purge()
	if err == nil {
		err = r.Err()
	}
	if !check(err) {
		p.t.Errorf("%s: %v", what, err)
	}
	if r.Gone != 0 || p.left("INBOX").String() != inbox || p.left("Sent").String() != sent {
		p.t.Errorf("%s: %d messages were removed", what, r.Gone)
	}
	if n := p.source.Calls(memory.Expunge); n != 0 {
		p.t.Errorf("%s: %d EXPUNGE were sent", what, n)
	}
}

func notApproved(err error) bool { _, ok := errors.AsType[*approval.NotApprovedError](err); return ok }
func void(err error) bool        { _, ok := errors.AsType[*approval.VoidError](err); return ok }
func unsupported(err error) bool { return endpoint.ClassOf(err) == endpoint.Unsupported }

// untouched is refused, and not even a mailbox was opened.
func (p *proved) untouched(what string, check func(error) bool) {
	p.t.Helper()
	p.refused(what, check)
	if n := p.source.Calls(memory.Select) + p.to.Calls(memory.Examine); n != 0 {
		p.t.Errorf("%s: %d mailboxes were opened", what, n)
	}
}

func TestApprovalComesFirst(t *testing.T) {
	p := newProved(t, 3, memory.Options{})
	given := *p.approval
	p.approval = nil
	p.untouched("no approval", notApproved)
	job := p.job()
	job.Loses = memory.New(memory.Options{Host: "elsewhere.example"}).Removal()
	if _, err := purge.Run(context.Background(), job); !notApproved(err) {
		t.Errorf("another question came before that for the approval: %v", err)
	}

	other := given
	other.Checkpoint = strings.Repeat("ab", 32)
	p.approval = &other
	p.untouched("an approval of another checkpoint", void)

	p.approval = &given
	p.now = noon.Add(approval.ValidFor)
	p.untouched("an expired approval", void)
	p.now = noon.AddDate(0, 0, -1)
	p.untouched("an approval from the future", void)
	p.now = noon

	// An old approval for a new checkpoint, which lists one message more.
	p.deliver("INBOX", 1)
	p.prove("INBOX", "INBOX")
	p.approve()
	p.approval = &given
	p.untouched("an old approval for a new checkpoint", void)
}

func TestEditedCheckpoint(t *testing.T) {
	p := newProved(t, 5, memory.Options{})
	p.deliver("INBOX", 1)
	data, err := p.checkpoint.Encode()
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(data), `"1:5"`, `"1:6"`, 1)
	if edited == string(data) {
		t.Fatal("the test does not edit anything")
	}
	_, err = checkpoint.Read("a.yaml", []byte(edited))
	if _, ok := errors.AsType[*checkpoint.EditedError](err); !ok {
		t.Errorf("want an EditedError, have %v", err)
	}
	// Even one that is edited in memory, after it was read, finds its approval void.
	p.checkpoint.Mailboxes[0].UIDs[0].Last++
	p.untouched("an edited checkpoint", void)
	// And when somebody approves that, the ledger does not know the message as proved.
	p.checkpoint.Mailboxes = p.checkpoint.Mailboxes[:1]
	p.approveAgain()
	p.untouched("an edited checkpoint that was approved", isStale)
}

func TestOtherAccounts(t *testing.T) {
	bob := memory.New(memory.Options{Host: "old.example", User: "bob"})
	p := newProved(t, 3, memory.Options{})
	job := p.job()
	job.Loses = bob.Removal()
	if r, err := purge.Run(context.Background(), job); !isStale(err) || r.Gone != 0 || len(bob.History()) != 0 {
		t.Errorf("another source account: %v %v", err, bob.History())
	}
	job = p.job()
	job.Keeps = bob.Source()
	if _, err := purge.Run(context.Background(), job); !isStale(err) {
		t.Errorf("another destination account: %v", err)
	}
	// Checkpoint and login agree, and the ledger is another account's.
	p.checkpoint.Source = bob.Identity()
	p.approveAgain()
	job = p.job()
	job.Loses = bob.Removal()
	if r, err := purge.Run(context.Background(), job); !isStale(err) || r.Gone != 0 || bob.Calls(memory.Select) != 0 {
		t.Errorf("the ledger of another account: %v", err)
	}
	q := newProved(t, 3, memory.Options{})
	q.checkpoint.Source.User = "bob"
	q.approveAgain()
	q.untouched("a checkpoint of another account", isStale)

	for side, identity := range map[string]func(*checkpoint.Checkpoint) *endpoint.Identity{
		"source": func(c *checkpoint.Checkpoint) *endpoint.Identity { return &c.Source }, "destination": func(c *checkpoint.Checkpoint) *endpoint.Identity { return &c.Destination },
	} {
		q = newProved(t, 3, memory.Options{})
		identity(q.checkpoint).Key = strings.Repeat("ab", 32)
		q.approveAgain()
		q.untouched("another TLS key of the "+side, isStale)
	}

	q = newProved(t, 3, memory.Options{})
	q.checkpoint.Name = "b"
	q.approveAgain()
	q.untouched("a checkpoint of another migration", isStale)
}

func TestServersThatCannotRemoveSingleMessages(t *testing.T) {
	newProved(t, 3, memory.Options{Without: []string{"UIDPLUS"}}).untouched("no UIDPLUS", unsupported)
	p := newProved(t, 3, memory.Options{})
	job := p.job()
	job.Loses = labels{job.Loses}
	if _, err := purge.Run(context.Background(), job); !unsupported(err) || p.source.Calls(memory.Select) != 0 {
		t.Errorf("a server with labels: %v", err)
	}
}

// labels is a server on which \Deleted takes a label away.
type labels struct{ endpoint.Expunger }

func (l labels) Capabilities() endpoint.Capabilities {
	return endpoint.NewCapabilities(append(l.Expunger.Capabilities(), "X-GM-EXT-1")...)
}

func (p *proved) approveAgain() {
	p.t.Helper()
	s := p.checkpoint.Subject()
	var err error
	if p.approval, err = approval.Give(s, s.Phrase(), approval.Person{User: "alice", Host: "here"}, "", p.now); err != nil {
		p.t.Fatal(err)
	}
}

func TestOnlyKnownKindsAndRechecks(t *testing.T) {
	any := func(err error) bool { return err != nil }
	p := newProved(t, 3, memory.Options{})
	p.checkpoint.Recheck = "counts"
	p.approveAgain()
	p.untouched("an unknown recheck", any)
	p = newProved(t, 3, memory.Options{})
	p.checkpoint.Kind = "copy"
	p.approveAgain()
	p.untouched("a checkpoint of another kind", any)
}

// TestOneAccountUnderOneName has the same account on both sides, and says so.
func TestOneAccountUnderOneName(t *testing.T) {
	p := newProved(t, 3, memory.Options{})
	p.ledger.Close()
	p.ledger = nil
	p.path += ".same"
	p.to = p.source
	p.open()
	box, err := p.ledger.Enrol(ledger.Mailbox{Source: "INBOX", Name: mailbox.Name{"INBOX"}, Validity: p.source.Validity("INBOX"), Dest: "Sent", DestName: mailbox.Name{"Sent"}, DestValidity: p.source.Validity("Sent")})
	if err != nil {
		t.Fatal(err)
	}
	p.update(box, ledger.Row{UID: 1, Outcome: ledger.Copied, Proof: ledger.ProvedContent, ProvedAt: noon, Digest: sum(p.source.Messages("INBOX")[0].Content), Dest: 1})
	p.approve()
	if _, err := purge.Run(context.Background(), p.job()); !isStale(err) || p.source.Calls(memory.Select) != 0 {
		t.Errorf("one account on both sides: %v", err)
	}
}

// TestApprovalThatEndsOnTheWay ends while the first mailbox is purged; the second is not begun.
func TestApprovalThatEndsOnTheWay(t *testing.T) {
	p := newProved(t, 3, memory.Options{})
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Expunge {
			p.now = noon.Add(approval.ValidFor)
		}
		return memory.Fault{}
	})
	r, err := p.purge()
	if !void(err) || r.Gone != 3 || p.left("Sent").Len() != 3 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestMarksAreConditional holds what goes into STORE: the highest MODSEQ that was seen, and never a change that is not one of ours.
func TestMarksAreConditional(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	job := p.job()
	marks := &marks{Expunger: job.Loses}
	job.Loses = marks
	var highest uint64
	for _, m := range p.source.Messages("INBOX") {
		highest = max(highest, m.ModSeq)
	}
	if r, err := purge.Run(context.Background(), job); err != nil || r.Gone != 9 {
		t.Fatal(r, err)
	}
	if len(marks.modseqs) == 0 {
		t.Fatal("nothing was marked")
	}
	for _, m := range marks.modseqs[:2] {
		if m != highest {
			t.Errorf("a mark was set UNCHANGEDSINCE %d, the highest seen is %d", m, highest)
		}
	}
}

type marks struct {
	endpoint.Expunger
	modseqs []uint64
}

type marksRemover struct {
	endpoint.Remover
	marks *marks
}

func (m *marks) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	r, err := m.Expunger.Select(ctx, w)
	if err != nil {
		return nil, err
	}
	return marksRemover{r, m}, nil
}

func (m marksRemover) MarkDeleted(ctx context.Context, set mailbox.UIDSet, modseq uint64) error {
	m.marks.modseqs = append(m.marks.modseqs, modseq)
	return m.Remover.MarkDeleted(ctx, set, modseq)
}

// TestNothingGoesWhenTheMailboxIsNotTheOneThatWasApproved is the list of things that stop a mailbox before its first message.
func TestNothingGoesWhenTheMailboxIsNotTheOneThatWasApproved(t *testing.T) {
	swap := func(a *memory.Account, w mailbox.Wire, one, two mailbox.UID) {
		var first, second []byte
		for _, m := range a.Messages(w) {
			if m.UID == one {
				first = m.Content
			}
			if m.UID == two {
				second = m.Content
			}
		}
		a.Edit(w, one, func(m *memory.Message) { m.Content = second })
		a.Edit(w, two, func(m *memory.Message) { m.Content = first })
	}
	for name, change := range map[string]func(*proved){
		"uids swapped on the source":      func(p *proved) { swap(p.source, "INBOX", 3, 4) },
		"uids swapped on the destination": func(p *proved) { swap(p.to, "INBOX", 103, 104) },
		"dest uids swapped in the ledger": func(p *proved) {
			a, b := p.row("INBOX", 3), p.row("INBOX", 4)
			one, two := a.Dest, b.Dest
			a.Dest = 4000
			p.update(p.box("INBOX"), a)
			b.Dest = one
			p.update(p.box("INBOX"), b)
			a.Dest = two
			p.update(p.box("INBOX"), a)
		},
		"flipped byte on the destination": func(p *proved) { p.to.Edit("INBOX", 105, flip) },
		"flipped byte on the source":      func(p *proved) { p.source.Edit("INBOX", 5, flip) },
		"copy deleted":                    func(p *proved) { p.to.Remove("INBOX", 105) },
		"all copies deleted":              func(p *proved) { p.to.Remove("INBOX", p.to.Messages("INBOX")[0].UID, 102, 103, 104, 105, 106) },
		"source mailbox made anew, same uids": func(p *proved) {
			old := p.source.Messages("INBOX")
			p.source.Recreate("INBOX")
			for _, m := range old {
				p.source.Deliver("INBOX", m.Content, m.InternalDate, m.Flags...)
			}
		},
		"source mailbox restored":          func(p *proved) { p.source.Renumber("INBOX") },
		"source mailbox deleted":           func(p *proved) { p.source.Delete("INBOX") },
		"destination made anew":            func(p *proved) { p.to.Recreate("INBOX") },
		"destination restored":             func(p *proved) { p.to.Renumber("INBOX") },
		"destination deleted":              func(p *proved) { p.to.Delete("INBOX") },
		"foreign mark on approved message": func(p *proved) { p.source.Edit("INBOX", 4, addFlag(mailbox.Deleted)) },
		"foreign mark on another message": func(p *proved) {
			uid := p.source.Deliver("INBOX", []byte("new"), day)
			p.source.Edit("INBOX", uid, addFlag(mailbox.Deleted))
		},
		"digest changed in the ledger": func(p *proved) { p.edit("INBOX", 3, func(r *ledger.Row) { r.Digest[0] ^= 1 }) },
		"flags changed in the ledger":  func(p *proved) { p.edit("INBOX", 3, func(r *ledger.Row) { r.Flags = nil }) },
		"mailbox is read-only":         func(p *proved) {},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProved(t, 6, memory.Options{})
			change(p)
			inbox := p.left("INBOX").String()
			job := p.job()
			if name == "mailbox is read-only" {
				job.Loses = readOnly{job.Loses}
			}
			r, err := purge.Run(context.Background(), job)
			if name != "source mailbox restored" && name != "source mailbox made anew, same uids" && name != "source mailbox deleted" {
				p.lawOfHistory()
			}
			if err != nil || !isStale(r.Err()) || r.Mailboxes[0].Stopped == nil {
				t.Fatalf("%+v %v %v", r, err, r.Err())
			}
			if p.left("INBOX").String() != inbox || r.Mailboxes[0].Gone != 0 {
				t.Errorf("messages were removed: %s are left of %s", p.left("INBOX"), inbox)
			}
			if name != "mailbox is read-only" && (r.Mailboxes[1].Gone != 3 || r.Mailboxes[1].Stopped != nil) {
				t.Errorf("the other mailbox did not go on: %+v", r.Mailboxes[1])
			}
			for _, w := range []mailbox.Wire{"INBOX"} {
				for uid := range p.marked(w).All {
					if !strings.HasPrefix(name, "foreign mark") {
						t.Errorf("message %d stays marked", uid)
					}
				}
			}
		})
	}
}

type readOnly struct{ endpoint.Expunger }

type readOnlyRemover struct{ endpoint.Remover }

func (r readOnly) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	opened, err := r.Expunger.Select(ctx, w)
	if err != nil {
		return nil, err
	}
	return readOnlyRemover{opened}, nil
}

func (r readOnlyRemover) State() endpoint.State {
	s := r.Remover.State()
	s.ReadOnly = true
	return s
}

// TestMessagesThatStay is the list of things that keep one message, and only that one, on the source.
func TestMessagesThatStay(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*proved)
		words  string
		gone   bool // it is not there any more
	}{
		"flag added":            {func(p *proved) { p.source.Edit("INBOX", 3, addFlag(mailbox.Flagged)) }, "flags were changed", false},
		"flag taken away":       {func(p *proved) { p.source.Edit("INBOX", 3, func(m *memory.Message) { m.Flags = nil }) }, "flags were changed", false},
		"keyword added":         {func(p *proved) { p.source.Edit("INBOX", 3, addFlag("todo\x1b[31m")) }, `todo\x1b[31m`, false},
		"not on the source":     {func(p *proved) { p.source.Remove("INBOX", 3) }, "it is not there any more", true},
		"source gives no bytes": {func(p *proved) { p.source.Edit("INBOX", 3, func(m *memory.Message) { m.Problem = "disk\x1b" }) }, `disk\x1b`, false},
		"copy gives no bytes":   {func(p *proved) { p.to.Edit("INBOX", 103, func(m *memory.Message) { m.Problem = "disk\x1b" }) }, `disk\x1b`, false},
		"copy marked":           {func(p *proved) { p.to.Edit("INBOX", 103, addFlag(mailbox.Deleted)) }, `its copy is marked \Deleted`, false},
		"found missing since": {func(p *proved) {
			p.to.Remove("INBOX", 103)
			p.edit("INBOX", 3, func(r *ledger.Row) { r.Proof = ledger.Missing })
		}, "missing", false},
		"found altered since":  {func(p *proved) { p.edit("INBOX", 3, func(r *ledger.Row) { r.Proof = ledger.Altered }) }, "altered", false},
		"only metadata proved": {func(p *proved) { p.edit("INBOX", 3, func(r *ledger.Row) { r.Proof = ledger.ProvedMetadata }) }, "metadata", false},
		"outcome taken back":   {func(p *proved) { p.edit("INBOX", 3, func(r *ledger.Row) { r.Outcome = ledger.Refused }) }, "refused", false},
		"copy lost meanwhile": {func(p *proved) {
			examined := 0
			p.to.Inject(func(c memory.Call) memory.Fault { // after the first look at all copies
				if c.Verb == memory.Fetch && c.Mailbox == "INBOX" {
					if examined++; examined == 1 {
						p.to.Remove("INBOX", 103)
					}
				}
				return memory.Fault{}
			})
		}, "its copy is not on the other account any more", false},
		"copy lost at the last moment": {func(p *proved) {
			stores := 0
			p.source.Inject(func(c memory.Call) memory.Fault {
				if c.Verb == memory.Store {
					if stores++; stores == 2 {
						p.to.Remove("INBOX", 103)
					}
				}
				return memory.Fault{}
			})
		}, "its copy was removed", false},
		"copy marked at the last moment": {func(p *proved) {
			stores := 0
			p.source.Inject(func(c memory.Call) memory.Fault {
				if c.Verb == memory.Store {
					if stores++; stores == 2 {
						p.to.Edit("INBOX", 103, addFlag(mailbox.Deleted))
					}
				}
				return memory.Fault{}
			})
		}, "its copy was removed", false},
		"changed at the last moment": {func(p *proved) {
			stores := 0
			p.source.Inject(func(c memory.Call) memory.Fault {
				if c.Verb == memory.Store {
					if stores++; stores == 2 {
						p.source.Edit("INBOX", 3, addFlag(mailbox.Flagged))
					}
				}
				return memory.Fault{}
			})
		}, "at the moment of its removal", false},
	} {
		for _, without := range [][]string{nil, {"CONDSTORE"}} {
			t.Run(fmt.Sprint(name, without), func(t *testing.T) {
				p := newProved(t, 6, memory.Options{Without: without})
				c.change(p)
				r := p.mustPurge()
				if r.Gone != 8 || r.Remaining() != 1 || len(r.Left) != 1 || r.Left[0].UID != 3 || !strings.Contains(r.Left[0].Reason, c.words) {
					t.Fatalf("%+v", r)
				}
				if got := p.left("INBOX").String(); got != "3" && !c.gone {
					t.Errorf("left are %q", got)
				}
				if len(p.marked("INBOX")) != 0 {
					t.Errorf("%s stays marked", p.marked("INBOX"))
				}
				if row := p.row("INBOX", 3); row.Removal != ledger.Kept || !strings.HasPrefix(row.Reason, "not purged: ") {
					t.Errorf("%+v", row)
				}
			})
		}
	}
}

// TestClaimOfAnother has a row whose copy is recorded as standing for another message.
func TestNoCopyStandsForTwo(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	// Twice the same content; the ledger itself refuses to have one copy for both.
	r := p.row("INBOX", 3)
	r.Dest = 104
	if err := p.ledger.Update(p.box("INBOX"), r); err == nil {
		t.Error("one copy was claimed by two messages")
	}
}

func TestForeignMarkThatComesLate(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	stranger := p.source.Deliver("INBOX", []byte("new"), day)
	stores := 0
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Store && c.Mailbox == "INBOX" {
			if stores++; stores == 2 {
				p.source.Edit("INBOX", stranger, addFlag(mailbox.Deleted))
			}
		}
		return memory.Fault{}
	})
	r, err := p.purge()
	if err != nil || !isStale(r.Err()) || r.Mailboxes[0].Gone != 1 {
		t.Fatalf("%+v %v", r.Mailboxes, err)
	}
	if p.left("INBOX").String() != "2:7" || p.marked("INBOX").String() != "7" {
		t.Errorf("left are %s, marked %s", p.left("INBOX"), p.marked("INBOX"))
	}
}

// TestOneAccountUnderTwoNames is the mistake that would remove the only copy: the first mark shows on the "destination".
func TestOneAccountUnderTwoNames(t *testing.T) {
	p := newProved(t, 0, memory.Options{})
	p.deliver("INBOX", 5)
	// A ledger of its own, in which every message "was there already": it is itself.
	p.path += ".alias"
	p.open()
	box, err := p.ledger.Enrol(ledger.Mailbox{Source: "INBOX", Name: mailbox.Name{"INBOX"}, Validity: p.source.Validity("INBOX"), Dest: "INBOX",
		DestName: mailbox.Name{"INBOX"}, DestValidity: p.source.Validity("INBOX")})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range p.source.Messages("INBOX") {
		p.update(box, ledger.Row{UID: m.UID, Outcome: ledger.AlreadyThere, Proof: ledger.ProvedContent, ProvedAt: noon, Size: int64(len(m.Content)), Flags: m.Flags, Digest: sum(m.Content), Dest: m.UID})
	}
	p.approve()
	job := p.job()
	job.Keeps = named{p.source.Source(), p.to.Identity()}
	r, err := purge.Run(context.Background(), job)
	if err != nil || !isStale(r.Err()) || r.Gone != 0 || p.left("INBOX").String() != "1:5" || len(p.marked("INBOX")) != 0 {
		t.Errorf("%+v %v; left %s, marked %s", r, err, p.left("INBOX"), p.marked("INBOX"))
	}
	if p.source.Calls(memory.Expunge) != 0 {
		t.Error("the only copy was expunged")
	}
}

// named is an account that says it is another.
type named struct {
	endpoint.Fetcher
	identity endpoint.Identity
}

func (n named) Identity() endpoint.Identity { return n.identity }

// TestCopyThatVanishesWithItsOriginal ends the whole run: whatever it is, it must not go on.
func TestCopyThatVanishesWithItsOriginal(t *testing.T) {
	p := newProved(t, 5, memory.Options{})
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Expunge {
			p.to.Remove("INBOX", 101)
		}
		return memory.Fault{}
	})
	r, err := purge.Run(context.Background(), p.job())
	if !isStale(err) || r.Gone != 1 || p.left("INBOX").String() != "2:5" || p.left("Sent").Len() != 3 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestServerThatRemovesMore has an EXPUNGE that takes a neighbour with it.
func TestServerThatRemovesMore(t *testing.T) {
	p := newProved(t, 5, memory.Options{})
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Expunge {
			p.source.Remove("INBOX", 5)
		}
		return memory.Fault{}
	})
	r, err := purge.Run(context.Background(), p.job())
	if !isStale(err) || r.Gone != 1 || p.left("INBOX").String() != "2:4" || p.left("Sent").Len() != 3 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestMailThatArrivesWhileTheCanaryGoes must not be taken for a message too many.
func TestMailThatArrivesWhileTheCanaryGoes(t *testing.T) {
	p := newProved(t, 5, memory.Options{})
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Expunge && c.Mailbox == "INBOX" {
			p.deliver("INBOX", 2)
		}
		return memory.Fault{}
	})
	if r := p.mustPurge(); r.Gone != 8 || p.left("INBOX").String() != "6:9" {
		t.Errorf("%+v; left %s", r, p.left("INBOX"))
	}
}

// TestServerThatOnlySaysOK does not expunge, or does not mark, and says OK.
func TestServerThatOnlySaysOK(t *testing.T) {
	for _, verb := range []string{"expunge", "store"} {
		p := newProved(t, 5, memory.Options{})
		job := p.job()
		job.Loses = lazy{job.Loses, verb}
		r, err := purge.Run(context.Background(), job)
		if err != nil || r.Gone != 0 || len(p.marked("INBOX")) != 0 || r.Remaining() != 8 {
			t.Errorf("no %s: %+v %v, marked %s", verb, r, err, p.marked("INBOX"))
		}
		if verb == "expunge" && endpoint.ClassOf(r.Err()) != endpoint.Protocol {
			t.Errorf("no %s: %v", verb, r.Err())
		}
		if verb == "store" && p.source.Calls(memory.Expunge) != 0 {
			t.Error("unmarked messages were expunged")
		}
		p.law()
	}
}

type lazy struct {
	endpoint.Expunger
	verb string
}

type lazyRemover struct {
	endpoint.Remover
	verb string
}

func (l lazy) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	r, err := l.Expunger.Select(ctx, w)
	if err != nil {
		return nil, err
	}
	return lazyRemover{r, l.verb}, nil
}

func (l lazyRemover) Expunge(ctx context.Context, set mailbox.UIDSet) error {
	if l.verb == "expunge" {
		return nil
	}
	return l.Remover.Expunge(ctx, set)
}

func (l lazyRemover) Unmark(ctx context.Context, set mailbox.UIDSet) error {
	if l.verb == "unmark" {
		return nil
	}
	return l.Remover.Unmark(ctx, set)
}

// TestMarkThatDoesNotGoAway has a server that says OK to the end of a mark and keeps it: nobody may be told that the message is as it was.
func TestMarkThatDoesNotGoAway(t *testing.T) {
	p := newProved(t, 5, memory.Options{Without: []string{"CONDSTORE"}})
	p.source.Inject(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Store && c.Nth == 1 {
			p.source.Edit("INBOX", 1, addFlag(mailbox.Flagged))
		}
		return memory.Fault{}
	})
	job := p.job()
	job.Loses = lazy{job.Loses, "unmark"}
	r, err := purge.Run(context.Background(), job)
	if err != nil || !isStale(r.Err()) || !strings.Contains(r.Err().Error(), "stays marked") || r.Mailboxes[0].Gone != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if row := p.row("INBOX", 1); row.Removal != ledger.Purging {
		t.Errorf("the ledger has forgotten the mark: %+v", row)
	}
	// A server that obeys again finds it un-flagged by the next run.
	if r := p.mustPurge(); r.Remaining() != 1 || len(p.marked("INBOX")) != 0 {
		t.Errorf("%+v, marked %s", r, p.marked("INBOX"))
	}
}

func (l lazyRemover) MarkDeleted(ctx context.Context, set mailbox.UIDSet, modseq uint64) error {
	if l.verb == "store" {
		return nil
	}
	return l.Remover.MarkDeleted(ctx, set, modseq)
}

func TestLimit(t *testing.T) {
	p := newProved(t, 6, memory.Options{})
	p.limit = 4
	if r := p.mustPurge(); r.Gone != 4 || !r.Limited || r.Remaining() != 5 || len(r.Left) != 0 {
		t.Errorf("%+v", r)
	}
	p.limit = 5
	if r := p.mustPurge(); r.Gone != 5 || r.Before != 4 || r.Remaining() != 0 {
		t.Errorf("%+v", r)
	}
}

// TestStopBySignal ends the context while a batch is between its mark and its end: the batch is finished, nothing more is begun.
func TestStopBySignal(t *testing.T) {
	for _, at := range []memory.Verb{memory.Fetch, memory.Store, memory.Search, memory.Expunge} {
		p := newProved(t, 250, memory.Options{})
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		p.source.Inject(func(c memory.Call) memory.Fault {
			if c.Verb == at && c.Mailbox == "INBOX" {
				if n++; n == 2 {
					cancel()
				}
			}
			return memory.Fault{}
		})
		r, err := purge.Run(ctx, p.job())
		p.law()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: want the context's error, have %v", at, err)
		}
		if len(p.marked("INBOX")) != 0 {
			t.Errorf("%s: %s stays marked", at, p.marked("INBOX"))
		}
		if r.Gone > 100 {
			t.Errorf("%s: %d were removed after the stop", at, r.Gone)
		}
		if r := p.mustPurge(); r.Remaining() != 0 {
			t.Errorf("%s: the next run: %+v", at, r)
		}
	}
}
