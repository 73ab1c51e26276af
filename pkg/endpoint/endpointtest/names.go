package endpointtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// nastyParts are parts of mailbox names that people really use, or that break clients.
var nastyParts = []string{
	"Two  spaces", " leading", "trailing ", `Quo"te`, `Back\slash`, "50% off", "a*b", "R&D", "&", "&-", "&AOQ-", "Entwürfe", "été", "受信トレイ", "Ærøskøbing & Söhne",
	"📮 post", "a/b", "a.b", "(paren)", "{5}", "[Gmail]", "]", "~tilde", "$dollar", "#hash", "semi;colon", "quote'", "back`tick", "|pipe", "<angle>", "a:b", "comma,",
	"INBOX", "inbox", "NIL", "nil", "-", "--", "0", "LIST", "\u00a0nbsp", "e\u0301 combining", "עברית", "Кириллица", strings.Repeat("x", 100), strings.Repeat("long name ", 20)[:200],
}

func testNames(t *testing.T, f Factory) {
	b := f.open(t)
	b.make("Names")
	for _, part := range nastyParts {
		if b.delimiter != "" && strings.Contains(part, b.delimiter) {
			continue // cannot be said to this server
		}
		parts := []string{"Names", part}
		if b.delimiter == "" {
			parts = []string{part + " flat"}
		}
		t.Run(fmt.Sprintf("%q", part), func(t *testing.T) { b.with(t).roundTrip(parts...) })
	}
	t.Run("deep", func(t *testing.T) { b.with(t).deep() })
}

// roundTrip makes a mailbox, finds it by the same name, and uses it.
func (b *bench) roundTrip(parts ...string) {
	w := b.wire(parts...)
	last := parts[len(parts)-1]
	made, err := b.Appender.Create(b.ctx, w, mailbox.RoleNone)
	if b.facts.RefusesName(last, b.delimiter) {
		if endpoint.ClassOf(err) != endpoint.BadMailbox || made {
			b.Errorf("create: made %v, %v; want a refusal", made, err)
		}
		b.usable()
		return
	}
	b.must(err, "create")
	if !made {
		b.Fatal("create: it was there already")
	}
	info := b.listed(w)
	if got := info.Name[len(info.Name)-1]; got != last || !info.Exact || !info.Selectable {
		b.Errorf("listed as %q, exact %v, selectable %v", got, info.Exact, info.Selectable)
	}
	if made, err := b.Appender.Create(b.ctx, w, mailbox.RoleNone); made || err != nil {
		b.Errorf("create again: made %v, %v", made, err)
	}
	b.must(b.Appender.Subscribe(b.ctx, w), "subscribe")
	b.add(w, outgoing(letter(1)))
	st, err := b.Fetcher.Status(b.ctx, w)
	b.must(err, "status")
	if st.Messages != 1 {
		b.Errorf("%d messages after one APPEND", st.Messages)
	}
}

// usable fails when a refusal cost the account.
func (b *bench) usable() {
	b.Helper()
	if _, err := b.Fetcher.Status(b.ctx, mailbox.Inbox); err != nil {
		b.Errorf("after that, STATUS INBOX: %v", err)
	}
}

func (b *bench) deep() {
	if b.delimiter == "" {
		b.Skip("no hierarchy")
	}
	var parts []string
	for level := range 12 {
		parts = append(parts, fmt.Sprintf("Level %d", level+1))
	}
	b.roundTrip(parts...)
	infos, err := b.Fetcher.List(b.ctx)
	b.must(err, "list")
	want := b.wire(parts[:11]...)
	if !slices.ContainsFunc(infos, func(i mailbox.Info) bool { return i.Wire == want }) {
		// A parent may be anything, even unlisted (RFC 9051 section 6.3.9.7), but then it must not be in the way.
		b.Logf("%q is not listed", string(want))
	}
	if _, err := b.Appender.Create(b.ctx, want, mailbox.RoleNone); err != nil {
		b.Errorf("create of the parent of a mailbox: %v", err)
	}
	if info := b.listed(want); !info.Selectable {
		b.Errorf("after creating it the parent is %+v", info)
	}
}
