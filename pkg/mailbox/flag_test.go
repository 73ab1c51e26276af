package mailbox_test

import (
	"slices"
	"testing"

	"imapmigrate/pkg/mailbox"
)

func TestFlagsHaveOneForm(t *testing.T) {
	got := mailbox.Flags(`\seen`, "NonJunk", `\Recent`, "nonjunk", `\FLAGGED`, "$label1", `\recent`)
	want := []mailbox.Flag{"$label1", `\Flagged`, `\Seen`, "NonJunk"}
	if !slices.Equal(got, want) {
		t.Errorf("Flags gives %q, want %q", got, want)
	}
	if !mailbox.SameFlags([]mailbox.Flag{`\Seen`, "Work"}, []mailbox.Flag{"WORK", `\seen`, `\Recent`}) || mailbox.SameFlags([]mailbox.Flag{`\Seen`}, nil) {
		t.Error("SameFlags compares without case and without \\Recent")
	}
}

// What is neither a system flag nor a plain atom never reaches the wire: behind a BAD, a server may run the message's text as commands.
func TestOnlyAtomsAreKeywords(t *testing.T) {
	for _, f := range []mailbox.Flag{"$Forwarded", "NonJunk", "$label1", "a:b", "x/y", "[x", "a+b"} {
		if !f.Keyword() {
			t.Errorf("%q should be a keyword", f)
		}
	}
	for _, f := range []mailbox.Flag{"", `\Seen`, `\Foo`, "a b", "a(b", "a)b", "a{3}", "50%", "a*", `a"b`, "a]b", "Été", "a\r\nb", "a\x00"} {
		if f.Keyword() {
			t.Errorf("%q must not be a keyword", f)
		}
	}
	for _, f := range []mailbox.Flag{`\Seen`, `\ANSWERED`, `\draft`} {
		if !f.System() {
			t.Errorf("%q is a system flag", f)
		}
	}
	for _, f := range []mailbox.Flag{`\Recent`, `\*`, "Seen", `\Junk`} {
		if f.System() {
			t.Errorf("%q is no flag a client may set", f)
		}
	}
}

func TestRolesHaveNoCase(t *testing.T) {
	for attribute, want := range map[string]mailbox.Role{`\sent`: mailbox.RoleSent, `\JUNK`: mailbox.RoleJunk, `\AllMail`: mailbox.RoleAll, `\HasChildren`: mailbox.RoleNone, `sent`: mailbox.RoleNone} {
		if got := mailbox.RoleOf(attribute); got != want {
			t.Errorf("RoleOf(%q) = %q, want %q", attribute, got, want)
		}
	}
}
