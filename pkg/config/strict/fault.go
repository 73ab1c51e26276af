package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a file. Lines and columns count from 1, columns in characters.
type Fault struct {
	File         string
	Line, Column int
	Text         string // what is wrong
	Next         string // what to do about it; may be empty
}

// Error is the fault as one line: file:line:column: what is wrong; next step.
func (f Fault) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
	if f.Next != "" {
		s += "; " + f.Next
	}
	return s
}

// Faults are all that is wrong in a file, in the order of their places.
type Faults []Fault

// shown bounds what one error prints, kept what one file can make us hold.
const (
	shown = 50
	kept  = 1000
)

// Error has one fault a line.
func (fs Faults) Error() string {
	lines := make([]string, 0, len(fs))
	for i, f := range fs {
		if i == shown {
			lines = append(lines, fmt.Sprintf("%s: and %d more faults; mend these first", f.File, len(fs)-shown))
			break
		}
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

func (fs Faults) sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
