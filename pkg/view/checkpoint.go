package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
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
	if err := listedTable(b, c, c.Mailboxes, width); err != nil {
		return err
	}
	writeUnmakes(b, c, width)
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

// listedTable shows some of the mailboxes, and the sum of all.
func listedTable(b *strings.Builder, c *checkpoint.Checkpoint, some []checkpoint.Mailbox, width int) error {
	if c.Messages == 0 {
		return nil
	}
	from, to := "source", "copy is in"
	if c.Kind == approval.Rollback {
		from, to = "destination", "original is in"
	}
	t := table{columns: []column{{title: from}, {title: to}, {title: "messages", right: true, rigid: true}, {title: "bytes", right: true, rigid: true}}}
	for _, m := range some {
		t.add(m.Name, m.Copy, Count(m.Messages), Bytes(m.Bytes))
	}
	if more := len(c.Mailboxes) - len(some); more > 0 {
		t.add("and "+Plural(int64(more), "mailbox")+" more: see the file", "", "", "")
	}
	t.add("", "", Count(c.Messages), Bytes(c.Bytes))
	return t.write(b, width)
}

// oneScreen is how many mailboxes, and how many reasons, a person is shown at once when asked for a yes.
const oneScreen = 12

// approveTables fit on one screen: the largest mailboxes, and what stays by its reason.
func approveTables(b *strings.Builder, c *checkpoint.Checkpoint, width int) error {
	largest := slices.SortedStableFunc(slices.Values(c.Mailboxes), func(x, y checkpoint.Mailbox) int { return cmp.Compare(y.Messages, x.Messages) })
	if err := listedTable(b, c, largest[:min(len(largest), oneScreen)], width); err != nil {
		return err
	}
	writeUnmakes(b, c, width)
	if len(c.LeftOut) == 0 {
		return nil
	}
	reasons := stays(c.LeftOut)
	b.WriteString("\nwhat stays\n")
	t := table{columns: []column{{right: true, rigid: true}, {}}, indent: "  "}
	for _, l := range reasons[:min(len(reasons), oneScreen)] {
		t.add(Count(l.Messages), l.Reason)
	}
	if more := len(reasons) - oneScreen; more > 0 {
		t.add("", "and "+Plural(int64(more), "reason")+" more: see the file")
	}
	return t.write(b, width)
}

// writeUnmakes names the mailboxes that a rollback would remove.
func writeUnmakes(b *strings.Builder, c *checkpoint.Checkpoint, width int) {
	if len(c.Unmake) == 0 {
		return
	}
	var names []string
	for _, u := range c.Unmake[:min(len(c.Unmake), oneScreen)] {
		names = append(names, u.Name)
	}
	text := fmt.Sprintf("%s made by this migration and removed too, where nothing else is in it by then: %s", areMailboxes(len(c.Unmake)), Visible(strings.Join(names, ", ")))
	if more := len(c.Unmake) - len(names); more > 0 {
		text += fmt.Sprintf(" and %s more: see the file", Count(more))
	}
	b.WriteByte('\n')
	paragraph(b, width, "", "  ", text)
}

func areMailboxes(n int) string {
	if n == 1 {
		return "1 mailbox was"
	}
	return Plural(n, "mailbox") + " were"
}

// stays sums what is left out by reason, the most frequent first.
func stays(all []checkpoint.LeftOut) []checkpoint.LeftOut {
	var sums []checkpoint.LeftOut
	for _, l := range all {
		i := slices.IndexFunc(sums, func(s checkpoint.LeftOut) bool { return s.Reason == l.Reason })
		if i < 0 {
			i = len(sums)
			sums = append(sums, checkpoint.LeftOut{Reason: l.Reason})
		}
		sums[i].Messages += l.Messages
		sums[i].Bytes += l.Bytes
	}
	slices.SortStableFunc(sums, func(x, y checkpoint.LeftOut) int { return cmp.Compare(y.Messages, x.Messages) })
	return sums
}

