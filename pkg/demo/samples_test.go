package demo

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"imapmigrate/pkg/mailbox"
	sample "imapmigrate/testdata/message"
)

// The package of the samples lies under testdata, where go test ./... does not look: it is tested from here.

func TestEveryStoredSampleIsListedOnce(t *testing.T) {
	var listed []string
	for _, s := range sample.Samples() {
		if s.Awkward == "" {
			t.Errorf("sample %s does not say what is awkward about it", s.Name)
		}
		listed = append(listed, s.Name)
	}
	slices.Sort(listed)
	if n := len(listed); n != len(slices.Compact(listed)) {
		t.Errorf("a sample is listed twice: %q", listed)
	}
	for _, name := range sample.Stored() {
		if !slices.Contains(listed, name) {
			t.Errorf("%s.eml is not listed", name)
		}
	}
}

// A conversion of line ends, by git or an editor, would take from these samples what they are for.
func TestSamplesAreAsAwkwardAsTheySay(t *testing.T) {
	has := func(s string) func([]byte) bool { return func(b []byte) bool { return bytes.Contains(b, []byte(s)) } }
	checks := map[string]func([]byte) bool{
		"bare-lf":         func(b []byte) bool { return !bytes.ContainsRune(b, '\r') && bytes.Count(b, []byte("\n")) > 5 },
		"mixed-line-ends": func(b []byte) bool { return has("here\r\n")(b) && has("here\nLF")(b) && has("\n\n")(b) },
		"lone-cr": func(b []byte) bool {
			return has("line\rand")(b) && has("\r\r\n")(b) && bytes.HasSuffix(b, []byte("\r"))
		},
		"no-header":        func(b []byte) bool { return bytes.HasPrefix(b, []byte("\r\n")) },
		"header-only":      func(b []byte) bool { return !has("\r\n\r\n")(b) && bytes.HasSuffix(b, []byte("\r\n")) },
		"empty-body":       func(b []byte) bool { return bytes.HasSuffix(b, []byte("\r\n\r\n")) },
		"one-byte":         func(b []byte) bool { return len(b) == 1 },
		"empty":            func(b []byte) bool { return len(b) == 0 },
		"no-final-crlf":    func(b []byte) bool { return !bytes.HasSuffix(b, []byte("\n")) },
		"nul-bytes":        has("before\x00after"),
		"eight-bit-header": func(b []byte) bool { return has("Subject: R\xe9union")(b) && !utf8.Valid(b) },
		"mbox-from-line":   func(b []byte) bool { return bytes.HasPrefix(b, []byte("From harry@example.org ")) },
		"imap-commands":    has("\r\nzz DELETE Archive\r\n"),
		"dkim-signed":      func(b []byte) bool { return bytes.HasSuffix(b, []byte("\r\n\r\n\r\n")) && has("changes.   \r\n")(b) },
		"long-header":      func(b []byte) bool { return bytes.Index(b, []byte("\r\n\r\n")) > 16_000 },
		"long-header-line": func(b []byte) bool { return longest(b) == 20_000 },
		"long-lines":       func(b []byte) bool { return longest(b) == 20_000 },
		"binary-body": func(b []byte) bool {
			for c := range 255 {
				if bytes.IndexByte(b, byte(c+1)) < 0 {
					return false
				}
			}
			return true
		},
	}
	for name, check := range checks {
		if !check(sample.Get(name).Bytes) {
			t.Errorf("sample %s is not what it says", name)
		}
	}
	a, b := sample.Get("same-message-id-a").Bytes, sample.Get("same-message-id-b").Bytes
	headerA, textA := splitHeader(a)
	if headerB, textB := splitHeader(b); !bytes.Equal(headerA, headerB) || bytes.Equal(textA, textB) {
		t.Error("same-message-id-a and -b do not share exactly their header")
	}
}

