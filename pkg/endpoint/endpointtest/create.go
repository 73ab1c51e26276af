package endpointtest

import (
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func testCreate(t *testing.T, f Factory) {
	b := f.open(t)
	t.Run("existing", func(t *testing.T) {
		b := b.with(t)
		w := b.make("Once")
		b.add(w, outgoing(letter(1)))
		for _, name := range []mailbox.Wire{w, mailbox.Inbox, "inbox"} {
			made, err := b.Appender.Create(b.ctx, name, mailbox.RoleNone)
			if made || err != nil {
				b.Errorf("create %q, which is there: made %v, %v", string(name), made, err)
			}
		}
		if st, err := b.Fetcher.Status(b.ctx, w); err != nil || st.Messages != 1 {
			b.Errorf("after that: %+v, %v", st, err)
		}
	})
	t.Run("refused", func(t *testing.T) {
		b := b.with(t)
		// No server makes a mailbox with an empty part, or none, in its name.
		for _, name := range []mailbox.Wire{b.prefix + mailbox.Wire("a"+b.delimiter+b.delimiter+"b"), ""} {
			if b.delimiter == "" && name != "" {
				continue
			}
			if made, err := b.Appender.Create(b.ctx, name, mailbox.RoleNone); made || endpoint.ClassOf(err) != endpoint.BadMailbox {
				b.Errorf("create %q: made %v, %v", string(name), made, err)
			}
		}
		b.usable()
	})
	t.Run("injection", func(t *testing.T) {
		b := b.with(t)
		for _, name := range []mailbox.Wire{"a\r\nzz DELETE INBOX", "a\nb", "a\x00b"} {
			if made, err := b.Appender.Create(b.ctx, name, mailbox.RoleNone); made || err == nil {
				b.Errorf("create %q: made %v, %v", string(name), made, err)
			}
		}
		b.usable()
	})
	t.Run("roles", func(t *testing.T) { b.with(t).roles() })
}

// roles: a role is a wish, and two mailboxes with one role are no error.
func (b *bench) roles() {
	offered := b.Appender.Capabilities().Has("CREATE-SPECIAL-USE")
	infos, err := b.Fetcher.List(b.ctx)
	b.must(err, "list")
	taken := make(map[mailbox.Role]bool)
	for _, info := range infos {
		taken[info.Role] = true
	}
	for i, role := range []mailbox.Role{mailbox.RoleSent, mailbox.RoleImportant, mailbox.RoleAll, mailbox.RoleInbox} {
		for _, name := range []string{"First", "Second"} {
			w := b.wire("Role " + name + " " + string('A'+rune(i)))
			if made, err := b.Appender.Create(b.ctx, w, role); !made || err != nil {
				b.Errorf("create with %s: made %v, %v", role, made, err)
				continue
			}
			got := b.listed(w).Role
			if want := offered && !taken[role] && role != mailbox.RoleInbox && b.facts.KeepsRole(role); want && got != role || !want && got != mailbox.RoleNone {
				b.Errorf("created with %s, listed with %q (CREATE-SPECIAL-USE %v, taken before %v)", role, got, offered, taken[role])
			}
			taken[role] = taken[role] || got == role
		}
	}
}

// testMissing: a mailbox that is not there has its own class everywhere.
func testMissing(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.wire("Nowhere")
	_, examine := b.Fetcher.Examine(b.ctx, w)
	_, target := b.Appender.Target(b.ctx, w)
	_, selected := b.Expunger.Select(b.ctx, w)
	_, status := b.Fetcher.Status(b.ctx, w)
	for what, err := range map[string]error{"examine": examine, "target": target, "select": selected, "status": status} {
		if endpoint.ClassOf(err) != endpoint.NoMailbox {
			t.Errorf("%s: class %s of %v", what, endpoint.ClassOf(err), err)
		}
	}
	b.usable()
	// Nothing was taken up by the failures.
	for range 10 {
		if _, err := b.Fetcher.Examine(b.ctx, w); endpoint.ClassOf(err) != endpoint.NoMailbox {
			t.Fatalf("examine again: %v", err)
		}
	}
}
