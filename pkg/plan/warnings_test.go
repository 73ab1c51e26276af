package plan

import (
	"errors"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
)

// TestWarnings: each kind appears when it should, says what it is about, has a next step, and does not appear otherwise.
func TestWarnings(t *testing.T) {
	quiet := func() (world, world) {
		return from("/", "", "INBOX | 2", `Sent | \Sent`), to("/", "", "INBOX", `Sent | \Sent`)
	}
	tests := []struct {
		name   string
		change func(source, destination *world, r *Rules)
		number int
		text   string
	}{
		{"source without UIDPLUS", func(s, d *world, r *Rules) { s.without = []string{"UIDPLUS"} }, SourceNoUIDPlus, "purge will refuse"},
		{"destination without UIDPLUS", func(s, d *world, r *Rules) { d.without = []string{"UIDPLUS"} }, TargetNoUIDPlus, "found again"},
		{"quota", func(s, d *world, r *Rules) { d.quota = []endpoint.Quota{{Resource: "STORAGE", Used: 9, Limit: 10}} }, QuotaTooSmall, "room for 1.0 KiB more, and up to 2.0 KiB"},
		{"quota of messages", func(s, d *world, r *Rules) { d.quota = []endpoint.Quota{{Resource: "MESSAGE", Used: 9, Limit: 10}} }, QuotaTooSmall, "room for 1 message more, and up to 2 messages"},
		{"quota, source unknown", func(s, d *world, r *Rules) {
			s.boxes = append(s.boxes, "x | no-status")
			d.quota = []endpoint.Quota{{Resource: "STORAGE", Used: 0, Limit: 1 << 62}}
		}, QuotaUnknown, "is not known"},
		{"message limit", func(s, d *world, r *Rules) { d.limit = 35 << 20 }, MessageLimit, "at most 35.0 MiB"},
		{"no uidvalidity", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, "x | no-validity") }, NoValidity, `"x"`},
		{"not counted", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, "x | no-status") }, NotCounted, `"x"`},
		{"renamed", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, " x") }, Renamed, `" x"`},
		{"numbered", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, "x", "X") }, Numbered, `"x"`},
		{"role twice", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, `Sent Mail | \Sent`) }, RoleTwice, `"Sent Mail" says \Sent, and so does another mailbox of alice at imap.old.example`},
		{"holds mail", func(s, d *world, r *Rules) { d.boxes[0] = "INBOX | 5" }, HoldsMail, `holds 5 messages already in "INBOX"`},
		{"role not kept", func(s, d *world, r *Rules) {
			s.boxes = append(s.boxes, `Bin | \Trash`)
			d.without = []string{"CREATE-SPECIAL-USE"}
		}, RoleNotKept, `"Bin"`},
		{"view", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, `All Mail | \All`) }, View, `"All Mail"`},
		{"other accounts", func(s, d *world, r *Rules) {
			s.namespaces = &endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: "/"}}, Shared: []endpoint.Namespace{{Prefix: "Team/", Delimiter: "/"}}}
			s.boxes = append(s.boxes, "Team/x")
		}, OtherAccounts, `"Team/x"`},
		{"odd name", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, "\xff") }, OddName, `xFF`},
		{"include unused", func(s, d *world, r *Rules) { r.Include = []string{"*", "Sennt"} }, PatternUnused, `include: "Sennt"`},
		{"exclude unused", func(s, d *world, r *Rules) { r.Exclude = []string{"Sennt"} }, PatternUnused, `exclude: "Sennt"`},
		{"map unused", func(s, d *world, r *Rules) { r.Map = []MapRule{{"Sennt", "x"}} }, PatternUnused, `map: "Sennt"`},
		{"map merges", func(s, d *world, r *Rules) { r.Map = []MapRule{{"*", "INBOX"}} }, MapMerges, `"INBOX", "Sent"`},
		{"a guess", func(s, d *world, r *Rules) {
			s.boxes = append(s.boxes, "Sampah | 2")
			d.boxes = append(d.boxes, `Trash | \Trash`)
		}, RoleGuessed, `what "Sampah" is for was guessed`},
		{"many are counted", func(s, d *world, r *Rules) { s.boxes = append(s.boxes, " 1", " 2", " 3", " 4", " 5", " 6", " 7") }, Renamed, "and 2 more"},
	}
	source, destination := quiet()
	if p := build(t, source, destination, Rules{}); len(p.Warnings) > 0 {
		t.Errorf("a plan without problems warns: %+v", p.Warnings)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, destination := quiet()
			r := Rules{}
			tt.change(&source, &destination, &r)
			p := build(t, source, destination, r)
			var found []Warning
			for _, w := range p.Warnings {
				if w.Next == "" || w.Text == "" {
					t.Errorf("warning without a text or next step: %+v", w)
				}
				if w.Number == tt.number {
					found = append(found, w)
				}
			}
			if len(found) != 1 || !strings.Contains(found[0].Text, tt.text) {
				t.Errorf("want one warning %d with %q, have %+v", tt.number, tt.text, p.Warnings)
			}
		})
	}
}

