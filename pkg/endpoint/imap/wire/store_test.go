package wire

import (
	"testing"

	"imapmigrate/pkg/mailbox"
)

// What a change of flags looks like on the wire, and what is never sent.
func TestStoreText(t *testing.T) {
	set := mailbox.SetOf(1, 2, 7)
	for _, c := range []struct {
		add       bool
		flags     []mailbox.Flag
		modseq    uint64
		condstore bool
		want      string
	}{
		{true, []mailbox.Flag{mailbox.Seen, "$a"}, 0, true, `UID STORE 1:2,7 +FLAGS.SILENT (\Seen $a)`},
		{false, []mailbox.Flag{"$a"}, 9, true, `UID STORE 1:2,7 (UNCHANGEDSINCE 9) -FLAGS.SILENT ($a)`},
		{false, []mailbox.Flag{"$a"}, 9, false, `UID STORE 1:2,7 -FLAGS.SILENT ($a)`},
		{true, []mailbox.Flag{mailbox.Deleted}, 0, true, ""},
		{false, []mailbox.Flag{`\deleted`}, 0, true, ""},
		{true, []mailbox.Flag{mailbox.Seen, "x)\r\nA1 EXPUNGE"}, 0, true, ""},
		{true, nil, 0, true, ""},
	} {
		if got, err := storeText(set, c.add, c.flags, c.modseq, c.condstore); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%v %q: %q, %v; want %q", c.add, c.flags, got, err, c.want)
		}
	}
	if _, err := storeText(nil, true, []mailbox.Flag{mailbox.Seen}, 0, false); err == nil {
		t.Error("a STORE without messages")
	}
}

// MODIFIED names what was left out; an answer that cannot be read leaves all of it out, and one that names strangers leaves out only ours.
func TestModifiedSet(t *testing.T) {
	for args, want := range map[string]string{"2": "2", "2,9": "2", "1:4000000000": "1:2,7", "": "", "all": "1:2,7", "7,2": "1:2,7"} {
		if got := modifiedSet(args, mailbox.SetOf(1, 2, 7)).String(); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}
