package checkpoint_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type book struct {
	*ledger.Ledger
	t testing.TB
}

func newBook(t testing.TB) book {
	t.Helper()
	l, err := ledger.Create(filepath.Join(t.TempDir(), "a.ledger"), ledger.Facts{
		Name:        "acme-alice",
		Source:      endpoint.Identity{Host: "imap.old.example", Port: 993, User: "alice", Server: "Dovecot\x1b[31m\u202e"},
		Destination: endpoint.Identity{Host: "imap.new.example", Port: 993, User: "alice"},
	}, ledger.Options{Command: "test", Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return book{l, t}
}

func (b book) mailbox(name string, validity mailbox.UIDValidity) ledger.Mailbox {
	b.t.Helper()
	m, err := b.Enrol(ledger.Mailbox{Source: mailbox.Wire(name), Name: mailbox.Name{name}, Validity: validity, Dest: mailbox.Wire(name), DestName: mailbox.Name{name}, DestValidity: 9})
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// proved is a row that lacks nothing.
func proved(uid mailbox.UID) ledger.Row {
	return ledger.Row{UID: uid, Outcome: ledger.Copied, Proof: ledger.ProvedContent, ProvedAt: noon.Add(time.Duration(uid) * time.Minute), Size: 100, Dest: 1000 + uid,
		Digest: mailbox.Digest{byte(uid), 7}, Flags: []mailbox.Flag{mailbox.Seen}}
}

func (b book) update(m ledger.Mailbox, rows ...ledger.Row) {
	b.t.Helper()
	if err := b.Update(m, rows...); err != nil {
		b.t.Fatal(err)
	}
}

func (b book) build() *checkpoint.Checkpoint {
	b.t.Helper()
	c, err := checkpoint.Build(b.Ledger, checkpoint.Options{Now: noon, Tool: "imapmigrate test"})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func encode(t testing.TB, c *checkpoint.Checkpoint) string {
	t.Helper()
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestOnlyWhatIsProvedIsListed gives each row one fault; none of them may be listed, each has to be counted with its reason.
func TestOnlyWhatIsProvedIsListed(t *testing.T) {
	b := newBook(t)
	m := b.mailbox("INBOX", 7)
	faults := []struct {
		reason string
		spoil  func(*ledger.Row)
	}{
		{"unverified", func(r *ledger.Row) { r.Proof = ledger.Unproved }},
		{"verified by metadata only", func(r *ledger.Row) { r.Proof = ledger.ProvedMetadata }},
		{"altered", func(r *ledger.Row) { r.Proof = ledger.Altered }},
		{"missing", func(r *ledger.Row) { r.Proof = ledger.Missing }},
		{"excluded", func(r *ledger.Row) { r.Outcome = ledger.Excluded }},
		{"vanished", func(r *ledger.Row) { r.Outcome = ledger.Vanished }},
		{"oversize", func(r *ledger.Row) { r.Outcome = ledger.Oversize }},
		{"refused", func(r *ledger.Row) { r.Outcome = ledger.Refused }},
		{"its place on the destination is not known", func(r *ledger.Row) { r.Dest = 0 }},
		{"its place on the destination is not known", func(r *ledger.Row) { r.Digest = mailbox.Digest{} }},
		{"removed already", func(r *ledger.Row) { r.Removal = ledger.Gone }},
		{"its removal was begun: run purge again with the checkpoint it was begun with", func(r *ledger.Row) { r.Removal = ledger.Purging }},
		{`marked \Deleted on the source by somebody else`, func(r *ledger.Row) { r.Flags = []mailbox.Flag{mailbox.Deleted} }},
	}
	want := map[string]int64{"in doubt: copy has to look for it": 1}
	for i, f := range faults {
		r := proved(mailbox.UID(10 + i))
		f.spoil(&r)
		b.update(m, r)
		want[f.reason]++
	}
	b.update(m, proved(1), proved(2), proved(3), proved(5), proved(100))
	if err := b.Commit(m, ledger.Commit{Intended: []ledger.Row{proved(60)}}); err != nil {
		t.Fatal(err)
	}
	c := b.build()
	if len(c.Mailboxes) != 1 || c.Mailboxes[0].UIDs.Set().String() != "1:3,5,100" || c.Messages != 5 || c.Bytes != 500 {
		t.Fatalf("%+v", c)
	}
	got := map[string]int64{}
	for _, l := range c.LeftOut {
		got[l.Reason] += l.Messages
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !c.Verified.First.Equal(noon.Add(time.Minute)) || !c.Verified.Last.Equal(noon.Add(100*time.Minute)) {
		t.Errorf("verified %+v", c.Verified)
	}
	if s := c.Subject(); s.Phrase() != "purge 5 messages from alice at imap.old.example" || s.Sum != c.Sum() {
		t.Errorf("%+v", s)
	}
}

func TestWholeMailboxesLeftOut(t *testing.T) {
	b := newBook(t)
	b.update(b.mailbox("INBOX", 7), proved(1))
	b.update(b.mailbox("INBOX", 8), proved(2)) // made anew since
	b.update(b.mailbox("none", 0), proved(3))
	b.update(b.mailbox("Sent", 5), proved(4))
	c, err := checkpoint.Build(b.Ledger, checkpoint.Options{Now: noon, Mailboxes: func(n mailbox.Name) bool { return n[0] != "Sent" }})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Mailboxes) != 1 || c.Mailboxes[0].Validity != 8 || c.Messages != 1 || len(c.LeftOut) != 3 {
		t.Errorf("%+v", c)
	}
	m, err := b.Enrol(ledger.Mailbox{Source: "x", Name: mailbox.Name{"x"}, Validity: 3, Dest: "x", DestName: mailbox.Name{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	b.update(m, proved(9))
	for _, m := range b.build().Mailboxes {
		if m.Wire == "x" {
			t.Error("a destination without UIDVALIDITY is listed")
		}
	}
}

func TestNothingProvedIsNoError(t *testing.T) {
	c := newBook(t).build()
	if c.Messages != 0 || len(c.Mailboxes) != 0 {
		t.Errorf("%+v", c)
	}
	if _, err := checkpoint.Read("a.yaml", []byte(encode(t, c))); err != nil {
		t.Error(err)
	}
}

// TestRootSeesEveryChange holds what must not change between approval and removal.
func TestRootSeesEveryChange(t *testing.T) {
	b := newBook(t)
	m := b.mailbox("INBOX", 7)
	b.update(m, proved(1), proved(2), proved(3))
	set := mailbox.SetOf(1, 2, 3)
	root := func() mailbox.Digest {
		d, c, err := checkpoint.Root(b.Ledger, approval.Purge, m, set)
		if err != nil || c.Messages == 0 {
			t.Fatal(c, err)
		}
		return d
	}
	was := root()
	if listed := b.build().Mailboxes[0].Root; listed != was {
		t.Errorf("the checkpoint says %s, the ledger %s", listed, was)
	}
	for name, change := range map[string]func(*ledger.Row){
		"dest":   func(r *ledger.Row) { r.Dest = 77 },
		"size":   func(r *ledger.Row) { r.Size++ },
		"digest": func(r *ledger.Row) { r.Digest[31] ^= 1 },
		"flags":  func(r *ledger.Row) { r.Flags = append(r.Flags, "$x") },
	} {
		r := proved(2)
		change(&r)
		b.update(m, r)
		if root() == was {
			t.Errorf("another %s is not seen", name)
		}
		b.update(m, proved(2))
	}
	// What a purge itself writes changes nothing.
	r := proved(2)
	r.Removal, r.Reason = ledger.Gone, "not purged: x"
	b.update(m, r)
	if root() != was {
		t.Error("a removal changes the root, so that no purge could go on")
	}
	b.update(m, proved(4))
	if root() != was {
		t.Error("a message that is not listed changes the root")
	}
	set = mailbox.SetOf(1, 2)
	if root() == was {
		t.Error("one message less is not seen")
	}
}

func TestSumIsOverTheMeaning(t *testing.T) {
	make := func() *checkpoint.Checkpoint {
		b := newBook(t)
		b.update(b.mailbox("INBOX", 7), proved(1), proved(2))
		b.update(b.mailbox("Sent", 5), proved(4))
		if err := b.RecordPlan("abc", noon); err != nil {
			t.Fatal(err)
		}
		return b.build()
	}
	was := make().Sum()
	for name, change := range map[string]func(*checkpoint.Checkpoint){
		"name":           func(c *checkpoint.Checkpoint) { c.Name = "b" },
		"kind":           func(c *checkpoint.Checkpoint) { c.Kind = "rollback" },
		"tool":           func(c *checkpoint.Checkpoint) { c.Tool = "x" },
		"plan":           func(c *checkpoint.Checkpoint) { c.Plan = "x" },
		"recheck":        func(c *checkpoint.Checkpoint) { c.Recheck = "none" },
		"source host":    func(c *checkpoint.Checkpoint) { c.Source.Host = "x" },
		"source port":    func(c *checkpoint.Checkpoint) { c.Source.Port = 1 },
		"source user":    func(c *checkpoint.Checkpoint) { c.Source.User = "bob" },
		"source server":  func(c *checkpoint.Checkpoint) { c.Source.Server = "x" },
		"source key":     func(c *checkpoint.Checkpoint) { c.Source.Key = "x" },
		"dest key":       func(c *checkpoint.Checkpoint) { c.Destination.Key = "x" },
		"before":         func(c *checkpoint.Checkpoint) { c.Limits.Before = noon },
		"patterns":       func(c *checkpoint.Checkpoint) { c.Limits.Mailboxes = []string{"x"} },
		"grace":          func(c *checkpoint.Checkpoint) { c.NotBefore = noon },
		"approvers":      func(c *checkpoint.Checkpoint) { c.Approvers.Keys = []string{"SHA256:x"} },
		"needed":         func(c *checkpoint.Checkpoint) { c.Approvers.Needed = 2 },
		"destination":    func(c *checkpoint.Checkpoint) { c.Destination.User = "bob" },
		"verified":       func(c *checkpoint.Checkpoint) { c.Verified.Last = noon },
		"messages":       func(c *checkpoint.Checkpoint) { c.Messages++ },
		"bytes":          func(c *checkpoint.Checkpoint) { c.Bytes++ },
		"mailbox":        func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Name = "x" },
		"wire":           func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Wire = "x" },
		"validity":       func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Validity++ },
		"dest":           func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Copy = "x" },
		"dest wire":      func(c *checkpoint.Checkpoint) { c.Mailboxes[0].CopyWire = "x" },
		"dest validity":  func(c *checkpoint.Checkpoint) { c.Mailboxes[0].CopyValidity++ },
		"mailbox count":  func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Messages++ },
		"mailbox bytes":  func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Bytes++ },
		"root":           func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Root[0] ^= 1 },
		"uids":           func(c *checkpoint.Checkpoint) { c.Mailboxes[0].UIDs[0].Last++ },
		"mailbox gone":   func(c *checkpoint.Checkpoint) { c.Mailboxes = c.Mailboxes[1:] },
		"left out":       func(c *checkpoint.Checkpoint) { c.LeftOut = append(c.LeftOut, checkpoint.LeftOut{Reason: "x"}) },
		"uids exchanged": func(c *checkpoint.Checkpoint) { m := c.Mailboxes; m[0].UIDs, m[1].UIDs = m[1].UIDs, m[0].UIDs },
	} {
		c := make()
		change(c)
		if c.Sum() == was {
			t.Errorf("another %s has the same digest", name)
		}
		if _, err := checkpoint.Read("a.yaml", []byte(encode(t, c))); !isEdited(err) {
			t.Errorf("another %s: want an EditedError, have %v", name, err)
		}
	}
	c := make()
	c.Created = noon.AddDate(0, 0, 1)
	c.Mailboxes[0], c.Mailboxes[1] = c.Mailboxes[1], c.Mailboxes[0]
	if c.Sum() != was {
		t.Error("layout or time are in the digest")
	}
}

func isEdited(err error) bool {
	_, ok := errors.AsType[*checkpoint.EditedError](err)
	return ok
}

// TestFileRoundTrip takes any ledger's checkpoint through its file, with names that are no text.
func TestFileRoundTrip(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		b := newBook(outer)
		defer b.Close()
		for i := range rapid.IntRange(0, 4).Draw(t, "mailboxes") {
			wire := mailbox.Wire(rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "wire"))
			m, err := b.Enrol(ledger.Mailbox{Source: wire, Name: mailbox.Name{rapid.StringN(1, 20, -1).Draw(t, "name")}, Validity: mailbox.UIDValidity(1 + i),
				Dest: wire, DestName: mailbox.Name{string(wire)}, DestValidity: 5})
			if err != nil {
				t.Fatal(err)
			}
			for j, uid := range rapid.SliceOfNDistinct(rapid.Uint32Min(1), 1, 30, rapid.ID[uint32]).Draw(t, "uids") {
				r := proved(mailbox.UID(uid))
				r.Dest = mailbox.UID(1 + 100*i + j)
				b.update(m, r)
			}
		}
		want := b.build()
		text := encode(outer, want)
		got, err := checkpoint.Read("a.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if got.Sum() != want.Sum() || got.Digest.String() != want.Sum() || len(got.Mailboxes) != len(want.Mailboxes) {
			t.Fatalf("another checkpoint came back:\n%s", text)
		}
		for i := range got.Mailboxes {
			if got.Mailboxes[i].Wire != want.Mailboxes[i].Wire || got.Mailboxes[i].UIDs.Set().String() != want.Mailboxes[i].UIDs.Set().String() {
				t.Fatalf("%q came back as %q", want.Mailboxes[i].Wire, got.Mailboxes[i].Wire)
			}
		}
		for _, r := range text {
			if r != '\n' && r < ' ' || r == '\u202e' {
				t.Fatalf("%U stands raw in the file", r)
			}
		}
	})
}

