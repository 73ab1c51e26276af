package imap

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

func TestSpool(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, size := range []int{0, 1, spoolMemory, spoolMemory + 1, 3*spoolMemory + 17} {
		kept := &spools{}
		w, err := kept.add(int64(size))
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if _, err := io.Copy(w, bytes.NewReader(want)); err != nil {
			t.Fatal(err)
		}
		s := w.(*spool)
		for range 2 { // content begins at the first byte each time
			r, err := s.content()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) || s.size != int64(size) {
				t.Errorf("%d bytes: %d came back, size %d, %v", size, len(got), s.size, err)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%d bytes: mail lies about under a name: %v, %v", size, left, err)
		}
		if (s.file != nil) != (size > spoolMemory) {
			t.Errorf("%d bytes: in a file is %v", size, s.file != nil)
		}
		kept.close()
	}
}

func TestSpoolsAreFew(t *testing.T) {
	kept := &spools{}
	for range mostSpools {
		if _, err := kept.add(1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kept.add(1); !errors.Is(err, errBodies) {
		t.Errorf("one more: %v", err)
	}
	if _, err := (&spools{}).add(spoolMost + 1); !errors.Is(err, errHuge) {
		t.Errorf("one too large: %v", err)
	}
}

func TestSpoolWithoutRoom(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/nowhere")
	s := &spool{}
	if _, err := s.Write(make([]byte, spoolMemory+1)); err == nil {
		t.Error("no error where there is no folder for a temporary file")
	}
}
