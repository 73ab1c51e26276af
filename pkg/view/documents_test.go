package view

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/report"
)

var update = flag.Bool("update", false, "write the golden files anew; read the difference before you believe it")

var (
	noon        = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	source      = endpoint.Identity{Host: "imap.old.example", Port: 993, User: "alice@old.example", Server: "Dovecot \x1b[31m(Debian)", Key: "00ff"}
	destination = endpoint.Identity{Host: "imap.new.example", Port: 993, User: "alice@new.example"}
)

func samplePlan() *plan.Plan {
	return &plan.Plan{
		Format: 1, Name: "acme-alice", Created: noon, Tool: "imapmigrate test", Digest: strings.Repeat("0", 64),
		Source: plan.Side{Identity: source, Delimiter: "."}, Destination: plan.Side{Identity: destination, Delimiter: "/", AppendLimit: 35 << 20},
		Messages: plan.Filter{Since: time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), MaxSize: 50 << 20},
		Forecast: plan.Forecast{SourceRoundTrip: 20 * time.Millisecond, DestinationRoundTrip: 50 * time.Millisecond, Least: 5 * time.Minute, Most: 90 * time.Minute},
		Mailboxes: []plan.Entry{
			{Source: mailbox.Name{"INBOX"}, SourceWire: "INBOX", Validity: 7, Messages: 1204, Bytes: 99 << 20, Action: plan.Merge, To: mailbox.Name{"INBOX"}, ToWire: "INBOX", ToValidity: 3, ToMessages: 2, There: true, Subscribe: true, Reason: "INBOX goes to INBOX; it is there and holds 2 messages",
				Holds: &plan.Contents{Oldest: time.Date(1999, 3, 1, 8, 0, 0, 0, time.UTC), Newest: noon, Unseen: 5, Wanted: 1100, WantedBytes: 90 << 20, TooLarge: 2, OddDates: 1, Keyworded: 40}},
			{Source: mailbox.Name{"Gesendet \u202egnp.exe"}, SourceWire: "Gesendet", Messages: 12, Bytes: plan.Unknown, Role: mailbox.RoleSent, Action: plan.Create, To: mailbox.Name{"Sent"}, ToWire: "Sent", ToRole: mailbox.RoleSent, Reason: `\Sent goes to \Sent`},
			{Source: mailbox.Name{"Archiv"}, SourceWire: "Archiv\xff", Noselect: true, Action: plan.Structure, To: mailbox.Name{"Archiv"}, ToWire: "Archiv", Reason: "it holds no messages itself"},
			{Source: mailbox.Name{"送信済み", "2014"}, SourceWire: "x", Messages: 3, Bytes: 4096, Action: plan.Skip, Reason: "excluded by \"送信済み/**\""},
		},
		Warnings: []plan.Warning{{Number: 12, Text: "the destination has 10 MiB left and the source holds 99 MiB", Next: "get more room, or leave mailboxes out"}},
	}
}

func sampleCheckpoint() *checkpoint.Checkpoint {
	return &checkpoint.Checkpoint{
		Format: 1, Kind: approval.Purge, Name: "acme-alice", Created: noon, Source: source, Destination: destination,
		Verified: checkpoint.Verified{Depth: "content", First: noon.Add(-time.Hour), Last: noon.Add(-time.Minute)}, Recheck: checkpoint.RecheckContent,
		Messages: 1216, Bytes: 99 << 20,
		Mailboxes: []checkpoint.Mailbox{{Name: "INBOX", Copy: "INBOX", Messages: 1204, Bytes: 98 << 20}, {Name: "Gesendet", Copy: "Sent", Messages: 12, Bytes: 1 << 20}},
		LeftOut:   []checkpoint.LeftOut{{Mailbox: "INBOX", Reason: "altered", Messages: 1, Bytes: 100}},
	}
}

