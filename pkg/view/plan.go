package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/plan"
)

// minute is how points in time are shown where seconds do not matter.
const minute = "2006-01-02 15:04 MST"

// Plan writes a plan as a table with reasons, warnings, totals and digest. width is that of the terminal, 0 without one.
func Plan(w io.Writer, p *plan.Plan, width int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "plan %s, made %s by %s\n", Visible(p.Name), p.Created.UTC().Format(minute), Visible(p.Tool))
	facts := [][2]string{{"from", account(p.Source.Identity)}, {"to", account(p.Destination.Identity)}}
	if text := filter(p.Messages); text != "" {
		facts = append(facts, [2]string{"only", text})
	}
	if err := pairs(&b, width, facts...); err != nil {
		return err
	}
	b.WriteByte('\n')
	t := table{columns: []column{{title: "source"}, {title: "action", rigid: true}, {title: "destination"}, {title: "messages", right: true, rigid: true},
		{title: "bytes", right: true, rigid: true}, {title: "years", rigid: true}, {title: "reason", below: true}}}
	for _, e := range p.Mailboxes {
		to := e.To.String()
		if e.Action == plan.Skip {
			to = "-"
		}
		messages, bytes := known(e.Messages), Bytes(e.Bytes)
		if e.Noselect {
			messages, bytes = "-", "-"
		}
		years, reason := "", e.Reason
		if e.Holds != nil {
			years = spread(e.Holds)
			reason = strings.Join(append([]string{reason}, planNotes(e.Holds)...), "; ")
		}
		t.add(e.Source.String(), string(e.Action), to, messages, bytes, years, reason)
	}
	if err := t.write(&b, width); err != nil {
		return err
	}
	b.WriteByte('\n')
	planTotals(&b, p.Totals())
	if text := forecast(p.Forecast); text != "" {
		paragraph(&b, width, "", "  ", text)
	}
	planWarnings(&b, p.Warnings, width)
	planDigest(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// spread is the years from which messages are.
func spread(h *plan.Contents) string {
	switch oldest, newest := h.Oldest.Year(), h.Newest.Year(); {
	case h.Newest.IsZero():
		return ""
	case oldest == newest:
		return strconv.Itoa(newest)
	default:
		return fmt.Sprintf("%d-%d", oldest, newest)
	}
}

// pairs writes names and what they stand for, below each other.
func pairs(b *strings.Builder, width int, facts ...[2]string) error {
	t := table{columns: []column{{rigid: true}, {}}, indent: "  "}
	for _, f := range facts {
		t.add(f[0], f[1])
	}
	return t.write(b, width)
}

// account is the identity with the server's own words about itself. It is to be made visible.
func account(i endpoint.Identity) string {
	text := fmt.Sprintf("%s port %d", i, i.Port)
	if i.Server != "" {
		text += " (" + i.Server + ")"
	}
	return text
}

func known(n int64) string {
	if n < 0 {
		return "?"
	}
	return Count(n)
}

func filter(f plan.Filter) string {
	var parts []string
	day := func(t time.Time) string {
		if t.Equal(t.Truncate(24 * time.Hour)) {
			return t.Format(time.DateOnly)
		}
		return t.Format(time.RFC3339)
	}
	if !f.Since.IsZero() {
		parts = append(parts, "messages since "+day(f.Since))
	}
	if !f.Before.IsZero() {
		parts = append(parts, "messages before "+day(f.Before))
	}
	if f.MaxSize > 0 {
		parts = append(parts, "messages up to "+Bytes(f.MaxSize))
	}
	return strings.Join(parts, ", ")
}

// forecast says how long a copy may take and what that was reckoned from; "" when there is nothing to reckon from.
func forecast(f plan.Forecast) string {
	if f.Most == 0 {
		return ""
	}
	text := "a first copy takes " + Span(f.Least) + " to " + Span(f.Most)
	if f.Least == f.Most {
		text = "a first copy takes about " + Span(f.Most)
	}
	if f.SourceRoundTrip > 0 && f.DestinationRoundTrip > 0 {
		text += fmt.Sprintf(": the source answers within %v, the destination within %v; how fast the line is shows on the way", f.SourceRoundTrip, f.DestinationRoundTrip)
	}
	return text
}

func planTotals(b *strings.Builder, t plan.Totals) {
	fmt.Fprintf(b, "%s: %d create, %d merge, %d structure, %d skip\n", Plural(t.Mailboxes, "mailbox"), t.Create, t.Merge, t.Structure, t.Skip)
	switch {
	case t.Messages < 0:
		b.WriteString("how many messages there are to look at is not known: a server does not say\n")
	case t.Bytes < 0:
		fmt.Fprintf(b, "%s to look at; their size is not known: the source does not say\n", Plural(t.Messages, "message"))
	default:
		fmt.Fprintf(b, "%s, %s to look at\n", Plural(t.Messages, "message"), Bytes(t.Bytes))
	}
	if t.Wanted >= 0 && t.Wanted != t.Messages {
		fmt.Fprintf(b, "%s, %s of them after the filter\n", Plural(t.Wanted, "message"), Bytes(t.WantedBytes))
	}
	if t.TooLarge > 0 {
		fmt.Fprintf(b, "%s too large for the destination\n", Plural(t.TooLarge, "message"))
	}
	if t.Skipped > 0 {
		fmt.Fprintf(b, "%s in skipped mailboxes\n", Plural(t.Skipped, "message"))
	}
}

func planWarnings(b *strings.Builder, warnings []plan.Warning, width int) {
	if len(warnings) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", Plural(len(warnings), "warning"))
	for _, w := range warnings {
		text := Visible(w.Text)
		if w.Next != "" {
			text += "; " + Visible(w.Next)
		}
		paragraph(b, width, "  ", "     ", fmt.Sprintf("W%-3d %s", w.Number, text))
	}
}

func planDigest(b *strings.Builder, p *plan.Plan) {
	fmt.Fprintf(b, "\ndigest %s\n", p.Sum())
	if p.Edited() {
		fmt.Fprintf(b, "edited by hand since it was planned, with digest %s\n", Clip(p.Digest, 24))
	}
}

// Diff writes what changed between two plans.
func Diff(w io.Writer, changes []plan.Change, width int) error {
	if len(changes) == 0 {
		_, err := io.WriteString(w, "the plans are the same\n")
		return err
	}
	t := table{columns: []column{{title: "mailbox"}, {title: "what", rigid: true}, {title: "old"}, {title: "new"}, {title: "", rigid: true}}}
	meaning := 0
	for _, c := range changes {
		name, note := "(plan)", "for people only"
		if c.Mailbox != nil {
			name = c.Mailbox.String()
		}
		if c.Meaning {
			note = ""
			meaning++
		}
		t.add(name, c.What, dash(c.Old), dash(c.New), note)
	}
	var b strings.Builder
	if err := t.write(&b, width); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s, %d of them in what a copy does\n", Plural(len(changes), "change"), meaning)
	_, err := io.WriteString(w, b.String())
	return err
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
