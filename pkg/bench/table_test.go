package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// report prints what was measured, and the bars. It gives how many of those were missed.
func report(w io.Writer, all []measured) (missed int) {
	table(w, all)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "bar\tmeasured\twanted\t")
	for _, b := range bars(all) {
		verdict := "ok"
		if !b.met {
			verdict = "MISSED"
			missed++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", b.what, b.measured, b.wanted, verdict)
	}
	t.Flush()
	return missed
}

func table(w io.Writer, all []measured) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "corpus\tround trip\ttool\tstep\tseconds\tover floor\tmessages/s\tCPU s\tpeak MiB\tconnections\twaits\tMB on the wire\t\t")
	for _, m := range all {
		over, rate := "-", "-"
		if floor, ok := floorOver(all, m.corpus, m.delay); ok && m.step == "copy" {
			over = fmt.Sprintf("%.2f", m.wall.Seconds()/floor.wall.Seconds())
		}
		if m.step == "copy" || m.step == "verify" {
			rate = fmt.Sprintf("%.0f", float64(m.messages)/m.wall.Seconds())
		}
		seen := "-\t-\t-"
		if m.delay > 0 {
			seen = fmt.Sprintf("%d\t%d\t%.1f", m.connections, m.waits, float64(m.bytes)/1e6)
		}
		fmt.Fprintf(t, "%s\t%v\t%s\t%s\t%s%.2f\t%s\t%s\t%.2f\t%d\t%s\t\t%s\n", m.corpus, m.delay, m.tool, m.step, atLeast(m), m.wall.Seconds(), over, rate,
			m.cpu.Seconds(), m.rss>>20, seen, remark(m))
	}
	t.Flush()
}

func atLeast(m measured) string {
	if m.stopped {
		return ">"
	}
	return ""
}

func remark(m measured) string {
	switch {
	case m.stopped:
		return "stopped at the limit"
	case m.err != nil:
		return strings.TrimSpace(m.compared.String() + " " + firstLine(m.err))
	}
	return m.compared.String()
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line[:min(len(line), 60)]
}

// floorOver is the fastest way that raw sockets have found.
func floorOver(all []measured, corpus string, delay time.Duration) (best measured, ok bool) {
	for _, m := range all {
		if strings.HasPrefix(m.tool, "floor") && m.corpus == corpus && m.delay == delay && (!ok || m.wall < best.wall) {
			best, ok = m, true
		}
	}
	return best, ok
}

func find(all []measured, tool, step, corpus string, delay time.Duration) (measured, bool) {
	for _, m := range all {
		if m.tool == tool && m.step == step && m.corpus == corpus && m.delay == delay {
			return m, true
		}
	}
	return measured{}, false
}

// bar is one line of what we hold ourselves to.
type bar struct {
	what, measured, wanted string
	met                    bool
}

func atMost(what string, got, most float64, unit string) bar {
	return bar{what, fmt.Sprintf("%.2f%s", got, unit), fmt.Sprintf("at most %.4g%s", most, unit), got <= most}
}

// bars are those that what was measured says something about.
func bars(all []measured) (out []bar) {
	var peak int64
	for _, m := range all {
		if m.tool != "ours" {
			continue
		}
		peak = max(peak, m.rss)
		switch m.step {
		case "copy":
			out = append(out, copyBars(all, m)...)
		case "again":
			most := map[bool]float64{true: 0.3, false: 1}[m.delay == 0 && m.corpus == "medium"]
			out = append(out, atMost(fmt.Sprintf("%s, %v: nothing to do", m.corpus, m.delay), m.wall.Seconds(), most, " s"))
		}
	}
	return append(out, atMost("peak memory of ours, any step", float64(peak>>20), 150, " MiB"))
}

// faster is how much faster than a peer the copy has to be, on loopback and over a line.
var faster = map[string][2]float64{"mbsync": {7, 10}, "imapsync": {10, 60}, "doveadm": {1.2, 3}}

func copyBars(all []measured, m measured) (out []bar) {
	what := fmt.Sprintf("%s, %v: copy ", m.corpus, m.delay)
	if floor, ok := floorOver(all, m.corpus, m.delay); ok && m.delay == 0 {
		out = append(out, atMost(what+"over the floor", m.wall.Seconds()/floor.wall.Seconds(), map[string]float64{"medium": 1.4, "many": 1.5}[m.corpus], ""))
		if m.corpus == "medium" {
			out = append(out, atMost(what+"CPU seconds over the floor's", m.cpu.Seconds()/floor.cpu.Seconds(), 4, ""))
		}
	}
	if near, ok := find(all, "ours", "copy", m.corpus, 0); ok && m.delay > 0 {
		out = append(out, atMost(what+"over our own without delay", m.wall.Seconds()/near.wall.Seconds(), 1.3, ""))
	}
	for _, peer := range []string{"mbsync", "imapsync", "doveadm"} {
		p, ok := find(all, peer, "copy", m.corpus, m.delay)
		if !ok {
			continue
		}
		least := faster[peer][0]
		if m.delay > 0 {
			least = faster[peer][1]
		}
		ratio := p.wall.Seconds() / m.wall.Seconds()
		out = append(out, bar{what + "against " + peer, fmt.Sprintf("%s%.1f times as fast", atLeast(p), ratio), fmt.Sprintf("at least %.4g", least), ratio >= least})
	}
	return out
}
