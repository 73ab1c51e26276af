package arch_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// load asks the go command for all packages of the module in dir, without their tests.
func load(t *testing.T, dir string) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-e", "-json=Dir,ImportPath,GoFiles,CgoFiles,IgnoredGoFiles,Imports,Deps", "./...")
	command.Dir = dir
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := decode(t, out)
	if err := command.Wait(); err != nil {
		t.Fatalf("go list: %v", err)
	}
	return packages
}

func decode(t *testing.T, out io.Reader) (packages []listed) {
	t.Helper()
	for d := json.NewDecoder(out); ; {
		var p struct {
			Dir, ImportPath                   string
			GoFiles, CgoFiles, IgnoredGoFiles []string
			Imports, Deps                     []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		l := listed{path: short(p.ImportPath), sources: map[string]string{}}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles) {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			l.sources[name] = string(text)
		}
		for _, i := range p.Imports {
			l.imports = append(l.imports, short(i))
		}
		for _, i := range p.Deps {
			l.deps = append(l.deps, short(i))
		}
		if len(l.sources) > 0 { // a folder of tests alone, like this one, is no package of the program
			packages = append(packages, l)
		}
	}
}

func short(path string) string { return strings.TrimPrefix(path, module) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