// All others have CRLF at every line end.
func TestOrdinarySamplesHaveCRLF(t *testing.T) {
	odd := []string{"bare-lf", "mixed-line-ends", "lone-cr", "binary-body"}
	for _, s := range sample.Samples() {
		if slices.Contains(odd, s.Name) {
			continue
		}
		crlf := bytes.Count(s.Bytes, []byte("\r\n"))
		if bytes.Count(s.Bytes, []byte("\n")) != crlf || bytes.Count(s.Bytes, []byte("\r")) != crlf {
			t.Errorf("%s has CR or LF alone", s.Name)
		}
	}
}

func longest(b []byte) int {
	most := 0
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		most = max(most, len(line))
	}
	return most
}

func TestGenerateIsExactRepeatableAndNeverAlike(t *testing.T) {
	for _, size := range []int{0, sample.MinLetter, 513, 514, 515, 590, 591, 592, 593, 4096, 50_000} {
		seen := make(map[string]bool)
		again := slices.Collect(sample.Generate(7, 40, size))
		i := 0
		for l := range sample.Generate(7, 40, size) {
			if want := max(size, sample.MinLetter); len(l.Bytes) != want {
				t.Fatalf("a letter of %d bytes, want %d", len(l.Bytes), want)
			}
			if !bytes.Equal(l.Bytes, again[i].Bytes) || !l.Date.Equal(again[i].Date) {
				t.Fatalf("letter %d differs the second time", i)
			}
			if i > 0 && !l.Date.After(again[i-1].Date) {
				t.Fatalf("letter %d is not later than the one before", i)
			}
			if longest(l.Bytes) > 78 || !bytes.HasSuffix(l.Bytes, []byte("\r\n")) {
				t.Fatalf("letter %d has a long line or no end:\n%s", i, l.Bytes)
			}
			seen[string(l.Bytes)] = true
			i++
		}
		if i != 40 || len(seen) != 40 {
			t.Errorf("%d letters, %d different, want 40", i, len(seen))
		}
	}
	for a := range sample.Generate(1, 1, 600) {
		for b := range sample.Generate(2, 1, 600) {
			if bytes.Equal(a.Bytes, b.Bytes) {
				t.Error("two seeds give the same letter")
			}
		}
	}
}

func TestAttachmentSize(t *testing.T) {
	for _, size := range []int{1, 100_000, 25 << 20} {
		b := sample.Attachment(size)
		if len(b) < size || len(b) > size+1000 {
			t.Errorf("Attachment(%d) has %d bytes", size, len(b))
		}
		if longest(b) > 120 || !bytes.HasSuffix(b, []byte("--\r\n")) {
			t.Errorf("Attachment(%d) is not MIME", size)
		}
	}
}

func TestAwkwardNames(t *testing.T) {
	seen := make(map[string]bool)
	var long, deep bool
	for _, m := range sample.Mailboxes() {
		name := mailbox.Name(m.Name)
		if seen[name.String()] || m.Awkward == "" {
			t.Errorf("%q is there twice or gives no reason", name)
		}
		seen[name.String()] = true
		if _, err := mailbox.Encode(name, "^"); err != nil {
			t.Error(err)
		}
		long = long || len(m.Name[0]) == 200
		deep = deep || len(m.Name) == 12
	}
	if !long || !deep {
		t.Errorf("200 bytes long: %v, 12 levels deep: %v", long, deep)
	}
}

func TestAwkwardDatesAndFlags(t *testing.T) {
	for _, d := range sample.Dates() {
		if got := d.Time.Format("_2-Jan-2006 15:04:05 -0700"); got != strings.Replace(d.Text, "-0000", "+0000", 1) {
			t.Errorf("%q is read as %q", d.Text, got)
		}
	}
	for _, f := range sample.FlagSets() {
		if err := checkFlags(convert[mailbox.Flag](f.Set)); err != nil {
			t.Errorf("%s: %v", f.Awkward, err)
		}
	}
}
