package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"imapmigrate/pkg/endpoint/imap/wire"
)

// mostOfTranscript is how large a transcript's file grows before it becomes FILE.1 and a new one begins: the two hold the last of a run.
const mostOfTranscript = 32 << 20

// transcript is the file of --transcript, from the first connection of a run to its end.
type transcript struct {
	path    string
	limit   int64
	file    *os.File
	written int64
	wire    *wire.Transcript
}

// begin makes the file. It is never written over another: what is named by mistake stays as it is.
func beginTranscript(path string, limit int64) (*transcript, error) {
	for _, name := range []string{path, path + ".1"} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("--transcript: %s is there already; name another file, or remove it", name)
		}
	}
	t := &transcript{path: path, limit: limit}
	if err := t.create(); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, errors.Join(err, t.file.Close())
	}
	t.wire = wire.NewTranscript(t, key)
	return t, nil
}

// create makes a file that is not there yet, readable by its owner only. O_EXCL follows no link (open(2)).
func (t *transcript) create() (err error) {
	t.file, err = os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	t.written = 0
	return err
}

// Write takes one line. It is called by one goroutine at a time.
func (t *transcript) Write(line []byte) (int, error) {
	if t.written > 0 && t.written+int64(len(line)) > t.limit {
		if err := t.turn(); err != nil {
			return 0, err
		}
	}
	n, err := t.file.Write(line)
	t.written += int64(n)
	return n, err
}

// turn sets the full file aside, over the one before it.
func (t *transcript) turn() error {
	if err := t.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(t.path, t.path+".1"); err != nil {
		return err
	}
	return t.create()
}

// openTranscript is what connections write to, nil without --transcript. The first call makes the file.
func (a *app) openTranscript() (*wire.Transcript, error) {
	if a.transcriptFile == "" {
		return nil, nil
	}
	if a.transcript == nil {
		t, err := beginTranscript(a.transcriptFile, mostOfTranscript)
		if err != nil {
			return nil, err
		}
		a.transcript = t
	}
	return a.transcript.wire, nil
}

// closeTranscript ends the file, if there is one. That it is not whole costs the run nothing, and is said.
func (a *app) closeTranscript() {
	if a.transcript == nil {
		return
	}
	err := a.transcript.wire.Err()
	if closed := a.transcript.file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		a.caution("%v", fmt.Errorf("the transcript %s is not whole: %w", a.transcriptFile, err))
	}
}
