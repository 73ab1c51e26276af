package endpointtest

import (
	"slices"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func testRemove(t *testing.T, f Factory) {
	b := f.open(t)
	t.Run("marks exactly", func(t *testing.T) { b.with(t).marks() })
	t.Run("expunges exactly", func(t *testing.T) { b.with(t).expunges() })
	t.Run("unchanged since", func(t *testing.T) { b.with(t).unchanged() })
	t.Run("close is no expunge", func(t *testing.T) { b.with(t).closes() })
}

func (b *bench) deleted(s endpoint.Remover, want ...mailbox.UID) {
	b.Helper()
	set, err := s.Deleted(b.ctx)
	b.must(err, "deleted")
	if set.String() != mailbox.SetOf(want...).String() {
		b.Errorf("deleted are %s, want %s", set, mailbox.SetOf(want...))
	}
	var marked []mailbox.UID
	for _, m := range b.scanned(s, mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}) {
		if slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal) {
			marked = append(marked, m.UID)
		}
	}
	if !slices.Equal(marked, want) {
		b.Errorf("scanned as deleted %v, want %v", marked, want)
	}
}

func (b *bench) marks() {
	w := b.make("Marked")
	u := b.add(w, outgoing(letter(1), mailbox.Seen, "$label1"), outgoing(letter(2)), outgoing(letter(3), mailbox.Flagged), outgoing(letter(4), mailbox.Deleted), outgoing(letter(5)))
	s := b.remover(w)
	if st := s.State(); st.ReadOnly || st.Messages != 5 {
		b.Errorf("state %+v", st)
	}
	b.deleted(s, u[3])
	b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(u[0], u[2], u[4]+100), 0), "mark")
	b.deleted(s, u[0], u[2], u[3])
	b.must(s.Unmark(b.ctx, mailbox.SetOf(u[2])), "unmark")
	b.deleted(s, u[0], u[3])
	b.must(s.MarkDeleted(b.ctx, nil, 0), "mark nothing")
	b.must(s.Unmark(b.ctx, nil), "unmark nothing")
	b.deleted(s, u[0], u[3])
	if got := b.scanned(s, mailbox.SetOf(u[0]))[0].Flags; !mailbox.SameFlags(got, []mailbox.Flag{mailbox.Seen, "$label1", mailbox.Deleted}) {
		b.Errorf("the other flags became %q", got)
	}
	if got := b.bodies(s, mailbox.SetOf(u[1]))[u[1]]; !slices.Equal(got.content, letter(2)) {
		b.Errorf("fetched %q", got.content)
	}
	if got := b.scanned(s, mailbox.SetOf(u[1]))[0].Flags; !mailbox.SameFlags(got, nil) {
		b.Errorf("reading in a selected mailbox set %q", got)
	}
}

func (b *bench) expunges() {
	w := b.make("Expunged")
	u := b.fill(w, 6)
	other := b.examine(w)
	s := b.remover(w)
	b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(u[1], u[3], u[5]), 0), "mark")
	err := s.Expunge(b.ctx, mailbox.SetOf(u[1], u[2], u[5], u[5]+100))
	if !b.Expunger.Capabilities().Has("UIDPLUS") {
		if endpoint.ClassOf(err) != endpoint.Unsupported {
			b.Errorf("without UIDPLUS: %v", err)
		}
		b.deleted(s, u[1], u[3], u[5])
		return
	}
	b.must(err, "expunge")
	b.deleted(s, u[3]) // a foreign \Deleted stays
	left := mailbox.SetOf(u[0], u[2], u[3], u[4])
	if got := uids(b.scanned(s, mailbox.SetOf(u...))); got.String() != left.String() {
		b.Errorf("left are %s, want %s", got, left)
	}
	b.must(s.Expunge(b.ctx, mailbox.SetOf(u[1])), "expunge of what is gone")
	b.must(s.Expunge(b.ctx, nil), "expunge of nothing")
	b.must(other.Close(), "close")
	r := b.examine(w)
	if n := len(b.bodies(r, mailbox.SetOf(u...))); n != 4 {
		b.Errorf("%d bodies left", n)
	}
}

// unchanged: with a MODSEQ, what somebody else has touched since stays unmarked.
func (b *bench) unchanged() {
	w := b.make("Touched")
	u := b.fill(w, 3)
	s := b.remover(w)
	if !b.Expunger.Capabilities().Has("CONDSTORE") {
		b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(u[0]), 1), "mark with a MODSEQ on a server without CONDSTORE")
		b.deleted(s, u[0])
		return
	}
	modseq := s.State().ModSeq
	for _, m := range b.scanned(s, mailbox.SetOf(u...)) {
		if m.ModSeq == 0 || m.ModSeq > modseq {
			b.Errorf("UID %d: MODSEQ %d in a mailbox with HIGHESTMODSEQ %d", m.UID, m.ModSeq, modseq)
		}
	}
	other := b.remover(w)
	b.must(other.MarkDeleted(b.ctx, mailbox.SetOf(u[1]), 0), "mark")
	b.must(other.Unmark(b.ctx, mailbox.SetOf(u[1])), "unmark")
	b.must(other.Close(), "close")
	b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(u...), modseq), "mark unchanged since")
	b.deleted(s, u[0], u[2])
}

func (b *bench) closes() {
	w := b.make("Closed")
	u := b.fill(w, 3)
	s := b.remover(w)
	b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(u[1]), 0), "mark")
	b.must(s.Close(), "close")
	b.deleted(b.remover(w), u[1])
	if st, err := b.Fetcher.Status(b.ctx, w); err != nil || st.Messages != 3 {
		b.Errorf("%+v, %v", st, err)
	}
}
