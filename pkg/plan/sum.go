package plan

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
)

// Sum is the digest of what the plan means: SHA-256, as "sha256:" and 64 hexadecimal digits. In it are the format and the migration's name; host, port
// and user, delimiter, prefix and message limit of both sides; the message filter; and of each mailbox, in the order of the source's
// names, the action, the exact names, the source's UIDVALIDITY, and of the destination whether it was there, its UIDVALIDITY, the role
// wished for and the subscription. Of a skipped mailbox there is only the name. Not in it: white space, comments, the order of the
// file, when and by what it was made, the forecast, counts, sizes and dates, reasons and warnings, the servers' own names and keys.
func (p *Plan) Sum() string {
	h := sha256.New()
	p.canonical(h)
	return "sha256:" + mailbox.Digest(h.Sum(nil)).String()
}

// Edited reports whether the plan means something else than what the planner wrote.
func (p *Plan) Edited() bool { return p.Digest != p.Sum() }

func (p *Plan) canonical(w io.Writer) {
	fmt.Fprintf(w, "imapmigrate plan %d %q\n", p.Format, p.Name)
	p.Source.canonical(w, "source")
	p.Destination.canonical(w, "destination")
	fmt.Fprintf(w, "messages %s %s %d\n", instant(p.Messages.Since), instant(p.Messages.Before), p.Messages.MaxSize)
	sorted := make([]*Entry, len(p.Mailboxes))
	for i := range p.Mailboxes {
		sorted[i] = &p.Mailboxes[i]
	}
	slices.SortStableFunc(sorted, func(a, b *Entry) int { return strings.Compare(string(a.SourceWire), string(b.SourceWire)) })
	for _, e := range sorted {
		w.Write(e.canonical(nil))
	}
}

// canonical appends the entry's line; made by hand, because a plan may have very many.
func (e *Entry) canonical(line []byte) []byte {
	quote := func(s string) { line = strconv.AppendQuote(append(line, ' '), s) }
	number := func(n uint32) { line = strconv.AppendUint(append(line, ' '), uint64(n), 10) }
	line = append(line, e.Action...)
	quote(string(e.SourceWire))
	if e.Action != Skip {
		quote(e.Source.String())
		number(uint32(e.Validity))
		quote(string(e.ToWire))
		quote(e.To.String())
		line = strconv.AppendBool(append(line, ' '), e.There)
		number(uint32(e.ToValidity))
		quote(string(wishes(e)))
		line = strconv.AppendBool(append(line, ' '), e.Subscribe)
	}
	return append(line, '\n')
}

func (s Side) canonical(w io.Writer, which string) {
	fmt.Fprintf(w, "%s %q %d %q %q %q %d\n", which, strings.ToLower(s.Identity.Host), s.Identity.Port, s.Identity.User, s.Delimiter, s.Prefix.String(), s.AppendLimit)
	for _, f := range s.Foreign {
		fmt.Fprintf(w, "%s foreign %q %q\n", which, string(f.Prefix), f.Delimiter)
	}
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}
