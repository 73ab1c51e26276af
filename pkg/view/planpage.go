package view

import (
	_ "embed"
	"io"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

//go:embed planpage.html
var planPageText string

var planPageBody = pageBody("plan", planPageText)

// PlanHTML writes a plan as one page that needs nothing else: for the person who decides, who may never have seen IMAP.
func PlanHTML(w io.Writer, p *plan.Plan) error {
	t := p.Totals()
	d := planPage{Plan: p, From: account(p.Source.Identity), To: account(p.Destination.Identity), Filter: filter(p.Messages), Forecast: forecast(p.Forecast), Sum: p.Sum(), Edited: p.Edited(),
		Totals: t, Mailboxes: int64(t.Mailboxes), Warnings: int64(len(p.Warnings)), Bytes: t.Bytes, Picture: planPicture(p)}
	if d.Filtered = t.Wanted >= 0 && t.Wanted != t.Messages; d.Filtered {
		d.Bytes = t.WantedBytes
	}
	d.Actions = []planPageAction{{plan.Create, int64(t.Create), "made, then copied into"}, {plan.Merge, int64(t.Merge), "added to"},
		{plan.Structure, int64(t.Structure), "a name only"}, {plan.Skip, int64(t.Skip), "left out"}}
	for i := range p.Mailboxes {
		d.Rows = append(d.Rows, planPageRow(&p.Mailboxes[i]))
	}
	return writePage(w, "Plan "+p.Name, planPageBody, d)
}

// planPage is what planpage.html shows.
type planPage struct {
	Plan             *plan.Plan
	From, To, Filter string
	Forecast, Sum    string
	Edited, Filtered bool
	Totals           plan.Totals
	Mailboxes        int64
	Warnings         int64
	Bytes            int64
	Actions          []planPageAction
	Picture          picture
	Rows             []planRow
}

type planPageAction struct {
	Action plan.Action
	Count  int64
	Means  string
}

// planRow is one mailbox in the table; its texts are visible already.
type planRow struct {
	Source, Role, Action, Class, To, Messages, Bytes, Dates, Reason, Find string
	Notes                                                                 []string
}

func planPageRow(e *plan.Entry) planRow {
	r := planRow{Source: Visible(e.Source.String()), Role: Visible(string(e.Role)), Action: string(e.Action), To: Visible(e.To.String()), Messages: known(e.Messages), Bytes: Bytes(e.Bytes),
		Reason: Visible(e.Reason), Find: planFind(e)}
	switch {
	case e.Action == plan.Skip:
		r.To, r.Class = "–", "skip"
	case e.Action == plan.Merge:
		r.Class = "warn"
	}
	if e.Noselect {
		r.Messages, r.Bytes = "–", "–"
	}
	if h := e.Holds; h != nil {
		r.Dates, r.Notes = years(h.Oldest, h.Newest), planNotes(h)
	}
	return r
}

// years is from when to when messages are.
func years(oldest, newest time.Time) string {
	switch {
	case newest.IsZero():
		return ""
	case oldest.Equal(newest):
		return oldest.Format(time.DateOnly)
	}
	return oldest.Format(time.DateOnly) + " to " + newest.Format(time.DateOnly)
}

// planNotes are what will not arrive as it is.
func planNotes(h *plan.Contents) []string {
	var out []string
	for _, n := range []struct {
		count int64
		text  string
	}{{h.TooLarge, "too large for the destination"}, {h.OddDates, "without a date that every server takes"}, {h.OddFlags, "with a flag that cannot be sent"}} {
		if n.count > 0 {
			out = append(out, Plural(n.count, "message")+" "+n.text)
		}
	}
	return out
}

// planFind is the text that the filter looks in.
func planFind(e *plan.Entry) string {
	return Visible(strings.Join([]string{e.Source.String(), e.To.String(), string(e.Action), string(e.Role), e.Reason}, " "))
}

// picture is the two sides as trees, and the lines between them. All lengths are in pixels of an unscaled page.
type picture struct {
	Width, Height, Right  int
	Sources, Destinations []knot
	Twigs                 []twig
}

// knot is one mailbox in the picture. The line of a source goes from (LineX, LineY) to (EndX, EndY).
type knot struct {
	X, Y, LineX, LineY, MiddleX, EndX, EndY int
	Text, Title, Class, Find                string
	Skipped                                 bool // source: not copied; destination: no mailbox of the source goes there
}

// twig joins a mailbox to its parent.
type twig struct{ X, From, To, End int }

const (
	pictureTop    = 36
	pictureLine   = 20
	pictureIndent = 14
	pictureColumn = 420
	pictureGap    = 160
	pictureLetter = 7 // an average one
)

func planPicture(p *plan.Plan) picture {
	pic := picture{Width: 2*pictureColumn + pictureGap, Right: pictureColumn + pictureGap + 8}
	var sources, destinations []mailbox.Name
	finds := map[string]string{} // of each destination, by its name
	for i := range p.Mailboxes {
		e := &p.Mailboxes[i]
		sources = append(sources, e.Source)
		if e.Action == plan.Skip {
			continue
		}
		destinations = append(destinations, e.To)
		if key := e.To.String(); len(finds[key]) < most {
			finds[key] += " " + planFind(e)
		}
	}
	left := newForest(sources, false)
	right := newForest(destinations, true)
	place := map[string]int{}
	for i, n := range right.names {
		place[n.String()] = i
		k := right.knot(i, pic.Right)
		k.Find = finds[n.String()]
		k.Skipped = k.Find == ""
		pic.Destinations = append(pic.Destinations, k)
	}
	for i := range p.Mailboxes {
		e := &p.Mailboxes[i]
		k := left.knot(i, 8)
		k.Find, k.Class, k.Skipped = planFind(e), string(e.Action), e.Action == plan.Skip
		if !k.Skipped {
			end := pic.Destinations[place[e.To.String()]]
			k.LineX, k.LineY = min(k.X+pictureLetter*Width(k.Text)+8, pictureColumn), k.Y-4
			k.EndX, k.EndY = end.X-6, end.Y-4
			k.MiddleX = (k.LineX + k.EndX) / 2
		}
		pic.Sources = append(pic.Sources, k)
	}
	pic.Twigs = append(left.twigs(8), right.twigs(pic.Right)...)
	pic.Height = pictureTop + pictureLine*max(len(left.names), len(right.names)) + 8
	return pic
}

// forest is names as a tree is drawn: each with its depth below the nearest name that is there.
type forest struct {
	names  []mailbox.Name
	parent []int // place of the nearest name above, -1 for none
	depth  []int
}

// newForest takes names in the order given; with grown it sorts them, takes each once, and adds the parents that are missing.
func newForest(names []mailbox.Name, grown bool) *forest {
	f := &forest{names: names}
	if grown {
		f.names = withParents(names)
	}
	place := make(map[string]int, len(f.names))
	for i, n := range f.names {
		parent, depth := -1, 0
		for up := n.Parent(); len(up) > 0; up = up.Parent() {
			if at, there := place[up.String()]; there {
				parent, depth = at, f.depth[at]+1
				break
			}
		}
		if _, twice := place[n.String()]; !twice {
			place[n.String()] = i
		}
		f.parent, f.depth = append(f.parent, parent), append(f.depth, depth)
	}
	return f
}

// knot draws the i-th name in the column that begins at x: its last parts, below what its parent shows.
func (f *forest) knot(i, x int) knot {
	text := f.names[i]
	if at := f.parent[i]; at >= 0 {
		text = text[len(f.names[at]):]
	}
	k := knot{X: x + pictureIndent*min(f.depth[i], 12), Y: pictureTop + pictureLine*i + 12, Title: Visible(f.names[i].String())}
	k.Text = Clip(text.String(), (x+pictureColumn-k.X-10)/pictureLetter)
	return k
}

func (f *forest) twigs(x int) []twig {
	var out []twig
	for i, at := range f.parent {
		if at < 0 || f.depth[i] > 12 {
			continue
		}
		left := x + pictureIndent*f.depth[at] + 4
		out = append(out, twig{X: left, From: pictureTop + pictureLine*at + 16, To: pictureTop + pictureLine*i + 8, End: left + pictureIndent - 6})
	}
	return out
}

// withParents sorts names, INBOX first, each once, with all that lies above them.
func withParents(names []mailbox.Name) []mailbox.Name {
	seen := make(map[string]bool, len(names))
	var out []mailbox.Name
	for _, n := range names {
		for ; len(n) > 0 && !seen[n.String()]; n = n.Parent() {
			seen[n.String()] = true
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b mailbox.Name) int {
		if in, other := a[0] == mailbox.Inbox, b[0] == mailbox.Inbox; in != other {
			if in {
				return -1
			}
			return 1
		}
		return slices.Compare(a, b)
	})
	return out
}
