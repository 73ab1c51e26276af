package plan

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
)

const head = `# What a copy will do, mailbox by mailbox. Nothing has been changed yet, on either side.
#
# Read the warnings, then the reasons. You may change, behind each mailbox:
#   action     create     make the destination, copy the messages
#              merge      add the messages to what the destination holds; two sources may share one name if both say merge
#              structure  make the name at the destination, copy no message
#              skip       do nothing
#   to         another name at the destination, its parts with / between them (a slash inside a part is written \/)
#   subscribe  true or false
# All else was found, not chosen; leave it as it is. The digest tells later readers that the file was changed by hand.
`

// Encode writes the plan as its file: YAML with comments, always in the same order. It fails on a text that is not UTF-8, and with w.
func (p *Plan) Encode(w io.Writer) error {
	out := &writer{w: bufio.NewWriter(w)}
	out.line("%s", strings.TrimSuffix(head, "\n"))
	out.line("format: %d", p.Format)
	out.line("name: %s", text(p.Name))
	out.line("created: %s", p.Created.UTC().Format(time.RFC3339))
	out.text("tool", p.Tool, true)
	out.line("digest: %s", text(p.Digest))
	out.line("")
	out.side("source", p.Source)
	out.side("destination", p.Destination)
	out.filter(p.Messages)
	out.forecast(p.Forecast)
	out.warnings(p.Warnings)
	out.line("# %s", totals(p.Totals()))
	if len(p.Mailboxes) == 0 {
		out.line("mailboxes: []")
	} else {
		out.line("mailboxes:")
	}
	for i := range p.Mailboxes {
		out.entry(&p.Mailboxes[i], p.Source.Delimiter, p.Destination.Delimiter)
	}
	if out.err != nil {
		return fmt.Errorf("write plan %q: %w", p.Name, out.err)
	}
	if err := out.w.Flush(); err != nil {
		return fmt.Errorf("write plan %q: %w", p.Name, err)
	}
	return nil
}

func totals(t Totals) string {
	most := "at most " + count(t.Messages, "message")
	if t.Bytes != Unknown {
		most += ", " + size(t.Bytes)
	}
	return fmt.Sprintf("%s: %d create, %d merge, %d structure, %d skip; %s to copy", count(int64(t.Mailboxes), "mailbox"), t.Create, t.Merge, t.Structure, t.Skip, most)
}

// writer keeps the first error, so that what writes lines need not look.
type writer struct {
	w   *bufio.Writer
	err error
}

func (o *writer) line(format string, args ...any) {
	if _, err := fmt.Fprintf(o.w, format+"\n", args...); err != nil && o.err == nil {
		o.err = err
	}
}

// text writes a key whose value is any text; an empty one only when must.
func (o *writer) text(key, value string, must bool) {
	if !valid(value) && o.err == nil {
		o.err = fmt.Errorf("%s holds %q, which is not UTF-8", strings.TrimSpace(key), value)
	}
	if must || value != "" {
		o.line("%s: %s", key, text(value))
	}
}

func (o *writer) side(key string, s Side) {
	o.line("%s:", key)
	o.text("  host", s.Identity.Host, true)
	o.line("  port: %d", s.Identity.Port)
	o.text("  user", s.Identity.User, true)
	o.text("  server", s.Identity.Server, false)
	o.text("  tls_key", s.Identity.Key, false)
	o.text("  delimiter", s.Delimiter, true)
	if len(s.Prefix) > 0 {
		o.text("  prefix", s.Prefix.String(), true)
	}
	if s.AppendLimit >= 0 {
		o.line("  append_limit: %d", s.AppendLimit)
	}
	if len(s.Foreign) > 0 {
		o.line("  foreign: # other accounts' mailboxes begin with these")
	}
	for _, f := range s.Foreign {
		o.text("    - prefix", wireText(f.Prefix), true)
		o.text("      delimiter", f.Delimiter, true)
	}
	o.line("")
}

