package checkpoint

import (
	"slices"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Options of Build.
type Options struct {
	Now       time.Time
	Tool      string                  // name and version of the program
	Mailboxes func(mailbox.Name) bool // which source mailboxes; nil is all. What it leaves out is named in LeftOut
}

// Build lists everything that the ledger holds proof for. It lists nothing on anybody's word: a message must be on the destination under a
// known UID, proved by content, and still be on the source as far as we know. A checkpoint without a message is no error.
func Build(l *ledger.Ledger, o Options) (*Checkpoint, error) {
	plan, err := l.LastPlan()
	if err != nil {
		return nil, err
	}
	all, err := l.Mailboxes()
	if err != nil {
		return nil, err
	}
	facts := l.Facts()
	c := &Checkpoint{
		Format: Format, Kind: approval.Purge, Name: facts.Name, Created: o.Now.UTC().Truncate(time.Second), Tool: o.Tool, Plan: plan,
		Source: account(facts.Source), Destination: account(facts.Destination), Recheck: RecheckContent, Verified: Verified{Depth: string(RecheckContent)},
	}
	for i, m := range all {
		b := builder{mailbox: m, whole: o.whole(all, i), root: newRoot(), counts: map[string]ledger.Count{}}
		if err := l.Each(m, b.row); err != nil {
			return nil, err
		}
		b.into(c)
	}
	c.Digest = c.digest()
	return c, nil
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
func (o Options) whole(all []ledger.Mailbox, i int) string {
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
	mailbox     ledger.Mailbox
	whole       string
	root        root
	uids        mailbox.UIDSet
	messages    int64
	bytes       int64
	first, last time.Time
	counts      map[string]ledger.Count // of what is left out, by reason
	reasons     []string                // in the order in which they came up
}

func (b *builder) row(r ledger.Row) error {
	reason := b.whole
	if reason == "" {
		reason = missing(r)
	}
	if reason != "" {
		b.leaveOut(reason, r.Size)
		return nil
	}
	b.root.add(r)
	b.messages++
	b.bytes += r.Size
	b.append(r.UID)
	if b.first.IsZero() || r.ProvedAt.Before(b.first) {
		b.first = r.ProvedAt
	}
	if r.ProvedAt.After(b.last) {
		b.last = r.ProvedAt
	}
	return nil
}

// missing is what a message lacks to be listed, empty when it lacks nothing.
func missing(r ledger.Row) string {
	switch {
	case r.Outcome == ledger.Intended:
		return "in doubt: copy has to look for it"
	case !r.Outcome.Present():
		return r.Outcome.String()
	case r.Removal == ledger.Gone:
		return "removed already"
	case r.Removal == ledger.Purging:
		return "its removal was begun: run purge again with the checkpoint it was begun with"
	case r.Proof == ledger.ProvedMetadata:
		return "verified by metadata only"
	case r.Proof != ledger.ProvedContent:
		return r.Proof.String()
	case r.Dest == 0 || r.Digest == mailbox.Digest{}:
		return "its place on the destination is not known"
	case slices.ContainsFunc(r.Flags, mailbox.Deleted.Equal):
		return `marked \Deleted on the source by somebody else`
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

// append adds a UID that is above all others.
func (b *builder) append(uid mailbox.UID) {
	if n := len(b.uids); n > 0 && b.uids[n-1].Last+1 == uid {
		b.uids[n-1].Last = uid
		return
	}
	b.uids = append(b.uids, mailbox.Range{First: uid, Last: uid})
}

func (b *builder) into(c *Checkpoint) {
	m, name := b.mailbox, visible(b.mailbox.Name.String())
	slices.Sort(b.reasons)
	for _, reason := range b.reasons {
		c.LeftOut = append(c.LeftOut, LeftOut{Mailbox: name, Reason: reason, Messages: b.counts[reason].Messages, Bytes: b.counts[reason].Bytes})
	}
	if b.messages == 0 {
		return
	}
	c.Messages += b.messages
	c.Bytes += b.bytes
	if c.Verified.First.IsZero() || b.first.Before(c.Verified.First) {
		c.Verified.First = b.first.UTC()
	}
	if b.last.After(c.Verified.Last) {
		c.Verified.Last = b.last.UTC()
	}
	c.Mailboxes = append(c.Mailboxes, Mailbox{
		Name: name, Wire: Wire(m.Source), Validity: m.Validity, Dest: visible(m.DestName.String()), DestWire: Wire(m.Dest), DestValidity: m.DestValidity,
		Messages: b.messages, Bytes: b.bytes, Root: b.root.sum(), UIDs: UIDs(b.uids),
	})
}
