package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"time"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Options of Build.
type Options struct {
	Now       time.Time
	Problems  int                           // how many problems, and how many notes, are listed; 0 is none, as for a status
	Mailboxes func(mailbox.Name) bool       // which source mailboxes; nil is all
	Planned   map[mailbox.Wire]mailbox.Name // source mailboxes that the plan copies: those that the ledger does not know are unfinished

	Checkpoint *Checkpoint // may be nil
	Approval   *Approval   // may be nil
	Rollback   *Gate       // may be nil
}

// Build reads the ledger once.
func Build(l *ledger.Ledger, o Options) (*Report, error) {
	plan, err := l.LastPlan()
	if err != nil {
		return nil, err
	}
	all, err := l.Mailboxes()
	if err != nil {
		return nil, err
	}
	facts := l.Facts()
	r := &Report{Format: Format, Name: facts.Name, Generated: o.Now.UTC().Truncate(time.Second), Source: facts.Source, Destination: facts.Destination, Plan: plan,
		Totals: newNumbers(), Mailboxes: []Mailbox{}, Problems: []Message{}, Notes: []Message{}, Checkpoint: o.Checkpoint, Approval: o.Approval, Rollback: o.Rollback}
	known := map[mailbox.Wire]bool{}
	for _, i := range ledger.ByName(all) {
		m := all[i]
		known[m.Source] = true
		if o.Mailboxes != nil && !o.Mailboxes(m.Name) {
			continue
		}
		b := &builder{report: r, most: o.Problems, mailbox: m, out: describe(m, ledger.Superseded(all, i)), mapping: sha256.New()}
		if err := b.read(l); err != nil {
			return nil, err
		}
		b.finish()
	}
	r.unbegun(o, known)
	return r, nil
}

func newNumbers() Numbers {
	return Numbers{Outcome: map[string]Count{}, Proof: map[string]Count{}, Removal: map[string]Count{}}
}

func describe(m ledger.Mailbox, superseded bool) Mailbox {
	out := Mailbox{Name: m.Name.String(), Validity: m.Validity, Dest: m.DestName.String(), DestValidity: m.DestValidity, Made: m.Made, Begun: true,
		Finished: m.Cursor != 0 && m.Problem == "", Superseded: superseded, Problem: m.Problem, Numbers: newNumbers()}
	out.Numbers.Source = int64(m.Messages)
	switch {
	case superseded:
		out.Next = "nothing: a later entry of the same mailbox has taken its place"
	case !out.Finished:
		out.Problem = cmp.Or(out.Problem, "copy has not come to its end")
		out.Next = "run copy again: it goes on where it stopped"
	}
	return out
}

// builder collects one mailbox.
type builder struct {
	report  *Report
	most    int
	mailbox ledger.Mailbox
	out     Mailbox
	mapping hash.Hash

	problems, notes int64 // messages to be named
}

// read takes the sums from the ledger's own, and goes through the messages only where some are to be named.
func (b *builder) read(l *ledger.Ledger) error {
	counts, err := l.Counts(b.mailbox)
	if err != nil {
		return err
	}
	for state, c := range counts.State {
		b.state(state, c)
	}
	if b.most == 0 { // a status: everything that there is to name is beyond the list
		b.report.MoreProblems += b.problems
		b.report.MoreNotes += b.notes
		return nil
	}
	return l.Each(b.mailbox, b.row)
}

// state counts the messages that are alike.
func (b *builder) state(s ledger.State, c ledger.Count) {
	n := &b.out.Numbers
	n.Messages.Messages += c.Messages
	n.Messages.Bytes += c.Bytes
	bump(n.Outcome, s.Outcome.String(), c)
	if s.Outcome.Present() {
		bump(n.Proof, s.Proof.String(), c)
		bump(n.Removal, s.Removal.String(), c)
	}
	if b.out.Superseded {
		return
	}
	switch {
	case attention(s) != "":
		n.Attention += c.Messages
		b.problems += c.Messages
	case s.Noted && s.Outcome.Present():
		b.notes += c.Messages
	}
}

// row names one message, if there is something to say of it.
func (b *builder) row(r ledger.Row) error {
	if r.Outcome.Present() {
		fmt.Fprintln(b.mapping, link(b.mailbox, r).Line())
	}
	if r.Outcome.Present() && r.Proof == ledger.ProvedContent {
		b.out.Numbers.proved(r.ProvedAt, r.ProvedAt)
	}
	if b.out.Superseded {
		return nil
	}
	if next := attention(r.State()); next != "" {
		list(&b.report.Problems, &b.report.MoreProblems, b.most, b.message(r, next))
	} else if r.Reason != "" && r.Outcome.Present() {
		list(&b.report.Notes, &b.report.MoreNotes, b.most, b.message(r, ""))
	}
	return nil
}

