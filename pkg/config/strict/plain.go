package strict

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// deepest is far more than any file of ours nests; without a bound a megabyte of brackets costs gigabytes.
const deepest = 64

// plain refuses what makes YAML mean more than it shows: anchors, aliases, merge keys, tags, and a key that stands twice. None of it is
// quoted: a password that begins with & or ! and stands where none belongs is read as such.
func (d *Document) plain(n *yaml.Node, path string, depth int) {
	switch {
	case d.dead:
	case depth > deepest:
		d.whole(n.Line, n.Column, "the values are nested too deeply", "this cannot be the file you mean")
	case n.Kind == yaml.AliasNode:
		d.refuse(n, path, "an alias (`*`) stands here, and files of this kind have none", "write the value itself, or put text that begins with `*` in quotes")
	case n.Anchor != "":
		d.refuse(n, path, "an anchor (`&`) stands here, and files of this kind have none", "remove it, or put text that begins with `&` in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		d.refuse(n, path, "a tag (`!`) stands here, and files of this kind have none", "remove it, or put text that begins with `!` in quotes")
	case n.Kind == yaml.MappingNode:
		d.plainKeys(n, path, depth)
	case n.Kind == yaml.SequenceNode:
		for i, c := range n.Content {
			d.plain(c, entry(path, i), depth+1)
		}
	}
}

func (d *Document) plainKeys(n *yaml.Node, path string, depth int) {
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		inside := join(path, key.Value)
		if key.Tag == "!!merge" {
			d.refuse(key, inside, "a merge key (`<<`) stands here, and files of this kind have none", "write the keys out")
			continue
		}
		d.plain(key, inside, depth+1)
		if before := first[key.Value]; before != nil && key.Kind == yaml.ScalarNode {
			d.refuse(key, inside, fmt.Sprintf("the same key stands in line %d already", before.Line), "keep one of the two")
			continue
		}
		first[key.Value] = key
		d.plain(value, inside, depth+1)
	}
}

// refuse leaves n unread.
func (d *Document) refuse(n *yaml.Node, path, text, next string) {
	if d.refused[n] {
		return
	}
	d.refused[n] = true
	d.at(n, path, text, next)
}
