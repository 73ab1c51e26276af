package cli_test

import (
	"bytes"
	"encoding/csv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/demo"
	"imapmigrate/pkg/mailbox"
)

// strange are names that somebody could give a mailbox to reach whoever reads of it.
var strange = []string{
	"\x1b]0;evil\atitle", "\x1b[2J\x1b[31mred", "\u009b31mcsi", "txt.\u202eexe", "\u2066isolated\u2069", "two\r\nlines", "nul\x00byte", "back\b\b\bspace", "zero\u200bwidth", "line\u2028separator",
	"=cmd()|' /C calc'!A0", "+SUM(1)", "-1+1", "@import", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{.Name}}", "../../../etc/passwd", "/etc/passwd", `..\..\windows`, "a: b # c", "&anchor *alias", "!!binary", "%s%n%d", "- item", "...", "---",
}

// TestNamesFromStrangers has mailboxes with such names go all the way, and looks at everything that is said and written.
func TestNamesFromStrangers(t *testing.T) {
	dir := t.TempDir()
	scene, err := demo.Prepare(filepath.Join(dir, "m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	made := 0
	for _, part := range strange {
		name := scene.SourceAccount.Name(part)
		if scene.SourceAccount.Create(name, mailbox.RoleNone) != nil {
			continue // it holds the server's delimiter
		}
		made++
		if _, err := scene.SourceAccount.Append(name, demo.Mail{Content: []byte("Subject: " + part + "\r\n\r\nbody\r\n")}); err != nil {
			t.Fatal(err)
		}
	}
	if made < 15 {
		t.Fatalf("only %d mailboxes could be made", made)
	}
	html, table := filepath.Join(dir, "m", "report.html"), filepath.Join(dir, "m", "report.csv")
	for _, command := range [][]string{{"check"}, {"plan"}, {"copy"}, {"verify"}, {"status"}, {"report"}, {"report", "--html", html, "--subjects"}, {"report", "--csv", table}, {"checkpoint"}} {
		for _, form := range [][]string{{"-v"}, {"--json"}, {"--quiet"}} {
			if testing.Short() && form[0] == "--quiet" {
				continue
			}
			var out, errs bytes.Buffer
			code := cli.Run(t.Context(), append(append([]string{"-c", scene.Config}, command...), form...), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			if code == cli.Usage || code == cli.Failed {
				t.Fatalf("%v: code %d\n%s", command, code, errs.String())
			}
			for what, text := range map[string]string{"stdout": out.String(), "stderr": errs.String()} {
				harmless(t, strings.Join(append(command, form...), " ")+": "+what, text)
			}
		}
	}
	seen := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if plain := strings.Trim(d.Name(), "abcdefghijklmnopqrstuvwxyz.-_0123456789"); plain != "" {
			t.Errorf("a file is named after a mailbox: %q", path)
		}
		text, err := os.ReadFile(path)
		if strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".html") || strings.HasSuffix(path, ".csv") {
			seen++
			harmless(t, path, strings.ReplaceAll(string(text), "\r\n", "\n")) // a table's lines end so, RFC 4180
		}
		return err
	})
	if err != nil || seen < 3 {
		t.Errorf("%d files were looked at, %v", seen, err)
	}
	calculates(t, table)
	page, err := os.ReadFile(html)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"<script>alert", "<img src=x", "onerror=alert(1)>"} {
		if bytes.Contains(page, []byte(tag)) {
			t.Errorf("the page holds %q", tag)
		}
	}
}

// calculates reports cells that a spreadsheet would take for a formula.
func calculates(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 100 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
}

// harmless reports what a terminal, or a reader's eye, would obey.
func harmless(t *testing.T, where, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is no valid UTF-8", where)
	}
	for at, r := range text {
		if r != '\n' && r != '\u200d' && (unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)) {
			t.Errorf("%s holds %U: %q", where, r, text[max(0, at-30):min(len(text), at+30)])
			return
		}
	}
}