func TestPlainTextIsWarnedOf(t *testing.T) {
	s, d := from("/", "", "INBOX").survey(), to("/", "", "INBOX").survey()
	s.Identity.Key = ""
	p, err := Build(s, d, Rules{Name: "x"}, noon)
	if err != nil || len(p.Warnings) != 1 || p.Warnings[0].Number != PlainText {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestTotalsNeverShowTheUnknownAsZero(t *testing.T) {
	p := build(t, from("/", "", "INBOX | 2", "x | no-status", "y | 3"), to("/", "", "INBOX"), Rules{Exclude: []string{"y"}})
	if got := p.Totals(); got.Messages != Unknown || got.Bytes != Unknown || got.Skipped != 3 || got.Mailboxes != 3 {
		t.Errorf("%+v", got)
	}
	if file := written(t, p); !strings.Contains(file, "messages: unknown\n    bytes: unknown") || !strings.Contains(file, "an unknown number of messages to copy") {
		t.Error(file)
	}
}

// TestRefused: rules that cannot be met are an error before there is a plan.
func TestRefused(t *testing.T) {
	long := strings.Repeat("p", 250)
	tests := []struct {
		name string
		r    Rules
		d    world
		want string
	}{
		{"name", Rules{Name: "Ä"}, to("/", ""), "may hold a-z"},
		{"roles", Rules{Name: "x", Roles: "maybe"}, to("/", ""), "neither match nor names"},
		{"include", Rules{Name: "x", Include: []string{"/a"}}, to("/", ""), "include: pattern"},
		{"exclude", Rules{Name: "x", Exclude: []string{"a**"}}, to("/", ""), "exclude: pattern"},
		{"from", Rules{Name: "x", Map: []MapRule{{`a\b`, "x"}}}, to("/", ""), "map: from"},
		{"to", Rules{Name: "x", Map: []MapRule{{"a", ""}}}, to("/", ""), "map: to"},
		{"stars", Rules{Name: "x", Map: []MapRule{{"a", "*"}}}, to("/", ""), "more stars"},
		{"kinds of stars", Rules{Name: "x", Map: []MapRule{{"a/**", "*"}}}, to("/", ""), "both"},
		{"delimiter in to", Rules{Name: "x", Map: []MapRule{{"a", "b.c"}}}, to(".", ""), `"b_c" would do`},
		{"levels without hierarchy", Rules{Name: "x", Map: []MapRule{{"a", "b/c"}}}, to("", ""), "one part only"},
		{"prefix", Rules{Name: "x", Prefix: []string{"a.b"}}, to(".", ""), `"a_b" would do`},
		{"prefix without hierarchy", Rules{Name: "x", Prefix: []string{"a"}}, to("", ""), "no hierarchy"},
		{"long prefix", Rules{Name: "x", Prefix: []string{long}}, to(".", ""), "too long"},
		{"one account", Rules{Name: "x"}, from("/", ""), "one account"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Build(from("/", "").survey(), tt.d.survey(), tt.r, noon)
			if rules, ok := errors.AsType[*RulesError](err); !ok || !strings.Contains(rules.Error(), tt.want) {
				t.Errorf("%v does not hold %q", err, tt.want)
			}
		})
	}
}
