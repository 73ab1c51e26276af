package view

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/report"
)

// hostiles are what a server, or whoever sent a mail, may have written wherever a text stands.
var hostiles = []string{
	"</td><script>document.title='owned'</script>", `" onmouseover="document.title='owned'" x="`, "<img src=https://example.org/x onerror=alert(1)>", "<style>*{display:none}</style>",
	"=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "\x1b]0;owned\x07\x1b[31mred", "nul\x00here", "caf\xe9 \xff", "gnp.\u202eexe", "two\nlines", "\u2028x", "zero\u200bwidth",
	"{{.Name}}", "javascript:alert(1)", "a,b;c\"d\"", strings.Repeat("x", 3000),
}

// hostileReport has a hostile text in every place that somebody else fills.
func hostileReport(text string) *report.Report {
	count := func(n int64) report.Count { return report.Count{Messages: n, Bytes: n * 1000} }
	id := source
	id.User, id.Host, id.Server = text, text, text
	numbers := report.Numbers{Messages: count(12), Source: 12, Attention: 3, Outcome: map[string]report.Count{"copied": count(7), "already_there": count(1), "excluded": count(1), "refused": count(1), "rolled_back": count(2)},
		Proof: map[string]report.Count{"verified": count(5), "unverified": count(1), "altered": count(1), "missing": count(1)}, Removal: map[string]report.Count{"kept": count(6), "gone": count(1), "rolling_back": count(1)},
		ProvedFirst: noon, ProvedLast: noon}
	m := report.Message{Mailbox: text, Wire: mailbox.Wire(text), Validity: 7, UID: 17, Dest: 3, Size: 5 << 20, Date: noon, Outcome: "refused", Proof: "altered", Reason: text, Next: "save it by hand", Subject: text}
	person := approval.Person{Name: text, User: text, Host: text}
	gate := report.Gate{Checkpoint: &report.Checkpoint{Digest: strings.Repeat("ab", 32), Created: noon, Messages: 5, Bytes: 5000},
		Approval: &report.Approval{Checkpoint: strings.Repeat("ab", 32), Given: []report.Yes{{By: person, At: noon, Note: text, Key: text}}, Expires: noon, Valid: false, Why: text}}
	return &report.Report{
		Format: 1, Name: "acme", Generated: noon, Source: id, Destination: id, Plan: text, Totals: numbers,
		Mailboxes: []report.Mailbox{{Name: text, Validity: 7, Dest: text, DestValidity: 9, Made: true, Begun: true, Mapping: strings.Repeat("cd", 32), Problem: text, Next: text, Numbers: numbers},
			{Name: "INBOX", Dest: "INBOX", Begun: true, Finished: true, Numbers: numbers}},
		Problems: []report.Message{m}, MoreProblems: 2, Notes: []report.Message{m}, MoreNotes: 1, Checkpoint: gate.Checkpoint, Approval: gate.Approval, Rollback: &gate,
	}
}

func hostileLink(text string) report.Link {
	return report.Link{Mailbox: text, Validity: 7, UID: 4294967295, Dest: text, DestValidity: 9, DestUID: 3, Size: 10, Digest: mailbox.Digest{1}, Outcome: "copied", Proof: "verified", Removal: "kept", Reason: text}
}

// unsafe finds what neither a terminal, nor a browser, nor an editor should be given.
func unsafe(text string, allowed string) (found []string) {
	if !utf8.ValidString(text) {
		found = append(found, "bytes that are not UTF-8")
	}
	for _, r := range text {
		if strings.ContainsRune(allowed, r) {
			continue
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			found = append(found, fmt.Sprintf("%U", r))
		}
	}
	return found
}

// TestReportIsHarmlessInEveryForm writes each hostile text in each form of the report.
func TestReportIsHarmlessInEveryForm(t *testing.T) {
	for _, text := range hostiles {
		r := hostileReport(text)
		for name, write := range map[string]func(*bytes.Buffer) error{
			"text":   func(b *bytes.Buffer) error { return Report(b, r, 0) },
			"status": func(b *bytes.Buffer) error { return Status(b, r, 80) },
			"json":   func(b *bytes.Buffer) error { return WriteJSON(b, r) },
			"html":   func(b *bytes.Buffer) error { return ReportPage(b, r) },
			"csv": func(b *bytes.Buffer) error {
				return Mapping(b, func(visit func(report.Link) error) error { return visit(hostileLink(text)) })
			},
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatalf("%s of %.40q: %v", name, text, err)
			}
			allowed := "\n"
			if name == "csv" {
				allowed = "\r\n"
			}
			for _, found := range unsafe(b.String(), allowed) {
				t.Errorf("%s of %.40q holds %s", name, text, found)
			}
			if name == "html" && (strings.Count(b.String(), "<script>") != 1 || strings.Count(b.String(), "<style>") != 1 || strings.Contains(b.String(), "<img") || strings.Contains(b.String(), `" onmouseover="`)) {
				t.Errorf("html of %.40q is not escaped", text)
			}
			if name == "json" && !json.Valid(b.Bytes()) {
				t.Errorf("json of %.40q is none", text)
			}
		}
	}
}