func TestReadIsStrict(t *testing.T) {
	b := newBook(t)
	b.update(b.mailbox("INBOX", 7), proved(1), proved(2))
	good := encode(t, b.build())
	for name, edit := range map[string][2]string{
		"unknown key":     {"kind: purge", "kind: purge\nforce: true"},
		"newer format":    {"format: 1", "format: 2"},
		"star":            {`uids: "1:2"`, `uids: "1:*"`},
		"descending":      {`uids: "1:2"`, `uids: "2:1"`},
		"zero":            {`uids: "1:2"`, `uids: "0:2"`},
		"anchor":          {"kind: purge", "kind: &k purge"},
		"short digest":    {"digest: ", "digest: ab # "},
		"escaped letters": {"wire: INBOX", `wire: \x49NBOX`},
	} {
		text := strings.Replace(good, edit[0], edit[1], 1)
		if text == good {
			t.Errorf("%s: the test edits nothing in\n%s", name, good)
			continue
		}
		_, err := checkpoint.Read("a.yaml", []byte(text))
		if _, ok := errors.AsType[strict.Faults](err); !ok {
			t.Errorf("%s: want faults with their place, have %v", name, err)
		}
	}
	if _, err := checkpoint.Read("a.yaml", []byte(strings.Replace(good, `uids: "1:2"`, `uids: "1:3"`, 1))); !isEdited(err) {
		t.Errorf("an added uid: %v", err)
	}
}

