package view

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var hostileBody = pageBody("hostile", `<h1>{{visible .}}</h1><table><tr data-find="{{visible .}}"><td class="name"><bdi>{{visible .}}</bdi></td></tr><tr data-find="sent 2020"><td>Sent/2020</td></tr></table>
<div class="filter"><input id="filter" type="search" aria-label="filter"><span id="filtered" class="soft"></span></div>`)

const hostileText = "</td><script>document.title='owned'</script><img src=https://example.org/x onerror=alert(1)>\"' \u202egnp.exe \x1b[31m \x00 caf\xe9 %s"

// TestPage holds the skeleton to what it promises, in a real browser: what a stranger wrote does nothing, the filter filters, in both
// colours and on paper, and nothing is asked for.
func TestPage(t *testing.T) {
	var text bytes.Buffer
	if err := writePage(&text, hostileText, hostileBody, hostileText); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(text.Bytes(), "\x00\x1b\u202e") || strings.Contains(text.String(), "<img") || strings.Count(text.String(), "<script>") != 1 {
		t.Errorf("not made harmless:\n%s", text.String())
	}
	file := filepath.Join(t.TempDir(), "page #1.html")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.open(file, "")
	b.harmless()
	if got := b.eval(`document.title.startsWith("</td><script>") && document.scripts.length === 1 && document.images.length === 0`); got != "true" {
		t.Errorf("the page is another one: %s", b.eval(`document.documentElement.outerHTML`))
	}
	const hidden = `Array.from(document.querySelectorAll("tr"), r => r.hidden).join()`
	if got := b.eval(hidden); got != "false,false" {
		t.Errorf("before: %s", got)
	}
	b.write("filter", "2020 SENT")
	if got := b.eval(hidden + ` + " " + document.getElementById("filtered").textContent`); got != "true,false 1 of 2" {
		t.Errorf("filtered: %s", got)
	}
	b.open(file, "owned café")
	if got := b.eval(hidden); got != "true,true" {
		t.Errorf("by the address: %s", got)
	}
	ground := map[string]bool{}
	for _, look := range [][2]string{{"screen", "light"}, {"screen", "dark"}, {"print", "dark"}} {
		b.media(look[0], look[1])
		ground[b.eval(`getComputedStyle(document.body).backgroundColor`)] = true
	}
	if len(ground) != 3 || b.eval(`getComputedStyle(document.querySelector(".filter")).display`) != "none" {
		t.Errorf("light, dark and paper look the same: %v", ground)
	}
	b.harmless()
	policyBites(t, b)
}

// policyBites: were something to get through all the same, the policy has the browser refuse it.
func policyBites(t *testing.T, b *browser) {
	var text bytes.Buffer
	body := pageBody("holes", `<p id="p" style="color:red" onclick="document.title='owned'">x</p><script>document.title='owned'</script><img src="https://example.org/x.png"><link rel="stylesheet" href="https://example.org/x.css">`)
	if err := writePage(&text, "title", body, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(file, "")
	b.eval(`document.getElementById("p").click()`)
	if got := b.eval(`document.title`); got != "title" {
		t.Errorf("the title is %q", got)
	}
	if len(b.Console) < 4 { // style, onclick, script and image or sheet
		t.Errorf("the console says %d things: %q", len(b.Console), b.Console)
	}
}

// full takes so many bytes and no more.
type full int

func (f *full) Write(p []byte) (int, error) {
	if *f -= full(len(p)); *f < 0 {
		return 0, errors.New("no room")
	}
	return len(p), nil
}

func TestPageTellsThatItCouldNotBeWritten(t *testing.T) {
	var whole bytes.Buffer
	if err := writePage(&whole, "t", hostileBody, "x"); err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, whole.Len() - 2000, whole.Len() - 1} {
		f := full(room)
		if err := writePage(&f, "t", hostileBody, "x"); err == nil {
			t.Errorf("with room for %d bytes nothing is said", room)
		}
	}
}
