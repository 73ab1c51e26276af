package view

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"time"

	"imapmigrate/pkg/report"
)

//go:embed reportpage.html
var reportPageText string

var reportPageBody = pageBody("report", reportPageText)

// pageMessages is how many messages a page names in each list; a browser shows no more with pleasure. The JSON form has them all.
const pageMessages = 5000

// reportPage is a report as the page shows it. Texts of servers are in it as they came; the page makes them visible.
type reportPage struct {
	*report.Report
	Clean         bool
	Verdict, Next string
	Tiles         []tile
	Picture       *reportPicture
	Mailboxes     []pageMailbox
	Sum           pageMailbox
	LeftOut       []fact
	Stopped       []report.Mailbox
	Proved        int64
	ProofFacts    []fact
	Digests       []report.Mailbox
	Gates         []pageGate
	Removed       string
	Subjects      bool

	Problems, Notes         []report.Message
	MoreProblems, MoreNotes int64
}

type tile struct{ Value, Text, Class string }

type fact struct{ Text, Value string }

type pageMailbox struct {
	Name, Dest, Remark                                                   string
	Made                                                                 bool
	Messages, Bytes, There, Proved, LeftOut, Attention, RolledBack, Gone int64
}

type pageGate struct {
	Title string
	Facts []fact
}

// ReportPage writes a report as one self-contained HTML page for the customer: what moved and what did not, why, how it is proved, who approved
// which removal, and what was removed.
func ReportPage(w io.Writer, r *report.Report) error {
	return writePage(w, "Mail migration "+r.Name, reportPageBody, newReportPage(r))
}

func newReportPage(r *report.Report) *reportPage {
	p := &reportPage{Report: r, Clean: r.Clean(), Next: next(r), Picture: newReportPicture(r), Proved: r.Totals.Proof["verified"].Messages}
	p.Sum = onPage(report.Mailbox{Numbers: r.Totals})
	p.Verdict = verdict(r, p.Sum)
	p.Tiles = tiles(r, p.Sum)
	for _, m := range r.Mailboxes {
		p.Mailboxes = append(p.Mailboxes, onPage(m))
		if m.Problem != "" && !m.Superseded {
			p.Stopped = append(p.Stopped, m)
		}
		if m.Mapping != "" && !m.Superseded {
			p.Digests = append(p.Digests, m)
		}
	}
	p.LeftOut = leftOutFacts(r)
	p.ProofFacts = proofFacts(r)
	p.Gates = gates(r)
	p.Removed = removed(r)
	p.Problems, p.MoreProblems = someOf(r.Problems, r.MoreProblems)
	p.Notes, p.MoreNotes = someOf(r.Notes, r.MoreNotes)
	for _, m := range append(p.Problems[:len(p.Problems):len(p.Problems)], p.Notes...) {
		p.Subjects = p.Subjects || m.Subject != ""
	}
	return p
}

func someOf(all []report.Message, more int64) ([]report.Message, int64) {
	n := min(len(all), pageMessages)
	return all[:n], more + int64(len(all)-n)
}

// of adds up the messages of some outcomes, proofs or steps.
func of(counts map[string]report.Count, keys ...string) (n int64) {
	for _, k := range keys {
		n += counts[k].Messages
	}
	return n
}

func onPage(m report.Mailbox) pageMailbox {
	n := m.Numbers
	return pageMailbox{
		Name: m.Name, Dest: m.Dest, Made: m.Made, Remark: remark(m), Messages: n.Messages.Messages, Bytes: n.Messages.Bytes,
		There: of(n.Outcome, "copied", "already_there"), Proved: of(n.Proof, "verified"), LeftOut: of(n.Outcome, "excluded", "vanished"),
		Attention: n.Attention, RolledBack: of(n.Outcome, "rolled_back"), Gone: of(n.Removal, "gone"),
	}
}

func remark(m report.Mailbox) string {
	switch {
	case m.Superseded:
		return "recorded under an earlier uidvalidity; not in the sums"
	case m.Problem != "":
		return m.Problem + "; " + m.Next
	}
	return ""
}

func verdict(r *report.Report, sum pageMailbox) string {
	switch {
	case !r.Clean():
		return fmt.Sprintf("Not everything is as it should be: %s and %s need attention.", Plural(r.Totals.Attention+r.Totals.Unaccounted, "message"), Plural(r.Totals.Unfinished, "mailbox"))
	case sum.RolledBack > 0:
		return fmt.Sprintf("Every message is accounted for. %s rolled back: the copies were taken from the destination again.", areRolledBack(sum.RolledBack))
	case sum.There > sum.Proved:
		return "Every message is accounted for; not all copies are proved by content yet."
	}
	return "Every message is accounted for, and every copy is proved by content."
}

func areRolledBack(n int64) string {
	if n == 1 {
		return "1 message is"
	}
	return Plural(n, "message") + " are"
}

