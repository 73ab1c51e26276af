package view

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
)

func planPageFile(t *testing.T, p *plan.Plan) (file, text string) {
	t.Helper()
	var b bytes.Buffer
	if err := PlanHTML(&b, p); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "plan.html")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, b.String()
}

// TestPlanPage looks at the worked examples and at a plan full of malice as a person would, in a browser: everything is there, nothing is
// asked for, the console is silent, and the filter leaves what it is to leave.
func TestPlanPage(t *testing.T) {
	b := newBrowser(t)
	plans, err := filepath.Glob(filepath.Join("..", "..", "plans", "*.plan.yaml"))
	if err != nil || len(plans) < 3 {
		t.Fatalf("%d worked examples, %v", len(plans), err)
	}
	all := map[string]*plan.Plan{"malice": hostilePlan(), "sample": samplePlan()}
	for _, file := range plans {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if all[filepath.Base(file)], err = plan.Read(file, data); err != nil {
			t.Fatal(err)
		}
	}
	for name, p := range all {
		t.Run(name, func(t *testing.T) {
			b.tb = t
			file, text := planPageFile(t, p)
			for _, line := range strings.Split(text, "\n") {
				harmless(t, line)
			}
			b.open(file, "")
			looksComplete(t, b, p)
			shot := b.screenshot(filepath.Join(t.TempDir(), "plan.png"))
			if picture, err := png.Decode(bytes.NewReader(shot)); err != nil || picture.Bounds().Dx() != 1200 {
				t.Errorf("the screenshot is none: %v", err)
			}
			b.harmless()
		})
	}
	b.tb = t
	t.Run("filter", func(t *testing.T) { b.tb = t; filters(t, b) })
	b.tb = t
}

func looksComplete(t *testing.T, b *browser, p *plan.Plan) {
	t.Helper()
	totals := p.Totals()
	for expression, want := range map[string]int{
		`document.querySelectorAll("tbody tr").length`:                                                totals.Mailboxes,
		`document.querySelectorAll("svg g > path").length`:                                            totals.Mailboxes - totals.Skip,
		`document.querySelectorAll(".notice[id]").length`:                                             len(p.Warnings),
		`document.scripts.length`:                                                                     1,
		`document.images.length + document.links.length + document.querySelectorAll("iframe").length`: 0,
	} {
		if got := b.eval(expression); got != strconv.Itoa(want) {
			t.Errorf("%s is %s, want %d", expression, got, want)
		}
	}
	shown := b.eval(`document.body.innerText`)
	for _, e := range p.Mailboxes {
		for _, text := range []string{e.Source.String(), e.Reason} {
			if squeezed := strings.Join(strings.Fields(Visible(text)), " "); !strings.Contains(strings.Join(strings.Fields(shown), " "), squeezed) {
				t.Errorf("%q is not on the page", squeezed)
			}
		}
	}
	if p.Sum() == "" || !strings.Contains(shown, p.Sum()) {
		t.Error("the digest is not on the page")
	}
	if got := b.eval(`document.documentElement.scrollWidth <= window.innerWidth`); got != "true" {
		t.Error("the page is wider than the window")
	}
	first := b.eval(`document.querySelector("#warnings").getBoundingClientRect().top < document.querySelector("#mailboxes").getBoundingClientRect().top`)
	if first != "true" {
		t.Error("the warnings do not come first")
	}
}

// filters types into the filter, and has the address filter.
func filters(t *testing.T, b *browser) {
	file, _ := planPageFile(t, samplePlan())
	const rows = `Array.from(document.querySelectorAll("tbody tr:not([hidden]) td.name:first-child"), e => e.innerText).join("|")`
	b.open(file, "")
	b.write("filter", "skip")
	if got := b.eval(rows); got != "送信済み/2014" {
		t.Errorf("filtered by an action: %q", got)
	}
	if got := b.eval(`document.getElementById("filtered").innerText`); got != "1 of 4" {
		t.Errorf("%q", got)
	}
	if got := b.eval(`Array.from(document.querySelectorAll("svg g[hidden]")).length > 0 && getComputedStyle(document.querySelector("svg g[hidden]")).opacity < 0.5`); got != "true" {
		t.Error("the picture does not follow the filter")
	}
	b.open(file, "sent create")
	if got := b.eval(rows); got != `Gesendet \u202egnp.exe \Sent` {
		t.Errorf("filtered by the address: %q", got)
	}
	b.harmless()
}

// hostilePlan has a stranger's text wherever one can stand.
func hostilePlan() *plan.Plan {
	p := samplePlan()
	p.Name, p.Tool, p.Digest = hostileText, hostileText, hostileText
	p.Source.Identity.Server, p.Destination.Identity.User = hostileText, hostileText
	p.Mailboxes = nil
	for i, action := range []plan.Action{plan.Create, plan.Merge, plan.Structure, plan.Skip} {
		p.Mailboxes = append(p.Mailboxes, plan.Entry{Source: mailbox.Name{hostileText, fmt.Sprint(i), strings.Repeat("w", 300)}, SourceWire: mailbox.Wire(fmt.Sprint(i)), Action: action,
			To: mailbox.Name{hostileText, "' onload='alert(1)", fmt.Sprint(i)}, Role: mailbox.Role(hostileText), Reason: hostileText, Messages: 1, Bytes: 1, Noselect: action == plan.Structure})
	}
	p.Warnings = []plan.Warning{{Number: 1, Text: hostileText, Next: hostileText}}
	return p
}

// TestPlanPageOfALargeAccount: the page of ten thousand mailboxes stays one that a browser can hold.
func TestPlanPageOfALargeAccount(t *testing.T) {
	p := samplePlan()
	p.Mailboxes = nil
	for i := range 10_000 {
		n := mailbox.Name{"Projects", fmt.Sprint(i % 100), fmt.Sprintf("%d at work", i)}
		p.Mailboxes = append(p.Mailboxes, plan.Entry{Source: n, SourceWire: mailbox.Wire(n.String()), Action: plan.Create, To: n, ToWire: mailbox.Wire(n.String()), Messages: 20, Bytes: 4000, Reason: "its own name"})
	}
	var b bytes.Buffer
	if err := PlanHTML(&b, p); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "<tr data-find"); got != 10_000 || b.Len() > 20<<20 {
		t.Errorf("%d rows in %d bytes", got, b.Len())
	}
}
