package checkpoint

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/mailbox"
)

// An account with millions of scattered messages fits.
var file = strict.Format{Limit: 256 << 20, Remedy: "make one with `imapmigrate checkpoint`"}

const preamble = `# What a removal may take from one account, and nothing else, because the other account has a copy: kind says from which. Both copies are
# looked at again before a message goes.
# Nothing happens until somebody approves this file. It cannot be edited: its digest stands for all of it. To list less, make a new one.
`

// EditedError: the file is not what the program wrote. Exit code 11.
type EditedError struct {
	File    string
	Said    mailbox.Digest // the digest in the file
	Content mailbox.Digest // the digest of what is in the file
}

// Error says what to do.
func (e *EditedError) Error() string {
	return fmt.Sprintf("%s: it was changed after it was made (it says digest %.16s..., its content has %.16s...); nothing was removed: make a new one with `imapmigrate checkpoint`, and have that approved",
		e.File, e.Said, e.Content)
}

// Encode is the file's text.
func (c *Checkpoint) Encode() ([]byte, error) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, err
	}
	return append([]byte(preamble), text...), nil
}

// Read takes what Encode wrote; name is what errors call the file. What is wrong with the file is a strict.Faults, a content that does not
// have the digest it says is an *EditedError. Neither says that the checkpoint still fits the accounts: purge looks.
func Read(name string, data []byte) (*Checkpoint, error) {
	c := &Checkpoint{}
	d := file.Decode(name, data, c)
	if !d.Faulty("format") && c.Format != Format {
		d.Add("format", fmt.Sprintf("`format` is %d, this program knows %d", c.Format, Format), "use the program version that made it")
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	// An edit is more than a fault: it is looked for before anything else about the content.
	if is := c.digest(); is != c.Digest {
		return nil, &EditedError{File: name, Said: c.Digest, Content: is}
	}
	c.sound(d)
	if err := d.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// sound looks for what no program of ours writes, digest or not.
func (c *Checkpoint) sound(d *strict.Document) {
	const next = "make a new one with `imapmigrate checkpoint`"
	d.Choice("kind", string(c.Kind), approval.Kinds...)
	d.Choice("recheck", string(c.Recheck), Rechecks...)
	var messages, bytes int64
	type pair struct{ from, to Wire }
	known := map[pair]bool{}
	for i, m := range c.Mailboxes {
		at := fmt.Sprintf("mailboxes[%d]", i)
		if m.Messages != int64(m.UIDs.Set().Len()) || m.Messages < 1 {
			d.Add(at+".messages", fmt.Sprintf("`messages` is %d, but %d uids are listed", m.Messages, m.UIDs.Set().Len()), next)
		}
		if m.Validity == 0 || m.CopyValidity == 0 {
			d.Add(at+".uidvalidity", "a uidvalidity of 0 stands for nothing", next)
		}
		listed := pair{from: m.Wire}
		if c.Kind == approval.Rollback { // several mailboxes may have been copied into one
			listed.to = m.CopyWire
		}
		if known[listed] || m.Wire == "" || m.CopyWire == "" {
			d.Add(at+".wire", "a mailbox is listed twice, or without a name", next)
		}
		known[listed] = true
		messages, bytes = messages+m.Messages, bytes+m.Bytes
	}
	c.soundUnmakes(d, next)
	if messages != c.Messages || bytes != c.Bytes {
		d.Add("messages", fmt.Sprintf("%d messages of %d bytes are said, %d of %d are listed", c.Messages, c.Bytes, messages, bytes), next)
	}
}
