package mailbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		wire      mailbox.Wire
		delimiter string
		want      mailbox.Name
		exact     bool
	}{
		{"INBOX", "/", mailbox.Name{"INBOX"}, true},
		{"INBOX.Sent Items", ".", mailbox.Name{"INBOX", "Sent Items"}, true},
		{"a.b", "/", mailbox.Name{"a.b"}, true},
		{"Entw&APw-rfe", "/", mailbox.Name{"Entwürfe"}, true},
		{"R&-D", "/", mailbox.Name{"R&D"}, true},
		{"&ZeVnLIqe-", "/", mailbox.Name{"日本語"}, true},
		{"&2D3cqA-", "/", mailbox.Name{"\U0001f4a8"}, true},
		{"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "/", mailbox.Name{"~peter", "mail", "台北", "日本語"}, true}, // the example of RFC 3501
		{"one/two", "", mailbox.Name{"one/two"}, true},
		{"ghost/", "/", mailbox.Name{"ghost"}, true},
		{"R&D", "/", mailbox.Name{"R&D"}, false},
		{"&AOR-", "/", mailbox.Name{"ä"}, false},           // pad bits are not zero
		{"&AGE-", "/", mailbox.Name{"a"}, false},           // ASCII in base64
		{"&AOQ-&APY-", "/", mailbox.Name{"äö"}, false},     // split run
		{"Entwürfe", "/", mailbox.Name{"Entwürfe"}, false}, // raw UTF-8
		{"caf\xe9", "/", mailbox.Name{`caf\xE9`}, false},   // Latin-1
		{"&2D0-", "/", mailbox.Name{"&2D0-"}, false},       // half a surrogate
		{"tab\there", "/", mailbox.Name{"tab\there"}, false},
	} {
		got, exact := mailbox.Decode(c.wire, c.delimiter)
		if d := cmp.Diff(c.want, got); d != "" || exact != c.exact {
			t.Errorf("Decode(%q, %q) = %q, %v; want %q, %v", c.wire, c.delimiter, []string(got), exact, []string(c.want), c.exact)
		}
	}
}

func TestEncodeRefusesWhatCannotBeToldApart(t *testing.T) {
	for _, c := range []struct {
		name      mailbox.Name
		delimiter string
		want      string
	}{
		{nil, "/", "empty"},
		{mailbox.Name{"a", ""}, "/", "is empty"},
		{mailbox.Name{"AC/DC"}, "/", "delimiter"},
		{mailbox.Name{"a", "b"}, "", "no hierarchy"},
		{mailbox.Name{"a\nb"}, "/", "control character"},
		{mailbox.Name{"a\xffb"}, "/", "UTF-8"},
	} {
		if w, err := mailbox.Encode(c.name, c.delimiter); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Encode(%q, %q) = %q, %v; want an error about %q", []string(c.name), c.delimiter, w, err, c.want)
		}
	}
}

// part draws what may stand between two delimiters.
func part(t *rapid.T, without string) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune(`aZ09 &/.\-"%*+,~äß日😀`)), 1, 12, -1).Filter(func(s string) bool {
		return without == "" || !strings.Contains(s, without)
	}).Draw(t, "part")
}

func TestNamesSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]string{"/", ".", `\`, "|"}).Draw(t, "delimiter")
		var n mailbox.Name
		for range rapid.IntRange(1, 5).Draw(t, "depth") {
			n = append(n, part(t, delimiter))
		}
		w, err := mailbox.Encode(n, delimiter)
		if err != nil {
			t.Fatal(err)
		}
		back, exact := mailbox.Decode(w, delimiter)
		if !exact || !cmp.Equal(n, back) {
			t.Fatalf("%q is %q on the wire and comes back as %q (exact %v)", n, w, back, exact)
		}
	})
}

func TestNamesSurviveTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := mailbox.Name(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return part(t, "") }), 1, 5).Draw(t, "name"))
		back, err := mailbox.ParseName(n.String())
		if err != nil || !cmp.Equal(n, back) {
			t.Fatalf("%q is written %q and read as %q, %v", []string(n), n.String(), []string(back), err)
		}
	})
}

func TestParseNameRefuses(t *testing.T) {
	for _, s := range []string{"", "/", "a/", "/a", "a//b", `a\`, `a\b`} {
		if n, err := mailbox.ParseName(s); err == nil {
			t.Errorf("ParseName(%q) = %q, want an error", s, []string(n))
		}
	}
}

func TestInboxHasNoCase(t *testing.T) {
	if !(mailbox.Name{"inbox", "a"}).Equal(mailbox.Name{"INBOX", "a"}) || (mailbox.Name{"a", "inbox"}).Equal(mailbox.Name{"a", "INBOX"}) {
		t.Error("only a leading INBOX is compared without regard to case")
	}
	if !(mailbox.Name{"Inbox"}).IsInbox() || (mailbox.Name{"Inbox", "x"}).IsInbox() {
		t.Error("IsInbox is about the INBOX itself")
	}
	if !(mailbox.Name{"iNBOX", "x"}).HasPrefix(mailbox.Name{"INBOX"}) || (mailbox.Name{"INBOX"}).HasPrefix(mailbox.Name{"INBOX", "x"}) {
		t.Error("HasPrefix is about what lies below")
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"INBOX", "&AOQ-", "&", "&-", "&2D0-", "a&\xff", "&AAAAAAAA-", "....", "&ZeVnLIqe-.x"} {
		f.Add(s, ".")
	}
	f.Fuzz(func(t *testing.T, wire, delimiter string) {
		if len(delimiter) > 1 || delimiter == "&" || delimiter == "-" {
			return
		}
		n, exact := mailbox.Decode(mailbox.Wire(wire), delimiter)
		if !exact {
			return
		}
		if w, err := mailbox.Encode(n, delimiter); err == nil && string(w) != wire && string(w)+delimiter != wire {
			t.Errorf("%q decodes to %q exactly, which encodes to %q", wire, []string(n), w)
		}
	})
}
