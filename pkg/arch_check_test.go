package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"unicode"
)

// module is the first part of all our import paths.
const module = "imapmigrate/"

// owner says who alone may import a module from outside, and why.
type owner struct {
	module string
	reason string
	by     []string
}

// listed is one package, without its tests. Paths of ours are without the module's name.
type listed struct {
	path    string
	imports []string          // directly
	deps    []string          // and indirectly
	sources map[string]string // file name -> text, for all systems
}

// check returns one sentence for each fault.
func check(packages []listed) []string {
	var faults []string
	for _, p := range packages {
		faults = append(faults, checkFloor(p)...)
		faults = append(faults, checkOutside(p)...)
		faults = append(faults, checkRights(p)...)
		faults = append(faults, checkName(p)...)
		faults = append(faults, checkSources(p)...)
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

func floor(path string) int {
	return slices.IndexFunc(levels, func(level []string) bool { return slices.Contains(level, path) })
}

func checkFloor(p listed) (faults []string) {
	own := floor(p.path)
	if own < 0 {
		return []string{fmt.Sprintf("%s stands on no floor: say in levels what it may import and who may import it", p.path)}
	}
	for _, i := range p.imports {
		if f := floor(i); f >= own {
			faults = append(faults, fmt.Sprintf("%s (floor %d) imports %s (floor %d): a package imports only from floors below its own, so that what decides does not depend on what shows or runs it",
				p.path, own, i, f))
		}
	}
	return faults
}

func checkOutside(p listed) (faults []string) {
	for _, i := range p.imports {
		if ours(i) || !strings.Contains(strings.Split(i, "/")[0], ".") {
			continue
		}
		k := slices.IndexFunc(owners, func(o owner) bool { return i == o.module || strings.HasPrefix(i, o.module+"/") })
		switch {
		case k < 0:
			faults = append(faults, fmt.Sprintf("%s imports %s, which is in nobody's hands: list it in owners with its one importer and the reason, or do without", p.path, i))
		case !slices.Contains(owners[k].by, p.path):
			faults = append(faults, fmt.Sprintf("%s imports %s, which belongs to %s: %s", p.path, i, strings.Join(owners[k].by, ", "), owners[k].reason))
		}
	}
	return faults
}

func checkRights(p listed) (faults []string) {
	if slices.Contains(p.imports, "pkg/purge") && p.path != "pkg/cli" {
		faults = append(faults, fmt.Sprintf("%s imports pkg/purge: only pkg/cli may, because removing mail is begun by a person's command and by nothing else", p.path))
	}
	for _, s := range testSupport {
		if slices.Contains(p.imports, s) && !slices.Contains(testSupport, p.path) {
			faults = append(faults, fmt.Sprintf("%s imports %s outside a test: what tests need is not linked into the program", p.path, s))
		}
	}
	if !slices.Contains(pure, p.path) {
		return faults
	}
	for _, d := range p.deps {
		for _, bad := range impure {
			if d == bad || strings.HasPrefix(d, bad+"/") {
				faults = append(faults, fmt.Sprintf("%s reaches %s: it decides from data alone and may not be able to ask anybody", p.path, d))
			}
		}
	}
	return faults
}

func checkName(p listed) []string {
	for _, part := range strings.Split(p.path, "/") {
		if slices.Contains(empty, part) {
			return []string{fmt.Sprintf("%s is called %q, which says nothing about what it owns: name it after the one thing it does", p.path, part)}
		}
	}
	return nil
}

// checkSources reads what no import list shows: names and comments.
func checkSources(p listed) (faults []string) {
	var comment string
	for _, name := range sortedKeys(p.sources) {
		file, err := parser.ParseFile(token.NewFileSet(), name, p.sources[name], parser.ParseComments)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s/%s cannot be parsed: %v", p.path, name, err))
			continue
		}
		comment += file.Doc.Text()
		faults = append(faults, checkNames(p.path, name, file)...)
	}
	if n := sentences(comment); n < 2 {
		faults = append(faults, fmt.Sprintf("%s has a package comment of %d sentences: it needs two, the one thing it owns and the one thing it will not do", p.path, n))
	}
	return faults
}

func checkNames(pkg, name string, file *ast.File) (faults []string) {
	add := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s/%s ", pkg, name)+fmt.Sprintf(format, args...))
	}
	imported := importedNames(file)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if (n.Name == "Expunger" || n.Name == "Remover" || n.Name == "Unmaker") && !slices.Contains(expungers, pkg) {
				add("names %s: only pkg/purge is ever handed the right to remove, everybody else cannot even say it", n.Name)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Removal" || f.Sel.Name == "Unmaking") && pkg == "pkg/cli" && name != "purge.go" {
				add("calls %s: in pkg/cli only the purge command may take the right to remove out of an account", f.Sel.Name)
			}
		case *ast.SelectorExpr:
			from, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			said := imported[from.Name] + "." + n.Sel.Name
			switch {
			case ends(said) && !slices.Contains(leavers, pkg):
				add("says %s: only main ends the process, everybody else returns an error so that the ledger is closed", said)
			case said == "time.Now" && slices.Contains(clockless, pkg):
				add("says time.Now: it decides something from the time, so it is given a clock")
			case prints(said) && pkg != "cmd/imapmigrate":
				add("says %s: only main knows the process's streams, view shows and everybody else emits events", said)
			}
		}
		return true
	})
	return faults
}

func ends(said string) bool {
	return said == "os.Exit" || said == "syscall.Exit" || strings.HasPrefix(said, "log.Fatal") || strings.HasPrefix(said, "log.Panic")
}

func prints(said string) bool {
	return said == "os.Stdout" || said == "os.Stderr" || said == "os.Stdin" || said == "os.Args" ||
		said == "fmt.Print" || said == "fmt.Println" || said == "fmt.Printf" || strings.HasPrefix(said, "log.Print")
}

// importedNames maps what a file calls a package to the package's path.
func importedNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, i := range file.Imports {
		full := strings.Trim(i.Path.Value, `"`)
		name := path.Base(full)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = full
	}
	return names
}

// sentences counts full stops that end the comment, or stand before a word that begins with a capital.
func sentences(comment string) int {
	words := strings.Fields(comment)
	n := 0
	for i, word := range words {
		if !strings.HasSuffix(word, ".") || word == "e.g." || word == "i.e." {
			continue
		}
		if i+1 == len(words) || unicode.IsUpper([]rune(words[i+1])[0]) {
			n++
		}
	}
	return n
}

func ours(path string) bool {
	return strings.HasPrefix(path, "pkg/") || strings.HasPrefix(path, "cmd/") || strings.HasPrefix(path, "testdata/")
}
