package plan

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

var update = flag.Bool("update", false, "write the worked examples of plans/ anew")

// examples are the accounts of the worked examples in plans/.
var examples = []struct {
	file                string
	source, destination world
	within              map[mailbox.Wire]func(c *survey.Contents) // what is odd in the source's mailboxes
	rules               Rules
}{
	{
		file: "legacy-inbox-prefix",
		source: world{host: "imap.old.example", server: "Courier-IMAP ready", delimiter: ".", prefix: "INBOX.", without: []string{"UIDPLUS", "SPECIAL-USE", "CREATE-SPECIAL-USE", "STATUS=SIZE"},
			namespaces: &endpoint.Namespaces{Personal: []endpoint.Namespace{{Prefix: "INBOX.", Delimiter: "."}}, Shared: []endpoint.Namespace{{Prefix: "#shared.", Delimiter: "."}}},
			boxes: []string{"INBOX | 1204 subscribed", "INBOX.Sent | 873 subscribed", "INBOX.Sent.2019 | 410", "INBOX.Entw&APw-rfe | 3 subscribed", "INBOX.Trash | 57", "INBOX.Customers | 12 subscribed",
				"INBOX.Customers.Smith &- Sons | 88", "INBOX.Lists | \\Noselect", "INBOX.Lists.golang | 4031 subscribed", "#shared.team.Offers | 19"}},
		destination: world{host: "imap.new.example", server: "Dovecot", delimiter: "/", without: []string{"CREATE-SPECIAL-USE"},
			quota: []endpoint.Quota{{Root: "User quota", Resource: "STORAGE", Used: 4, Limit: 8 << 20}},
			boxes: []string{"INBOX | 1 subscribed", `Sent | \Sent subscribed`, `Drafts | \Drafts subscribed`, `Trash | \Trash subscribed`, `Junk | \Junk subscribed`}},
	},
	{
		file: "special-use-clash",
		source: world{host: "imap.old.example", server: "Dovecot", delimiter: "/",
			boxes: []string{"INBOX | 90 subscribed", `Sent Messages | \Sent 310 subscribed`, "Sent Items | 44", "Sent | 7", `Spam | \Junk 5`, `Archive | \Archive 2000`, "Archive/2019 | 800", "Old Sent | 120"}},
		destination: world{host: "imap.new.example", server: "Cyrus IMAP 3.6.1", delimiter: "/",
			namespaces: &endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: "/"}}, Others: []endpoint.Namespace{{Prefix: "Other Users/", Delimiter: "/"}}, Shared: []endpoint.Namespace{{Prefix: "Shared Folders/", Delimiter: "/"}}},
			boxes:      []string{"INBOX | 12 subscribed", `Sent Items | \Sent 31 subscribed`, `Junk | \Junk 2`}},
		rules: Rules{Exclude: []string{"Spam"}, Map: []MapRule{{"Old Sent", "Sent Items"}}},
	},
	{
		file: "names-that-need-rewriting",
		source: world{host: "imap.old.example", server: "Dovecot", delimiter: "/",
			boxes: []string{"INBOX | 10", "INBOX/Invoices | 4", "Invoices | 9", "v1.2 | 3", "v1_2 | 1", "Trash | 5", "TRASH | 2", " Smith  | 6", "Projects/2024/Q1.final | 8", "M&APw-ller | 1", "Mu&Awg-ller | 1", "caf\xe9 | 2", "INBOX/Invoices/&2D3eAA- | 1"}},
		destination: world{host: "imap.new.example", server: "Courier-IMAP ready", delimiter: ".", prefix: "INBOX.", without: []string{"CREATE-SPECIAL-USE", "SPECIAL-USE", "STATUS=SIZE"}, limit: 25 << 20,
			boxes: []string{"INBOX | 0", "INBOX.Trash | 3"}},
		within: map[mailbox.Wire]func(c *survey.Contents){"INBOX": func(c *survey.Contents) { c.TooLarge = 2 }, "v1.2": func(c *survey.Contents) { c.OddDates = 1 }},
	},
	{
		file: "many-to-one-merge",
		source: world{host: "imap.old.example", server: "Gimap", delimiter: "/", limit: 50 << 20,
			boxes: []string{"INBOX | 310 subscribed", `[Mail] | \Noselect`, `[Mail]/All Mail | \All 5210`, `[Mail]/Sent Mail | \Sent 900`, `[Mail]/Starred | \Flagged 12`, `[Mail]/Trash | \Trash 40`,
				"Invoices-2018 | 400", "Invoices-2019 | 600", "Invoices-2020 | 960 subscribed", "Shop Orders | 1500", "Shop Returns | 500", "Receipts | 40"}},
		destination: world{host: "imap.new.example", server: "Dovecot", delimiter: "/", quota: []endpoint.Quota{{Root: "User quota", Resource: "STORAGE", Used: 2048, Limit: 10 << 20}},
			boxes: []string{"INBOX | 4 subscribed", `Sent | \Sent subscribed`, `Trash | \Trash subscribed`, "Receipts | 7 subscribed"}},
		rules: Rules{Map: []MapRule{{`re:Invoices-(\d{4})`, "Accounts/Invoices"}, {"Shop *", "Shop"}}, Exclude: []string{"[Mail]/Trash"}},
		within: map[mailbox.Wire]func(c *survey.Contents){"[Mail]/All Mail": func(c *survey.Contents) { c.Homeless = 0 }, "[Mail]/Starred": func(c *survey.Contents) { c.Homeless = 1 },
			"[Mail]/Trash": nil, "INBOX": func(c *survey.Contents) { c.OddFlags = 3 }},
	},
}

// lookedInto is w as a scan leaves it: dates over the years, and what change says of single mailboxes.
func (w world) lookedInto(change map[mailbox.Wire]func(c *survey.Contents)) world {
	w.roundTrip = 18 * time.Millisecond
	w.contents = map[mailbox.Wire]*survey.Contents{}
	for i, m := range w.survey().Mailboxes {
		if !m.Selectable || m.Status == nil {
			continue
		}
		if f, odd := change[m.Wire]; odd && f == nil {
			continue // nobody asked about it
		}
		n := int64(m.Status.Messages)
		c := looked(n, change[m.Wire])
		if c.Oldest, c.Newest = time.Date(2008+i, 3, 1, 9, 30, 0, 0, time.UTC), noon.AddDate(0, -i, 0); n == 0 {
			c.Oldest, c.Newest = time.Time{}, time.Time{}
		}
		w.contents[m.Wire] = c
	}
	return w
}

// TestExamples keeps the files of plans/ what the planner writes today: run with -update after a change that is meant, and read the diff.
func TestExamples(t *testing.T) {
	for _, x := range examples {
		t.Run(x.file, func(t *testing.T) {
			x.rules.Name, x.rules.Tool = x.file, "imapmigrate (worked example)"
			x.destination.roundTrip = 35 * time.Millisecond
			p := build(t, x.source.lookedInto(x.within), x.destination, x.rules)
			var got bytes.Buffer
			if err := p.Encode(&got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("..", "..", "plans", x.file+".plan.yaml")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s is not what the planner writes now; go test ./pkg/plan -run Examples -update\n%s", file, diff)
			}
			read, err := Read(file, want)
			if err != nil {
				t.Fatal(err)
			}
			if read.Edited() {
				t.Errorf("%s was edited by hand", file)
			}
		})
	}
}
