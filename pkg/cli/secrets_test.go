package cli_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/demo"
)

// TestNoSecretAnywhere goes the whole way, right and wrong, and looks for the passwords in all that was said and all that was written.
func TestNoSecretAnywhere(t *testing.T) {
	dir := t.TempDir()
	scene, err := demo.Prepare(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	secrets := []string{"hunter2-is-wrong"}
	for _, side := range []string{"source", "destination"} {
		text, err := os.ReadFile(filepath.Join(dir, side+".password"))
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, strings.TrimSpace(string(text)))
	}
	said := &bytes.Buffer{}
	run := func(want cli.Code, args ...string) {
		t.Helper()
		for _, more := range [][]string{{"-v"}, {"--json"}} {
			got := cli.Run(t.Context(), append(append([]string{"-c", scene.Config}, more...), args...), cli.Streams{In: strings.NewReader(""), Out: said, Err: said})
			if got != want {
				t.Fatalf("%v: code %d, want %d:\n%s", args, got, want, said)
			}
		}
	}
	for _, command := range []string{"check", "plan", "copy", "verify", "checkpoint"} {
		run(cli.Done, command)
	}
	file := filepath.Join(dir, "plans", "demo.checkpoint.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.Read(file, text)
	if err != nil {
		t.Fatal(err)
	}
	run(cli.Done, "approve", file, "--phrase", c.Subject().Phrase())
	for _, command := range []string{"purge", "status", "report"} {
		run(cli.Done, command)
	}
	t.Setenv("WRONG", secrets[0])
	config, err := os.ReadFile(scene.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"{env: WRONG}", "{command: [sh, -c, 'echo hunter2-is-wrong']}", "{command: [sh, -c, 'echo hunter2-is-wrong; exit 1']}"} {
		text := strings.Replace(string(config), `{file: "source.password"}`, wrong, 1)
		if err := os.WriteFile(scene.Config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := cli.Refused
		if strings.Contains(wrong, "exit 1") {
			want = cli.BadConfig
		}
		run(want, "check")
	}
	for _, s := range secrets {
		if bytes.Contains(said.Bytes(), []byte(s)) {
			at := max(0, bytes.Index(said.Bytes(), []byte(s))-200)
			t.Errorf("a password was said: ...%s", said.Bytes()[at:at+200])
		}
	}
	checkFiles(t, dir, secrets)
}

// checkFiles reads every file of a migration but those that are there to hold a password, and the configuration that this test has put one into.
func checkFiles(t *testing.T, dir string, secrets []string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".password") || filepath.Base(path) == "migration.yaml" {
			return err
		}
		seen++
		text, err := os.ReadFile(path)
		for _, s := range secrets {
			if bytes.Contains(text, []byte(s)) {
				t.Errorf("%s holds a password", path)
			}
		}
		if info, statErr := d.Info(); statErr == nil && info.Mode().Perm()&0o077 != 0 && !strings.HasSuffix(path, ".pem") {
			t.Errorf("%s can be read by others: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 5 {
		t.Errorf("only %d files were looked at", seen)
	}
}
