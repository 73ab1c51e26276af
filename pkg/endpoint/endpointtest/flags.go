package endpointtest

import (
	"slices"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// testMark: flags are changed exactly as told, and \Deleted never.
func testMark(t *testing.T, f Factory) {
	b := f.open(t)
	if b.Flagger == nil {
		t.Skip("this account gives no right to change flags")
	}
	b.denied("Flagger", b.Flagger, may[endpoint.Appender], may[endpoint.Expunger])
	t.Run("exactly", func(t *testing.T) { b.with(t).changes() })
	t.Run("scan", func(t *testing.T) { b.with(t).scansFlags() })
	t.Run("unchanged since", func(t *testing.T) { b.with(t).changesUnchanged() })
	t.Run("missing", func(t *testing.T) {
		b := b.with(t)
		if _, err := b.Flagger.Mark(b.ctx, b.wire("Nowhere")); endpoint.ClassOf(err) != endpoint.NoMailbox {
			b.Errorf("mark a mailbox that is not there: %v", err)
		}
	})
}

func (b *bench) marker(w mailbox.Wire) endpoint.Marker {
	b.Helper()
	m, err := b.Flagger.Mark(b.ctx, w)
	b.must(err, "mark")
	b.Cleanup(func() { m.Close() })
	return m
}

func (b *bench) change(add, take []mailbox.Flag) endpoint.FlagChange {
	b.Helper()
	c, err := endpoint.ChangeFlags(add, take)
	b.must(err, "change")
	return c
}

// flagsOf is what ScanFlags says of set.
func (b *bench) flagsOf(r endpoint.Reader, set mailbox.UIDSet, since uint64) map[mailbox.UID][]mailbox.Flag {
	b.Helper()
	out := map[mailbox.UID][]mailbox.Flag{}
	last := mailbox.UID(0)
	b.must(r.ScanFlags(b.ctx, set, since, func(m mailbox.Message) error {
		if m.UID <= last || !set.Contains(m.UID) || m.Flags == nil {
			b.Errorf("visited %d after %d, flags %#v", m.UID, last, m.Flags)
		}
		last = m.UID
		out[m.UID] = mailbox.Flags(m.Flags...)
		return nil
	}), "scan flags")
	return out
}

func (b *bench) wantFlags(r endpoint.Reader, uid mailbox.UID, want ...mailbox.Flag) {
	b.Helper()
	if got, there := b.flagsOf(r, mailbox.SetOf(uid), 0)[uid]; !there || !mailbox.SameFlags(got, want) {
		b.Errorf("UID %d has %q, want %q", uid, got, want)
	}
}

func (b *bench) changes() {
	w := b.make("Changed")
	u := b.add(w, outgoing(letter(1), mailbox.Seen, "$label1"), outgoing(letter(2)), outgoing(letter(3), mailbox.Deleted, mailbox.Flagged))
	m := b.marker(w)
	b.must(m.Change(b.ctx, mailbox.SetOf(u[0], u[2], u[2]+100), b.change([]mailbox.Flag{mailbox.Answered, "$Forwarded"}, []mailbox.Flag{mailbox.Seen, mailbox.Flagged}), 0), "change")
	b.wantFlags(m, u[0], mailbox.Answered, "$label1", "$Forwarded")
	b.wantFlags(m, u[1])
	b.wantFlags(m, u[2], mailbox.Answered, "$Forwarded", mailbox.Deleted)
	b.must(m.Change(b.ctx, mailbox.SetOf(u...), endpoint.FlagChange{}, 0), "no change")
	b.must(m.Change(b.ctx, nil, b.change([]mailbox.Flag{mailbox.Seen}, nil), 0), "change nothing")
	b.must(m.Change(b.ctx, mailbox.SetOf(u[1]), b.change(nil, []mailbox.Flag{mailbox.Seen}), 0), "take what is not there")
	b.must(m.Close(), "close")
	r := b.examine(w)
	b.wantFlags(r, u[0], mailbox.Answered, "$label1", "$Forwarded")
	b.wantFlags(r, u[1])
	if st := r.State(); st.Messages != 3 {
		b.Errorf("%d messages are left of 3", st.Messages)
	}
}

// scansFlags: since leaves out only what was not changed after it.
func (b *bench) scansFlags() {
	w := b.make("Scanned flags")
	u := b.fill(w, 4)
	m := b.marker(w)
	since := m.State().ModSeq
	b.must(m.Change(b.ctx, mailbox.SetOf(u[2]), b.change([]mailbox.Flag{mailbox.Seen}, nil), 0), "change")
	b.must(m.Close(), "close")
	r := b.examine(w)
	all := mailbox.SetOf(append(slices.Clone(u), u[3]+1000)...)
	if got := b.flagsOf(r, all, 0); len(got) != 4 || !mailbox.SameFlags(got[u[2]], []mailbox.Flag{mailbox.Seen}) || len(got[u[0]]) != 0 {
		b.Errorf("flags are %v", got)
	}
	if got := b.flagsOf(r, nil, 0); len(got) != 0 {
		b.Errorf("flags of nothing are %v", got)
	}
	if !b.Fetcher.Capabilities().Has("CONDSTORE") {
		return
	}
	if now := r.State().ModSeq; now <= since || since == 0 {
		b.Errorf("HIGHESTMODSEQ was %d and is %d after a change", since, now)
	}
	if got := b.flagsOf(r, all, since); len(got) != 1 || len(got[u[2]]) != 1 {
		b.Errorf("changed since %d: %v, want message %d alone", since, got, u[2])
	}
	if got := b.flagsOf(r, all, r.State().ModSeq); len(got) != 0 {
		b.Errorf("changed since now: %v", got)
	}
}

// changesUnchanged: with a MODSEQ, what somebody else has touched since keeps its flags.
func (b *bench) changesUnchanged() {
	w := b.make("Changed meanwhile")
	u := b.add(w, outgoing(letter(1), "$old"), outgoing(letter(2), "$old"))
	m := b.marker(w)
	modseq := m.State().ModSeq
	other := b.marker(w)
	b.must(other.Change(b.ctx, mailbox.SetOf(u[1]), b.change([]mailbox.Flag{mailbox.Flagged}, nil), 0), "change")
	b.must(other.Close(), "close")
	b.must(m.Change(b.ctx, mailbox.SetOf(u...), b.change([]mailbox.Flag{mailbox.Seen}, []mailbox.Flag{"$old"}), modseq), "change unchanged since")
	b.wantFlags(m, u[0], mailbox.Seen)
	if b.Fetcher.Capabilities().Has("CONDSTORE") {
		b.wantFlags(m, u[1], mailbox.Flagged, "$old")
	} else {
		b.wantFlags(m, u[1], mailbox.Flagged, mailbox.Seen)
	}
}
