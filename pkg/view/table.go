package view

import (
	"io"
	"strings"
)

// column says how a table shows one of its columns.
type column struct {
	title string
	right bool // numbers
	rigid bool // never narrower than its widest cell
	below bool // of the last column: where it does not fit, it goes below the rest of its row, in lines of their own
}

// table is rows of cells that line up by what a terminal shows, not by bytes or runes. Cells are made visible when they are added.
type table struct {
	columns []column
	rows    [][]string
	indent  string
}

const (
	gap       = "  "
	narrowest = 8 // columns that a cell is left with when the terminal is small
)

func (t *table) add(cells ...string) {
	row := make([]string, len(t.columns))
	for i := range row {
		if i < len(cells) {
			row[i] = Visible(cells[i])
		}
	}
	t.rows = append(t.rows, row)
}

// write prints the table in at most width columns; longer cells go on in the next line. 0 is as wide as it needs to be.
func (t *table) write(w io.Writer, width int) error {
	columns, below := t.columns, -1
	if last := len(columns) - 1; columns[last].below && width > 0 && t.needs(columns) > width {
		columns, below = columns[:last], last
	}
	widths := t.widths(columns, width)
	var b strings.Builder
	titles := make([]string, len(t.columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	if strings.Join(titles, "") != "" {
		t.writeRow(&b, columns, titles, widths)
	}
	for _, row := range t.rows {
		t.writeRow(&b, columns, row, widths)
		if below >= 0 && row[below] != "" {
			paragraph(&b, width, t.indent+"    ", "", row[below])
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// needs is how wide the table is with nothing broken.
func (t *table) needs(columns []column) int {
	total := len(t.indent) + len(gap)*(len(columns)-1)
	for i := range columns {
		total += t.widest(i)
	}
	return total
}

func (t *table) widest(i int) int {
	n := Width(t.columns[i].title)
	for _, row := range t.rows {
		n = max(n, Width(row[i]))
	}
	return n
}

// widths gives each column what it needs, and takes from the widest that may give until all fits.
func (t *table) widths(columns []column, width int) []int {
	widths := make([]int, len(columns))
	for i := range columns {
		widths[i] = t.widest(i)
	}
	for total := t.needs(columns); width > 0 && total > width; total-- {
		widest := -1
		for i, c := range columns {
			if !c.rigid && widths[i] > narrowest && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

func (t *table) writeRow(b *strings.Builder, columns []column, cells []string, widths []int) {
	wrapped := make([][]string, len(columns))
	height := 1
	for i := range columns {
		wrapped[i] = wrap(cells[i], widths[i])
		height = max(height, len(wrapped[i]))
	}
	for line := range height {
		var text strings.Builder
		text.WriteString(t.indent)
		for i := range columns {
			cell := ""
			if line < len(wrapped[i]) {
				cell = wrapped[i][line]
			}
			pad := strings.Repeat(" ", max(0, widths[i]-Width(cell)))
			if columns[i].right {
				cell = pad + cell
			} else {
				cell += pad
			}
			if i > 0 {
				text.WriteString(gap)
			}
			text.WriteString(cell)
		}
		b.WriteString(strings.TrimRight(text.String(), " "))
		b.WriteByte('\n')
	}
}

// wrap breaks text into lines of at most width columns, after a space or a "/" in the second half of a line, else anywhere.
func wrap(text string, width int) []string {
	var lines []string
	for Width(text) > width {
		head, rest := split(text, width)
		if head == "" { // one character is wider than the column: better too wide than for ever
			head, rest = split(text, 2)
			if head == "" {
				break
			}
		}
		if !strings.HasPrefix(rest, " ") {
			if at := strings.LastIndexAny(head, " /"); at >= len(head)/2 && at+1 < len(head) {
				head, rest = head[:at+1], head[at+1:]+rest
			}
		}
		lines = append(lines, strings.TrimRight(head, " "))
		text = strings.TrimLeft(rest, " ")
	}
	return append(lines, text)
}

// paragraph writes text, which is ours or made visible, in lines of at most width columns; those after the first are indented by hang more.
func paragraph(b *strings.Builder, width int, indent, hang, text string) {
	if width <= 0 {
		b.WriteString(indent + text + "\n")
		return
	}
	for i, line := range wrap(text, max(20, width-len(indent)-len(hang))) {
		if i > 0 {
			b.WriteString(hang)
		}
		b.WriteString(indent + line + "\n")
	}
}
