package purge_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// mutation is one thing that somebody, or some server, does between the approval and the purge. It has a mailbox of its own.
type mutation struct {
	name string
	do   func(*mutated)
}

// The bytes that stand in for others on their way from a server: no protocol and no other message holds them.
const (
	flipped = '~'
	one     = '`'
	two     = '^'
)

// mutations are those of which each has to end in a refusal, with nothing removed.
var mutations = []mutation{
	{"control", func(*mutated) {}},
	{"swapped on the source", func(m *mutated) { m.pair.sourceTap.change(swap) }},
	{"flipped on the destination", func(m *mutated) { m.pair.destTap.change(flip1) }},
	{"copy deleted", func(m *mutated) {
		c := m.pair.to.Dial(m.pair.t)
		defer c.Close()
		c.MustCmd("SELECT " + imaptest.Quote(m.to))
		c.MustCmd(fmt.Sprintf(`UID STORE %d +FLAGS.SILENT (\Deleted)`, m.row(3).Dest))
		c.MustCmd("EXPUNGE")
	}},
	{"made anew with the same uids", func(m *mutated) {
		c := m.pair.from.Dial(m.pair.t)
		defer c.Close()
		old, before := c.FetchAll(m.from), c.MustCmd("STATUS "+imaptest.Quote(m.from)+" (UIDVALIDITY)")
		c.MustCmd("EXAMINE INBOX")
		for range 100 { // a server that counts by the clock may need more than one try to come to another UIDVALIDITY
			c.MustCmd("DELETE " + imaptest.Quote(m.from))
			c.Create(m.from)
			if !slices.Equal(before, c.MustCmd("STATUS "+imaptest.Quote(m.from)+" (UIDVALIDITY)")) {
				break
			}
		}
		c.Fill(m.from, old)
	}},
	{"foreign mark", func(m *mutated) {
		c := m.pair.from.Dial(m.pair.t)
		defer c.Close()
		m.pair.append(c, m.from, `\Deleted`, 9000)
	}},
	{"copies swapped in the ledger", func(m *mutated) {
		a, b := m.row(2), m.row(3)
		x, y := a.Dest, b.Dest
		for _, step := range []struct {
			row *ledger.Row
			to  mailbox.UID
		}{{&a, 4000000}, {&b, x}, {&a, y}} {
			step.row.Dest = step.to
			if err := m.pair.ledger.Update(m.box, *step.row); err != nil {
				m.pair.t.Fatal(err)
			}
		}
	}},
}

// mutated is the mailbox of one mutation.
type mutated struct {
	pair     *pair
	from, to string // its names on the wire
	box      ledger.Mailbox
}

func (m *mutated) row(uid mailbox.UID) ledger.Row {
	m.pair.t.Helper()
	r, found, err := m.pair.ledger.Row(m.box, uid)
	if err != nil || !found {
		m.pair.t.Fatal(found, err)
	}
	return r
}

func swap(b byte) byte {
	switch b {
	case one:
		return two
	case two:
		return one
	}
	return b
}

func flip1(b byte) byte {
	if b == flipped {
		return '!'
	}
	return b
}

// changer alters bytes on their way from the server.
type changer struct {
	f atomic.Pointer[func(byte) byte]
}

func (c *changer) change(f func(byte) byte) { c.f.Store(&f) }

func (c *changer) apply(p []byte) {
	if f := c.f.Load(); f != nil {
		for i := range p {
			p[i] = (*f)(p[i])
		}
	}
}

// newMutatedPair has a mailbox for each mutation, copied, verified and approved.
func newMutatedPair(t *testing.T, from, to *imaptest.Server, prefix string) (*pair, []*mutated) {
	t.Helper()
	p := &pair{t: t, from: from.NewUser(t), to: to.NewUser(t)}
	c := p.from.Dial(t)
	for i := range mutations {
		name := fmt.Sprintf("%sM%d", prefix, i)
		c.Create(name)
		for j, mark := range []rune{'=', one, two, flipped} {
			text := fmt.Sprintf("From: a@example.org\r\nSubject: the same\r\n\r\n%s %d\r\n", string(mark), i)
			if i != 1 && (mark == one || mark == two) || i != 2 && mark == flipped {
				text = fmt.Sprintf("From: a@example.org\r\nSubject: %d\r\n\r\n%d\r\n", j, i)
			}
			if tagged := c.Append(name, `\Seen`, "31-Mar-2019 02:30:00 +0100", []byte(text)); !strings.HasPrefix(tagged, "OK") {
				t.Fatal(tagged)
			}
		}
	}
	c.Close()
	p.source, p.sourceTap = login(t, p.from, from.Port)
	p.destination, p.destTap = login(t, p.to, to.Port)
	p.copy()
	p.prove(int64(4 * len(mutations)))
	p.approve()
	var all []*mutated
	for i := range mutations {
		wire := mailbox.Wire(fmt.Sprintf("%sM%d", prefix, i))
		at := slices.IndexFunc(p.checkpoint.Mailboxes, func(m checkpoint.Mailbox) bool { return mailbox.Wire(m.Wire) == wire })
		if at < 0 {
			t.Fatalf("%q is not listed", wire)
		}
		box, found, err := p.checkpoint.Recorded(p.ledger, &p.checkpoint.Mailboxes[at])
		if err != nil || !found {
			t.Fatal(found, err)
		}
		all = append(all, &mutated{pair: p, from: string(wire), to: string(box.Dest), box: box})
	}
	p.sourceTap.forget()
	p.destTap.forget()
	return p, all
}

