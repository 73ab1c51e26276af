package copier

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// A body that is not as long as its frame never becomes a message: announced with another length, mail turns into commands.
func TestSpoolRefusesWhatDoesNotFitItsFrame(t *testing.T) {
	for name, c := range map[string]struct {
		announced int64
		content   string
		class     endpoint.Class
	}{
		"short":       {4, "abc", endpoint.Lost},
		"long":        {3, "abcd", endpoint.Protocol},
		"short large": {inMemory + 2, strings.Repeat("a", inMemory+1), endpoint.Lost},
		"long large":  {inMemory + 1, strings.Repeat("a", inMemory+2), endpoint.Protocol},
	} {
		dir := t.TempDir()
		_, err := spool(dir, newBudget(1<<20), endpoint.Body{Content: strings.NewReader(c.content), Size: c.announced})
		if endpoint.ClassOf(err) != c.class {
			t.Errorf("%s: %v, want class %v", name, err, c.class)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: %v was left behind", name, left)
		}
	}
}

func TestSpooledContentCanBeReadAgain(t *testing.T) {
	for _, size := range []int{0, 1, inMemory, inMemory + 1, 3 * inMemory} {
		want := bytes.Repeat([]byte("0123456789abcdef\r"), size/17+1)[:size]
		dir := t.TempDir()
		s, err := spool(dir, newBudget(1<<20), endpoint.Body{Content: bytes.NewReader(want), Size: int64(size)})
		if err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%d bytes: %v has a name on disk", size, left)
		}
		for range 2 {
			if got, err := io.ReadAll(s.Reader()); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
			}
		}
		if s.digest != mailbox.Digest(sha256.Sum256(want)) || s.Size() != int64(size) {
			t.Errorf("%d bytes: size %d, digest %v", size, s.Size(), s.digest)
		}
		s.Close()
	}
}
