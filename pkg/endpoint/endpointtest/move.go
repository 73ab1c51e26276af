package endpointtest

import (
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// testMove holds Move to its word: exactly these messages, and nothing where the server cannot do it in one step.
func testMove(t *testing.T, f Factory) {
	b := f.open(t)
	from, to := b.make("From here"), b.make("To there")
	u := b.fill(from, 4)
	s := b.remover(from)
	moved, err := s.Move(b.ctx, mailbox.SetOf(u[1], u[2]), to)
	if caps := b.Expunger.Capabilities(); !caps.Has("MOVE") || !caps.Has("UIDPLUS") {
		if endpoint.ClassOf(err) != endpoint.Unsupported {
			t.Errorf("without MOVE and UIDPLUS: %v", err)
		}
		if n := len(b.scanned(s, mailbox.SetOf(u...))); n != 4 {
			t.Errorf("%d of 4 messages are left", n)
		}
		return
	}
	b.must(err, "move")
	if n := len(b.scanned(s, mailbox.SetOf(u...))); n != 2 {
		t.Errorf("%d of 4 messages are left, want 2", n)
	}
	there := b.examine(to)
	if st := there.State(); st.Validity != moved.Validity || st.Messages != 2 {
		t.Errorf("moved to uidvalidity %d, %+v", moved.Validity, st)
	}
	set := mailbox.SetOf(moved.UIDs[u[1]], moved.UIDs[u[2]])
	if n := len(b.scanned(there, set)); n != 2 || len(moved.UIDs) != 2 {
		t.Errorf("the server says %v, and %d of them are there", moved.UIDs, n)
	}
	if _, err := s.Move(b.ctx, mailbox.SetOf(u[0]), b.wire("Nowhere")); err == nil {
		t.Error("a mailbox that is not there took a message")
	}
	if n := len(b.scanned(s, mailbox.SetOf(u...))); n != 2 {
		t.Errorf("%d messages are left after a refusal, want 2", n)
	}
}
