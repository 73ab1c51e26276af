// Package message owns the sample mail that tests and the demo use: awkward messages byte for byte, names, dates and flags as real
// accounts have them, and bulk mail by the thousand. It does not say what a server makes of any of it; the tests that ask one know.
//
// The messages lie beside this file, one .eml each, and are never converted (.gitattributes). Patterns like ./... pass folders named
// testdata by: name this package, ./testdata/message, to vet it.
package message

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.eml
var files embed.FS

// Sample is one message that something has stumbled over.
type Sample struct {
	Name    string // the file's name without .eml, or the generator's
	Awkward string // what is awkward about it
	Bytes   []byte // the whole message; the caller may change it
}

// Samples are all stored messages and the small generated ones, about 120 KB, always in the same order. Two share their whole header and some
// have none: only the bytes tell messages apart.
func Samples() []Sample {
	all := make([]Sample, 0, len(stored)+2)
	for _, s := range stored {
		s.Bytes = read(s.Name)
		all = append(all, s)
	}
	return append(all,
		Sample{Name: "long-lines", Awkward: "lines of 20,000 bytes", Bytes: LongLines(3, 20_000)},
		Sample{Name: "long-header-line", Awkward: "one header field of 20,000 bytes on one line", Bytes: longHeaderLine(20_000)})
}

// Get is the sample of that name. It panics when there is none: names are written into tests, so that is a mistake of the test's author.
func Get(name string) Sample {
	for _, s := range Samples() {
		if s.Name == name {
			return s
		}
	}
	panic(fmt.Sprintf("testdata/message has no sample %q", name))
}

// Stored are the names of the .eml files, without the ending, whether or not Samples lists them.
func Stored() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // an embedded folder is always there
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".eml")
	}
	return names
}

func read(name string) []byte {
	content, err := files.ReadFile(name + ".eml")
	if err != nil {
		panic(err) // the table beside names a file that does not exist
	}
	return content
}
