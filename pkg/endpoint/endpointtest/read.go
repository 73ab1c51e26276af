package endpointtest

import (
	"errors"
	"slices"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

var errEnough = errors.New("enough")

func testScan(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Scanned")
	all := b.fill(w, 30)
	all = b.removeSome(w, all)
	r := b.examine(w)
	t.Run("everything in order", func(t *testing.T) {
		b := b.with(t)
		for _, set := range []mailbox.UIDSet{r.State().Everything(), {{First: 1, Last: 1<<32 - 1}}, mailbox.SetOf(all...)} {
			b.inOrder(b.scanned(r, set), all)
		}
	})
	t.Run("only what was asked", func(t *testing.T) {
		b := b.with(t)
		ask := mailbox.SetOf(all[0], all[2], all[3], all[len(all)-1]+1000)
		b.inOrder(b.scanned(r, ask), []mailbox.UID{all[0], all[2], all[3]})
		b.inOrder(b.scanned(r, nil), nil)
		b.inOrder(b.scanned(r, mailbox.UIDSet{{First: all[len(all)-1] + 1, Last: 1<<32 - 1}}), nil)
	})
	t.Run("visit says enough", func(t *testing.T) {
		b := b.with(t)
		visits := 0
		err := r.Scan(b.ctx, r.State().Everything(), func(mailbox.Message) error {
			if visits++; visits == 3 {
				return errEnough
			}
			return nil
		})
		if err != errEnough || visits != 3 {
			b.Errorf("%d visits, %v", visits, err)
		}
		b.inOrder(b.scanned(r, r.State().Everything()), all)
	})
	t.Run("empty mailbox", func(t *testing.T) {
		b := b.with(t)
		empty := b.examine(b.make("Empty"))
		b.inOrder(b.scanned(empty, mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}), nil)
		b.inOrder(b.scanned(empty, empty.State().Everything()), nil)
		if n := len(b.bodies(empty, mailbox.SetOf(1, 2, 3))); n != 0 {
			b.Errorf("%d bodies in an empty mailbox", n)
		}
	})
}

// removeSome makes holes where it may, so that UIDs are missing inside; it gives the UIDs that stay.
func (b *bench) removeSome(w mailbox.Wire, all []mailbox.UID) []mailbox.UID {
	b.Helper()
	if !b.Expunger.Capabilities().Has("UIDPLUS") {
		return all
	}
	holes := []mailbox.UID{all[1], all[7], all[8], all[20]}
	s := b.remover(w)
	b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(holes...), 0), "mark")
	b.must(s.Expunge(b.ctx, mailbox.SetOf(holes...)), "expunge")
	b.must(s.Close(), "close")
	return slices.DeleteFunc(slices.Clone(all), func(u mailbox.UID) bool { return slices.Contains(holes, u) })
}

func (b *bench) inOrder(got []mailbox.Message, want []mailbox.UID) {
	b.Helper()
	var order []mailbox.UID
	for _, m := range got {
		order = append(order, m.UID)
		if m.Size != int64(len(letter(1))) && m.Size != int64(len(letter(10))) || !m.InternalDate.Equal(summer) {
			b.Errorf("UID %d: size %d, date %s", m.UID, m.Size, m.InternalDate)
		}
	}
	if !slices.Equal(order, want) {
		b.Errorf("visited %v, want %v", order, want)
	}
}

