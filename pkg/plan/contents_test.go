package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// looked is what a scan found in a mailbox of n messages of 1000 bytes with nothing odd about them.
func looked(n int64, change func(c *survey.Contents)) *survey.Contents {
	c := &survey.Contents{Messages: n, Bytes: n * 1000, Wanted: n, WantedBytes: n * 1000, Oldest: noon.AddDate(-5, 0, 0), Newest: noon, Largest: 1000, Homeless: -1}
	if change != nil {
		change(c)
	}
	return c
}

// TestWarningsFromWithin: what was found in the mailboxes is warned of with numbers, and only where it matters.
func TestWarningsFromWithin(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *survey.Contents)
		server string
		number int // 0: none
		text   string
	}{
		{"nothing", nil, "", 0, ""},
		{"too large", func(c *survey.Contents) { c.TooLarge = 3 }, "", TooLarge, `3 messages in "Sent": larger than the destination takes, which is 10.0 KiB`},
		{"dates", func(c *survey.Contents) { c.OddDates = 1 }, "", DatesLost, `1 message in "Sent": the internal date is missing`},
		{"flags", func(c *survey.Contents) { c.OddFlags = 2 }, "", FlagsLost, `2 messages in "Sent": a flag of theirs`},
		{"keywords", func(c *survey.Contents) { c.Keyworded, c.Keywords = 2, []mailbox.Flag{"b%d", "a"} }, "some server", KeywordsUnsure, `2 messages in "Sent": marked with keywords (a, b%d)`},
		{"keywords on a server that keeps them", func(c *survey.Contents) { c.Keyworded, c.Keywords = 2, []mailbox.Flag{"a"} }, "Dovecot", 0, ""},
		{"not looked into", func(c *survey.Contents) { c.Problem = "no" }, "", NotLookedInto, `nobody could look into "Sent"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, destination := from("/", "", "INBOX | 2", `Sent | \Sent 9`, "Gone | 9"), to("/", "", "INBOX", `Sent | \Sent`)
			destination.server, destination.limit = tt.server, 10_240
			source.contents = map[mailbox.Wire]*survey.Contents{"INBOX": looked(2, nil), "Sent": looked(9, tt.change), "Gone": looked(9, tt.change)}
			p := build(t, source, destination, Rules{Exclude: []string{"Gone"}})
			if tt.number == 0 {
				if len(p.Warnings) > 0 {
					t.Errorf("%+v", p.Warnings)
				}
				return
			}
			if len(p.Warnings) != 1 || p.Warnings[0].Number != tt.number || !strings.Contains(p.Warnings[0].Text, tt.text) || p.Warnings[0].Next == "" {
				t.Errorf("%+v, want %d with %q", p.Warnings, tt.number, tt.text)
			}
		})
	}
}

// TestContentsAreCounted: exact counts replace the server's, half a scan replaces nothing, and the quota is held against what the filter takes.
func TestContentsAreCounted(t *testing.T) {
	source, destination := from("/", "", "INBOX | 2", "a | 7", "b | no-status"), to("/", "", "INBOX")
	destination.quota = []endpoint.Quota{{Resource: "STORAGE", Used: 0, Limit: 9}}
	source.contents = map[mailbox.Wire]*survey.Contents{"INBOX": looked(3, nil), "a": looked(1, func(c *survey.Contents) { c.Problem = "lost" }), "b": looked(4, func(c *survey.Contents) { c.Unsized, c.Wanted, c.WantedBytes = 1, 1, 500 })}
	p := build(t, source, destination, Rules{})
	for w, want := range map[mailbox.Wire][2]int64{"INBOX": {3, 3000}, "a": {7, 7000}, "b": {4, Unknown}} {
		if e := p.Entry(w); e.Messages != want[0] || e.Bytes != want[1] || (e.Holds == nil) != (w == "a") {
			t.Errorf("%s: %d messages, %d bytes, %+v", w, e.Messages, e.Bytes, e.Holds)
		}
	}
	if got := p.Totals(); got.Messages != 14 || got.Wanted != Unknown || got.TooLarge != Unknown {
		t.Errorf("%+v", got)
	}
	source.contents["a"] = looked(7, nil)
	if p = build(t, source, destination, Rules{}); p.Totals().Wanted != 11 || p.Totals().WantedBytes != 10_500 {
		t.Errorf("%+v", p.Totals())
	}
	if !slices.ContainsFunc(p.Warnings, func(w Warning) bool {
		return w.Number == QuotaTooSmall && strings.Contains(w.Text, "room for 9.0 KiB more, and up to 10.3 KiB are to come")
	}) {
		t.Errorf("%+v", p.Warnings)
	}
}

// TestViews: a view is skipped for evidence only, the evidence holds only under the rules it was taken for, and a name that is written out wins.
func TestViews(t *testing.T) {
	views := func(homeless int64) map[mailbox.Wire]*survey.Contents {
		return map[mailbox.Wire]*survey.Contents{"INBOX": looked(2, nil), "Sent": looked(1, nil), "All": looked(3, func(c *survey.Contents) { c.Homeless = homeless })}
	}
	tests := []struct {
		name     string
		contents map[mailbox.Wire]*survey.Contents
		rules    Rules
		want     string
		number   int
		text     string
	}{
		{"all have homes", views(0), Rules{}, "skip", ViewSkipped, `"All" is left out as a view of other mailboxes: its 3 messages were compared by size, date and flags, not by content`},
		{"one has none", views(1), Rules{}, "create All", View, `but not all of its 3 messages have their like there (1 without), so it is copied`},
		{"nobody knows", views(-1), Rules{}, "create All", View, "whether all of them do is not known"},
		{"not looked into", nil, Rules{}, "create All", View, "whether all of them do is not known"},
		{"half read", map[mailbox.Wire]*survey.Contents{"INBOX": looked(2, nil), "All": looked(3, func(c *survey.Contents) { c.Homeless, c.Problem = 0, "lost" })}, Rules{}, "create All", View, "whether all of them do is not known"},
		{"a home is not copied", views(0), Rules{Exclude: []string{"Sent"}}, "create All", View, ""},
		{"named", views(0), Rules{Include: []string{"**", "All"}}, "create All", View, "is copied because its name is written out"},
		{"mapped", views(0), Rules{Map: []MapRule{{"All", "Everything"}}}, "create Everything", View, "is copied because its name is written out"},
		{"excluded", views(0), Rules{Exclude: []string{"All"}}, "skip", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := from("/", "", "INBOX | 2", `Sent | \Sent 1`, `All | \All 3`)
			source.contents = tt.contents
			p := build(t, source, to("/", "", "INBOX", `Sent | \Sent`), tt.rules)
			if got := line(p.Entry("All")); got != tt.want {
				t.Errorf("%s, want %s (%s)", got, tt.want, p.Entry("All").Reason)
			}
			about := slices.DeleteFunc(slices.Clone(p.Warnings), func(w Warning) bool { return w.Number != View && w.Number != ViewSkipped })
			if tt.number == 0 {
				if len(about) > 0 {
					t.Errorf("%+v", about)
				}
				return
			}
			if len(about) != 1 || about[0].Number != tt.number || !strings.Contains(about[0].Text, tt.text) || about[0].Next == "" {
				t.Errorf("%+v, want %d with %q", about, tt.number, tt.text)
			}
		})
	}
}

// TestAsk: what is copied is looked into, views before what may be home to their messages.
func TestAsk(t *testing.T) {
	source := from("/", "", "INBOX | 2", `Starred | \Flagged 1`, `Sent | \Sent 1`, `All | \All 3`, "Gone | 4", `Top | \Noselect`, `Mine | \All 1`)
	destination := to("/", "", "INBOX")
	destination.limit = 77
	q, err := Ask(source.survey(), destination.survey(), Rules{Name: "a", Exclude: []string{"Gone"}, Map: []MapRule{{"Mine", "Mine"}}, Messages: Filter{Since: noon, MaxSize: 5}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range q.Mailboxes {
		if a.Limit != 77 {
			t.Errorf("%s: limit %d", a.Wire, a.Limit)
		}
		name := string(a.Wire)
		if a.View {
			name += " (view)"
		}
		got = append(got, name)
	}
	if want := []string{"All (view)", "Starred (view)", "INBOX", "Mine", "Sent"}; !slices.Equal(got, want) || q.MaxSize != 5 || !q.Since.Equal(noon) {
		t.Errorf("%q, want %q; %+v", got, want, q)
	}
	if _, err := Ask(source.survey(), source.survey(), Rules{Name: "a"}); err == nil {
		t.Error("an account may be copied into itself")
	}
}

func TestForecast(t *testing.T) {
	plan := func(d world, messages string, roundTrip time.Duration, r Rules) Forecast {
		source := from("/", "", "INBOX | "+messages)
		source.roundTrip, d.roundTrip = roundTrip, roundTrip
		return build(t, source, d, r).Forecast
	}
	here := to("/", "", "INBOX")
	plainly := here
	plainly.without = []string{"LITERAL+", "MULTIAPPEND"}
	near, far := plan(here, "100000", 300*time.Microsecond, Rules{}), plan(here, "100000", 40*time.Millisecond, Rules{})
	one := plan(plainly, "100000", 40*time.Millisecond, Rules{})
	slow := plan(here, "100000", 300*time.Microsecond, Rules{Bandwidth: 10_000})
	switch {
	case near.SourceRoundTrip != time.Millisecond || far.DestinationRoundTrip != 50*time.Millisecond:
		t.Errorf("round trips %v and %v", near.SourceRoundTrip, far.DestinationRoundTrip)
	case near.Least >= near.Most || far.Least <= near.Least || one.Least < 100_000*2*50*time.Millisecond:
		t.Errorf("near %v to %v, far %v to %v, far and one by one %v to %v", near.Least, near.Most, far.Least, far.Most, one.Least, one.Most)
	case slow.Least < 100_000_000/10_000*time.Second:
		t.Errorf("100 MB at 10 kB a second in %v", slow.Least)
	}
	if f := plan(here, "no-status", time.Millisecond, Rules{}); f.Most != 0 {
		t.Errorf("nobody knows how much there is, and it takes %v", f.Most)
	}
	if again := plan(here, "100010", 290*time.Microsecond, Rules{}); again != near {
		t.Errorf("a little more in a little less: %+v, before %+v", again, near)
	}
}
