package view

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sample() *table {
	t := &table{columns: []column{{title: "source"}, {title: "messages", right: true, rigid: true}, {title: "reason"}}}
	t.add("INBOX", "1,204", "INBOX goes to INBOX")
	t.add("送信済み", "7", "the destination has a mailbox with the role \\Sent, and that is where sent mail goes")
	t.add("Archive/Very/Deep/Name/That/Goes/On", "12", "")
	return t
}

func TestTableWide(t *testing.T) {
	var b strings.Builder
	if err := sample().write(&b, 0); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
source                               messages  reason
INBOX                                   1,204  INBOX goes to INBOX
送信済み                                    7  the destination has a mailbox with the role \Sent, and that is where sent mail goes
Archive/Very/Deep/Name/That/Goes/On        12
`, "\n")
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTableNarrow(t *testing.T) {
	var b strings.Builder
	if err := sample().write(&b, 50); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
source               messages  reason
INBOX                   1,204  INBOX goes to INBOX
送信済み                    7  the destination has
                               a mailbox with the
                               role \Sent, and
                               that is where sent
                               mail goes
Archive/Very/Deep/         12
Name/That/Goes/On
`, "\n")
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestTableNeverLosesText: whatever the width, every character of every cell is there, and no line is wider than asked unless a column
// cannot be made smaller.
func TestTableNeverLosesText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := &table{columns: []column{{title: "a"}, {title: "b"}}}
		cells := rapid.SliceOfN(rapid.StringMatching(`[a-zé送📬/ ]{0,40}`), 2, 2).Draw(t, "cells")
		tab.add(cells...)
		width := rapid.IntRange(20, 100).Draw(t, "width")
		var b strings.Builder
		if err := tab.write(&b, width); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if Width(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		for _, r := range cells[0] + cells[1] {
			if want := strings.Count(cells[0]+cells[1], string(r)); r != ' ' && strings.Count(b.String(), string(r)) < want {
				t.Errorf("%q is missing in\n%s", r, b.String())
			}
		}
	})
}
