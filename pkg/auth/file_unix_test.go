//go:build unix

package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestFileThatOthersCanRead(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o620, 0o644, 0o777} {
		path := write(t, mode, "hush")
		wants(t, SourceSpec{File: path}, nil, "", fmt.Sprintf("is open to others than its owner (mode %04o); run chmod 600 %s", mode, path))
	}
}

func TestFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	target := write(t, 0o600, "hush")
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, SourceSpec{File: filepath.Join(dir, "missing")}, nil, "", "cannot be opened: no such file or directory")
	wants(t, SourceSpec{File: link}, nil, "", "cannot be opened", "links are not followed")
	wants(t, SourceSpec{File: pipe}, nil, "", "is not a regular file")
	wants(t, SourceSpec{File: dir}, nil, "", "is not a regular file")
	wants(t, SourceSpec{File: os.DevNull}, nil, "", "is not a regular file")
	if _, err := Resolve(context.Background(), SourceSpec{File: filepath.Join(dir, "missing")}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v is not os.ErrNotExist", err)
	}
}