// TestSoundnessWithARightDigest has a file that somebody wrote whole, digest and all: what cannot be is still refused.
func TestSoundnessWithARightDigest(t *testing.T) {
	for name, change := range map[string]func(*checkpoint.Checkpoint){
		"count": func(c *checkpoint.Checkpoint) { c.Mailboxes[0].UIDs[0].Last++ },
		"total": func(c *checkpoint.Checkpoint) { c.Messages++ },
		"bytes": func(c *checkpoint.Checkpoint) { c.Bytes-- },
		"mailbox twice": func(c *checkpoint.Checkpoint) {
			c.Mailboxes = append(c.Mailboxes, c.Mailboxes[0])
			c.Messages *= 2
			c.Bytes *= 2
		},
		"no uidvalidity":  func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Validity = 0 },
		"other kind":      func(c *checkpoint.Checkpoint) { c.Kind = "copy" },
		"weaker recheck":  func(c *checkpoint.Checkpoint) { c.Recheck = "counts" },
		"without a name":  func(c *checkpoint.Checkpoint) { c.Mailboxes[0].Wire = "" },
		"without a place": func(c *checkpoint.Checkpoint) { c.Mailboxes[0].CopyWire = "" },
	} {
		b := newBook(t)
		b.update(b.mailbox("INBOX", 7), proved(1), proved(2))
		c := b.build()
		change(c)
		if err := c.Digest.UnmarshalText([]byte(c.Sum())); err != nil {
			t.Fatal(err)
		}
		if _, err := checkpoint.Read("a.yaml", []byte(encode(t, c))); err == nil || isEdited(err) {
			t.Errorf("%s: %v", name, err)
		} else if _, ok := errors.AsType[strict.Faults](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	b := newBook(f)
	b.update(b.mailbox("INBOX", 7), proved(1), proved(2))
	f.Add([]byte(encode(f, b.build())))
	f.Add([]byte("format: 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := checkpoint.Read("a.yaml", data)
		if err != nil {
			return
		}
		again, err := checkpoint.Read("again.yaml", []byte(encode(t, c)))
		if err != nil || again.Sum() != c.Sum() {
			t.Fatalf("what was read does not come back: %v", err)
		}
	})
}

func FuzzWire(f *testing.F) {
	for _, s := range []string{"INBOX", `a\\b`, `\x00\xff`, "&AOQ-", `\x41`, `\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var w checkpoint.Wire
		if w.UnmarshalText(text) == nil {
			if again, _ := w.MarshalText(); string(again) != string(text) {
				t.Fatalf("%q and %q are one name", text, again)
			}
		}
		raw := checkpoint.Wire(text)
		out, _ := raw.MarshalText()
		if err := w.UnmarshalText(out); err != nil || w != raw {
			t.Fatalf("%q came back as %q: %v", raw, w, err)
		}
	})
}

func TestScatteredMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("a large set")
	}
	var set mailbox.UIDSet
	for i := range mailbox.UID(500_000) {
		set = append(set, mailbox.Range{First: 2*i + 1, Last: 2*i + 1})
	}
	c := &checkpoint.Checkpoint{Format: 1, Kind: approval.Purge, Name: "a", Created: noon, Recheck: checkpoint.RecheckContent, Messages: 500_000,
		Mailboxes: []checkpoint.Mailbox{{Name: "a", Wire: "a", Validity: 1, Copy: "a", CopyWire: "a", CopyValidity: 1, Messages: 500_000, UIDs: checkpoint.UIDs(set)}}}
	if err := c.Digest.UnmarshalText([]byte(c.Sum())); err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.Read("a.yaml", []byte(encode(t, c)))
	if err != nil || got.Sum() != c.Sum() {
		t.Fatal(fmt.Sprint(err)[:200])
	}
}