// attention is the next step for a message that needs somebody, empty for one that does not.
func attention(r ledger.State) string {
	switch {
	case r.Outcome == ledger.Intended:
		return "run copy again: it looks for the message on the destination before it sends anything"
	case r.Outcome == ledger.Oversize:
		return "raise the destination's limit and run copy --retry-refused, or save the message by hand; the source keeps it"
	case r.Outcome == ledger.Refused:
		return "mend what the destination complains about and run copy --retry-refused, or save the message by hand; the source keeps it"
	case r.Outcome.Present() && r.Proof == ledger.Altered:
		return "compare both messages; the source keeps the original, and no purge takes it"
	case r.Outcome.Present() && r.Proof == ledger.Missing:
		return "find out who removed it from the destination; the source keeps the original, and no purge takes it"
	case r.Removal == ledger.Purging:
		return "run purge again: it finishes the removal, or takes it back"
	case r.Removal == ledger.RollingBack:
		return "run rollback again: it finishes the removal, or takes it back"
	}
	return ""
}

func (b *builder) message(r ledger.Row, next string) Message {
	m := Message{Mailbox: b.out.Name, Wire: b.mailbox.Source, Validity: b.mailbox.Validity, UID: r.UID, Dest: r.Dest, Size: r.Size, Date: r.Date, Outcome: key(r.Outcome.String()), Reason: r.Reason, Next: next}
	if r.Outcome.Present() {
		m.Proof = key(r.Proof.String())
	}
	return m
}

// list keeps m while there is room.
func list(all *[]Message, more *int64, most int, m Message) {
	if len(*all) < most {
		*all = append(*all, m)
	} else {
		*more++
	}
}

func bump(m map[string]Count, word string, by ledger.Count) {
	c := m[key(word)]
	c.Messages += by.Messages
	c.Bytes += by.Bytes
	m[key(word)] = c
}

// finish holds the sum of the outcomes against what the source had, and adds the mailbox to the totals.
func (b *builder) finish() {
	r, n := b.report, &b.out.Numbers
	// More rows than Source are those of a later run that was not finished; fewer cannot be.
	n.Unaccounted = max(0, n.Source-n.Messages.Messages)
	if n.Unaccounted > 0 && !b.out.Superseded {
		b.out.Finished = false
		b.out.Problem = fmt.Sprintf("%d messages are not accounted for: the source had %d, the ledger knows %d", n.Unaccounted, n.Source, n.Messages.Messages)
		b.out.Next = "verify names them; do not purge, and report this as a defect of this program"
	}
	if !b.out.Finished && !b.out.Superseded {
		n.Unfinished = 1
	}
	if n.there() > 0 && b.most > 0 {
		b.out.Mapping = hex.EncodeToString(b.mapping.Sum(nil))
	}
	r.Mailboxes = append(r.Mailboxes, b.out)
	if !b.out.Superseded {
		r.Totals.add(*n)
	}
}

func (n *Numbers) add(o Numbers) {
	n.Messages.Messages += o.Messages.Messages
	n.Messages.Bytes += o.Messages.Bytes
	n.Source += o.Source
	n.Unaccounted += o.Unaccounted
	n.Attention += o.Attention
	n.Unfinished += o.Unfinished
	if !o.ProvedFirst.IsZero() {
		n.proved(o.ProvedFirst, o.ProvedLast)
	}
	for _, pair := range [][2]map[string]Count{{n.Outcome, o.Outcome}, {n.Proof, o.Proof}, {n.Removal, o.Removal}} {
		for k, c := range pair[1] {
			pair[0][k] = Count{Messages: pair[0][k].Messages + c.Messages, Bytes: pair[0][k].Bytes + c.Bytes}
		}
	}
}

// there is how many messages are on the destination.
func (n *Numbers) there() (sum int64) {
	for _, o := range ledger.Outcomes {
		if o.Present() {
			sum += n.Outcome[key(o.String())].Messages
		}
	}
	return sum
}

// proved widens the time in which messages were verified.
func (n *Numbers) proved(first, last time.Time) {
	if n.ProvedFirst.IsZero() || first.Before(n.ProvedFirst) {
		n.ProvedFirst = first.UTC()
	}
	if last.After(n.ProvedLast) {
		n.ProvedLast = last.UTC()
	}
}

// unbegun adds the planned mailboxes that copy never came to.
func (r *Report) unbegun(o Options, known map[mailbox.Wire]bool) {
	var missing []Mailbox
	for w, name := range o.Planned {
		if known[w] || o.Mailboxes != nil && !o.Mailboxes(name) {
			continue
		}
		n := newNumbers()
		n.Unfinished = 1
		missing = append(missing, Mailbox{Name: name.String(), Problem: "the plan copies it, and copy has not come to it", Next: "run copy", Numbers: n})
	}
	slices.SortFunc(missing, func(a, b Mailbox) int { return cmp.Compare(a.Name, b.Name) })
	for _, m := range missing {
		r.Mailboxes = append(r.Mailboxes, m)
		r.Totals.add(m.Numbers)
	}
}
