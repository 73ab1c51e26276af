package ledger

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

// model is what the ledger has to say, kept in plain maps.
type model struct {
	path   string
	ledger *Ledger
	boxes  []Mailbox
	rows   map[uint32]map[mailbox.UID]Row
	open   map[uint32][]mailbox.UID
	fences map[uint32]map[mailbox.UID]Fence     // of what is open
	claims map[uint32]map[mailbox.UID][2]uint32 // destination id -> uid -> mailbox id, source uid
	plan   string
}

// TestLedgerIsWhatWasWritten drives a ledger and its model through random verbs, with closing and opening between them.
func TestLedgerIsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(inMemory(), "ledger")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &model{path: filepath.Join(dir, "a.ledger"), rows: map[uint32]map[mailbox.UID]Row{}, open: map[uint32][]mailbox.UID{},
			fences: map[uint32]map[mailbox.UID]Fence{}, claims: map[uint32]map[mailbox.UID][2]uint32{}}
		m.reopen(t)
		defer func() { m.ledger.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"enrol": m.enrol, "intend": m.intend, "settle": m.settle, "withdraw": m.withdraw, "prove": m.prove, "advance": m.advance, "reopen": m.reopen,
			"plan": m.recordPlan, "": m.check,
		})
	})
}

// inMemory is a folder without disk syncs where the system has one: the order of verbs is what is tested here.
func inMemory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func (m *model) reopen(t *rapid.T) {
	if m.ledger != nil {
		if err := m.ledger.Close(); err != nil {
			t.Fatal(err)
		}
		m.sound(t)
	}
	l, err := Create(m.path, facts, options)
	if err != nil {
		t.Fatal(err)
	}
	m.ledger = l
}

