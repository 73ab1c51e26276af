package checkpoint

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Sum is the digest of what the checkpoint means, which an approval is bound to: SHA-256, 64 hexadecimal digits. In it is everything but the
// layout of the file and the time it was written.
func (c *Checkpoint) Sum() string { return c.digest().String() }

func (c *Checkpoint) digest() mailbox.Digest {
	h := sha256.New()
	c.canonical(h)
	return mailbox.Digest(h.Sum(nil))
}

// canonical writes one line a fact. Every text is quoted, so that no text can look like another line.
func (c *Checkpoint) canonical(w io.Writer) {
	fmt.Fprintf(w, "imapmigrate checkpoint %d %q\n", c.Format, c.Kind)
	fmt.Fprintf(w, "migration %q tool %q plan %q recheck %q\n", c.Name, c.Tool, c.Plan, c.Recheck)
	writeAccount(w, "source", c.Source)
	writeAccount(w, "destination", c.Destination)
	fmt.Fprintf(w, "verified %q %s %s\n", c.Verified.Depth, instant(c.Verified.First), instant(c.Verified.Last))
	fmt.Fprintf(w, "limits before %s mailboxes %q not before %s\n", instant(c.Limits.Before), c.Limits.Mailboxes, instant(c.NotBefore))
	fmt.Fprintf(w, "approvers needed %d of %q\n", c.Approvers.Needed, c.Approvers.Keys)
	fmt.Fprintf(w, "messages %d bytes %d from %s to %s\n", c.Messages, c.Bytes, instant(c.Oldest), instant(c.Newest))
	for _, m := range slices.SortedStableFunc(slices.Values(c.Mailboxes), func(a, b Mailbox) int { return strings.Compare(string(a.Wire), string(b.Wire)) }) {
		fmt.Fprintf(w, "mailbox %q %q %d to %q %q %d messages %d bytes %d root %s uids %s\n",
			m.Name, string(m.Wire), m.Validity, m.Copy, string(m.CopyWire), m.CopyValidity, m.Messages, m.Bytes, m.Root, m.UIDs.Set())
	}
	c.writeUnmakes(w)
	for _, l := range c.LeftOut {
		fmt.Fprintf(w, "left out %q %q messages %d bytes %d\n", l.Mailbox, l.Reason, l.Messages, l.Bytes)
	}
}

func writeAccount(w io.Writer, side string, i endpoint.Identity) {
	fmt.Fprintf(w, "%s %q %d %q server %q key %q\n", side, strings.ToLower(i.Host), i.Port, i.User, i.Server, i.Key)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// root collects the digest over the messages of one mailbox, in ascending order of their UID on the source.
type root struct{ hash.Hash }

func newRoot(m ledger.Mailbox) root {
	r := root{sha256.New()}
	fmt.Fprintf(r, "imapmigrate checkpoint rows 1 %q %d to %q %d\n", string(m.Source), m.Validity, string(m.Dest), m.DestValidity)
	return r
}

// add takes what must not change between approval and removal: which message, where its copy is, its bytes, its flags.
func (r root) add(row ledger.Row) {
	fmt.Fprintf(r, "%d %d %d %s %q\n", row.UID, row.Dest, row.Size, row.Digest, row.Flags)
}

func (r root) sum() mailbox.Digest { return mailbox.Digest(r.Sum(nil)) }

// Root is the digest over those rows of m whose message that goes is in set, as the ledger has them now, and how many there are. Proof and
// removal are not in it: what has been removed in the meantime leaves it as it was.
func Root(l *ledger.Ledger, k approval.Kind, m ledger.Mailbox, set mailbox.UIDSet) (mailbox.Digest, ledger.Count, error) {
	r := newRoot(m)
	var c ledger.Count
	err := l.Each(m, func(row ledger.Row) error {
		if goes, _ := Goes(k, row); set.Contains(goes) {
			r.add(row)
			c.Messages++
			c.Bytes += row.Size
		}
		return nil
	})
	return r.sum(), c, err
}
