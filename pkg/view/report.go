package view

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/report"
)

// Status writes where a migration stands: the sums, what is not finished, and the next step.
func Status(w io.Writer, r *report.Report, width int) error {
	var b strings.Builder
	if err := reportHead(&b, r, width); err != nil {
		return err
	}
	open := slices.DeleteFunc(slices.Clone(r.Mailboxes), func(m report.Mailbox) bool { return m.Problem == "" })
	if len(open) > 0 {
		b.WriteByte('\n')
		t := table{columns: []column{{title: "not finished"}, {title: "why"}, {title: "next"}}}
		for _, m := range open {
			t.add(m.Name, m.Problem, m.Next)
		}
		if err := t.write(&b, width); err != nil {
			return err
		}
	}
	b.WriteByte('\n')
	paragraph(&b, width, "", "  ", "next: "+next(r))
	_, err := io.WriteString(w, b.String())
	return err
}

// Report writes what became of each mailbox, and of each message that has no good outcome.
func Report(w io.Writer, r *report.Report, width int) error {
	var b strings.Builder
	if err := reportHead(&b, r, width); err != nil {
		return err
	}
	b.WriteByte('\n')
	if err := reportMailboxes(&b, r, width); err != nil {
		return err
	}
	for _, list := range []struct {
		title    string
		messages []report.Message
		more     int64
	}{{"need attention", r.Problems, r.MoreProblems}, {"good, with a remark", r.Notes, r.MoreNotes}} {
		if err := reportMessages(&b, list.title, list.messages, list.more, width); err != nil {
			return err
		}
	}
	b.WriteByte('\n')
	paragraph(&b, width, "", "  ", "next: "+next(r))
	_, err := io.WriteString(w, b.String())
	return err
}

func reportHead(b *strings.Builder, r *report.Report, width int) error {
	fmt.Fprintf(b, "migration %s, as of %s\n", Visible(r.Name), r.Generated.UTC().Format(minute))
	facts := [][2]string{{"from", account(r.Source)}, {"to", account(r.Destination)}}
	for _, text := range inClearText(r) {
		facts = append(facts, [2]string{"clear text", text})
	}
	if r.Plan != "" {
		facts = append(facts, [2]string{"plan", r.Plan})
	}
	facts = append(facts, [2]string{"known", Plural(r.Totals.Messages.Messages, "message") + ", " + Bytes(r.Totals.Messages.Bytes)})
	for _, sums := range []struct {
		title string
		keys  []string
		of    map[string]report.Count
	}{
		{"outcome", []string{"copied", "already_there", "excluded", "vanished", "oversize", "refused", "rolled_back", "in_doubt"}, r.Totals.Outcome},
		{"proof", []string{"verified", "metadata_verified", "unverified", "altered", "missing"}, r.Totals.Proof},
		{"removal", []string{"kept", "purging", "gone", "rolling_back"}, r.Totals.Removal},
	} {
		if text := sum(sums.keys, sums.of); text != "" {
			facts = append(facts, [2]string{sums.title, text})
		}
	}
	if r.Totals.Attention > 0 {
		facts = append(facts, [2]string{"attention", Plural(r.Totals.Attention, "message")})
	}
	if r.Totals.Unaccounted > 0 {
		facts = append(facts, [2]string{"unaccounted", Plural(r.Totals.Unaccounted, "message")})
	}
	if r.Totals.Unfinished > 0 {
		facts = append(facts, [2]string{"unfinished", Plural(r.Totals.Unfinished, "mailbox")})
	}
	facts = append(facts, gate(r)...)
	return pairs(b, width, facts...)
}

// inClearText says of which accounts password and mail crossed the network readable for anybody.
func inClearText(r *report.Report) (out []string) {
	for _, side := range []struct {
		name string
		endpoint.Identity
	}{{"source", r.Source}, {"destination", r.Destination}} {
		if side.Key == "" {
			out = append(out, "the "+side.name+" was reached without TLS: its password and the mail crossed the network in clear text")
		}
	}
	return out
}

// sum lists what there is of each kind, in the order of keys. A kind that is not among keys comes last: nothing is left out.
func sum(keys []string, of map[string]report.Count) string {
	for _, k := range sortedKeys(of) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	var parts []string
	for _, k := range keys {
		if n := of[k].Messages; n > 0 {
			parts = append(parts, Count(n)+" "+words(k))
		}
	}
	return strings.Join(parts, ", ")
}