func tiles(r *report.Report, sum pageMailbox) []tile {
	all := []tile{
		{Count(sum.There), "messages on the destination", ""},
		{Bytes(r.Totals.Outcome["copied"].Bytes + r.Totals.Outcome["already_there"].Bytes), "in them", ""},
		{Count(int64(len(r.Mailboxes))), "mailboxes", ""},
		{Count(sum.Proved), "proved by content", "good"},
	}
	for _, t := range []struct {
		n           int64
		text, class string
	}{
		{r.Totals.Attention + r.Totals.Unaccounted, "need attention", "bad"}, {sum.LeftOut, "left out by the plan, or gone before the copy", "skip"},
		{sum.Gone, "removed from the source", ""}, {sum.RolledBack, "rolled back from the destination", "warn"},
	} {
		if t.n > 0 {
			all = append(all, tile{Count(t.n), t.text, t.class})
		}
	}
	return all
}

// leftOutFacts are the messages that did not move and need nobody.
func leftOutFacts(r *report.Report) (facts []fact) {
	for _, o := range []struct{ key, text, why string }{
		{"excluded", "excluded", "the plan leaves them out, by date or size; they stay on the source"},
		{"vanished", "vanished", "they left the source, by somebody else's hand, before they could be read"},
		{"rolled_back", "rolled back", "they were copied, and an approved rollback took the copies away again; the source has the originals"},
	} {
		if n := r.Totals.Outcome[o.key].Messages; n > 0 {
			facts = append(facts, fact{o.text, Plural(n, "message") + ": " + o.why})
		}
	}
	return facts
}

func proofFacts(r *report.Report) (facts []fact) {
	if t := r.Totals; !t.ProvedFirst.IsZero() {
		facts = append(facts, fact{"proved between", stamp(t.ProvedFirst) + " and " + stamp(t.ProvedLast)})
	}
	for _, k := range []struct{ key, text string }{{"metadata_verified", "proved by metadata only"}, {"unverified", "not verified"}, {"altered", "altered"}, {"missing", "missing"}} {
		if n := r.Totals.Proof[k.key].Messages; n > 0 {
			facts = append(facts, fact{k.text, Plural(n, "message")})
		}
	}
	if r.Plan != "" {
		facts = append(facts, fact{"plan", r.Plan})
	}
	facts = append(facts, fact{"source", account(r.Source)}, fact{"destination", account(r.Destination)})
	for _, text := range inClearText(r) {
		facts = append(facts, fact{"clear text", text})
	}
	return facts
}

func stamp(t time.Time) string { return t.UTC().Format(minute) }

func gates(r *report.Report) (all []pageGate) {
	if r.Checkpoint != nil || r.Approval != nil {
		all = append(all, pageGate{"Purge: removal from the source", gateFacts(r.Checkpoint, r.Approval)})
	}
	if g := r.Rollback; g != nil {
		all = append(all, pageGate{"Rollback: removal of the copies", gateFacts(g.Checkpoint, g.Approval)})
	}
	return all
}

func gateFacts(c *report.Checkpoint, a *report.Approval) (facts []fact) {
	if c != nil {
		facts = append(facts, fact{"checkpoint", fmt.Sprintf("%s, %s, made %s", Plural(c.Messages, "message"), Bytes(c.Bytes), stamp(c.Created))}, fact{"its digest", c.Digest})
	}
	if a == nil {
		return append(facts, fact{"approved by", "nobody"})
	}
	for _, y := range a.Given {
		facts = append(facts, fact{"approved by", y.By.String() + ", " + stamp(y.At)})
		if y.Key != "" {
			facts = append(facts, fact{"signed with", y.Key})
		}
		if y.Note != "" {
			facts = append(facts, fact{"note", y.Note})
		}
	}
	return append(facts, fact{"of digest", a.Checkpoint}, fact{"holds", holds(a)})
}

func holds(a *report.Approval) string {
	if a.Valid {
		return "until " + stamp(a.Expires)
	}
	return "no: " + strings.TrimSpace(a.Why)
}

// removed says in one sentence what has gone where.
func removed(r *report.Report) string {
	gone, back := r.Totals.Removal["gone"], r.Totals.Outcome["rolled_back"]
	under := of(r.Totals.Removal, "purging", "rolling_back")
	text := fmt.Sprintf("Removed so far: %s (%s) from the source, %s (%s) from the destination.", Plural(gone.Messages, "message"), Bytes(gone.Bytes), Plural(back.Messages, "message"), Bytes(back.Bytes))
	if under > 0 {
		text += fmt.Sprintf(" Of %s the removal was begun and not finished: run the same command again.", Plural(under, "message"))
	}
	return text
}

// whatOf says an outcome and a proof in words.
func whatOf(m report.Message) string {
	what := words(m.Outcome)
	if m.Proof != "" && m.Proof != "unverified" {
		what += ", " + words(m.Proof)
	}
	return what
}