// TestRealMutations asks for everything that has to be refused at once, and then does all of them to real servers, one mailbox each: every mailbox is stopped with a reason and loses nothing, and the one
// that nobody touched is purged.
func TestRealMutations(t *testing.T) {
	for name, way := range map[string]struct {
		from, to func(testing.TB) *imaptest.Server
		prefix   string
	}{
		"dovecot to dovecot": {dovecotA, dovecotB, "INBOX."},
		"cyrus to dovecot":   {imaptest.Cyrus, dovecotB, ""},
		"dovecot to cyrus":   {dovecotB, imaptest.Cyrus, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "cyrus to dovecot" {
				t.Skip("one pair of servers is enough here")
			}
			p, all := newMutatedPair(t, way.from(t), way.to(t), way.prefix)
			other, _ := login(t, p.to, p.to.Server.Port)
			refusals(p, all, other.Removal())
			for i, m := range all {
				mutations[i].do(m)
			}
			r := p.purge()
			p.sourceTap.change(func(b byte) byte { return b })
			for i, m := range all {
				at := slices.IndexFunc(r.Mailboxes, func(o purge.MailboxResult) bool { return o.Name == m.box.Name.String() })
				got, left := r.Mailboxes[at], len(p.from.Dial(t).FetchAll(m.from))
				switch {
				case i == 0 && (got.Gone != 4 || left != 0):
					t.Errorf("%s: %+v", mutations[i].name, got)
				case i > 0 && (got.Gone != 0 || left < 4 || !isStale(got.Stopped)):
					t.Errorf("%s: %+v, %d messages are left: %v", mutations[i].name, got, left, got.Stopped)
				}
			}
		})
	}
}

// refusals is the rest of the list: what is refused before any mailbox is opened, over real connections. It leaves everything as it was.
func refusals(p *pair, all []*mutated, other endpoint.Expunger) {
	t := p.t
	given, was := p.approval, p.checkpoint
	// One UID edited in the file.
	text, err := was.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.Read("a.yaml", []byte(strings.Replace(string(text), `"1:4"`, `"1:5"`, 1))); err == nil {
		t.Error("an edited checkpoint was read")
	} else if _, ok := errors.AsType[*checkpoint.EditedError](err); !ok {
		t.Error(err)
	}
	// An old approval on a new checkpoint, which lists a message less.
	r := all[0].row(4)
	unproved := r
	unproved.Proof = ledger.Unproved
	if err := p.ledger.Update(all[0].box, unproved); err != nil {
		t.Fatal(err)
	}
	p.approve()
	p.refuses("an old approval", void, func(j *purge.Job) { j.Approval = given })
	p.refuses("no approval", notApproved, func(j *purge.Job) { j.Approval = nil })
	p.refuses("an expired approval", void, func(j *purge.Job) { j.Now = func() time.Time { return time.Now().Add(approval.ValidFor) } })
	// Approved for A, purged on B: another login, and the same with the sides exchanged.
	p.refuses("another account", isStale, func(j *purge.Job) { j.Loses = other })
	p.refuses("the sides exchanged", isStale, func(j *purge.Job) { j.Loses, j.Keeps = p.destination.Removal(), p.source.Source() })
	for _, m := range all {
		if n := len(p.from.Dial(t).FetchAll(m.from)) + len(p.to.Dial(t).FetchAll(m.to)); n != 8 {
			t.Errorf("%s: %d messages are on both sides, want 8", m.from, n)
		}
	}
	if err := p.ledger.Update(all[0].box, r); err != nil {
		t.Fatal(err)
	}
	p.approval, p.checkpoint = given, was
	p.sourceTap.forget()
	p.destTap.forget()
}

// refuses runs a job that must not change a thing anywhere.
func (p *pair) refuses(what string, want func(error) bool, change func(*purge.Job)) {
	p.t.Helper()
	p.sourceTap.forget()
	p.destTap.forget()
	j := purge.Job{Ledger: p.ledger, Checkpoint: p.checkpoint, Approval: p.approval, Loses: p.source.Removal(), Keeps: p.destination.Source(),
		Sink: event.Discard, Now: time.Now, Patience: patience}
	change(&j)
	r, err := purge.Run(p.t.Context(), j)
	if !want(err) || r.Gone != 0 {
		p.t.Errorf("%s: %+v %v", what, r, err)
	}
	for _, line := range append(p.sourceTap.commands(), p.destTap.commands()...) {
		if !harmless.MatchString(line) || strings.HasPrefix(line, "SELECT ") {
			p.t.Errorf("%s: %q was sent", what, line)
		}
	}
}