func sortedKeys(m map[string]report.Count) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func words(key string) string { return strings.ReplaceAll(key, "_", " ") }

func gate(r *report.Report) [][2]string {
	facts := gateLines("", r.Checkpoint, r.Approval)
	if g := r.Rollback; g != nil {
		facts = append(facts, gateLines("rollback ", g.Checkpoint, g.Approval)...)
	}
	return facts
}

func gateLines(of string, c *report.Checkpoint, a *report.Approval) (facts [][2]string) {
	if c != nil {
		facts = append(facts, [2]string{of + "checkpoint", fmt.Sprintf("%s, %s, made %s", Plural(c.Messages, "message"), Bytes(c.Bytes), c.Created.UTC().Format(minute))})
	}
	switch {
	case a == nil:
	case a.Valid:
		facts = append(facts, [2]string{of + "approval", fmt.Sprintf("by %s, holds until %s", a.By(), a.Expires.UTC().Format(minute))})
	default:
		facts = append(facts, [2]string{of + "approval", "does not hold: " + a.Why})
	}
	return facts
}

func reportMailboxes(b *strings.Builder, r *report.Report, width int) error {
	t := table{columns: []column{{title: "source"}, {title: "destination"}, {title: "messages", right: true, rigid: true}, {title: "there", right: true, rigid: true},
		{title: "verified", right: true, rigid: true}, {title: "gone", right: true, rigid: true}, {title: "attention", right: true, rigid: true}, {title: ""}}}
	for _, m := range r.Mailboxes {
		n := m.Numbers
		remark := m.Problem
		if m.Next != "" {
			remark = strings.TrimPrefix(remark+"; "+m.Next, "; ")
		}
		if m.Superseded {
			remark = "(earlier uidvalidity, not in the sums)"
		}
		t.add(m.Name, m.Dest, Count(n.Messages.Messages), Count(n.Outcome["copied"].Messages+n.Outcome["already_there"].Messages),
			Count(n.Proof["verified"].Messages), Count(n.Removal["gone"].Messages), Count(n.Attention), remark)
	}
	return t.write(b, width)
}

func reportMessages(b *strings.Builder, title string, messages []report.Message, more int64, width int) error {
	if len(messages) == 0 {
		return nil
	}
	b.WriteByte('\n')
	t := table{columns: []column{{title: title}, {title: "uid", right: true, rigid: true}, {title: "size", right: true, rigid: true}, {title: "what", rigid: true}, {title: "why"}, {title: "next"}}}
	for _, m := range messages {
		name := m.Mailbox
		if m.Subject != "" {
			name += ": " + m.Subject
		}
		t.add(name, strconv.FormatUint(uint64(m.UID), 10), Bytes(m.Size), whatOf(m), m.Reason, m.Next)
	}
	if err := t.write(b, width); err != nil {
		return err
	}
	if more > 0 {
		fmt.Fprintf(b, "and %s more\n", Count(more))
	}
	return nil
}

// next is what to do, from the most urgent on.
func next(r *report.Report) string {
	t := r.Totals
	there := t.Outcome["copied"].Messages + t.Outcome["already_there"].Messages
	gone := t.Removal["gone"].Messages
	switch {
	case t.Unfinished > 0:
		return "`imapmigrate copy`: it goes on where it stopped"
	case t.Attention > 0 || t.Unaccounted > 0:
		return "`imapmigrate report` names each message that needs attention, with what to do"
	case t.Proof["verified"].Messages < there:
		return "`imapmigrate verify`"
	case there == 0 && t.Outcome["rolled_back"].Messages > 0:
		return "nothing: everything that was copied is rolled back, and the source has the originals"
	case there > 0 && gone == there:
		return "nothing: everything that was copied is proved, and has left the source"
	case r.Checkpoint == nil:
		return "nothing: everything is copied and proved; only if messages are to leave the source: `imapmigrate checkpoint`"
	case r.Approval == nil || !r.Approval.Valid:
		return "`imapmigrate approve` the checkpoint, or leave the source as it is"
	}
	return "`imapmigrate purge` removes what the checkpoint lists"
}
