package copier_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// setFlags is what another client does.
func setFlags(a *memory.Account, w mailbox.Wire, uid mailbox.UID, flags ...mailbox.Flag) {
	a.Edit(w, uid, func(m *memory.Message) { m.Flags = mailbox.Flags(flags...) })
}

func (s *scene) wantFlags(uid mailbox.UID, want ...mailbox.Flag) {
	s.t.Helper()
	if got := s.destination.Messages("INBOX")[uid-1].Flags; !mailbox.SameFlags(got, want) {
		s.t.Errorf("message %d has %v on the destination, want %v", uid, got, want)
	}
}

// stores are the STOREs that the destination has had.
func (s *scene) stores() (all []memory.Step) {
	for _, step := range s.destination.History() {
		if step.Verb == memory.Store {
			all = append(all, step)
		}
	}
	return all
}

var bothKinds = map[string]memory.Options{"with CONDSTORE": {}, "without CONDSTORE": {Without: []string{"CONDSTORE"}}}

func TestChangedFlagsComeAlongWhereNobodyTouchedThem(t *testing.T) {
	for name, kind := range bothKinds {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, kind, kind)
			s.fill("INBOX", 8) // each \Seen $label1
			s.mustRun()
			setFlags(s.source, "INBOX", 1)                                             // all taken away
			setFlags(s.source, "INBOX", 2, mailbox.Seen, "$label1", mailbox.Flagged)   // one more
			setFlags(s.source, "INBOX", 3, mailbox.Answered, "$label2")                // others
			setFlags(s.source, "INBOX", 4, mailbox.Flagged)                            // and on the destination something else:
			setFlags(s.destination, "INBOX", 4, mailbox.Seen, "$label1", "$own")       //
			setFlags(s.destination, "INBOX", 5)                                        // only there
			setFlags(s.source, "INBOX", 6, mailbox.Seen, "$label1", mailbox.Deleted)   // to be deleted is never brought along
			setFlags(s.source, "INBOX", 7, mailbox.Flagged)                            // the same hand on both sides
			setFlags(s.destination, "INBOX", 7, mailbox.Flagged)                       //
			setFlags(s.source, "INBOX", 8, mailbox.Seen, mailbox.Deleted, "two words") // what cannot be sent
			result := s.mustRun()
			s.wantFlags(1)
			s.wantFlags(2, mailbox.Seen, "$label1", mailbox.Flagged)
			s.wantFlags(3, mailbox.Answered, "$label2")
			s.wantFlags(4, mailbox.Seen, "$label1", "$own")
			s.wantFlags(5)
			s.wantFlags(6, mailbox.Seen, "$label1")
			s.wantFlags(7, mailbox.Flagged)
			s.wantFlags(8, mailbox.Seen)
			if got, want := result.Mailboxes[0].Flags, (copier.FlagCount{Brought: 4, Touched: 1}); got != want {
				t.Errorf("flags %+v, want %+v", got, want)
			}
			rows := s.rows("INBOX")
			for uid, want := range map[mailbox.UID][]mailbox.Flag{1: nil, 3: {mailbox.Answered, "$label2"}, 4: {mailbox.Seen, "$label1"}, 6: {mailbox.Seen, "$label1"}, 7: {mailbox.Flagged}, 8: {mailbox.Seen, "two words"}} {
				if r := rows[uid-1]; !mailbox.SameFlags(r.Flags, want) {
					t.Errorf("row %d has the base %v, want %v", uid, r.Flags, want)
				}
			}
			if r := rows[7]; !slices.Equal(r.Dropped, []mailbox.Flag{"two words"}) {
				t.Errorf("row 8 dropped %v", r.Dropped)
			}
			for _, step := range s.stores() {
				if slices.ContainsFunc(step.Flags, mailbox.Deleted.Equal) {
					t.Errorf("%v changes \\Deleted", step)
				}
			}
			done := len(s.stores())
			s.mustRun()
			if n := len(s.stores()); n != done {
				t.Errorf("a third run sent %d STOREs", n-done)
			}
		})
	}
}

// With CONDSTORE a run that has nothing to do opens no mailbox; without, it looks at flags alone.
func TestNothingNewCostsNothing(t *testing.T) {
	for name, kind := range bothKinds {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, kind, kind)
			s.fill("INBOX", 50)
			s.fill("Sent", 5)
			s.mustRun()
			examined, fetched := s.source.Calls(memory.Examine), s.source.Calls(memory.Fetch)
			selected := s.destination.Calls(memory.Select)
			s.mustRun()
			opened := s.source.Calls(memory.Examine) - examined
			if kind.Without == nil && opened != 0 {
				t.Errorf("%d mailboxes were opened", opened)
			}
			if s.source.Calls(memory.Fetch) != fetched || s.destination.Calls(memory.Select) != selected {
				t.Error("messages were read, or the destination was opened for writing")
			}
		})
	}
}