// TestMappingIsNoFormula reads the mapping back as a spreadsheet does: no cell begins with what a formula begins with, and no line is
// another one.
func TestMappingIsNoFormula(t *testing.T) {
	var b bytes.Buffer
	err := Mapping(&b, func(visit func(report.Link) error) error {
		for _, text := range hostiles {
			if err := visit(hostileLink(text)); err != nil {
				return err
			}
		}
		return visit(report.Link{Mailbox: "INBOX", Validity: 7, UID: 5, Size: 3, Outcome: "excluded"})
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(hostiles)+2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, row := range rows {
		for _, cell := range row {
			if bare := strings.TrimSpace(cell); bare != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(bare)[0]) {
				t.Errorf("row %d: %.60q is a formula", i, cell)
			}
		}
	}
	if got := strings.Join(rows[len(rows)-1], "|"); got != "INBOX|7|5||||3||excluded|||" {
		t.Errorf("a message that is nowhere: %s", got)
	}
	if got := strings.Join(rows[len(hostiles)], "|"); !strings.Contains(got, "|7|4294967295|") || !strings.Contains(got, "|9|3|10|01000000") {
		t.Errorf("%.100s", got)
	}
}

var errFull = errors.New("the disk is full")

// TestMappingTellsItsErrors: neither a reader's nor a writer's error is lost in a buffer.
func TestMappingTellsItsErrors(t *testing.T) {
	if err := Mapping(&bytes.Buffer{}, func(func(report.Link) error) error { return errFull }); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
	f := full(10)
	if err := Mapping(&f, func(visit func(report.Link) error) error { return visit(hostileLink("x")) }); err == nil {
		t.Error("a full disk was not noticed")
	}
}

// TestMappingNeedsNoMemory writes a million lines.
func TestMappingNeedsNoMemory(t *testing.T) {
	lines := 1_000_000
	if testing.Short() {
		lines = 50_000
	}
	peak := uint64(0)
	w := &counter{}
	link := hostileLink("Archive/2019")
	err := Mapping(w, func(visit func(report.Link) error) error {
		for i := range lines {
			link.UID = mailbox.UID(i + 1)
			if err := visit(link); err != nil {
				return err
			}
			if i%(lines/10) == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
		return nil
	})
	if err != nil || w.lines != lines+1 || peak > 64<<20 {
		t.Errorf("%d lines, %d MiB: %v", w.lines, peak>>20, err)
	}
}

type counter struct{ lines int }

func (c *counter) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// TestReportPage looks at the page in a real browser: nothing that was smuggled in does anything, the picture is there, the filter works.
func TestReportPage(t *testing.T) {
	b := newBrowser(t)
	for _, text := range []string{hostiles[0], hostiles[1], hostiles[2], "Archive/2019"} {
		var page bytes.Buffer
		if err := ReportPage(&page, hostileReport(text)); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		b.open(file, "")
		b.harmless()
		if got := b.eval(`document.title + " " + document.scripts.length + " " + document.images.length + " " + document.querySelectorAll("[onmouseover]").length`); got != "Mail migration acme 1 0 0" {
			t.Errorf("%.40q: the page is another one: %s", text, got)
		}
		if got := b.eval(`document.querySelectorAll("svg.picture g rect").length`); got != "12" { // two bars: their ground, and five pieces each
			t.Errorf("%.40q: the picture has %s pieces", text, got)
		}
		b.write("filter", "inbox")
		if got := b.eval(`Array.from(document.querySelectorAll("tbody tr"), r => r.hidden ? 0 : 1).join("")`); !strings.HasPrefix(got, "01") || strings.Count(got, "1") != 1 {
			t.Errorf("%.40q: filtered: %s", text, got)
		}
	}
}

// TestReportPageSaysWhatHolds: the sentences that a customer reads first.
func TestReportPageSaysWhatHolds(t *testing.T) {
	count := func(n int64) map[string]report.Count {
		return map[string]report.Count{"copied": {Messages: n, Bytes: n}}
	}
	proof := func(n int64) map[string]report.Count {
		return map[string]report.Count{"verified": {Messages: n, Bytes: n}}
	}
	for name, c := range map[string]struct {
		totals report.Numbers
		want   string
	}{
		"all proved":  {report.Numbers{Outcome: count(2), Proof: proof(2)}, "every copy is proved by content"},
		"not proved":  {report.Numbers{Outcome: count(2), Proof: proof(1)}, "not all copies are proved"},
		"attention":   {report.Numbers{Outcome: count(2), Proof: proof(2), Attention: 1}, "1 message and 0 mailboxes need attention"},
		"unaccounted": {report.Numbers{Outcome: count(2), Proof: proof(2), Unaccounted: 3}, "3 messages and 0 mailboxes need attention"},
		"rolled back": {report.Numbers{Outcome: map[string]report.Count{"rolled_back": {Messages: 2}}}, "2 messages are rolled back"},
	} {
		var page bytes.Buffer
		if err := ReportPage(&page, &report.Report{Name: "acme", Generated: noon, Totals: c.totals}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page.String(), c.want) {
			t.Errorf("%s: %q is not said", name, c.want)
		}
	}
}
