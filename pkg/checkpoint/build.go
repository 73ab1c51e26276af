package checkpoint

import (
	"slices"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Options of Build. The zero value of each, Now aside, asks for nothing special.
type Options struct {
	Kind      approval.Kind // Purge when empty
	Now       time.Time
	Tool      string                  // name and version of the program
	Mailboxes func(mailbox.Name) bool // which source mailboxes; nil is all. What it leaves out is named in LeftOut
	Patterns  []string                // the words behind Mailboxes, for the file
	Before    time.Time               // only messages with an earlier internal date
	NotBefore time.Time               // nothing is removed before this moment
	Recheck   Recheck                 // RecheckContent when empty
	Approvers approval.Approvers      // whose signatures an approval needs
}

// Build lists everything that may go. For a purge that is what the ledger holds proof for, on nobody's word: a message must be on the
// destination under a known UID, proved by content, and still be on the source as far as we know. For a rollback it is what we appended to
// the destination, with its original still on the source. A checkpoint without a message is no error.
func Build(l *ledger.Ledger, o Options) (*Checkpoint, error) {
	plan, err := l.LastPlan()
	if err != nil {
		return nil, err
	}
	all, err := l.Mailboxes()
	if err != nil {
		return nil, err
	}
	c := o.empty(l.Facts(), plan)
	for _, i := range ledger.ByName(all) {
		m := all[i]
		b := builder{options: &o, kind: c.Kind, mailbox: m, whole: o.whole(all, i), root: newRoot(m), counts: map[string]ledger.Count{}}
		if err := l.Each(m, b.row); err != nil {
			return nil, err
		}
		b.into(c)
	}
	if c.Kind == approval.Rollback {
		if c.Unmake, err = o.unmakes(l, all); err != nil {
			return nil, err
		}
	}
	c.Digest = c.digest()
	return c, nil
}

func (o *Options) empty(facts ledger.Facts, plan string) *Checkpoint {
	c := &Checkpoint{
		Format: Format, Kind: o.Kind, Name: facts.Name, Created: o.Now.UTC().Truncate(time.Second), Tool: o.Tool, Plan: plan,
		Source: account(facts.Source), Destination: account(facts.Destination), Recheck: o.Recheck, Verified: Verified{Depth: string(RecheckContent)},
		Limits: Limits{Before: whole(o.Before), Mailboxes: o.Patterns}, NotBefore: whole(o.NotBefore), Approvers: o.Approvers,
	}
	if c.Kind == "" {
		c.Kind = approval.Purge
	}
	if c.Recheck == "" {
		c.Recheck = RecheckContent
	}
	return c
}

// whole is an instant as the file can hold it.
func whole(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// account is an identity for the file: what the server calls itself is a stranger's text.
func account(i endpoint.Identity) endpoint.Identity {
	if r := []rune(i.Server); len(r) > 200 {
		i.Server = string(r[:200])
	}
	i.Server = visible(i.Server)
	return i
}

// whole is why nothing at all of a mailbox may be listed, empty when something may.
func (o *Options) whole(all []ledger.Mailbox, i int) string {
	m := all[i]
	switch {
	case o.Mailboxes != nil && !o.Mailboxes(m.Name):
		return "not asked for"
	case m.Validity == 0:
		return "the source gives the mailbox no uidvalidity"
	case m.DestValidity == 0:
		return "the destination gives the mailbox no uidvalidity"
	case ledger.Superseded(all, i):
		return "recorded under a uidvalidity that the mailbox no longer has"
	}
	return ""
}

// builder collects one mailbox.
type builder struct {
	options     *Options
	kind        approval.Kind
	mailbox     ledger.Mailbox
	whole       string
	root        root
	uids        []mailbox.UID
	messages    int64
	bytes       int64
	unproved    bool      // one of them was never verified by content; only a rollback lists such
	first, last time.Time // when they were proved
	span        span
	counts      map[string]ledger.Count // of what is left out, by reason
	reasons     []string                // in the order in which they came up
}

func (b *builder) row(r ledger.Row) error {
	reason := b.whole
	if reason == "" {
		reason = missing(b.kind, r)
	}
	if reason == "" {
		reason = b.options.tooYoung(r)
	}
	if reason != "" {
		b.leaveOut(reason, r.Size)
		return nil
	}
	b.root.add(r)
	b.messages++
	b.bytes += r.Size
	goes, _ := Goes(b.kind, r)
	b.uids = append(b.uids, goes)
	b.proof(r)
	b.span.widen(r.Date, r.Date)
	return nil
}

func (b *builder) proof(r ledger.Row) {
	if r.Proof != ledger.ProvedContent {
		b.unproved = true
		return
	}
	if b.first.IsZero() || r.ProvedAt.Before(b.first) {
		b.first = r.ProvedAt
	}
	if r.ProvedAt.After(b.last) {
		b.last = r.ProvedAt
	}
}

// tooYoung compares a message's internal date with the limit. It can only keep messages: a date is a stranger's word (RFC 9051 section 2.3.3).
func (o *Options) tooYoung(r ledger.Row) string {
	switch before := whole(o.Before); {
	case before.IsZero():
		return ""
	case r.Date.IsZero():
		return "its date is not known, and only messages before a date were asked for"
	case !r.Date.Before(before):
		return "not before " + before.Format(time.RFC3339)
	}
	return ""
}

func (b *builder) leaveOut(reason string, bytes int64) {
	c, known := b.counts[reason]
	if !known {
		b.reasons = append(b.reasons, reason)
	}
	c.Messages++
	c.Bytes += bytes
	b.counts[reason] = c
}

func (b *builder) into(c *Checkpoint) {
	m, from, to := b.mailbox, visible(b.mailbox.Name.String()), visible(b.mailbox.DestName.String())
	slices.Sort(b.reasons)
	for _, reason := range b.reasons {
		c.LeftOut = append(c.LeftOut, LeftOut{Mailbox: from, Reason: reason, Messages: b.counts[reason].Messages, Bytes: b.counts[reason].Bytes})
	}
	if b.messages == 0 {
		return
	}
	c.Messages += b.messages
	c.Bytes += b.bytes
	c.Verified.extend(b)
	all := span{c.Oldest, c.Newest}
	all.widen(b.span.oldest, b.span.newest)
	c.Oldest, c.Newest = all.oldest, all.newest
	listed := Mailbox{Name: from, Wire: Wire(m.Source), Validity: m.Validity, Copy: to, CopyWire: Wire(m.Dest), CopyValidity: m.DestValidity,
		Messages: b.messages, Bytes: b.bytes, Root: b.root.sum(), UIDs: UIDs(mailbox.SetOf(b.uids...))}
	if b.kind == approval.Rollback {
		listed.Name, listed.Wire, listed.Validity, listed.Copy, listed.CopyWire, listed.CopyValidity =
			listed.Copy, listed.CopyWire, listed.CopyValidity, listed.Name, listed.Wire, listed.Validity
	}
	c.Mailboxes = append(c.Mailboxes, listed)
}

// span is the time that messages are from, by their internal dates.
type span struct{ oldest, newest time.Time }

func (s *span) widen(oldest, newest time.Time) {
	if !oldest.IsZero() && (s.oldest.IsZero() || oldest.Before(s.oldest)) {
		s.oldest = oldest.UTC()
	}
	if newest.After(s.newest) {
		s.newest = newest.UTC()
	}
}

func (v *Verified) extend(b *builder) {
	if b.unproved {
		v.Depth = "none"
	}
	if !b.first.IsZero() && (v.First.IsZero() || b.first.Before(v.First)) {
		v.First = b.first.UTC()
	}
	if b.last.After(v.Last) {
		v.Last = b.last.UTC()
	}
}