func (o *writer) filter(f Filter) {
	if f == (Filter{}) {
		return
	}
	o.line("messages: # others are left out")
	if !f.Since.IsZero() {
		o.line("  since: %s", moment{f.Since})
	}
	if !f.Before.IsZero() {
		o.line("  before: %s", moment{f.Before})
	}
	if f.MaxSize > 0 {
		o.line("  max_size: %d # bytes", f.MaxSize)
	}
	o.line("")
}

func (o *writer) forecast(f Forecast) {
	if f == (Forecast{}) {
		return
	}
	o.line("forecast: # a first copy; coarse on purpose, so that two plans of one day are alike")
	o.span("source_round_trip", f.SourceRoundTrip)
	o.span("destination_round_trip", f.DestinationRoundTrip)
	o.span("least", f.Least)
	o.span("most", f.Most)
	o.line("")
}

func (o *writer) span(key string, d time.Duration) {
	if d > 0 {
		o.line("  %s: %s", key, d)
	}
}

func (o *writer) warnings(all []Warning) {
	if len(all) == 0 {
		return
	}
	o.line("warnings:")
	for _, w := range all {
		o.line("  - number: %d", w.Number)
		o.text("    text", w.Text, true)
		o.text("    next", w.Next, false)
	}
	o.line("")
}

func (o *writer) entry(e *Entry, from, to string) {
	o.text("  - source", e.Source.String(), true)
	o.line("    action: %s", e.Action)
	if len(e.To) > 0 {
		o.text("    to", e.To.String(), true)
	}
	if e.Subscribe {
		o.line("    subscribe: true")
	}
	o.text("    reason", e.Reason, true)
	o.text("    role", string(e.Role), false)
	if e.Noselect {
		o.line("    noselect: true")
	} else {
		o.line("    messages: %s", amount(e.Messages))
		o.line("    bytes: %s", amount(e.Bytes))
		o.holds(e.Holds)
	}
	if e.Validity > 0 {
		o.line("    uidvalidity: %d", e.Validity)
	}
	o.wire("    source_wire", e.SourceWire, e.Source, from)
	o.there(e)
	o.text("    to_role", string(e.ToRole), false)
	if len(e.To) > 0 {
		o.wire("    to_wire", e.ToWire, e.To, to)
	}
}

// holds writes what was found in a mailbox; what there is none of has no line.
func (o *writer) holds(c *Contents) {
	if c == nil {
		return
	}
	o.line("    holds:")
	for _, t := range []struct {
		key string
		at  time.Time
	}{{"oldest", c.Oldest}, {"newest", c.Newest}} {
		if !t.at.IsZero() {
			o.line("      %s: %s", t.key, moment{t.at})
		}
	}
	o.line("      wanted: %d", c.Wanted)
	o.line("      wanted_bytes: %d", c.WantedBytes)
	for _, n := range []struct {
		key   string
		count int64
	}{{"unseen", c.Unseen}, {"too_large", c.TooLarge}, {"odd_dates", c.OddDates}, {"odd_flags", c.OddFlags}, {"keyworded", c.Keyworded}} {
		if n.count > 0 {
			o.line("      %s: %d", n.key, n.count)
		}
	}
}

func (o *writer) there(e *Entry) {
	if !e.There {
		return
	}
	o.line("    there:")
	o.text("      name", e.To.String(), true)
	o.line("      messages: %s", amount(e.ToMessages))
	if e.ToValidity > 0 {
		o.line("      uidvalidity: %s", strconv.FormatUint(uint64(e.ToValidity), 10))
	}
}

// wire writes the exact name where it is not what the decoded one encodes to.
func (o *writer) wire(key string, w mailbox.Wire, n mailbox.Name, delimiter string) {
	if canonical, err := mailbox.Encode(n, delimiter); err != nil || canonical != w {
		o.text(key, wireText(w), true)
	}
}
