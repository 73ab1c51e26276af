package arch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// good is a package without a fault; the cases below spoil it.
func good(path string) listed {
	return listed{path: path, sources: map[string]string{"doc.go": "// Package x owns one thing. It will not do another.\npackage x\n"}}
}

// TestPlantedFaults shows that each rule catches its fault and says why.
func TestPlantedFaults(t *testing.T) {
	cases := map[string]struct {
		path    string
		imports []string
		deps    []string
		source  string
		want    string // part of the one fault; empty for none
	}{
		"clean":                       {path: "pkg/plan", imports: []string{"pkg/mailbox", "fmt"}, deps: []string{"pkg/mailbox", "fmt", "os"}},
		"imports upwards":             {path: "pkg/ledger", imports: []string{"pkg/copier"}, want: "imports only from floors below"},
		"imports its own floor":       {path: "pkg/verify", imports: []string{"pkg/copier"}, want: "imports only from floors below"},
		"no floor":                    {path: "pkg/novelty", want: "stands on no floor"},
		"second importer":             {path: "pkg/report", imports: []string{"go.etcd.io/bbolt"}, want: "belongs to pkg/ledger: the ledger is the only door"},
		"second importer, subfolder":  {path: "pkg/survey", imports: []string{"github.com/emersion/go-imap/v2/imapclient"}, want: "belongs to pkg/endpoint/imap"},
		"unknown module":              {path: "pkg/report", imports: []string{"example.org/shiny"}, want: "in nobody's hands"},
		"module with a like name":     {path: "pkg/ledger", imports: []string{"go.etcd.io/bboltx"}, want: "in nobody's hands"},
		"bar outside view":            {path: "pkg/copier", imports: []string{"github.com/schollz/progressbar/v3"}, want: "view is the only place"},
		"cobra outside cli":           {path: "pkg/view", imports: []string{"github.com/spf13/cobra"}, want: "commands and flags are cli's"},
		"purge by another":            {path: "cmd/imapmigrate", imports: []string{"pkg/purge"}, want: "begun by a person's command"},
		"test server in the program":  {path: "pkg/cli", imports: []string{"pkg/imaptest"}, want: "outside a test"},
		"testing in the program":      {path: "pkg/demo", imports: []string{"testing"}, want: "outside a test"},
		"testing in test support":     {path: "pkg/imaptest", imports: []string{"testing"}},
		"plan reaches the net":        {path: "pkg/plan", deps: []string{"net"}, want: "pkg/plan reaches net"},
		"plan reaches below net":      {path: "pkg/checkpoint", deps: []string{"net/netip"}, want: "reaches net/netip"},
		"plan runs programs":          {path: "pkg/plan", deps: []string{"os/exec"}, want: "reaches os/exec"},
		"network is not net":          {path: "pkg/plan", deps: []string{"network"}},
		"others may use the net":      {path: "pkg/auth", deps: []string{"net", "os/exec"}},
		"empty name":                  {path: "pkg/utils", want: "says nothing about what it owns"},
		"expunger":                    {path: "pkg/copier", source: "var _ endpoint.Expunger", want: "only pkg/purge is ever handed"},
		"remover":                     {path: "pkg/cli", source: "type r interface{ Remover }", want: "only pkg/purge is ever handed"},
		"unmaker":                     {path: "pkg/copier", source: "var _ endpoint.Unmaker", want: "only pkg/purge is ever handed"},
		"unmaking outside purge.go":   {path: "pkg/cli", source: "var r = account.Unmaking()", want: "only the purge command"},
		"expunger in a comment":       {path: "pkg/copier", source: "// An Expunger is not for us.\nvar x int"},
		"expunger in purge":           {path: "pkg/purge", source: "var _ endpoint.Expunger"},
		"removal outside purge.go":    {path: "pkg/cli", source: "var r = account.Removal()", want: "only the purge command"},
		"removal elsewhere is a word": {path: "pkg/report", source: "var r = row.Removal"},
		"exit":                        {path: "pkg/cli", source: "import \"os\"\nfunc f() { os.Exit(1) }", want: "only main ends the process"},
		"exit by another name":        {path: "pkg/cli", source: "import system \"os\"\nfunc f() { system.Exit(1) }", want: "only main ends the process"},
		"log.Fatalf":                  {path: "pkg/copier", source: "import \"log\"\nfunc f() { log.Fatalf(``) }", want: "only main ends the process"},
		"exit in main":                {path: "cmd/imapmigrate", source: "import \"os\"\nfunc f() { os.Exit(1) }"},
		"own type's Exit":             {path: "pkg/cli", source: "var os struct{ Exit func(int) }\nfunc f() { os.Exit(1) }"},
		"clock":                       {path: "pkg/approval", source: "import \"time\"\nvar now = time.Now()", want: "given a clock"},
		"prints":                      {path: "pkg/copier", source: "import \"fmt\"\nfunc f() { fmt.Println() }", want: "everybody else emits events"},
		"stderr":                      {path: "pkg/view", source: "import \"os\"\nvar w = os.Stderr", want: "only main knows the process's streams"},
		"cannot be parsed":            {path: "pkg/view", source: "func {", want: "cannot be parsed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := good(c.path)
			p.imports, p.deps = c.imports, c.deps
			if c.source != "" {
				p.sources["x.go"] = "package x\n" + c.source + "\n"
			}
			expect(t, check([]listed{p}), c.want)
		})
	}
}

