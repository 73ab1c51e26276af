package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
)

// Checkpoint writes what a checkpoint lists and what it leaves out.
func Checkpoint(w io.Writer, c *checkpoint.Checkpoint, width int) error {
	var b strings.Builder
	if err := checkpointTables(&b, c, width); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\ndigest %s\n", c.Sum())
	_, err := io.WriteString(w, b.String())
	return err
}

func checkpointTables(b *strings.Builder, c *checkpoint.Checkpoint, width int) error {
	if c.Messages > 0 {
		t := table{columns: []column{{title: "source"}, {title: "copy is in"}, {title: "messages", right: true, rigid: true}, {title: "bytes", right: true, rigid: true}}}
		for _, m := range c.Mailboxes {
			t.add(m.Name, m.Dest, Count(m.Messages), Bytes(m.Bytes))
		}
		t.add("", "", Count(c.Messages), Bytes(c.Bytes))
		if err := t.write(b, width); err != nil {
			return err
		}
	}
	if len(c.LeftOut) == 0 {
		return nil
	}
	if c.Messages > 0 {
		b.WriteByte('\n')
	}
	b.WriteString("left out\n")
	t := table{columns: []column{{}, {right: true, rigid: true}, {}}, indent: "  "}
	for _, l := range c.LeftOut {
		t.add(l.Mailbox, Count(l.Messages), l.Reason)
	}
	return t.write(b, width)
}

// ApproveScreen writes what an approval would allow, what cannot be undone, and the phrase that is asked for.
func ApproveScreen(w io.Writer, file string, c *checkpoint.Checkpoint, width int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "checkpoint %s, made %s\n", Visible(file), c.Created.UTC().Format(minute))
	proved := fmt.Sprintf("by %s, between %s and %s", c.Verified.Depth, c.Verified.First.UTC().Format(minute), c.Verified.Last.UTC().Format(minute))
	if err := pairs(&b, width, [2]string{"messages leave", account(c.Source)}, [2]string{"copies are at", account(c.Destination)}, [2]string{"proved", proved}); err != nil {
		return err
	}
	b.WriteByte('\n')
	if err := checkpointTables(&b, c, width); err != nil {
		return err
	}
	b.WriteByte('\n')
	for _, text := range []string{
		"What will happen: `purge` reads each of these messages once more on both sides; only where both still have the recorded content, and the flags " +
			"are still those that were copied, it removes the message from the source. Everything else stays.",
		"What cannot be undone: a message that has left the source is not brought back by this program. The copy on the destination is then the only one.",
		fmt.Sprintf("An approval holds for %d days, for exactly this list (digest %s).", int(approval.ValidFor/(24*time.Hour)), c.Sum()),
	} {
		paragraph(&b, min(width, 100), "", "  ", text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type checkpointDocument struct {
	Format    int       `json:"format"`
	File      string    `json:"file,omitempty"`
	Digest    string    `json:"digest"`
	Messages  int64     `json:"messages"`
	Bytes     int64     `json:"bytes"`
	Phrase    string    `json:"phrase"`
	LeftOut   []leftOut `json:"left_out"`
	Mailboxes []listed  `json:"mailboxes"`
}

type listed struct {
	Mailbox  string `json:"mailbox"`
	To       string `json:"to"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

type leftOut struct {
	Mailbox  string `json:"mailbox"`
	Reason   string `json:"reason"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

// CheckpointJSON writes a summary as one JSON document; the UIDs stand in the file.
func CheckpointJSON(w io.Writer, file string, c *checkpoint.Checkpoint) error {
	d := checkpointDocument{Format: Format, File: file, Digest: c.Sum(), Messages: c.Messages, Bytes: c.Bytes, Phrase: c.Subject().Phrase(), LeftOut: []leftOut{}, Mailboxes: []listed{}}
	for _, m := range c.Mailboxes {
		d.Mailboxes = append(d.Mailboxes, listed{m.Name, m.Dest, m.Messages, m.Bytes})
	}
	for _, l := range c.LeftOut {
		d.LeftOut = append(d.LeftOut, leftOut(l))
	}
	return WriteJSON(w, d)
}