// TestGolden holds what people and programs read to files; go test ./pkg/view -update writes them.
func TestGolden(t *testing.T) {
	accounts := []Account{{
		Side: "source", Identity: source, Capabilities: endpoint.NewCapabilities("IMAP4rev1", "UIDPLUS"),
		Findings: []Finding{{Topic: "names", Fact: `delimiter "."`, Meaning: "names are translated"}, {Topic: "quota", Fact: "9 of 10 MiB\x00 used", Meaning: "the source does not fit", Grave: true}},
	}}
	verification := Verification{
		Depth: "content", Proved: 1203, Bytes: 98 << 20, Different: 1, NewOnSource: 4, Dropped: 2,
		Mailboxes: []VerifiedMailbox{
			{Mailbox: "INBOX", To: "INBOX", Present: 1204, Proved: 1203, Different: 1},
			{Mailbox: "Sent", To: "Sent", Present: 3, Problem: "its uidvalidity is 8, it was 7"},
		},
		Differences: []Difference{{Mailbox: "INBOX", UID: 17, Kind: "altered", Reason: "42 bytes, had 43: line ends"}, {Mailbox: "Sent", Kind: "count", Reason: "2 messages, 3 are recorded"}},
		More:        5,
	}
	purged := Purged{
		Approved: 1216, Before: 10, Gone: 1204, Bytes: 97 << 20, More: 0,
		Mailboxes: []PurgedMailbox{{Mailbox: "INBOX", Approved: 1204, Before: 10, Gone: 1193, Kept: 1}, {Mailbox: "Gesendet", Approved: 12, Gone: 11, Kept: 1, Problem: "somebody else has marked messages \\Deleted"}},
		Left:      []Left{{Mailbox: "INBOX", UID: 5, Reason: "its flags have changed since it was copied"}},
	}
	count := func(n int64) report.Count { return report.Count{Messages: n, Bytes: n * 1000} }
	numbers := report.Numbers{Messages: count(1217), Source: 1217, Attention: 2, Unfinished: 1,
		Outcome: map[string]report.Count{"copied": count(1210), "already_there": count(5), "refused": count(1), "novel_word": count(1)},
		Proof:   map[string]report.Count{"verified": count(1000), "unverified": count(214), "altered": count(1)},
		Removal: map[string]report.Count{"kept": count(1215)}}
	whole := &report.Report{
		Format: 1, Name: "acme-alice", Generated: noon, Source: source, Destination: destination, Plan: "sha256:0123", Totals: numbers,
		Mailboxes: []report.Mailbox{
			{Name: "INBOX", Dest: "INBOX", Begun: true, Finished: true, Numbers: numbers},
			{Name: "Sent", Dest: "Sent", Begun: true, Problem: "the server says \"no\\x1b\"", Next: "run copy again: it goes on where it stopped", Numbers: report.Numbers{Messages: count(3)}},
		},
		Problems:   []report.Message{{Mailbox: "INBOX", UID: 17, Size: 5 << 20, Outcome: "refused", Reason: "the server says \x1b[31mNO", Next: "save it by hand"}},
		Notes:      []report.Message{{Mailbox: "INBOX", UID: 18, Size: 700, Outcome: "copied", Proof: "verified", Reason: "keyword $x is not taken"}},
		MoreNotes:  3,
		Checkpoint: &report.Checkpoint{Digest: "ab", Created: noon, Messages: 1000, Bytes: 1 << 20},
		Approval:   &report.Approval{Checkpoint: "ab", Given: []report.Yes{{By: approval.Person{User: "alice", Host: "box"}, At: noon}}, Expires: noon.Add(approval.ValidFor), Valid: true},
	}
	changes := []plan.Change{{Mailbox: mailbox.Name{"Sent"}, What: "to", Old: "Sent", New: "Sent Items", Meaning: true}, {What: "source.server", Old: "a", New: ""}}
	for name, write := range map[string]func(io.Writer) error{
		"plan.txt":       func(w io.Writer) error { return Plan(w, samplePlan(), 0) },
		"plan-80.txt":    func(w io.Writer) error { return Plan(w, samplePlan(), 80) },
		"plan.json":      func(w io.Writer) error { return PlanJSON(w, samplePlan()) },
		"diff.txt":       func(w io.Writer) error { return Diff(w, changes, 0) },
		"diff.json":      func(w io.Writer) error { return DiffJSON(w, changes) },
		"check.txt":      func(w io.Writer) error { return Check(w, accounts, 0) },
		"check.json":     func(w io.Writer) error { return CheckJSON(w, accounts) },
		"checkpoint.txt": func(w io.Writer) error { return Checkpoint(w, sampleCheckpoint(), 0) },
		"checkpoint.json": func(w io.Writer) error {
			return CheckpointJSON(w, "plans/acme-alice.checkpoint.yaml", sampleCheckpoint())
		},
		"approve-80.txt": func(w io.Writer) error {
			return ApproveScreen(w, "plans/acme-alice.checkpoint.yaml", sampleCheckpoint(), 80)
		},
		"verify.txt":     func(w io.Writer) error { return Verify(w, verification, 0) },
		"status.txt":     func(w io.Writer) error { return Status(w, whole, 0) },
		"report.txt":     func(w io.Writer) error { return Report(w, whole, 0) },
		"report-120.txt": func(w io.Writer) error { return Report(w, whole, 120) },
		"report.json":    func(w io.Writer) error { return WriteJSON(w, whole) },
		"purge.txt":      func(w io.Writer) error { return Purge(w, purged, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
	for _, line := range strings.Split(got, "\n") {
		harmless(t, line)
		if strings.Contains(name, "-80.") && Width(line) > 80 {
			t.Errorf("%q is wider than 80 columns", line)
		}
	}
	if strings.HasSuffix(name, ".json") && !json.Valid([]byte(got)) {
		t.Errorf("%s is no JSON", name)
	}
}

// TestNextStep: what a status tells people to do, from the most urgent on.
func TestNextStep(t *testing.T) {
	of := func(key string, n int64) map[string]report.Count { return map[string]report.Count{key: {Messages: n}} }
	for name, c := range map[string]struct {
		report report.Report
		want   string
	}{
		"unfinished":   {report.Report{Totals: report.Numbers{Unfinished: 1, Attention: 1}}, "`imapmigrate copy`"},
		"attention":    {report.Report{Totals: report.Numbers{Attention: 1}}, "`imapmigrate report`"},
		"unverified":   {report.Report{Totals: report.Numbers{Outcome: of("copied", 2), Proof: of("verified", 1)}}, "`imapmigrate verify`"},
		"proved":       {report.Report{Totals: report.Numbers{Outcome: of("copied", 2), Proof: of("verified", 2)}}, "`imapmigrate checkpoint`"},
		"listed":       {report.Report{Totals: report.Numbers{Outcome: of("copied", 2), Proof: of("verified", 2)}, Checkpoint: &report.Checkpoint{}}, "`imapmigrate approve`"},
		"void":         {report.Report{Totals: report.Numbers{Outcome: of("copied", 2), Proof: of("verified", 2)}, Checkpoint: &report.Checkpoint{}, Approval: &report.Approval{}}, "`imapmigrate approve`"},
		"approved":     {report.Report{Totals: report.Numbers{Outcome: of("copied", 2), Proof: of("verified", 2)}, Checkpoint: &report.Checkpoint{}, Approval: &report.Approval{Valid: true}}, "`imapmigrate purge`"},
		"gone":         {report.Report{Totals: report.Numbers{Outcome: of("copied", 2), Proof: of("verified", 2), Removal: of("gone", 2)}, Checkpoint: &report.Checkpoint{}}, "nothing: everything"},
		"empty source": {report.Report{}, "`imapmigrate checkpoint`"},
	} {
		if got := next(&c.report); !strings.Contains(got, c.want) {
			t.Errorf("%s: next is %q, want %q in it", name, got, c.want)
		}
	}
}