// Whoever leaves flags alone leaves them alone, and the next run that does not still finds all changes.
func TestFlagsAreLeftAloneOnRequest(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 3)
	s.job = func(j *copier.Job) { j.Flags = nil }
	s.mustRun()
	setFlags(s.source, "INBOX", 2, mailbox.Flagged)
	s.fill("INBOX", 1)
	s.mustRun()
	if n := len(s.stores()); n != 0 {
		t.Fatalf("%d STOREs", n)
	}
	s.job = nil
	s.mustRun()
	s.wantFlags(2, mailbox.Flagged)
}

// A proof of the metadata does not outlive them; one of the bytes does.
func TestChangedFlagsVoidAProofOfFlags(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.mustRun()
	s.edit("INBOX", func(r *ledger.Row) {
		r.ProvedAt = day
		r.Proof = ledger.ProvedMetadata
		if r.UID == 2 {
			r.Proof = ledger.ProvedContent
		}
	})
	setFlags(s.source, "INBOX", 1, mailbox.Flagged)
	setFlags(s.source, "INBOX", 2, mailbox.Flagged)
	s.mustRun()
	rows := s.rows("INBOX")
	if rows[0].Proof != ledger.Unproved || rows[1].Proof != ledger.ProvedContent {
		t.Errorf("proofs are %v and %v", rows[0].Proof, rows[1].Proof)
	}
}

