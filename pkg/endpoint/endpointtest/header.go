package endpointtest

import (
	"bytes"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// testHeader is about the ability to look at one header field.
func testHeader(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Headers")
	long := "Subject: " + strings.Repeat("long ", 900)
	var all []mailbox.UID
	for _, head := range []string{"From: a@b.example\r\nSUBJECT: one\r\n two\r\nTo: c@d.example", "From: a@b.example", "From: a@b.example\r\n" + long} {
		all = append(all, b.add(w, outgoing(text(head+"\r\n\r\nSubject: in the body\r\n")))...)
	}
	r := b.examine(w)
	h, able := r.(endpoint.HeaderReader)
	if !able {
		t.Skip("no such ability")
	}
	got, err := h.HeaderField(b.ctx, mailbox.SetOf(append(all, all[2]+1000)...), "Subject", 2000)
	b.must(err, "header field")
	if len(got) != 3 || !bytes.HasPrefix(bytes.ToLower(got[all[0]]), []byte("subject: one")) || !bytes.Contains(got[all[0]], []byte("two")) || len(bytes.TrimSpace(got[all[1]])) != 0 || len(got[all[2]]) != 2000 {
		b.Errorf("%d fields: %v", len(got), got)
	}
	b.inPlace(r, all)
	if _, err := h.HeaderField(b.ctx, mailbox.SetOf(all...), "Subject)] x", 10); err == nil {
		b.Error("a field that is no atom was asked for")
	}
}

// inPlace reports whether the mailbox still is what it was: nothing read, nothing changed.
func (b *bench) inPlace(r endpoint.Reader, all []mailbox.UID) {
	b.Helper()
	found := b.scanned(r, mailbox.SetOf(all...))
	if len(found) != len(all) {
		b.Errorf("%d of %d messages", len(found), len(all))
	}
	for _, m := range found {
		for _, f := range m.Flags {
			if mailbox.Seen.Equal(f) {
				b.Errorf("message %d was marked as read", m.UID)
			}
		}
	}
}