func testFetch(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Fetched")
	all := b.fill(w, 30)
	all = b.removeSome(w, all)
	r := b.examine(w)
	t.Run("everything", func(t *testing.T) {
		b := b.with(t)
		got := b.bodies(r, r.State().Everything())
		if len(got) != len(all) {
			b.Errorf("%d bodies, want %d", len(got), len(all))
		}
		for _, u := range all {
			b.complete(got[u])
		}
	})
	t.Run("only what was asked", func(t *testing.T) {
		b := b.with(t)
		got := b.bodies(r, mailbox.SetOf(all[0], all[3], all[len(all)-1]+1000))
		if len(got) != 2 || got[all[0]].UID == 0 || got[all[3]].UID == 0 {
			b.Errorf("%d bodies", len(got))
		}
		if n := len(b.bodies(r, nil)); n != 0 {
			b.Errorf("%d bodies of an empty set", n)
		}
	})
	t.Run("visit reads little", func(t *testing.T) {
		b := b.with(t)
		visits := 0
		err := r.Fetch(b.ctx, r.State().Everything(), func(body endpoint.Body) error {
			if visits++; visits%2 == 0 {
				_, err := body.Content.Read(make([]byte, 7))
				return err
			}
			return nil
		})
		if err != nil || visits != len(all) {
			b.Errorf("%d visits, %v", visits, err)
		}
	})
	t.Run("visit says enough", func(t *testing.T) { b.with(t).enough(w, all) })
}

// complete checks that a body came with all that belongs to it.
func (b *bench) complete(m fetched) {
	b.Helper()
	if m.UID == 0 || m.Problem != "" {
		b.Errorf("UID %d: problem %q", m.UID, m.Problem)
		return
	}
	if int64(len(m.content)) != m.Size || m.Message.Size != m.Size || !m.InternalDate.Equal(summer) {
		b.Errorf("UID %d: %d bytes, size %d, server's size %d, date %s", m.UID, len(m.content), m.Size, m.Message.Size, m.InternalDate)
	}
}

// enough: the error of a visit comes back as it is. After it the reader goes on, or says Lost; a new one goes on in any case.
func (b *bench) enough(w mailbox.Wire, all []mailbox.UID) {
	for stop := 1; stop <= 3; stop++ {
		r := b.examine(w)
		visits := 0
		err := r.Fetch(b.ctx, r.State().Everything(), func(endpoint.Body) error {
			if visits++; visits == stop {
				return errEnough
			}
			return nil
		})
		if err != errEnough || visits != stop {
			b.Errorf("%d visits, %v", visits, err)
		}
		visits = 0
		err = r.Scan(b.ctx, r.State().Everything(), func(mailbox.Message) error { visits++; return nil })
		if !(err == nil && visits == len(all)) && endpoint.ClassOf(err) != endpoint.Lost {
			b.Errorf("after that: %d visits, %v", visits, err)
		}
		b.must(r.Close(), "close")
	}
	b.inOrder(b.scanned(b.examine(w), mailbox.SetOf(all...)), all)
}

// testPeek: reading leaves no trace.
func testPeek(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Peeked")
	if b.Deliver == nil {
		b.fill(w, 3)
	} else {
		for i := range 3 {
			b.Deliver(t, w, letter(i+1))
		}
	}
	before := b.look(w)
	for range 2 {
		if after := b.look(w); !slices.EqualFunc(before, after, sameMessage) {
			t.Errorf("before: %+v\nafter:  %+v", before, after)
		}
	}
	for _, m := range before {
		if slices.ContainsFunc(m.Flags, mailbox.Seen.Equal) {
			t.Errorf("UID %d is seen", m.UID)
		}
	}
	st, err := b.Fetcher.Status(b.ctx, w)
	b.must(err, "status")
	if st.Unseen != 3 {
		t.Errorf("%d unseen", st.Unseen)
	}
}

// look reads everything in a mailbox opened afresh and says how it found it.
func (b *bench) look(w mailbox.Wire) []mailbox.Message {
	b.Helper()
	r := b.examine(w)
	defer r.Close()
	found := b.scanned(r, r.State().Everything())
	if n := len(b.bodies(r, r.State().Everything())); n != 3 {
		b.Errorf("%d bodies", n)
	}
	return found
}

// sameMessage compares with \Recent and MODSEQ.
func sameMessage(a, b mailbox.Message) bool {
	recent := func(m mailbox.Message) bool { return slices.ContainsFunc(m.Flags, mailbox.Recent.Equal) }
	return a.UID == b.UID && a.ModSeq == b.ModSeq && recent(a) == recent(b) && mailbox.SameFlags(a.Flags, b.Flags)
}
