package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTranscriptIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wire.txt")
	tr, err := beginTranscript(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := tr.Write(fmt.Appendf(nil, "%050d\n", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.file.Close(); err != nil {
		t.Fatal(err)
	}
	var all string
	for _, name := range []string{path + ".1", path} {
		text, err := os.ReadFile(name)
		info, statErr := os.Stat(name)
		if err := errors.Join(err, statErr); err != nil || info.Size() > 1000 || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", name, info, err)
		}
		all += string(text)
	}
	if lines := strings.Count(all, "\n"); lines < 20 || !strings.HasSuffix(all, "99\n") {
		t.Errorf("%d lines are left, the last %q", lines, all[len(all)-10:])
	}
}

func TestTranscriptIsNeverWrittenOverAFile(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "wire.txt"), filepath.Join(dir, "target")
	for name, make := range map[string]func() error{
		"a file":            func() error { return os.WriteFile(path, []byte("mine"), 0o600) },
		"a folder":          func() error { return os.Mkdir(path, 0o700) },
		"a link":            func() error { return os.Symlink(target, path) },
		"the one before it": func() error { return os.WriteFile(path+".1", []byte("mine"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			defer os.Remove(path)
			defer os.Remove(path + ".1")
			if err := make(); err != nil {
				t.Fatal(err)
			}
			if tr, err := beginTranscript(path, 1000); err == nil || !strings.Contains(err.Error(), "is there already") {
				t.Errorf("%v, %v", tr, err)
			}
			if text, _ := os.ReadFile(path); len(text) > 0 && string(text) != "mine" {
				t.Errorf("it holds %q now", text)
			}
			if _, err := os.Lstat(target); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}
