package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/view"
)

// copyChoices are what a person may want of one copy beside its plan.
type copyChoices struct {
	retryRefused  bool
	recopyMissing bool
	noFlags       bool
	rematch       []string // source mailboxes, as reports name them
	hours         window
}

func (o *copyChoices) flags(c *cobra.Command) {
	o.hours.flags(c)
	f := c.Flags()
	f.BoolVar(&o.retryRefused, "retry-refused", false, "try messages again that the destination refused, or that were too large, in an earlier run")
	f.BoolVar(&o.recopyMissing, "recopy-missing", false, "append messages again that verify has found missing on the destination")
	f.BoolVar(&o.noFlags, "no-flags", false, "leave the flags of messages alone that were copied before")
	f.StringArrayVar(&o.rematch, "rematch", nil, "find the recorded messages of this source `MAILBOX` again by their content, after its UIDs, or those of its\ndestination, became void; may be given several times")
}

// rematched reads the names given with --rematch; each has to be one that the plan copies.
func (o *copyChoices) rematched(p *plan.Plan) (func(mailbox.Name) bool, error) {
	var names []mailbox.Name
	for _, text := range o.rematch {
		name, err := mailbox.ParseName(text)
		if err != nil {
			return nil, usagef("--rematch: %v", err)
		}
		if !slices.ContainsFunc(p.Mailboxes, func(e plan.Entry) bool { return e.Action.Copies() && slices.Equal(e.Source, name) }) {
			return nil, usagef("--rematch %q: the plan copies no source mailbox of that name; `imapmigrate report` shows the names", text)
		}
		names = append(names, name)
	}
	return func(name mailbox.Name) bool {
		return slices.ContainsFunc(names, func(n mailbox.Name) bool { return slices.Equal(n, name) })
	}, nil
}

// flagger is the right to change flags on the destination, nil when they are to be left alone.
func (o *copyChoices) flagger(destination *imap.Account) endpoint.Flagger {
	if o.noFlags {
		return nil
	}
	return destination.Flags()
}

// madeBefore are the destination mailboxes that this migration has written to, for the plan's check, with the UIDVALIDITY they had. It is left
// out (0) where the plan itself knows one of a mailbox that held mail, which is then the newer: what no longer fits the ledger stops that
// one mailbox when copy comes to it. What the plan knows of an empty one means nothing on Courier, which makes it up each time. It is left
// out too where the mailbox is to be matched anew anyway.
func (o *copyChoices) madeBefore(p *plan.Plan, recorded map[mailbox.Wire]mailbox.UIDValidity) (map[mailbox.Wire]mailbox.UIDValidity, error) {
	rematched, err := o.rematched(p)
	if err != nil {
		return nil, err
	}
	for _, e := range p.Mailboxes {
		if _, ours := recorded[e.ToWire]; ours && (e.ToValidity != 0 && e.ToMessages != 0 || rematched(e.Source)) {
			recorded[e.ToWire] = 0
		}
	}
	return recorded, nil
}

// extraText is a sentence for each thing that a copy did beside copying.
func extraText(r *copier.Result) (lines []string) {
	var flags copier.FlagCount
	for _, b := range r.Mailboxes {
		flags.Brought += b.Flags.Brought
		flags.Touched += b.Flags.Touched
		if m := b.Matched; m != nil {
			lines = append(lines, fmt.Sprintf("matched by content: %s: %s found again, %d not on the source any more, %d not on the destination any more",
				b.Name, view.Plural(m.Found, "message"), m.Gone, m.Again))
		}
	}
	var parts []string
	if flags.Brought > 0 {
		parts = append(parts, "changed flags brought along: "+view.Plural(flags.Brought, "message"))
	}
	if flags.Touched > 0 {
		parts = append(parts, "left alone, because their flags were changed on the destination too: "+view.Plural(flags.Touched, "message"))
	}
	if len(parts) > 0 {
		lines = append(lines, strings.Join(parts, "; "))
	}
	return lines
}