// edit changes rows of the ledger, as another stage would.
func (s *scene) edit(w mailbox.Wire, change func(*ledger.Row)) {
	s.t.Helper()
	l, err := ledger.Open(s.ledgerPath, ledger.Options{Now: time.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	m, _, err := l.Find(w, s.source.Validity(w))
	if err != nil {
		s.t.Fatal(err)
	}
	rows, err := l.Page(m, 1, 1<<20)
	for i := range rows {
		change(&rows[i])
	}
	if err == nil {
		err = l.Update(m, rows...)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// A message whose removal was begun, or that is gone, keeps the flags it was approved with.
func TestFlagsOfWhatIsBeingRemovedAreLeftAlone(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 1)
	s.mustRun()
	s.edit("INBOX", func(r *ledger.Row) { r.Removal = ledger.Purging })
	setFlags(s.source, "INBOX", 1, mailbox.Flagged)
	s.mustRun()
	s.wantFlags(1, mailbox.Seen, "$label1")
	if r := s.rows("INBOX")[0]; slices.Contains(r.Flags, mailbox.Flagged) {
		t.Errorf("the base became %v", r.Flags)
	}
}

// A destination that refuses to change flags is a warning: the copy is as good as it was, and the next run tries again.
func TestRefusedFlagsAreTriedAgain(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.mustRun()
	setFlags(s.source, "INBOX", 1, mailbox.Flagged)
	s.destination.Inject(memory.In("INBOX", memory.Store, memory.Fault{Err: &endpoint.Error{Class: endpoint.BadMailbox, Code: "NOPERM", Text: "not yours"}}))
	s.mustRun()
	s.wantFlags(1, mailbox.Seen, "$label1")
	s.destination.Heal()
	s.mustRun()
	s.wantFlags(1, mailbox.Flagged)
}

// Whatever is lost between whatever STOREs, and whatever other clients do on both sides, in the end every message that nobody touched on the
// destination has its source's flags, every other one has what was set there, and the base of the former is the source.
func TestFlagsSurviveAnyFaults(t *testing.T) {
	words := []mailbox.Flag{mailbox.Seen, mailbox.Flagged, "$a", "$b"}
	rapid.Check(t, func(rt *rapid.T) {
		some := func(label string) []mailbox.Flag {
			var out []mailbox.Flag
			for _, w := range words {
				if rapid.Bool().Draw(rt, label+string(w)) {
					out = append(out, w)
				}
			}
			return out
		}
		kind := bothKinds[rapid.SampledFrom([]string{"with CONDSTORE", "without CONDSTORE"}).Draw(rt, "kind")]
		s := newScene(t, kind, kind)
		const n = 5
		for i := range n {
			s.source.Deliver("INBOX", []byte(fmt.Sprintf("Subject: %d\r\n\r\n", i)), day, some("at first ")...)
		}
		s.mustRun()
		base := s.source.Messages("INBOX")
		touched := map[mailbox.UID][]mailbox.Flag{}
		for uid := mailbox.UID(1); uid <= n; uid++ {
			setFlags(s.source, "INBOX", uid, some("later ")...)
			if rapid.IntRange(0, 3).Draw(rt, "touched") == 0 {
				touched[uid] = some("there ")
				setFlags(s.destination, "INBOX", uid, touched[uid]...)
			}
		}
		faults := rapid.SliceOfN(rapid.IntRange(1, 25), 0, 8).Draw(rt, "faulty calls")
		done := rapid.SliceOfN(rapid.Bool(), len(faults), len(faults)).Draw(rt, "took effect")
		calls := 0
		hook := serial(func(memory.Call) memory.Fault {
			calls++
			if i := slices.Index(faults, calls); i >= 0 {
				return memory.Fault{Err: memory.Lost(), Done: done[i]}
			}
			return memory.Fault{}
		})
		s.destination.Inject(hook)
		s.source.Inject(hook)
		s.job = func(j *copier.Job) { j.Workers = 1; j.Patience.Total = 0 }
		for run := 0; ; run++ {
			if _, err := s.run(); err == nil {
				break
			} else if endpoint.ClassOf(err) != endpoint.Lost || run > 30 {
				rt.Fatalf("run %d: %v", run, err)
			}
		}
		rows := s.rows("INBOX")
		for uid := mailbox.UID(1); uid <= n; uid++ {
			now, was := s.source.Messages("INBOX")[uid-1].Flags, base[uid-1].Flags
			want := now
			if there, ok := touched[uid]; ok && conflicts(was, now, there) {
				want = there
			} else if !mailbox.SameFlags(rows[uid-1].Flags, now) {
				rt.Errorf("message %d: the base is %v, the source has %v", uid, rows[uid-1].Flags, now)
			}
			if got := s.destination.Messages("INBOX")[uid-1].Flags; !mailbox.SameFlags(got, want) {
				rt.Errorf("message %d: was %v, source %v, touched %v: the destination has %v, want %v", uid, was, now, touched[uid], got, want)
			}
		}
	})
}

// conflicts: the destination differs from what was, in a flag that the source has not changed.
func conflicts(was, now, there []mailbox.Flag) bool {
	for _, f := range slices.Concat(was, now, there) {
		has := func(flags []mailbox.Flag) bool { return slices.ContainsFunc(flags, f.Equal) }
		if has(was) == has(now) && has(there) != has(was) {
			return true
		}
	}
	return false
}

// Flags of a message whose copy nobody can locate yet come along once verify has found it.
func TestFlagsOfACopyWithoutAPlaceComeLater(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.mustRun()
	s.edit("INBOX", func(r *ledger.Row) { r.Dest *= r.UID - 1 }) // 0 for message 1
	setFlags(s.source, "INBOX", 1, mailbox.Flagged)
	s.mustRun()
	s.edit("INBOX", func(r *ledger.Row) { r.Dest = r.UID })
	s.mustRun()
	s.wantFlags(1, mailbox.Flagged)
}

// Between our look and our change another client may have been quicker: what it did stays, and is told.
func TestAnotherClientIsQuicker(t *testing.T) {
	s := newScene(t, memory.Options{}, memory.Options{})
	s.fill("INBOX", 2)
	s.mustRun()
	setFlags(s.source, "INBOX", 1, mailbox.Seen, mailbox.Answered, "$label1")
	setFlags(s.source, "INBOX", 2, mailbox.Seen, mailbox.Answered, "$label1")
	s.destination.Inject(serial(func(c memory.Call) memory.Fault {
		if c.Verb == memory.Store && c.Nth == 1 {
			setFlags(s.destination, "INBOX", 2, mailbox.Draft)
		}
		return memory.Fault{}
	}))
	if got, want := s.mustRun().Mailboxes[0].Flags, (copier.FlagCount{Brought: 1, Touched: 1}); got != want {
		t.Errorf("flags %+v, want %+v", got, want)
	}
	s.wantFlags(1, mailbox.Seen, mailbox.Answered, "$label1")
	s.wantFlags(2, mailbox.Draft)
	if r := s.rows("INBOX")[1]; slices.Contains(r.Flags, mailbox.Answered) {
		t.Errorf("the base became %v", r.Flags)
	}
}