// sound wants the check to find what was written, and nothing wrong with it. How many messages the source had is drawn by chance here.
func (m *model) sound(t *rapid.T) {
	l, err := OpenReadOnly(m.path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	found, err := l.Check()
	if err != nil {
		t.Fatal(err)
	}
	problems := slices.DeleteFunc(found.Problems, func(p string) bool { return strings.Contains(p, "the source had") })
	var rows, open int
	for _, b := range m.boxes {
		rows += len(m.rows[b.ID])
		open += len(m.open[b.ID])
	}
	if len(problems) > 0 || found.Messages != int64(rows) || found.InDoubt != int64(open) || found.Mailboxes != int64(len(m.boxes)) {
		t.Fatalf("of %d mailboxes, %d rows, %d open intents it found %+v", len(m.boxes), rows, open, found)
	}
}

func (m *model) enrol(t *rapid.T) {
	// The third name is not UTF-8: a wire name is bytes.
	want := Mailbox{
		Source:       rapid.SampledFrom([]mailbox.Wire{"INBOX", "Sent", "odd\xff\"name"}).Draw(t, "source"),
		Validity:     mailbox.UIDValidity(rapid.IntRange(1, 2).Draw(t, "validity")),
		Dest:         rapid.SampledFrom([]mailbox.Wire{"INBOX", "Archive\xfe"}).Draw(t, "dest"),
		DestValidity: mailbox.UIDValidity(rapid.IntRange(5, 6).Draw(t, "dest validity")),
		Name:         mailbox.Name{"Sent", "2026"},
		Made:         rapid.Bool().Draw(t, "made"),
	}
	got, err := m.ledger.Enrol(want)
	i := slices.IndexFunc(m.boxes, func(b Mailbox) bool { return b.Source == want.Source && b.Validity == want.Validity })
	if i >= 0 {
		have := m.boxes[i]
		if fits := have.Dest == want.Dest && have.DestValidity == want.DestValidity; fits != (err == nil) {
			t.Fatalf("enrolling %+v over %+v: %v", want, have, err)
		} else if fits && cmp.Diff(have, got) != "" {
			t.Fatal(cmp.Diff(have, got))
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range m.boxes {
		if b.ID == got.ID {
			t.Fatalf("two mailboxes have the number %d", got.ID)
		}
		if same := b.Dest == got.Dest && b.DestValidity == got.DestValidity; same != (b.DestID == got.DestID) {
			t.Fatalf("destinations %+v and %+v have the numbers %d and %d", b, got, b.DestID, got.DestID)
		}
	}
	m.boxes = append(m.boxes, got)
	m.rows[got.ID] = map[mailbox.UID]Row{}
	m.fences[got.ID] = map[mailbox.UID]Fence{}
	if m.claims[got.DestID] == nil {
		m.claims[got.DestID] = map[mailbox.UID][2]uint32{}
	}
}

func (m *model) box(t *rapid.T) Mailbox {
	if len(m.boxes) == 0 {
		t.Skip("no mailbox yet")
	}
	return rapid.SampledFrom(m.boxes).Draw(t, "mailbox")
}

// uids draws a few numbers from a small range, so that they meet again.
func uids(t *rapid.T, label string) []mailbox.UID {
	set := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 12), 1, 5, rapid.ID[uint32]).Draw(t, label)
	out := make([]mailbox.UID, len(set))
	for i, u := range set {
		out[i] = mailbox.UID(u)
	}
	return out
}

func (m *model) intend(t *rapid.T) {
	b := m.box(t)
	fence := Fence{b.DestValidity, mailbox.UID(rapid.Uint32Min(1).Draw(t, "fence"))}
	if rapid.IntRange(0, 9).Draw(t, "made anew") == 0 {
		fence.Validity++
	}
	var rows []Row
	fits := true
	for _, f := range m.fences[b.ID] {
		fits = f.Validity == fence.Validity
	}
	for _, u := range uids(t, "uids") {
		r := drawRow(t)
		r.UID = u
		rows = append(rows, r)
		old := m.rows[b.ID][u]
		lost := old.Proof == Missing && old.Removal == Kept // it may be sent again
		fits = fits && (!old.Outcome.Present() || lost) && old.Outcome != Intended
	}
	err := m.ledger.Commit(b, Commit{Intended: rows, Fence: fence})
	if fits != (err == nil) {
		t.Fatalf("intending: %v, want success %v", err, fits)
	}
	if err != nil {
		return
	}
	for _, r := range rows {
		delete(m.claims[b.DestID], place(m.rows[b.ID][r.UID]))
		r.Outcome, r.Dest, r.Proof, r.Removal = Intended, 0, Unproved, Kept
		m.rows[b.ID][r.UID] = r
		m.open[b.ID] = append(m.open[b.ID], r.UID)
		m.fences[b.ID][r.UID] = fence
	}
}

func (m *model) settle(t *rapid.T) {
	b := m.box(t)
	claims := maps.Clone(m.claims[b.DestID])
	var rows []Row
	fits := true
	for _, u := range uids(t, "uids") {
		r := drawRow(t)
		r.UID = u
		r.Dest = mailbox.UID(rapid.Uint32Range(0, 40).Draw(t, "dest"))
		if r.Outcome == Intended && rapid.IntRange(0, 9).Draw(t, "sound") > 0 {
			r.Outcome = Copied // most batches are to be taken
		}
		rows = append(rows, r)
		fits = fits && r.Outcome != Intended && move(claims, b, m.rows[b.ID][u], r)
	}
	err := m.ledger.Commit(b, Commit{Settled: rows})
	if fits != (err == nil) {
		t.Fatalf("settling: %v, want success %v", err, fits)
	}
	if err != nil {
		return // and nothing of it may be there: check looks
	}
	m.claims[b.DestID] = claims
	for _, r := range rows {
		m.rows[b.ID][r.UID] = r
		m.shut(b, r.UID)
	}
}

// withdraw takes back what is in doubt, or tries to with a message that is not.
func (m *model) withdraw(t *rapid.T) {
	b := m.box(t)
	drawn := uids(t, "uids")
	fits := !slices.ContainsFunc(drawn, func(u mailbox.UID) bool { return !slices.Contains(m.open[b.ID], u) })
	err := m.ledger.Commit(b, Commit{Withdrawn: drawn})
	if fits != (err == nil) {
		t.Fatalf("withdrawing %v of %v: %v", drawn, m.open[b.ID], err)
	}
	if err != nil {
		return
	}
	for _, u := range drawn {
		delete(m.rows[b.ID], u)
		m.shut(b, u)
	}
}

func (m *model) shut(b Mailbox, u mailbox.UID) {
	m.open[b.ID] = slices.DeleteFunc(m.open[b.ID], func(o mailbox.UID) bool { return o == u })
	delete(m.fences[b.ID], u)
}

// move takes the claim of a row from its old place to its new one; false when somebody else has that.
func move(claims map[mailbox.UID][2]uint32, b Mailbox, old, r Row) bool {
	had, wants := place(old), place(r)
	if had == wants {
		return true
	}
	delete(claims, had)
	if wants == 0 {
		return true
	}
	if _, taken := claims[wants]; taken {
		return false
	}
	claims[wants] = [2]uint32{b.ID, uint32(r.UID)}
	return true
}

// place is what a row takes on the destination: what was rolled back is not there any more.
func place(r Row) mailbox.UID {
	if r.Outcome == RolledBack {
		return 0
	}
	return r.Dest
}

// prove changes proofs and removals of what is there, and nothing else.
func (m *model) prove(t *rapid.T) {
	b := m.box(t)
	var rows []Row
	for _, u := range uids(t, "uids") {
		r, there := m.rows[b.ID][u]
		if !there || r.Outcome == Intended {
			continue
		}
		r.Proof, r.Removal, r.ProvedAt = ProvedContent, Removal(rapid.IntRange(0, 2).Draw(t, "removal")), noon
		rows = append(rows, r)
	}
	if err := m.ledger.Update(b, rows...); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		m.rows[b.ID][r.UID] = r
	}
}

