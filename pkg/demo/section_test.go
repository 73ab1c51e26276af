package demo

import (
	"bytes"
	"testing"

	"github.com/emersion/go-imap/v2"

	sample "imapmigrate/testdata/message"
)

// Messages are a stranger's: cutting them must neither lose a byte nor panic.
func FuzzSections(f *testing.F) {
	for _, s := range sample.Samples() {
		f.Add(s.Bytes, int64(0), int64(10), "Subject")
	}
	f.Add([]byte("\n"), int64(-1), int64(1<<62), "")
	f.Fuzz(func(t *testing.T, content []byte, offset, size int64, name string) {
		header, text := splitHeader(content)
		if !bytes.Equal(append(bytes.Clone(header), text...), content) {
			t.Fatal("header and text are not the message")
		}
		part := bodySection(content, &imap.FetchItemBodySection{Partial: &imap.SectionPartial{Offset: offset, Size: size}})
		if !bytes.Contains(content, part) || int64(len(part)) > max(size, 0) {
			t.Fatalf("partial of %d bytes, asked for %d", len(part), size)
		}
		only, rest := headerFields(header, []string{name}, nil), headerFields(header, nil, []string{name})
		if len(only)+len(rest) > len(header)+4 {
			t.Fatal("a field is in both halves")
		}
		headerHolds(header, name, "x")
	})
}
