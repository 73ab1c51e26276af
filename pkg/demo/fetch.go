package demo

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/textproto"

	"imapmigrate/pkg/mailbox"
)

// Fetch serves FETCH and UID FETCH. BODY[] without PEEK sets \Seen, but not in an examined mailbox.
func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	var change func(*message) []mailbox.Flag
	reads := slices.ContainsFunc(o.BodySection, func(b *imap.FetchItemBodySection) bool { return !b.Peek })
	if reads && !s.view.readOnly {
		change = func(m *message) []mailbox.Flag { return append(slices.Clone(m.flags), mailbox.Seen) }
		o.Flags = true
	}
	all, err := s.view.find(set, change)
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := writeMessage(w, f, o); err != nil {
			return err
		}
	}
	return nil
}

// writeMessage writes one FETCH response. The writer holds the connection's lock until it is closed, whatever happens.
func writeMessage(w *imapserver.FetchWriter, f found, o *imap.FetchOptions) (err error) {
	out := w.CreateMessage(f.seq)
	defer func() {
		if closing := out.Close(); err == nil {
			err = closing
		}
	}()
	if o.UID {
		out.WriteUID(f.uid)
	}
	if o.Flags {
		out.WriteFlags(wireFlags(f.flags))
	}
	if o.InternalDate {
		out.WriteInternalDate(f.date)
	}
	if o.RFC822Size {
		out.WriteRFC822Size(int64(len(f.content)))
	}
	if o.Envelope {
		header, _ := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(f.content))) // what cannot be read is left out
		out.WriteEnvelope(imapserver.ExtractEnvelope(header))
	}
	if o.BodyStructure != nil {
		out.WriteBodyStructure(structure(f.content))
	}
	return writeSections(out, f.content, o)
}

func writeSections(out *imapserver.FetchResponseWriter, content []byte, o *imap.FetchOptions) error {
	for _, b := range o.BodySection {
		section := bodySection(content, b)
		if err := writeLiteral(out.WriteBodySection(b, int64(len(section))), section); err != nil {
			return err
		}
	}
	for _, b := range o.BinarySection {
		section := imapserver.ExtractBinarySection(bytes.NewReader(content), b)
		if err := writeLiteral(out.WriteBinarySection(b, int64(len(section))), section); err != nil {
			return err
		}
	}
	for _, b := range o.BinarySectionSize {
		out.WriteBinarySectionSize(b, imapserver.ExtractBinarySectionSize(bytes.NewReader(content), b))
	}
	return nil
}

func writeLiteral(w io.WriteCloser, content []byte) error {
	_, err := w.Write(content)
	if closing := w.Close(); err == nil {
		err = closing
	}
	return err
}

// structure is BODYSTRUCTURE. A multipart without parts, which cannot be written and makes go-imap panic, is shown as plain text.
func structure(content []byte) imap.BodyStructure {
	s := imapserver.ExtractBodyStructure(bytes.NewReader(content))
	sound := true
	s.Walk(func(_ []int, part imap.BodyStructure) bool {
		if m, ok := part.(*imap.BodyStructureMultiPart); ok && len(m.Children) == 0 {
			sound = false
		}
		return sound
	})
	if sound {
		return s
	}
	return &imap.BodyStructureSinglePart{
		Type: "text", Subtype: "plain", Size: uint32(len(content)), Text: &imap.BodyStructureText{NumLines: int64(bytes.Count(content, []byte("\n")))},
		Extended: &imap.BodyStructureSinglePartExt{},
	}
}
