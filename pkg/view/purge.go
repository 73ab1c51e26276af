package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Purged is what a purge did.
type Purged struct {
	Approved, Before, Gone, Bytes int64 // messages; Bytes are those of Gone
	Mailboxes                     []PurgedMailbox
	Left                          []Left   // the first ones
	More                          int64    // beyond those
	Rollback                      bool     // the copies left the destination; else the originals the source
	Unmade                        []string // destination mailboxes that were removed
	Standing                      []Left   // those that were not, and why
	rehearsed                     bool
}

// Rehearsed is the same of a dry run: nothing has left.
func (p Purged) Rehearsed() Purged {
	p.rehearsed = true
	return p
}

// Command is one that a dry run shows. Both are ASCII, with names quoted: a command is not cut, as a stranger's text would be.
type Command struct{ Mailbox, Text string }

// Commands writes what would be sent, under the mailbox that would be open.
func Commands(w io.Writer, all []Command) error {
	var b strings.Builder
	for i, c := range all {
		if i == 0 || all[i-1].Mailbox != c.Mailbox {
			fmt.Fprintf(&b, "SELECT %s\n", c.Mailbox)
		}
		fmt.Fprintf(&b, "  %s\n", c.Text)
	}
	if len(all) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PurgedMailbox is one mailbox's part.
type PurgedMailbox struct {
	Mailbox                      string
	Approved, Before, Gone, Kept int64
	Problem                      string // why it was stopped
}

// Left is one approved message that stays, and why.
type Left struct {
	Mailbox string
	UID     uint32
	Reason  string
}

// Purge writes what has left the source and what has stayed.
func Purge(w io.Writer, p Purged, width int) error {
	var b strings.Builder
	from, other := "source", "their copies are on the destination"
	if p.Rollback {
		from, other = "destination", "their originals are on the source"
	}
	t := table{columns: []column{{title: from}, {title: "approved", right: true, rigid: true}, {title: "gone before", right: true, rigid: true},
		{title: "gone now", right: true, rigid: true}, {title: "kept", right: true, rigid: true}, {}}}
	for _, m := range p.Mailboxes {
		t.add(m.Mailbox, Count(m.Approved), Count(m.Before), Count(m.Gone), Count(m.Kept), m.Problem)
	}
	if err := t.write(&b, width); err != nil {
		return err
	}
	if len(p.Left) > 0 {
		b.WriteByte('\n')
		t := table{columns: []column{{title: "kept in"}, {title: "uid", right: true, rigid: true}, {title: "reason"}}}
		for _, l := range p.Left {
			t.add(l.Mailbox, strconv.FormatUint(uint64(l.UID), 10), l.Reason)
		}
		if err := t.write(&b, width); err != nil {
			return err
		}
	}
	if p.More > 0 {
		fmt.Fprintf(&b, "and %s more\n", Count(p.More))
	}
	writeUnmade(&b, p, width)
	if p.rehearsed {
		fmt.Fprintf(&b, "\n%s of %s approved would leave, %s of them (%s) now; the columns say what would be\n", Count(p.Before+p.Gone), Count(p.Approved), Count(p.Gone), Bytes(p.Bytes))
	} else {
		fmt.Fprintf(&b, "\n%s of %s approved have left the %s, %s of them (%s) now; %s\n",
			Count(p.Before+p.Gone), Count(p.Approved), from, Count(p.Gone), Bytes(p.Bytes), other)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeUnmade says which mailboxes a rollback has removed, and which it has left.
func writeUnmade(b *strings.Builder, p Purged, width int) {
	if len(p.Unmade)+len(p.Standing) > 0 {
		b.WriteByte('\n')
	}
	for _, name := range p.Unmade {
		paragraph(b, width, "", "  ", fmt.Sprintf("mailbox %s was made by this migration, is empty, and is removed", Visible(name)))
	}
	for _, m := range p.Standing {
		paragraph(b, width, "", "  ", fmt.Sprintf("mailbox %s was made by this migration and stays: %s", Visible(m.Mailbox), Visible(m.Reason)))
	}
}
