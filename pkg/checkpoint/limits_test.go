package checkpoint_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

func reasons(c *checkpoint.Checkpoint) map[string]int64 {
	got := map[string]int64{}
	for _, l := range c.LeftOut {
		got[l.Reason] += l.Messages
	}
	return got
}

func listed(c *checkpoint.Checkpoint) map[string]string {
	got := map[string]string{}
	for _, m := range c.Mailboxes {
		got[m.Name+" "+m.Copy] = m.UIDs.Set().String()
	}
	return got
}

// TestBefore lists by internal date; what has none, and what lies on the very moment, stays.
func TestBefore(t *testing.T) {
	b := newBook(t)
	m := b.mailbox("INBOX", 7)
	dated := func(uid mailbox.UID, d time.Time) ledger.Row {
		r := proved(uid)
		r.Date = d
		return r
	}
	b.update(m, dated(1, noon.Add(-time.Second)), dated(2, noon), dated(3, noon.Add(time.Second)), proved(4),
		dated(5, noon.Add(-time.Second).In(time.FixedZone("", 7200))))
	c, err := checkpoint.Build(b.Ledger, checkpoint.Options{Now: noon, Before: noon.Add(300 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"INBOX INBOX": "1,5"}, listed(c)); d != "" {
		t.Error(d)
	}
	want := map[string]int64{"not before 2026-11-22T12:00:00Z": 2, "its date is not known, and only messages before a date were asked for": 1}
	if d := cmp.Diff(want, reasons(c)); d != "" {
		t.Error(d)
	}
	again, err := checkpoint.Read("a.yaml", []byte(encode(t, c)))
	if err != nil || !again.Limits.Before.Equal(noon) {
		t.Errorf("%v: the limit is not in the file: %+v", err, again)
	}
}

// TestOptionsStandInTheFile takes what was asked for through the file: it is part of what is approved.
func TestOptionsStandInTheFile(t *testing.T) {
	b := newBook(t)
	b.update(b.mailbox("INBOX", 7), proved(1))
	c, err := checkpoint.Build(b.Ledger, checkpoint.Options{Now: noon, Patterns: []string{"IN*"}, NotBefore: noon.AddDate(0, 0, 3), Recheck: checkpoint.RecheckMetadata,
		Approvers: approval.Approvers{Needed: 2, Keys: []string{"SHA256:a", "SHA256:b"}}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := checkpoint.Read("a.yaml", []byte(encode(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	c.LeftOut = []checkpoint.LeftOut{} // what the file makes of none
	if d := cmp.Diff(c, again); d != "" {
		t.Error(d)
	}
	if s := again.Subject(); !s.NotBefore.Equal(noon.AddDate(0, 0, 3)) || s.Approvers.Needed != 2 {
		t.Errorf("%+v", s)
	}
}

// TestFlagsThatPurgeFoundChanged are named as such, until somebody has looked at the message anew.
func TestFlagsThatPurgeFoundChanged(t *testing.T) {
	b := newBook(t)
	m := b.mailbox("INBOX", 7)
	r := proved(2)
	r.Reason = checkpoint.FlagsChanged + ` since it was copied: "\\Seen" then, "" now`
	b.update(m, proved(1), r)
	c := b.build()
	if d := cmp.Diff(map[string]int64{"its flags were changed on the source since it was copied": 1}, reasons(c)); d != "" {
		t.Error(d)
	}
	r.Reason = ""
	b.update(m, r)
	if c := b.build(); c.Messages != 2 {
		t.Errorf("%+v", c)
	}
}

// A message whose date or flags are not the same on the destination has lost something: its original stays.
func TestWhatDidNotSurviveStays(t *testing.T) {
	b := newBook(t)
	m := b.mailbox("INBOX", 7)
	r := proved(2)
	r.Reason = ledger.NotSurvived + "internal date 1960-01-01T00:00:00Z is 1970-01-02T00:00:00Z on the destination"
	b.update(m, proved(1), r)
	c := b.build()
	if d := cmp.Diff(map[string]int64{"its date or flags are not the same on the destination": 1}, reasons(c)); d != "" || c.Messages != 1 {
		t.Errorf("%s%+v", d, c)
	}
}

// TestRollback lists what we appended, by its UID on the destination, and nothing that was there before, or whose original has gone.
func TestRollback(t *testing.T) {
	b := newBook(t)
	one, two := b.mailbox("INBOX", 7), ledger.Mailbox{Source: "Old", Name: mailbox.Name{"Old"}, Validity: 3, Dest: "INBOX", DestName: mailbox.Name{"INBOX"}, DestValidity: 9}
	two, err := b.Enrol(two)
	if err != nil {
		t.Fatal(err)
	}
	change := func(uid mailbox.UID, f func(*ledger.Row)) ledger.Row { r := proved(uid); f(&r); return r }
	b.update(one, change(1, func(r *ledger.Row) { r.Proof = ledger.Unproved }), proved(2),
		change(3, func(r *ledger.Row) { r.Outcome = ledger.AlreadyThere }),
		change(4, func(r *ledger.Row) { r.Removal = ledger.Gone }),
		change(5, func(r *ledger.Row) { r.Removal = ledger.Purging }),
		change(6, func(r *ledger.Row) { r.Removal = ledger.RollingBack }),
		change(7, func(r *ledger.Row) { r.Outcome = ledger.RolledBack }),
		change(8, func(r *ledger.Row) { r.Proof = ledger.Altered }),
		change(9, func(r *ledger.Row) { r.Proof = ledger.Missing }),
		change(10, func(r *ledger.Row) { r.Dest = 0 }))
	b.update(two, change(20, func(r *ledger.Row) { r.Dest = 500 }), change(21, func(r *ledger.Row) { r.Dest = 400 }))
	c, err := checkpoint.Build(b.Ledger, checkpoint.Options{Kind: approval.Rollback, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"INBOX INBOX": "1001:1002", "INBOX Old": "400,500"}, listed(c)); d != "" {
		t.Error(d)
	}
	want := map[string]int64{"it was there before this migration": 1, "removed already": 1, "rolled back": 1, "altered": 1, "missing": 1, "its place on the destination is not known": 1,
		"its removal was begun: run purge again with the checkpoint it was begun with":     1,
		"its rollback was begun: run rollback again with the checkpoint it was begun with": 1}
	if d := cmp.Diff(want, reasons(c)); d != "" {
		t.Error(d)
	}
	if p := c.Subject().Phrase(); p != "rollback 4 messages on alice at imap.new.example" || c.Verified.Depth != "none" {
		t.Errorf("%s, verified %+v", p, c.Verified)
	}
	again, err := checkpoint.Read("a.yaml", []byte(encode(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range again.Mailboxes {
		m, found, err := again.Recorded(b.Ledger, &again.Mailboxes[i])
		if err != nil || !found || m.Source != mailbox.Wire(again.Mailboxes[i].CopyWire) {
			t.Errorf("the ledger does not know %+v: %v", again.Mailboxes[i], err)
		}
		set := again.Mailboxes[i].UIDs.Set()
		if root, n, err := checkpoint.Root(b.Ledger, approval.Rollback, m, set); err != nil || root != again.Mailboxes[i].Root || n.Messages != int64(set.Len()) {
			t.Errorf("another root: %v", err)
		}
	}
	again.Mailboxes[0].CopyWire = "Old"
	if _, found, _ := again.Recorded(b.Ledger, &again.Mailboxes[0]); found {
		t.Error("a mailbox under another one's uidvalidity is known")
	}
}

// TestRootNamesItsMailboxes: the same rows in other mailboxes are other messages.
func TestRootNamesItsMailboxes(t *testing.T) {
	roots := map[mailbox.Digest]bool{}
	b := newBook(t)
	for i, m := range []ledger.Mailbox{b.mailbox("INBOX", 7), b.mailbox("INBOX", 8), b.mailbox("Sent", 7)} {
		r := proved(1)
		r.Dest = mailbox.UID(2000 + i)
		b.update(m, r)
		root, _, err := checkpoint.Root(b.Ledger, approval.Purge, m, mailbox.SetOf(9))
		if err != nil {
			t.Fatal(err)
		}
		roots[root] = true
	}
	if len(roots) != 3 {
		t.Errorf("%d roots of three mailboxes", len(roots))
	}
}