// TestPlantedComments shows which package comments are too short.
func TestPlantedComments(t *testing.T) {
	cases := map[string]struct{ doc, want string }{
		"none":                 {"package x\n", "comment of 0 sentences"},
		"one sentence":         {"// Package x owns one thing.\npackage x\n", "comment of 1 sentences"},
		"one with a file name": {"// Package x owns one thing, e.g. Mail, see x.go or y. z.\npackage x\n", "comment of 1 sentences"},
		"not attached":         {"// Package x owns one thing. It will not do another.\n\npackage x\n", "comment of 0 sentences"},
		"two":                  {"// Package x owns one thing.\n// It will not do another.\npackage x\n", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, check([]listed{{path: "pkg/plan", sources: map[string]string{"doc.go": c.doc}}}), c.want)
		})
	}
}

func expect(t *testing.T, faults []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(faults) > 0:
		t.Errorf("faults where there are none: %q", faults)
	case want != "" && !strings.Contains(strings.Join(faults, "\n"), want):
		t.Errorf("faults %q do not hold %q", faults, want)
	}
}

// TestPlantedModule shows the same through the go command: what is reached through others, files of other systems, and that tests do not count.
func TestPlantedModule(t *testing.T) {
	dir := t.TempDir()
	const doc = "// Package x owns one thing. It will not do another.\n"
	for name, text := range map[string]string{
		"go.mod":                        "module imapmigrate\n\ngo 1.26\n",
		"pkg/mailbox/mailbox.go":        doc + "package mailbox\n",
		"pkg/mailbox/mailbox_test.go":   "package mailbox\n\nimport _ \"net\"\n",
		"pkg/endpoint/endpoint.go":      doc + "package endpoint\n\nimport _ \"net\"\n",
		"pkg/plan/plan.go":              doc + "package plan\n\nimport _ \"imapmigrate/pkg/endpoint\"\n",
		"pkg/copier/copier.go":          doc + "package copier\n",
		"pkg/copier/copier_windows.go":  "package copier\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n",
		"pkg/helpers/helpers.go":        doc + "package helpers\n",
		"pkg/onlytests/only_test.go":    "package onlytests\n",
		"pkg/verify/verify.go":          "package verify\n",
		"pkg/view/view.go":              doc + "package view\n\nimport _ \"go.etcd.io/bbolt\"\n",
		"pkg/endpoint/memory/memory.go": doc + "package memory\n\nimport _ \"imapmigrate/pkg/view\"\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	faults := strings.Join(check(load(t, dir)), "\n")
	for _, want := range []string{
		"pkg/plan reaches net:",
		"pkg/copier/copier_windows.go says os.Exit",
		"pkg/helpers is called",
		"pkg/verify has a package comment of 0 sentences",
		"pkg/view imports go.etcd.io/bbolt, which belongs to pkg/ledger",
		"pkg/endpoint/memory (floor",
	} {
		if !strings.Contains(faults, want) {
			t.Errorf("not caught: %q in\n%s", want, faults)
		}
	}
	for _, not := range []string{"pkg/mailbox", "pkg/onlytests"} {
		if strings.Contains(faults, not) {
			t.Errorf("%s is blamed for its tests:\n%s", not, faults)
		}
	}
}
