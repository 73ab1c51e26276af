package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Verification is what a verification found.
type Verification struct {
	Depth        string
	Proved       int64 // messages
	Bytes        int64 // of those
	Different    int64
	NewOnSource  int64
	LeftSource   int64
	FlagsChanged int64
	Dropped      int64
	Unlocated    int64
	Attention    int64
	Mailboxes    []VerifiedMailbox
	Differences  []Difference // the first ones
	More         int64        // beyond those
}

// VerifiedMailbox is one source mailbox's part.
type VerifiedMailbox struct {
	Mailbox, To                string
	Present, Proved, Different int64
	Problem                    string // why it could not be verified to its end
}

// Difference is one message, or mailbox (UID 0), that is not as it was recorded.
type Difference struct {
	Mailbox string
	UID     uint32
	Kind    string
	Reason  string
}

// Verify writes what was proved, what is different, and what else is worth knowing.
func Verify(w io.Writer, v Verification, width int) error {
	var b strings.Builder
	t := table{columns: []column{{title: "source"}, {title: "destination"}, {title: "copied", right: true, rigid: true}, {title: "proved", right: true, rigid: true},
		{title: "different", right: true, rigid: true}, {title: ""}}}
	for _, m := range v.Mailboxes {
		t.add(m.Mailbox, m.To, Count(m.Present), Count(m.Proved), Count(m.Different), m.Problem)
	}
	if err := t.write(&b, width); err != nil {
		return err
	}
	if err := differences(&b, v, width); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\nproved by %s: %s, %s; %s\n", v.Depth, Plural(v.Proved, "message"), Bytes(v.Bytes), Plural(v.Different, "difference"))
	for _, n := range []struct {
		count int64
		text  string
	}{
		{v.Attention, "refused, oversize or in doubt: not on the destination"},
		{v.NewOnSource, "new on the source since the copy: the next copy takes them"},
		{v.LeftSource, "were copied and have left the source since"},
		{v.FlagsChanged, "have had their flags changed on the destination since"},
		{v.Dropped, "were copied without keywords that the destination does not take"},
		{v.Unlocated, "have no known place on the destination: `--depth content` finds them"},
	} {
		if n.count > 0 {
			fmt.Fprintf(&b, "  %s %s\n", Plural(n.count, "message"), n.text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func differences(b *strings.Builder, v Verification, width int) error {
	if len(v.Differences) == 0 {
		return nil
	}
	b.WriteByte('\n')
	t := table{columns: []column{{title: "mailbox"}, {title: "uid", right: true, rigid: true}, {title: "difference", rigid: true}, {title: "reason"}}}
	for _, d := range v.Differences {
		uid := "-"
		if d.UID != 0 {
			uid = strconv.FormatUint(uint64(d.UID), 10)
		}
		t.add(d.Mailbox, uid, d.Kind, d.Reason)
	}
	if err := t.write(b, width); err != nil {
		return err
	}
	if v.More > 0 {
		fmt.Fprintf(b, "and %s more\n", Count(v.More))
	}
	return nil
}
