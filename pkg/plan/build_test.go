package plan

import (
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// TestMapping holds one case for each rule of the package comment and for each way in which two servers' names do not fit.
func TestMapping(t *testing.T) {
	shared := endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: "/"}}, Others: []endpoint.Namespace{{Prefix: "Other Users/", Delimiter: "/"}},
		Shared: []endpoint.Namespace{{Prefix: "Shared Folders/", Delimiter: "/"}}}
	classic := endpoint.Namespaces{Personal: []endpoint.Namespace{{Prefix: "INBOX.", Delimiter: "."}}, Others: []endpoint.Namespace{{Prefix: "user.", Delimiter: "."}},
		Shared: []endpoint.Namespace{{Prefix: "", Delimiter: "."}}}
	long := strings.Repeat("n", 200)
	longer := strings.Repeat("n", 300)
	tests := []struct {
		name        string
		source      world
		destination world
		rules       Rules
		want        map[string]string // wire at the source -> line
		reason      map[string]string // wire -> what its reason must hold
	}{
		{name: "inbox in any case", source: from("/", "", "Inbox | 3"), destination: to(".", "INBOX.", "INBOX"), want: map[string]string{"Inbox": "merge INBOX"}},
		{name: "inbox twice is one mailbox", source: from("/", "", "INBOX", "inbox"), destination: to("/", "", "INBOX"),
			want: map[string]string{"INBOX": "merge INBOX", "inbox": "skip"}},
		{name: "inbox is merged into even where the destination does not list it", source: from("/", "", "INBOX"), destination: to("/", ""),
			want: map[string]string{"INBOX": "merge INBOX"}},
		{name: "prefix goes", source: from(".", "INBOX.", "INBOX", "INBOX.Work", "INBOX.Work.2020"), destination: to("/", ""),
			want: map[string]string{"INBOX.Work": "create Work", "INBOX.Work.2020": "create Work/2020"}, reason: map[string]string{"INBOX.Work": `without the source's "INBOX."`}},
		{name: "prefix comes", source: from("/", "", "INBOX", "Work", "Work/2020"), destination: to(".", "INBOX."),
			want: map[string]string{"Work": "create INBOX/Work", "Work/2020": "create INBOX/Work/2020"}},
		{name: "prefix stays", source: from(".", "INBOX.", "INBOX.Work"), destination: to(".", "INBOX."), want: map[string]string{"INBOX.Work": "create INBOX/Work"}},
		{name: "children of inbox stay", source: from("/", "", "INBOX", "INBOX/foo"), destination: to("/", ""), want: map[string]string{"INBOX/foo": "create INBOX/foo"}},
		{name: "children of inbox collide below INBOX.", source: from("/", "", "INBOX", "INBOX/foo", "foo"), destination: to(".", "INBOX."),
			want: map[string]string{"foo": "create INBOX/foo", "INBOX/foo": "create INBOX/foo (2)"}},
		{name: "an INBOX below INBOX.", source: from(".", "INBOX.", "INBOX", "INBOX.INBOX"), destination: to("/", ""),
			want: map[string]string{"INBOX": "merge INBOX", "INBOX.INBOX": "create INBOX (2)"}},
		{name: "an INBOX below INBOX. to its like", source: from(".", "INBOX.", "INBOX", "INBOX.INBOX"), destination: to(".", "INBOX."),
			want: map[string]string{"INBOX": "merge INBOX", "INBOX.INBOX": "create INBOX/INBOX_"}},

		{name: "role to role", source: from("/", "", `Sent | \Sent 5`, "Sent/2020"), destination: to("/", "", `Sent Items | \Sent 2`),
			want: map[string]string{"Sent": "merge Sent Items", "Sent/2020": "create Sent Items/2020"}, reason: map[string]string{"Sent": `both sides mark it \Sent`, "Sent/2020": "follows its parent"}},
		{name: "role by name at the source", source: from("/", "", "Gesendete Objekte", `Papierkorb | \Trash`), destination: to("/", "", `Sent | \Sent`, `Trash | \Trash`),
			want: map[string]string{"Gesendete Objekte": "merge Sent", "Papierkorb": "merge Trash"}, reason: map[string]string{"Gesendete Objekte": `its name says \Sent`}},
		{name: "role by name at the destination", source: from("/", "", `Outbox | \Sent`), destination: to(".", "INBOX.", "INBOX.Sent Items"),
			want: map[string]string{"Outbox": "merge INBOX/Sent Items"}},
		{name: "no role by name where the side marks another", source: from("/", "", `Outbox | \Sent`, "Sent"), destination: to("/", "", `Gesendet | \Sent`),
			want: map[string]string{"Outbox": "merge Gesendet", "Sent": "create Sent"}},
		{name: "no role by name below another mailbox", source: from("/", "", "Projects/Sent"), destination: to("/", "", `Gesendet | \Sent`),
			want: map[string]string{"Projects/Sent": "create Projects/Sent"}},
		{name: "role that the destination lacks", source: from("/", "", `Gesendet | \Sent`), destination: to("/", ""), want: map[string]string{"Gesendet": "create Gesendet"}},
		{name: "roles twice", source: from("/", "", `Old/Sent | \Sent`, `Sent | \Sent`), destination: to("/", "", `Sent Items | \Sent`),
			want: map[string]string{"Sent": "merge Sent Items", "Old/Sent": "create Old/Sent"}},
		{name: "special-use clash", source: from("/", "", `Sent | \Sent`, "Sent Items"), destination: to("/", "", `Sent Items | \Sent`),
			want: map[string]string{"Sent": "merge Sent Items", "Sent Items": "create Sent Items (2)"}, reason: map[string]string{"Sent Items": `"Sent Items" is taken by "Sent"`}},
		{name: "a name does not make a role of another mailbox's place", source: from("/", "", `Outbox | \Sent`, "Sent"), destination: to("/", "", "Sent | 4"),
			want: map[string]string{"Outbox": "create Outbox", "Sent": "merge Sent"}},
		{name: "roles: names", source: from("/", "", `Sent | \Sent`), destination: to("/", "", `Sent Items | \Sent`), rules: Rules{Roles: "names"},
			want: map[string]string{"Sent": "create Sent"}},
		{name: "a view is not appended to", source: from("/", "", "All"), destination: to("/", "", `All | \All`), want: map[string]string{"All": "create All (2)"}},

		{name: "exact map with children", source: from("/", "", "Old Stuff", "Old Stuff/a"), destination: to("/", ""), rules: Rules{Map: []MapRule{{"Old Stuff", "Archive/Old"}}},
			want: map[string]string{"Old Stuff": "create Archive/Old", "Old Stuff/a": "create Archive/Old/a"}},
		{name: "map knows the prefix at both ends", source: from(".", "INBOX.", "INBOX.a", "INBOX.b"), destination: to(".", "INBOX."),
			rules: Rules{Map: []MapRule{{"INBOX/a", "x"}, {"b", "INBOX/y"}}}, want: map[string]string{"INBOX.a": "create INBOX/x", "INBOX.b": "create INBOX/y"}},
		{name: "map many to one", source: from("/", "", "Lists", "Lists/a", "Lists/b"), destination: to("/", ""), rules: Rules{Map: []MapRule{{"Lists/*", "Lists"}}},
			want: map[string]string{"Lists": "merge Lists", "Lists/a": "merge Lists", "Lists/b": "merge Lists"}},
		{name: "map with stars", source: from("/", "", "Lists/a", "x/y/z"), destination: to("/", ""), rules: Rules{Map: []MapRule{{"Lists/*", "Groups/g-*"}, {"x/**", "**"}}},
			want: map[string]string{"Lists/a": "create Groups/g-a", "x/y/z": "create y/z"}},
		{name: "map wins over role", source: from("/", "", `Sent | \Sent`), destination: to("/", "", `Sent Items | \Sent`), rules: Rules{Map: []MapRule{{"Sent", "Mine"}}},
			want: map[string]string{"Sent": "create Mine"}},
		{name: "map onto a role's mailbox merges", source: from("/", "", `Sent | \Sent`, "Old Sent"), destination: to("/", "", `Sent Items | \Sent`), rules: Rules{Map: []MapRule{{"Old Sent", "Sent Items"}}},
			want: map[string]string{"Sent": "merge Sent Items", "Old Sent": "merge Sent Items"}},

		{name: "below a prefix", source: from("/", "", "INBOX", `Sent | \Sent`), destination: to(".", "INBOX.", `INBOX.Sent | \Sent`), rules: Rules{Prefix: mailbox.Name{"From Old"}},
			want: map[string]string{"INBOX": "create INBOX/From Old/INBOX", "Sent": "create INBOX/From Old/Sent"}},

		{name: "include takes what is below", source: from("/", "", "a", "a/b", "c"), destination: to("/", ""), rules: Rules{Include: []string{"a"}},
			want: map[string]string{"a": "create a", "a/b": "create a/b", "c": "skip"}},
		{name: "include star takes all", source: from("/", "", "a", "a/b/c"), destination: to("/", ""), rules: Rules{Include: []string{"*"}}, want: map[string]string{"a": "create a", "a/b/c": "create a/b/c"}},
		{name: "exclude wins", source: from("/", "", "a", "a/b", "a/b/c"), destination: to("/", ""), rules: Rules{Include: []string{"a"}, Exclude: []string{"**/b"}},
			want: map[string]string{"a": "create a", "a/b": "skip", "a/b/c": "skip"}, reason: map[string]string{"a/b": `excluded by "**/b"`}},
		{name: "children only", source: from("/", "", "INBOX", "INBOX/x"), destination: to("/", ""), rules: Rules{Exclude: []string{"INBOX/*"}}, want: map[string]string{"INBOX": "merge INBOX", "INBOX/x": "skip"}},
		{name: "inbox alone where all is below INBOX.", source: from(".", "INBOX.", "INBOX", "INBOX.x"), destination: to("/", ""), rules: Rules{Include: []string{"INBOX"}},
			want: map[string]string{"INBOX": "merge INBOX", "INBOX.x": "skip"}},
		{name: "patterns with the prefix", source: from(".", "INBOX.", "INBOX", "INBOX.x", "INBOX.y"), destination: to("/", ""), rules: Rules{Exclude: []string{"INBOX/x"}},
			want: map[string]string{"INBOX": "merge INBOX", "INBOX.x": "skip", "INBOX.y": "create y"}},

		{name: "noselect", source: from("/", "", `Top | \Noselect`, "Top/a"), destination: to("/", ""), want: map[string]string{"Top": "structure Top", "Top/a": "create Top/a"}},
		{name: "noselect beside its like", source: from("/", "", `Top | \Noselect`, "top", "top/a", "Top/a"), destination: to("/", ""),
			want: map[string]string{"Top": "structure top", "top": "create top", "Top/a": "create top/a", "top/a": "create top/a (2)"}},
		{name: "nonexistent", source: from("/", "", `gone | \NonExistent`), destination: to("/", ""), want: map[string]string{"gone": "skip"}},
		{name: "noselect at the destination", source: from("/", "", "Top | 3"), destination: to("/", "", `Top | \Noselect`), want: map[string]string{"Top": "create Top"}},

		{name: "other accounts", source: world{host: "imap.old.example", delimiter: "/", namespaces: &shared, boxes: []string{"INBOX", "Other Users/bob", "Shared Folders/team", "Mine"}}, destination: to("/", ""),
			want: map[string]string{"Other Users/bob": "skip", "Shared Folders/team": "skip", "Mine": "create Mine"}},
		{name: "other accounts by name", source: world{host: "imap.old.example", delimiter: "/", namespaces: &shared, boxes: []string{"INBOX", "Other Users/bob", "Shared Folders/team"}}, destination: to("/", ""),
			rules: Rules{Include: []string{"*", "Shared Folders/team"}}, want: map[string]string{"Other Users/bob": "skip", "Shared Folders/team": "create Shared Folders/team"}},
		{name: "a star does not name them", source: world{host: "imap.old.example", delimiter: "/", namespaces: &shared, boxes: []string{"Other Users/bob"}}, destination: to("/", ""),
			rules: Rules{Include: []string{"**"}}, want: map[string]string{"Other Users/bob": "skip"}},
		{name: "shared with an empty prefix", source: world{host: "imap.old.example", delimiter: ".", namespaces: &classic, boxes: []string{"INBOX", "INBOX.a", "user.bob", "sales"}}, destination: to("/", ""),
			want: map[string]string{"INBOX": "merge INBOX", "INBOX.a": "create a", "user.bob": "skip", "sales": "skip"}},
		{name: "the destination's shared names are kept out of", source: from("/", "", "Shared Folders/mine"), destination: world{host: "imap.new.example", delimiter: "/", namespaces: &shared},
			want: map[string]string{"Shared Folders/mine": "create Shared Folders_/mine"}},

		{name: "the delimiter inside a part", source: from(".", "", "AC/DC", "AC_DC"), destination: to("/", ""), want: map[string]string{"AC_DC": "create AC_DC", "AC/DC": "create AC_DC (2)"},
			reason: map[string]string{"AC/DC": `"AC/DC" becomes "AC_DC"`}},
		{name: "dots", source: from("/", "", "v1.2/a.b"), destination: to(".", "INBOX."), want: map[string]string{"v1.2/a.b": "create INBOX/v1_2/a_b"}},
		{name: "case", source: from("/", "", "Trash ", "TRASH ", "trash "), destination: to("/", ""), rules: Rules{Roles: "names"},
			want: map[string]string{"TRASH ": "create TRASH", "Trash ": "create Trash (2)", "trash ": "create trash (3)"}},
		{name: "case, where the destination has both", source: from("/", "", "work", "Work"), destination: to("/", "", "Work | 1", "work | 2"), want: map[string]string{"work": "merge work", "Work": "merge Work"}},
		{name: "case, where the destination has one", source: from("/", "", "Work", "work"), destination: to("/", "", "work"), want: map[string]string{"work": "merge work", "Work": "create Work (2)"}},
		{name: "the destination's spelling", source: from("/", "", "Work"), destination: to("/", "", "WORK"), want: map[string]string{"Work": "merge WORK"}},
		{name: "unicode forms", source: from("/", "", "u&Awg-", "&APw-"), destination: to("/", ""), want: map[string]string{"u&Awg-": "create u\u0308", "&APw-": "create ü (2)"}},
		{name: "blanks and controls", source: from("/", "", " a ", "b&AAo-c", "&AKA-"), destination: to("/", ""), want: map[string]string{" a ": "create a", "b&AAo-c": "create b_c", "&AKA-": "create _"}},
		{name: "the delimiter is what would stand for it", source: from("/", "", "a_b", " x", "x"), destination: to("_", ""), want: map[string]string{"a_b": "create a-b", "x": "create x", " x": "create x (2)"}},
		{name: "dots alone", source: from("/", "", "a/../b", "."), destination: to("/", ""), want: map[string]string{"a/../b": "create a/__/b", ".": "create _"}},
		{name: "200 bytes stay", source: from("/", "", long), destination: to(".", "INBOX."), want: map[string]string{long: "create INBOX/" + long}},
		{name: "300 bytes do not", source: from("/", "", longer, longer+"x"), destination: to("/", ""),
			want: map[string]string{longer: "create " + toleranceOf(Side{Delimiter: "/"}).shorten(longer, 255), longer + "x": "create " + toleranceOf(Side{Delimiter: "/"}).shorten(longer+"x", 255)}},
		{name: "12 levels", source: from("/", "", "1/2/3/4/5/6/7/8/9/10/11/12"), destination: to(".", "INBOX."), want: map[string]string{"1/2/3/4/5/6/7/8/9/10/11/12": "create INBOX/1/2/3/4/5/6/7/8/9/10/11/12"}},
		{name: "no hierarchy", source: from("/", "", "a/b", "a_b"), destination: to("", ""), want: map[string]string{"a/b": "create a_b (2)", "a_b": "create a_b"}},
		{name: "nothing below that mailbox", source: from("/", "", "INBOX", "INBOX/x", "m", "m/n"), destination: to("/", "", `INBOX | \NoInferiors`, `m | \NoInferiors`),
			want: map[string]string{"INBOX/x": "create INBOX_x", "m/n": "create m_n"}},
		{name: "cyrus", source: from("/", "", `50% "off"`), destination: world{host: "c", server: "Cyrus IMAP 3.6.1", delimiter: "/"}, want: map[string]string{`50% "off"`: "create 50_ _off_"}},
		{name: "courier", source: from(".", "", "AC/DC &2D3eAA-"), destination: world{host: "c", server: "Courier-IMAP ready", delimiter: ".", prefix: "INBOX."}, want: map[string]string{"AC/DC &2D3eAA-": "create INBOX/AC_DC _"}},
		{name: "not modified utf-7", source: from("/", "", "caf\xe9", "a&b"), destination: to("/", ""), want: map[string]string{"caf\xe9": `create caf\\xE9`, "a&b": "create a&b"}},
		{name: "empty parts", source: from("/", "", "a//b", "/c"), destination: to("/", ""), want: map[string]string{"a//b": "create a/_/b", "/c": "create _/c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, tt.source, tt.destination, tt.rules)
			if len(p.Mailboxes) != len(tt.source.boxes) {
				t.Errorf("%d mailboxes listed, %d planned", len(tt.source.boxes), len(p.Mailboxes))
			}
			for wire, want := range tt.want {
				if got := line(p.Entry(mailbox.Wire(wire))); got != want {
					t.Errorf("%q: %s, want %s (%s)", wire, got, want, p.Entry(mailbox.Wire(wire)).Reason)
				}
			}
			for wire, want := range tt.reason {
				if got := p.Entry(mailbox.Wire(wire)).Reason; !strings.Contains(got, want) {
					t.Errorf("%q: reason %q does not hold %q", wire, got, want)
				}
			}
			for _, e := range p.Mailboxes {
				if e.Reason == "" {
					t.Errorf("%q has no reason", e.Source)
				}
			}
		})
	}
}
