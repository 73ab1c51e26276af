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
	Left                          []Left // the first ones
	More                          int64  // beyond those
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
	t := table{columns: []column{{title: "source"}, {title: "approved", right: true, rigid: true}, {title: "gone before", right: true, rigid: true},
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
	fmt.Fprintf(&b, "\n%s of %s approved have left the source, %s of them (%s) now; their copies are on the destination\n",
		Count(p.Before+p.Gone), Count(p.Approved), Count(p.Gone), Bytes(p.Bytes))
	_, err := io.WriteString(w, b.String())
	return err
}