// ApproveScreen writes what an approval would allow, what cannot be undone, and the phrase that is asked for.
func ApproveScreen(w io.Writer, file string, c *checkpoint.Checkpoint, width int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "checkpoint %s, made %s\n", Visible(file), c.Created.UTC().Format(minute))
	if err := pairs(&b, width, approvalFacts(c)...); err != nil {
		return err
	}
	b.WriteByte('\n')
	if err := approveTables(&b, c, width); err != nil {
		return err
	}
	b.WriteByte('\n')
	for _, text := range approvalWords(c) {
		paragraph(&b, min(width, 100), "", "  ", text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// approvalFacts are what a person looks at first: which account loses messages, which keeps them, and how it is known.
func approvalFacts(c *checkpoint.Checkpoint) [][2]string {
	proved := fmt.Sprintf("by %s, between %s and %s", c.Verified.Depth, c.Verified.First.UTC().Format(minute), c.Verified.Last.UTC().Format(minute))
	if c.Verified.First.IsZero() || c.Verified.Depth == "none" {
		proved = "not by verify: the look right before the removal is the first"
	}
	facts := [][2]string{{"messages leave", server(c.Loses())}, {"copies are at", server(c.Keeps())}, {"proved", proved}}
	if !c.Oldest.IsZero() {
		facts = append(facts, [2]string{"from", fmt.Sprintf("%s to %s", c.Oldest.UTC().Format(time.DateOnly), c.Newest.UTC().Format(time.DateOnly))})
	}
	if limits := Limits(c); limits != "" {
		facts = append(facts, [2]string{"only", limits})
	}
	if !c.NotBefore.IsZero() {
		facts = append(facts, [2]string{"not before", c.NotBefore.UTC().Format(minute)})
	}
	if c.Approvers.Wanted() {
		facts = append(facts, [2]string{"signatures", c.Approvers.String()})
	}
	return facts
}

// server is an account with what tells its server from another.
func server(i endpoint.Identity) string {
	text := account(i)
	if i.Key != "" {
		text += fmt.Sprintf(", TLS key %.16s...", i.Key)
	}
	return text
}

// Limits says what a checkpoint was narrowed to when it was made, empty when it was not.
func Limits(c *checkpoint.Checkpoint) string {
	var parts []string
	if !c.Limits.Before.IsZero() {
		parts = append(parts, "messages from before "+c.Limits.Before.UTC().Format(minute))
	}
	if len(c.Limits.Mailboxes) > 0 {
		parts = append(parts, "mailboxes "+Visible(strings.Join(c.Limits.Mailboxes, ", ")))
	}
	return strings.Join(parts, "; ")
}

// approvalWords say what will happen, and what cannot be undone.
func approvalWords(c *checkpoint.Checkpoint) []string {
	look := fmt.Sprintf("What will happen: `%s` reads each of these messages once more on both sides; only where both still have the recorded content, and the flags "+
		"are still those that were copied, it removes the message from %s. Everything else stays.", c.Kind, Visible(c.Loses().String()))
	if c.Recheck == checkpoint.RecheckMetadata {
		look = fmt.Sprintf("What will happen: `%s` looks at each of these messages once more on both sides, BUT READS THE BYTES OF THE FIRST ONE IN EACH MAILBOX ONLY (recheck: metadata). "+
			"Where size, date and flags are still as recorded it removes the message from %s. Everything else stays.", c.Kind, Visible(c.Loses().String()))
	}
	undone := "What cannot be undone: a message that has left the source is not brought back by this program. The copy on the destination is then the only one."
	if c.Kind == approval.Rollback {
		undone = "What cannot be undone: a message that has left the destination is not brought back by this command. The original on the source is then the only one, until it is copied again."
	}
	return []string{look, undone, fmt.Sprintf("An approval holds for %d days, for exactly this list (digest %s).", int(approval.ValidFor/(24*time.Hour)), c.Sum())}
}

type checkpointDocument struct {
	Format    int       `json:"format"`
	File      string    `json:"file,omitempty"`
	Digest    string    `json:"digest"`
	Messages  int64     `json:"messages"`
	Bytes     int64     `json:"bytes"`
	Phrase    string    `json:"phrase"`
	Kind      string    `json:"kind"`
	Recheck   string    `json:"recheck"`
	NotBefore time.Time `json:"not_before,omitzero"`
	Needed    int       `json:"signatures_needed"`
	LeftOut   []leftOut `json:"left_out"`
	Mailboxes []listed  `json:"mailboxes"`
	Unmake    []string  `json:"mailboxes_removed,omitempty"` // of a rollback: where they are empty by then
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
	d := checkpointDocument{Format: Format, File: file, Digest: c.Sum(), Messages: c.Messages, Bytes: c.Bytes, Phrase: c.Subject().Phrase(), Kind: string(c.Kind), Recheck: string(c.Recheck), NotBefore: c.NotBefore, Needed: c.Approvers.Needed, LeftOut: []leftOut{}, Mailboxes: []listed{}}
	for _, m := range c.Mailboxes {
		d.Mailboxes = append(d.Mailboxes, listed{m.Name, m.Copy, m.Messages, m.Bytes})
	}
	for _, u := range c.Unmake {
		d.Unmake = append(d.Unmake, u.Name)
	}
	for _, l := range c.LeftOut {
		d.LeftOut = append(d.LeftOut, leftOut(l))
	}
	return WriteJSON(w, d)
}
