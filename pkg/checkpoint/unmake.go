package checkpoint

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Unmake is one mailbox that this migration made on the destination, and that a rollback may remove when it is empty.
type Unmake struct {
	Name     string              `yaml:"mailbox" strict:"required"` // for people
	Wire     Wire                `yaml:"wire" strict:"required"`
	Validity mailbox.UIDValidity `yaml:"uidvalidity" strict:"required"`
	Next     mailbox.UID         `yaml:"uidnext" strict:"required"` // above everything that we have put there: a higher one says that others have had mail in it
}

// unmakes lists the mailboxes of which a rollback leaves nothing, those with a longer name first: what is below goes before what is above.
func (o *Options) unmakes(l *ledger.Ledger, all []ledger.Mailbox) ([]Unmake, error) {
	found := map[uint32]*Unmake{}
	for i, m := range all {
		u := found[m.DestID]
		if u == nil {
			u = &Unmake{Name: visible(m.DestName.String()), Wire: Wire(m.Dest), Validity: m.DestValidity, Next: 1}
			found[m.DestID] = u
		}
		if !m.Made || m.Unmade || m.DestValidity == 0 || strings.EqualFold(string(m.Dest), mailbox.Inbox) || o.Mailboxes != nil && !o.Mailboxes(m.Name) {
			u.Validity = 0 // several mailboxes may go to one: what speaks against it with one of them, speaks against it
		}
		superseded := ledger.Superseded(all, i)
		err := l.Each(m, func(r ledger.Row) error {
			u.Next = max(u.Next, r.Dest+1)
			if r.Outcome == ledger.Intended || r.Outcome.Present() && (superseded || missing(approval.Rollback, r) != "" || o.tooYoung(r) != "") {
				u.Validity = 0
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var listed []Unmake
	for _, u := range found {
		if u.Validity != 0 {
			listed = append(listed, *u)
		}
	}
	slices.SortFunc(listed, func(a, b Unmake) int {
		return cmp.Or(cmp.Compare(len(b.Wire), len(a.Wire)), cmp.Compare(a.Wire, b.Wire))
	})
	return listed, nil
}

// writeUnmakes adds them to what the digest is over.
func (c *Checkpoint) writeUnmakes(w io.Writer) {
	for _, u := range c.Unmake {
		fmt.Fprintf(w, "unmake %q %q %d next %d\n", u.Name, string(u.Wire), u.Validity, u.Next)
	}
}

// soundUnmakes looks for what no program of ours writes.
func (c *Checkpoint) soundUnmakes(d *strict.Document, next string) {
	for i, u := range c.Unmake {
		if c.Kind != approval.Rollback || u.Wire == "" || u.Validity == 0 || u.Next == 0 || strings.EqualFold(string(u.Wire), mailbox.Inbox) {
			d.Add(fmt.Sprintf("unmake[%d]", i), "this mailbox is not one that may be removed", next)
		}
	}
}
