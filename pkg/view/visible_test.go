package view

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"plain":             {"Archive/2014 & more", "Archive/2014 & more"},
		"umlauts":           {"Entwürfe", "Entwürfe"},
		"japanese":          {"送信済み", "送信済み"},
		"emoji":             {"📬 mail", "📬 mail"},
		"joined emoji":      {"👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		"joiner in a word":  {"pay\u200dpal", `pay\u200dpal`},
		"role":              {`\Sent`, `\Sent`},
		"colour":            {"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		"title of terminal": {"\x1b]0;evil\a", `\x1b]0;evil\x07`},
		"8-bit CSI":         {"\u009b31m", `\u009b31m`},
		"lines":             {"a\r\nb\tc", `a\r\nb\tc`},
		"NUL":               {"a\x00b", `a\x00b`},
		"delete":            {"a\x7f", `a\x7f`},
		"invalid":           {"a\xffb\xc3", `a\xffb\xc3`},
		"replacement":       {"\ufffd", "\ufffd"},
		"override":          {"txt.\u202eexe", `txt.\u202eexe`},
		"isolate":           {"\u2066a\u2069", `\u2066a\u2069`},
		"mark":              {"\u200fa", `\u200fa`},
		"zero width":        {"In\u200bbox", `In\u200bbox`},
		"byte order mark":   {"\ufeffInbox", `\ufeffInbox`},
		"hangul filler":     {"\u3164", `\u3164`},
		"line separator":    {"a\u2028b", `a\u2028b`},
		"no-break space":    {"a\u00a0b", `a\u00a0b`},
		"private use":       {"\ue000", `\ue000`},
		"tags":              {"a\U000e0041", `a\U000e0041`},
		"soft hyphen":       {"a\u00adb", `a\u00adb`},
	}
	for name, c := range cases {
		if got := Visible(c.in); got != c.want {
			t.Errorf("%s: Visible(%q) = %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestVisibleIsBounded(t *testing.T) {
	for _, in := range []string{strings.Repeat("a", 1<<20), strings.Repeat("é", 1<<20), strings.Repeat("\x00", 1<<20), strings.Repeat("e\u0301\u0301\u0301", 1<<18)} {
		got := Visible(in)
		if len(got) > 4*most+3 || !strings.HasSuffix(got, "...") {
			t.Errorf("%d bytes of %q... became %d bytes", len(in), in[:8], len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q... was cut inside a character", in[:8])
		}
	}
}

// FuzzVisible: whatever a stranger sends, nothing that a terminal obeys comes out, in text and in JSON, and JSON gives it back.
func FuzzVisible(f *testing.F) {
	for _, seed := range []string{"", "INBOX", "\x1b[2J", "\u202e", "\xff\xfe", "👨\u200d👩", "a\u0301", "\U000e0041", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		harmless(t, Visible(in))
		harmless(t, Clip(in, 20))
		if w := Width(Clip(in, 20)); w > 20 {
			t.Errorf("Clip(%q, 20) is %d columns wide", in, w)
		}
		text, err := marshal(map[string]string{"name": in}, "")
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, string(text))
		var back map[string]string
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if want := strings.ToValidUTF8(in, "\ufffd"); utf8.ValidString(in) && back["name"] != want {
			t.Errorf("JSON gave back %q for %q", back["name"], in)
		}
	})
}

func harmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r == joiner {
			continue
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
			t.Errorf("%q holds %U", text, r)
		}
	}
}

func TestClip(t *testing.T) {
	cases := []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly ten", 11, "exactly ten"},
		{"a bit too long", 8, "a bit t…"},
		{"送信済みメール", 7, "送信済…"},
		{"送信済みメール", 6, "送信…"},
		{"👨\u200d👩\u200d👧👨\u200d👩\u200d👧", 3, "👨\u200d👩\u200d👧…"},
		{"x", 0, ""},
	}
	for _, c := range cases {
		if got := Clip(c.in, c.width); got != c.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}
