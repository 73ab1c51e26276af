package plan

import (
	"errors"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// TestStale: what makes a plan unfit to run, and what does not.
func TestStale(t *testing.T) {
	tests := []struct {
		name   string
		change func(source, destination *survey.Survey)
		made   map[mailbox.Wire]mailbox.UIDValidity
		want   []string // nil: still fits
	}{
		{name: "nothing changed"},
		{name: "new mail", change: func(s, d *survey.Survey) { s.Mailboxes[1].Status.Messages += 5; d.Mailboxes[1].Status.Messages++ }},
		{name: "new mailbox at the source", change: func(s, d *survey.Survey) { s.Mailboxes = append(s.Mailboxes, info("New", "/", 9)) }},
		{name: "another user", change: func(s, d *survey.Survey) { s.Identity.User = "bob" }, want: []string{"bob at imap.old.example: the plan was made for alice at imap.old.example, port 993"}},
		{name: "another port", change: func(s, d *survey.Survey) { d.Identity.Port = 1993 }, want: []string{"port 993"}},
		{name: "another certificate", change: func(s, d *survey.Survey) { d.Identity.Key, d.Identity.Server = "11", "new software" }},
		{name: "delimiter", change: func(s, d *survey.Survey) { d.Namespaces.Personal[0].Delimiter = "." }, want: []string{`parted by "."`}},
		{name: "prefix", change: func(s, d *survey.Survey) { d.Namespaces.Personal[0].Prefix = "INBOX/" }, want: []string{`below "INBOX" now`}},
		{name: "source made anew", change: func(s, d *survey.Survey) { s.Mailboxes[1].Status.UIDValidity = 5 }, want: []string{`mailbox "Work": its uidvalidity is 5, it was 1001`}},
		{name: "empty source with another uidvalidity", change: func(s, d *survey.Survey) { s.Mailboxes[2].Status.UIDValidity = 5 }},
		{name: "empty destination with another uidvalidity", change: func(s, d *survey.Survey) { d.Mailboxes[0].Status.UIDValidity = 5 }},
		{name: "empty destination with another uidvalidity and mail", change: func(s, d *survey.Survey) { d.Mailboxes[0] = info("INBOX | 3", "/", 9) }, want: []string{`mailbox "INBOX": its uidvalidity is 1009`}},
		{name: "source gone", change: func(s, d *survey.Survey) { s.Mailboxes = s.Mailboxes[:1] }, want: []string{`mailbox "Work": it is no longer there`, `mailbox "Late"`}},
		{name: "skipped source gone", change: func(s, d *survey.Survey) { s.Mailboxes = s.Mailboxes[:3] }},
		{name: "source cannot be opened", change: func(s, d *survey.Survey) { s.Mailboxes[1].Selectable = false }, want: []string{"no longer be opened"}},
		{name: "destination made anew", change: func(s, d *survey.Survey) { d.Mailboxes[1].Status.UIDValidity = 5 }, want: []string{`mailbox "Work": its uidvalidity is 5`}},
		{name: "destination gone", change: func(s, d *survey.Survey) { d.Mailboxes = d.Mailboxes[:1] }, want: []string{`mailbox "Work": it is no longer there`}},
		{name: "collision", change: func(s, d *survey.Survey) { d.Mailboxes = append(d.Mailboxes, info("Late | 1", "/", 9)) }, want: []string{`mailbox "Late": it was to be made, and is there with mail in it`}},
		{name: "an empty one is none", change: func(s, d *survey.Survey) { d.Mailboxes = append(d.Mailboxes, info("Late", "/", 9)) }},
		{name: "made by us", change: func(s, d *survey.Survey) { d.Mailboxes = append(d.Mailboxes, info("Late | 1", "/", 9)) }, made: map[mailbox.Wire]mailbox.UIDValidity{"Late": 1009}},
		{name: "made by us, then anew", change: func(s, d *survey.Survey) { d.Mailboxes = append(d.Mailboxes, info("Late | 1", "/", 9)) }, made: map[mailbox.Wire]mailbox.UIDValidity{"Late": 7},
			want: []string{`its uidvalidity is 1009, it was 7`}},
		{name: "all causes", change: func(s, d *survey.Survey) { s.Mailboxes[1].Status.UIDValidity, s.Mailboxes[0].Status.UIDValidity = 5, 6 }, want: []string{`"INBOX"`, `"Work"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, destination := from("/", "", "INBOX | 1", "Work | 3", "Late", "Skipped"), to("/", "", "INBOX", "Work | 2")
			p := build(t, source, destination, Rules{Exclude: []string{"Skipped"}})
			s, d := source.survey(), destination.survey()
			if tt.change != nil {
				tt.change(s, d)
			}
			err := p.Check(s, d, tt.made)
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			stale, ok := errors.AsType[*StaleError](err)
			if _, each := errors.AsType[*endpoint.StaleError](err); !ok || !each || len(stale.Causes) != len(tt.want) {
				t.Fatalf("%v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not hold %q", err, want)
				}
			}
		})
	}
}

func TestUnplanned(t *testing.T) {
	source := from("/", "", "INBOX", "Work")
	p := build(t, source, to("/", "", "INBOX"), Rules{Exclude: []string{"Work"}})
	s := source.survey()
	s.Mailboxes = append(s.Mailboxes, info("New", "/", 9))
	if got := p.Unplanned(s); len(got) != 1 || got[0].Wire != "New" {
		t.Errorf("%+v", got)
	}
}

func TestDiff(t *testing.T) {
	source, destination := from("/", "", "INBOX | 1", "Work | 3", "Gone"), to("/", "", "INBOX")
	old := build(t, source, destination, Rules{})
	source.boxes = []string{"INBOX | 2", "Work | 3", "New"}
	now := build(t, source, destination, Rules{Map: []MapRule{{"Work", "Jobs"}}, Messages: Filter{MaxSize: 7}})
	want := []string{
		`plan messages.max_size: "-" -> "7" (true)`,
		`INBOX messages: "1" -> "2" (false)`, `INBOX bytes: "1000" -> "2000" (false)`,
		`New mailbox: "" -> "create to \"New\"" (true)`,
		`Work to: "Work" -> "Jobs" (true)`,
		`Gone mailbox: "create to \"Gone\"" -> "" (true)`,
	}
	var got []string
	for _, c := range Diff(old, now) {
		got = append(got, sentence(c))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if same := Diff(old, old); len(same) > 0 {
		t.Errorf("a plan differs from itself: %+v", same)
	}
}
