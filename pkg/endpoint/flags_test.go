package endpoint_test

import (
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// A change that could lead to a removal, or that could leave its line, cannot be made.
func TestFlagChangeThatMayNotBe(t *testing.T) {
	for _, f := range []mailbox.Flag{mailbox.Deleted, `\DELETED`, mailbox.Recent, "", "two words", "x)", "x\r\nA1 EXPUNGE", `\Other`, "a*", "\x00"} {
		if c, err := endpoint.ChangeFlags([]mailbox.Flag{mailbox.Seen, f}, nil); err == nil || !c.Empty() {
			t.Errorf("adding %q: %v, %v", f, c, err)
		}
		if c, err := endpoint.ChangeFlags(nil, []mailbox.Flag{f}); err == nil || !c.Empty() {
			t.Errorf("taking %q: %v, %v", f, c, err)
		}
	}
	if _, err := endpoint.ChangeFlags([]mailbox.Flag{"$x"}, []mailbox.Flag{"$X"}); err == nil {
		t.Error("a flag was added and taken at once")
	}
	c, err := endpoint.ChangeFlags([]mailbox.Flag{`\seen`, "$a"}, []mailbox.Flag{"$b"})
	if err != nil || c.String() != `+$a +\Seen -$b` {
		t.Errorf("%q, %v", c, err)
	}
}