func (m *model) advance(t *rapid.T) {
	b := m.box(t)
	i := slices.IndexFunc(m.boxes, func(o Mailbox) bool { return o.ID == b.ID })
	if rapid.Bool().Draw(t, "trouble") {
		b.Problem = rapid.StringN(0, 20, 100).Draw(t, "problem")
		if err := m.ledger.Trouble(b, b.Problem); err != nil {
			t.Fatal(err)
		}
		m.boxes[i] = b
		return
	}
	got, err := m.ledger.Advance(b, mailbox.UID(rapid.Uint32().Draw(t, "cursor")), rapid.Uint32().Draw(t, "messages"))
	if err != nil {
		t.Fatal(err)
	}
	m.boxes[i] = got
}

func (m *model) recordPlan(t *rapid.T) {
	m.plan = rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "plan")
	at := noon.Add(time.Duration(rapid.Int64().Draw(t, "clock"))) // which may be set back between two runs
	if err := m.ledger.RecordPlan(m.plan, at); err != nil {
		t.Fatal(err)
	}
}

func (m *model) check(t *rapid.T) {
	boxes, err := m.ledger.Mailboxes()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m.boxes, boxes); d != "" {
		t.Fatal(d)
	}
	if plan, err := m.ledger.LastPlan(); err != nil || plan != m.plan {
		t.Fatalf("last plan is %q, %v; want %q", plan, err, m.plan)
	}
	for _, b := range boxes {
		m.checkRows(t, b)
		m.checkDoubt(t, b)
		m.checkClaims(t, b)
	}
}

