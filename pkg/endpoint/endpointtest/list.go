package endpointtest

import (
	"slices"

	"imapmigrate/pkg/mailbox"
)

// listed is the one entry of List for w.
func (b *bench) listed(w mailbox.Wire) mailbox.Info {
	b.Helper()
	infos, err := b.Fetcher.List(b.ctx)
	b.must(err, "list")
	var found []mailbox.Info
	for _, info := range infos {
		if info.Wire == w {
			found = append(found, info)
		}
	}
	if len(found) != 1 {
		var names []mailbox.Wire
		for _, info := range infos {
			names = append(names, info.Wire)
		}
		b.Fatalf("LIST shows %q %d times among %q", string(w), len(found), names)
	}
	return found[0]
}

func (b *bench) listsInbox() {
	info := b.listed(mailbox.Inbox)
	if info.Role != mailbox.RoleInbox || !info.Selectable || info.NonExistent || !info.Name.IsInbox() || info.Delimiter != b.delimiter {
		b.Errorf("INBOX: %+v", info)
	}
	if info.Status == nil || info.Status.UIDValidity == 0 || info.Status.UIDNext == 0 || info.Status.Messages != 0 || info.Problem != "" {
		b.Errorf("INBOX: status %+v, problem %q", info.Status, info.Problem)
	}
}

func (b *bench) listsStatus() {
	w := b.make("Counted")
	added := b.add(w, outgoing(letter(1)), outgoing(letter(2), mailbox.Seen), outgoing(letter(3)))
	if b.T.Failed() {
		return
	}
	asked, err := b.Fetcher.Status(b.ctx, w)
	b.must(err, "status")
	info := b.listed(w)
	if info.Status == nil {
		b.Fatalf("no status: %q", info.Problem)
	}
	for _, st := range []mailbox.Status{asked, *info.Status} {
		if st.Messages != 3 || st.Unseen != 2 || st.UIDNext != added[2]+1 || st.UIDValidity == 0 {
			b.Errorf("status %+v after UIDs %v", st, added)
		}
		if want := int64(3 * len(letter(1))); st.Size != -1 && st.Size != want {
			b.Errorf("STATUS SIZE %d, want %d or -1", st.Size, want)
		}
	}
	r := b.examine(w)
	if st := r.State(); st.Validity != asked.UIDValidity || st.UIDNext != asked.UIDNext || st.Messages != 3 || !st.ReadOnly || st.Wire != w {
		b.Errorf("state %+v, status %+v", st, asked)
	}
	if !slices.Equal(slices.Collect(r.State().Everything().All), slices.Collect(mailbox.UIDSet{{First: 1, Last: added[2]}}.All)) {
		b.Errorf("everything is %s", r.State().Everything())
	}
}

func (b *bench) listsSubscribed() {
	with, without := b.make("With"), b.make("Without")
	b.must(b.Appender.Subscribe(b.ctx, with), "subscribe")
	b.must(b.Appender.Subscribe(b.ctx, with), "subscribe again")
	if !b.listed(with).Subscribed {
		b.Error("a subscribed mailbox is not listed as such")
	}
	if b.listed(without).Subscribed {
		b.Error("a mailbox is listed as subscribed that nobody subscribed")
	}
	err := b.Appender.Subscribe(b.ctx, b.wire("Nowhere"))
	if b.facts.RefusesSubscribe == (err == nil) {
		b.Errorf("subscribing what is not there: %v", err)
	}
}
