package view

import (
	"cmp"
	"fmt"
	"slices"

	"imapmigrate/pkg/report"
)

// The picture's measures, in pixels.
const (
	pictureBars  = 40 // mailboxes shown; the table has all
	pictureWidth = 960
	barsFrom     = 230 // where the names end
	barsWidest   = 560
	barHeight    = 20
	pictureHead  = 26
)

// reportPicture is one bar a mailbox, in pieces by what became of its messages.
type reportPicture struct {
	Width, Height int
	Legend        []legend
	Bars          []barShape
	Rest          string
}

type legend struct {
	X, TextX    int
	Class, Text string
}

type barShape struct {
	Name, Short, Text string
	X, Y, TextY, EndX int
	Pieces            []piece
}

type piece struct {
	X, Width    int
	Class, Text string
}

// kinds are what a message of a mailbox can have come to, each in one of them.
var kinds = []struct {
	class, text string
	outcome     []string
	proof       []string
}{
	{"good", "proved", nil, []string{"verified"}},
	{"", "copied, not proved by content", nil, []string{"unverified", "metadata_verified"}},
	{"warn", "rolled back", []string{"rolled_back"}, nil},
	{"skip", "left out", []string{"excluded", "vanished"}, nil},
	{"bad", "needs attention", []string{"oversize", "refused", "in_doubt"}, []string{"altered", "missing"}},
}

// newReportPicture is nil when there is nothing to see.
func newReportPicture(r *report.Report) *reportPicture {
	shown := slices.DeleteFunc(slices.Clone(r.Mailboxes), func(m report.Mailbox) bool { return m.Superseded || m.Numbers.Messages.Messages == 0 })
	if len(shown) == 0 {
		return nil
	}
	slices.SortStableFunc(shown, func(a, b report.Mailbox) int {
		return cmp.Compare(b.Numbers.Messages.Messages, a.Numbers.Messages.Messages)
	})
	p := &reportPicture{Width: pictureWidth, Legend: newLegend()}
	if n := len(shown) - pictureBars; n > 0 {
		shown = shown[:pictureBars]
		p.Rest = fmt.Sprintf("The %d largest mailboxes; the table has the other %s too.", pictureBars, Count(n))
	}
	most := shown[0].Numbers.Messages.Messages
	for i, m := range shown {
		p.Bars = append(p.Bars, newBarShape(m, most, pictureHead+i*barHeight))
	}
	p.Height = pictureHead + len(shown)*barHeight + 4
	return p
}

func newLegend() (all []legend) {
	x := 0
	for _, k := range kinds {
		all = append(all, legend{X: x, TextX: x + 18, Class: k.class, Text: k.text})
		x += 42 + 7*len(k.text)
	}
	return all
}

func newBarShape(m report.Mailbox, most int64, y int) barShape {
	name := Visible(m.Name)
	b := barShape{Name: name, Short: Clip(m.Name, 30), X: barsFrom, Y: y, TextY: y + 11, Text: Count(m.Numbers.Messages.Messages)}
	x := barsFrom
	for _, k := range kinds {
		n := of(m.Numbers.Outcome, k.outcome...) + of(m.Numbers.Proof, k.proof...)
		if n == 0 {
			continue
		}
		// Nothing that is there disappears: one message among a million is still a line.
		width := max(2, int(n*barsWidest/max(most, 1)))
		b.Pieces = append(b.Pieces, piece{X: x, Width: width, Class: k.class, Text: fmt.Sprintf("%s: %s", name, Count(n)+" "+k.text)})
		x += width
	}
	b.EndX = x + 6
	return b
}
