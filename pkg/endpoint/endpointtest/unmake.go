package endpointtest

import (
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// testUnmake holds the right to take back a mailbox to what it promises: everything but an empty mailbox of ours stays.
func testUnmake(t *testing.T, f Factory) {
	b := f.open(t)
	if b.Unmaker == nil {
		t.Skip("the account was opened without this right")
	}
	stays := func(t *testing.T, w mailbox.Wire, v mailbox.UIDValidity, next mailbox.UID) {
		t.Helper()
		b := b.with(t)
		gone, why, err := b.Unmaker.Unmake(b.ctx, w, v, next)
		b.must(err, "unmake")
		if gone || why == "" || !b.stands(w) {
			b.Errorf("%q: gone %v, stays %q", string(w), gone, why)
		}
	}
	state := func(w mailbox.Wire) endpoint.State {
		r := b.examine(w)
		defer r.Close()
		return r.State()
	}
	t.Run("what is not empty", func(t *testing.T) {
		w := b.make("Lived in")
		b.fill(w, 2)
		stays(t, w, state(w).Validity, 1000)
	})
	t.Run("what somebody had mail in", func(t *testing.T) {
		if !b.Expunger.Capabilities().Has("UIDPLUS") {
			t.Skip("no UIDPLUS")
		}
		w := b.make("Was lived in")
		all := b.fill(w, 2)
		s := b.remover(w)
		b.must(s.MarkDeleted(b.ctx, mailbox.SetOf(all...), 0), "mark")
		b.must(s.Expunge(b.ctx, mailbox.SetOf(all...)), "expunge")
		b.must(s.Close(), "close")
		stays(t, w, state(w).Validity, all[1]) // not all[1]+1
	})
	t.Run("another one of that name", func(t *testing.T) {
		w := b.make("Other")
		stays(t, w, state(w).Validity+1, 1000)
		stays(t, w, 0, 1000)
	})
	t.Run("a parent", func(t *testing.T) {
		if b.delimiter == "" {
			t.Skip("nothing is below anything here")
		}
		name := "Par%nt *"
		if b.facts.RefusesName(name, b.delimiter) {
			name = "Parent"
		}
		w, child := b.make(name), b.make(name, "Child")
		v := state(w).Validity
		stays(t, w, v, 1000)
		b := b.with(t)
		gone, why, err := b.Unmaker.Unmake(b.ctx, child, state(child).Validity, 1000)
		b.must(err, "unmake")
		if !gone || why != "" || b.stands(child) {
			b.Errorf("the child: gone %v, stays %q", gone, why)
		}
	})
	t.Run("INBOX", func(t *testing.T) {
		for _, w := range []mailbox.Wire{"INBOX", "inbox"} {
			if gone, why, err := b.Unmaker.Unmake(b.ctx, w, state("INBOX").Validity, 1000); gone || why == "" || err != nil {
				t.Errorf("%s: %v %q %v", w, gone, why, err)
			}
		}
	})
	t.Run("an empty one, and one that is gone", func(t *testing.T) {
		w := b.make("Empty one")
		v := state(w).Validity
		for range 2 {
			b := b.with(t)
			gone, why, err := b.Unmaker.Unmake(b.ctx, w, v, 1)
			b.must(err, "unmake")
			if !gone || why != "" || b.stands(w) {
				b.Errorf("gone %v, stays %q", gone, why)
			}
		}
	})
}

// stands reports whether LIST shows a mailbox that can be opened.
func (b *bench) stands(w mailbox.Wire) bool {
	b.Helper()
	all, err := b.Fetcher.List(b.ctx)
	b.must(err, "list")
	for _, info := range all {
		if info.Selectable && (info.Wire == w || info.Name.IsInbox() && mailbox.Name{string(w)}.IsInbox()) {
			return true
		}
	}
	return false
}