func (m *model) checkRows(t *rapid.T, b Mailbox) {
	want := slices.SortedFunc(maps.Values(m.rows[b.ID]), func(a, b Row) int { return int(a.UID) - int(b.UID) })
	var got []Row
	if err := m.ledger.Each(b, func(r Row) error { got = append(got, r); return nil }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, sameRow); d != "" {
		t.Fatal(d)
	}
	counts, err := m.ledger.Counts(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(recount(want), counts); d != "" {
		t.Fatal(d)
	}
	for _, r := range want {
		if one, found, err := m.ledger.Row(b, r.UID); err != nil || !found || cmp.Diff(r, one, sameRow) != "" {
			t.Fatalf("row %d: %v %v", r.UID, found, err)
		}
	}
	if page, err := m.ledger.Page(b, 5, 2); err != nil || len(page) > 2 || len(page) > 0 && page[0].UID < 5 {
		t.Fatalf("page from 5: %v %v", page, err)
	}
}

// recount sums rows up from nothing.
func recount(rows []Row) Counts {
	c := Counts{map[State]Count{}, map[Outcome]Count{}, map[Proof]Count{}, map[Removal]Count{}, Count{}}
	one := func(r Row) Count { return Count{1, r.Size} }
	for _, r := range rows {
		bump(c.State, State{r.Outcome, r.Proof, r.Removal, r.Reason != ""}, one(r))
		bump(c.Outcome, r.Outcome, one(r))
		if r.Outcome == Copied || r.Outcome == AlreadyThere {
			bump(c.Proof, r.Proof, one(r))
			bump(c.Removal, r.Removal, one(r))
		}
		c.Total = Count{c.Total.Messages + 1, c.Total.Bytes + r.Size}
	}
	return c
}

func (m *model) checkDoubt(t *rapid.T, b Mailbox) {
	doubt, fence, err := m.ledger.InDoubt(b)
	if err != nil {
		t.Fatal(err)
	}
	var got []mailbox.UID
	for _, r := range doubt {
		got = append(got, r.UID)
	}
	if !slices.Equal(got, m.open[b.ID]) {
		t.Fatalf("in doubt are %v, want %v", got, m.open[b.ID])
	}
	var lowest Fence
	for _, f := range m.fences[b.ID] {
		if lowest.UIDNext == 0 || f.UIDNext < lowest.UIDNext {
			lowest = f
		}
	}
	if fence != lowest {
		t.Fatalf("the fence is %v, want the lowest of %v", fence, m.fences[b.ID])
	}
}

func (m *model) checkClaims(t *rapid.T, b Mailbox) {
	want := m.claims[b.DestID]
	got, err := m.ledger.Claims(b, 1)
	if err != nil || got.String() != mailbox.SetOf(slices.Collect(maps.Keys(want))...).String() {
		t.Fatalf("claims are %v, %v; want %v", got, err, want)
	}
	for u := range mailbox.UID(41) {
		id, uid, found, err := m.ledger.Claimant(b, u)
		owner, taken := want[u]
		if err != nil || found != taken || found && (owner != [2]uint32{id, uint32(uid)}) {
			t.Fatalf("claimant of %d is %d, %d, %v, %v; want %v", u, id, uid, found, err, owner)
		}
	}
}

func TestRowsAtTheEdgeOfUIDs(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	var boxes []Mailbox
	for _, source := range []mailbox.Wire{"A", "B"} {
		b, err := l.Enrol(Mailbox{Source: source, Validity: 1, Dest: "X", DestValidity: 1})
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, b)
	}
	const last = 1<<32 - 1
	for i, b := range boxes {
		rows := []Row{{UID: 1, Outcome: Copied, Dest: mailbox.UID(1 + i)}, {UID: last, Outcome: Copied, Dest: mailbox.UID(last - i)}}
		if err := l.Update(b, rows...); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range boxes {
		n := 0
		if err := l.Each(b, func(r Row) error { n++; return nil }); err != nil || n != 2 {
			t.Errorf("mailbox %d has %d rows, %v", b.ID, n, err)
		}
	}
	if claims, err := l.Claims(boxes[0], 3); err != nil || claims.String() != "4294967294:4294967295" {
		t.Errorf("claims from 3 on are %v, %v", claims, err)
	}
}

// TestClaimMovesWithItsMessage holds who may stand for whom: one message on the destination for one on the source, and a place that was given
// up is free again.
func TestClaimMovesWithItsMessage(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "a.ledger"))
	b, err := l.Enrol(Mailbox{Source: "A", Validity: 1, Dest: "X", DestValidity: 1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Enrol(Mailbox{Source: "B", Validity: 1, Dest: "X", DestValidity: 1})
	if err != nil {
		t.Fatal(err)
	}
	at := func(uid, dest mailbox.UID) Row { return Row{UID: uid, Outcome: Copied, Dest: dest} }
	want := func(set string) {
		t.Helper()
		if claims, err := l.Claims(b, 1); err != nil || claims.String() != set {
			t.Errorf("claims are %s, %v; want %s", claims, err, set)
		}
	}
	for _, step := range []struct {
		box  Mailbox
		row  Row
		fits bool
		set  string
	}{
		{b, at(1, 7), true, "7"},
		{b, at(2, 7), false, "7"},
		{other, at(1, 7), false, "7"}, // another mailbox that merges into the same
		{b, at(1, 7), true, "7"},
		{b, at(1, 9), true, "9"},
		{other, at(1, 7), true, "7,9"},
		{b, at(1, 0), true, "7"},
		{b, at(2, 9), true, "7,9"},
	} {
		if err := l.Update(step.box, step.row); (err == nil) != step.fits {
			t.Errorf("message %d at %d: %v", step.row.UID, step.row.Dest, err)
		}
		want(step.set)
	}
	// A message that is sent again gives its old place up.
	refused := at(2, 9)
	refused.Outcome = Refused
	if err := l.Update(b, refused); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(b, Commit{Intended: []Row{{UID: 2}}}); err != nil {
		t.Fatal(err)
	}
	want("7")
	if err := l.Commit(b, Commit{Settled: []Row{at(2, 9)}, Withdrawn: nil}); err != nil {
		t.Fatal(err)
	}
	want("7,9")
}
