package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/demo"
)

// bomb is a file that is meant to cost more than it is worth.
type bomb struct {
	name string
	text string
	size int64 // beyond the text, in holes
}

func bombs() []bomb {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < 12; i++ {
		n := string(rune('a' + i))
		laughs.WriteString(n + ": &" + n + "x [" + strings.TrimSuffix(strings.Repeat("*"+map[bool]string{true: "a0", false: string(rune('a'+i-1)) + "x"}[i == 1]+", ", 9), ", ") + "]\n")
	}
	return []bomb{
		{name: "1 GB of nothing", size: 1 << 30},
		{name: "1 GB behind a beginning", text: "version: 1\nname: a\n", size: 1 << 30},
		{name: "aliases of aliases", text: laughs.String()},
		{name: "merge keys", text: "a: &a {b: 1}\nversion: {<<: *a}\n"},
		{name: "NUL", text: "version: 1\nname: a\x00b\n"},
		{name: "nested lists", text: "version: " + strings.Repeat("[", 500_000)},
		{name: "nested keys", text: strings.Repeat("{a: ", 200_000)},
		{name: "two documents", text: "version: 1\n---\nversion: 1\n"},
		{name: "not UTF-8", text: "version: 1\nname: \xff\xfe\n"},
		{name: "a long line", text: "name: \"" + strings.Repeat("x", 900_000) + "\"\n"},
		{name: "many faults", text: strings.Repeat("unknown key: 1\n", 50_000)},
	}
}

// TestFilesThatAreBombs has each file that a person may have been given be one: it is refused, soon, and in little memory.
func TestFilesThatAreBombs(t *testing.T) {
	dir := t.TempDir()
	scene, err := demo.Prepare(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	good, err := os.ReadFile(scene.Config)
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (cli.Code, string) {
		var said bytes.Buffer
		return cli.Run(t.Context(), append([]string{"-c", scene.Config, "--no-input"}, args...), cli.Streams{In: strings.NewReader(""), Out: &said, Err: &said}), said.String()
	}
	if code, said := run("plan"); code != cli.Done {
		t.Fatal(said)
	}
	if code, said := run("copy"); code != cli.Done {
		t.Fatal(said)
	}
	plans := filepath.Join(dir, "plans")
	for _, target := range []struct {
		file    string
		command []string
	}{
		{scene.Config, []string{"status"}}, {filepath.Join(plans, "demo.plan.yaml"), []string{"copy"}}, {filepath.Join(plans, "old.yaml"), []string{"diff", filepath.Join(plans, "old.yaml"), filepath.Join(plans, "old.yaml")}},
		{filepath.Join(plans, "demo.checkpoint.yaml"), []string{"approve", filepath.Join(plans, "demo.checkpoint.yaml")}},
	} {
		if testing.Short() && target.command[0] != "copy" {
			continue // the others are read by the same code
		}
		for _, b := range bombs() {
			t.Run(filepath.Base(target.file)+"/"+b.name, func(t *testing.T) {
				defer func() { _ = os.WriteFile(scene.Config, good, 0o600) }()
				if err := os.WriteFile(target.file, []byte(b.text), 0o600); err != nil {
					t.Fatal(err)
				}
				if b.size > 0 {
					if err := os.Truncate(target.file, b.size); err != nil {
						t.Fatal(err)
					}
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				code, said := run(target.command...)
				runtime.ReadMemStats(&after)
				if code == cli.Done || code == cli.Attention {
					t.Errorf("code %d:\n%s", code, said)
				}
				if took := time.Since(began); took > time.Minute {
					t.Errorf("it took %v", took)
				}
				if used := int64(after.TotalAlloc - before.TotalAlloc); used > 300<<20 {
					t.Errorf("it took %d MiB", used>>20)
				}
				if len(said) > 64<<10 {
					t.Errorf("it says %d bytes", len(said))
				}
				harmless(t, "what is said", said)
			})
		}
	}
}
