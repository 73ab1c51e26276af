package view

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium that a test drives over its debugging pipe (Chrome DevTools Protocol). It is offline: every host name
// resolves to nothing. What its console says is kept, and so is every request it makes.
//
//	test ──fd 3, JSON and NUL──▶ chromium ──fd 4──▶ test
type browser struct {
	tb      testing.TB
	send    *os.File
	answers *bufio.Reader
	id      int
	session string
	// Console holds errors, warnings and uncaught exceptions since the page was opened; Requests the addresses asked for.
	Console, Requests []string
	loads             map[string]bool // loaders of documents that are there
}

// patience is how long a browser may live. It is no measure of anything: a machine under load is slow.
const patience = 5 * time.Minute

// newBrowser starts one; without Chromium the test is skipped, and fails under IMAPMIGRATE_REQUIRE_SERVERS=1.
func newBrowser(tb testing.TB) *browser {
	tb.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if os.Getenv("IMAPMIGRATE_REQUIRE_SERVERS") == "1" {
			tb.Fatal("there is no chromium here; `make setup` installs it")
		}
		tb.Skip("there is no chromium here; `make setup` installs it")
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	answers, theirAnswers, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	// Not tb.TempDir: helpers of the browser may still write there after it was killed, and that must fail no test.
	home, err := os.MkdirTemp("", "browser-*")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for range 20 {
			if os.RemoveAll(home) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	c := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-sync", "--disable-background-networking",
		"--disable-component-update", "--disable-breakpad", "--disable-crash-reporter", "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--window-size=1200,1600", "--user-data-dir="+home, "--remote-debugging-pipe", "about:blank")
	c.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	c.ExtraFiles = []*os.File{theirs, theirAnswers}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	_, _ = theirs.Close(), theirAnswers.Close()
	b := &browser{tb: tb, send: ours, answers: bufio.NewReaderSize(answers, 1<<20), loads: map[string]bool{}}
	watchdog := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	tb.Cleanup(func() {
		watchdog.Stop()
		_ = c.Process.Kill()
		_ = c.Wait()
		_, _ = ours.Close(), answers.Close()
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Page.setLifecycleEventsEnabled", map[string]any{"enabled": true}, nil)
	return b
}

// answer is what comes over the pipe: an answer with our id, or an event.
type answer struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

func (b *browser) call(method string, params any, into any) {
	b.tb.Helper()
	b.id++
	m := map[string]any{"id": b.id, "method": method}
	if params != nil {
		m["params"] = params
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, err := json.Marshal(m)
	if err != nil {
		b.tb.Fatal(err)
	}
	if _, err := b.send.Write(append(text, 0)); err != nil {
		b.tb.Fatalf("%s: the browser is gone: %v", method, err)
	}
	for {
		a := b.next(method)
		if a.ID != b.id {
			continue
		}
		if a.Error != nil {
			b.tb.Fatalf("%s: %s", method, a.Error.Message)
		}
		if into != nil {
			if err := json.Unmarshal(a.Result, into); err != nil {
				b.tb.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// next reads one message and notes what it tells.
func (b *browser) next(doing string) answer {
	b.tb.Helper()
	text, err := b.answers.ReadBytes(0)
	if err != nil {
		b.tb.Fatalf("%s: the browser is gone: %v", doing, err)
	}
	var a answer
	if err := json.Unmarshal(text[:len(text)-1], &a); err != nil {
		b.tb.Fatalf("%s: %v", doing, err)
	}
	switch a.Method {
	case "Page.lifecycleEvent":
		var stage struct{ LoaderID, Name string }
		_ = json.Unmarshal(a.Params, &stage)
		if stage.Name == "load" {
			b.loads[stage.LoaderID] = true
		}
	case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		b.Console = append(b.Console, string(a.Params))
	case "Network.requestWillBeSent":
		var sent struct{ Request struct{ URL string } }
		_ = json.Unmarshal(a.Params, &sent)
		b.Requests = append(b.Requests, sent.Request.URL)
	}
	return a
}

// open loads a page from a file, with a fragment if it is not empty, and waits until it is there.
func (b *browser) open(file, fragment string) {
	b.tb.Helper()
	absolute, err := filepath.Abs(file)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.navigate("about:blank") // a change of the fragment alone would load nothing
	b.Console, b.Requests = nil, nil
	address := url.URL{Scheme: "file", Path: absolute, Fragment: fragment}
	b.navigate(address.String())
}

func (b *browser) navigate(address string) {
	b.tb.Helper()
	var begun struct{ LoaderID, ErrorText string }
	b.call("Page.navigate", map[string]any{"url": address}, &begun)
	if begun.ErrorText != "" {
		b.tb.Fatalf("%s: %s", address, begun.ErrorText)
	}
	for !b.loads[begun.LoaderID] {
		b.next("open " + address)
	}
}

// eval runs an expression in the page and gives its value as text.
func (b *browser) eval(expression string) string {
	b.tb.Helper()
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &got)
	if got.ExceptionDetails != nil {
		b.tb.Fatalf("%s: %s", expression, got.ExceptionDetails)
	}
	return fmt.Sprint(got.Result.Value)
}

// write writes into an input as a person does: focus, then text that the browser inserts.
func (b *browser) write(id, text string) {
	b.tb.Helper()
	b.eval(fmt.Sprintf(`document.getElementById(%q).focus()`, id))
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// media has the page shown as on "screen" or "print", in the colours "light" or "dark".
func (b *browser) media(kind, colours string) {
	b.tb.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": kind, "features": []map[string]string{{"name": "prefers-color-scheme", "value": colours}}}, nil)
}

// screenshot writes what is shown into a PNG file and gives its bytes.
func (b *browser) screenshot(file string) []byte {
	b.tb.Helper()
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.tb.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		b.tb.Fatal(err)
	}
	return data
}

// harmless fails the test when the console said anything, or the page asked for anything but itself.
func (b *browser) harmless() {
	b.tb.Helper()
	for _, line := range b.Console {
		b.tb.Errorf("the console says: %s", line)
	}
	for _, address := range b.Requests {
		if !strings.HasPrefix(address, "file:") && !strings.HasPrefix(address, "about:") {
			b.tb.Errorf("the page asks for %s", address)
		}
	}
}
