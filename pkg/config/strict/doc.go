// Package strict owns the reading of the YAML files that people write and review: every fault at once, each with its place and a next step.
// It knows no key of any file, writes nothing, and takes only the plain part of YAML: no anchors, aliases, merge keys, tags or second documents.
//
// A file is described by a struct. The fields carry the tags that yaml.v3 writes with, and these of strict:
//
//	Host  string        `yaml:"host" strict:"required" example:"host: imap.example.org"`
//	Since time.Time     `yaml:"since,omitempty"`
//	Extra string        `yaml:"-"`
//
// Types: string, bool, all integers, time.Time (RFC 3339), time.Duration ("60s"), [encoding.TextUnmarshaler], structs (with `yaml:",inline"`
// too), pointers, slices and maps with text as key of all those. A key that is not in the file leaves its field as it was, so defaults are set before.
package strict
