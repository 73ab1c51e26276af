package imap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	spoolMemory = 4 << 20 // bytes of one message held in memory; the rest goes to a file
	spoolMost   = 2 << 30 // bytes of the largest message that is spooled at all
	mostSpools  = 4       // bodies that a server may send where one was asked for
)

// spools are the bodies that came for one message; the reader says afterwards which one is it.
type spools struct{ all []*spool }

// What a server may not do to us with one message.
var (
	errBodies = errors.New("the server sends the message several times over")
	errHuge   = errors.New("the server announces a message too large to be held")
)

func (s *spools) add(size int64) (io.Writer, error) {
	switch {
	case len(s.all) == mostSpools:
		return nil, errBodies
	case size > spoolMost:
		return nil, errHuge
	}
	next := &spool{}
	s.all = append(s.all, next)
	return next, nil
}

func (s *spools) close() {
	for _, one := range s.all {
		one.close()
	}
}

// spool holds one body until all of its message is known.
type spool struct {
	memory bytes.Buffer
	file   *os.File // has no name any more
	size   int64
}

func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.memory.Len()+len(p) > spoolMemory {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	s.size += int64(len(p))
	if s.file != nil {
		return s.file.Write(p)
	}
	return s.memory.Write(p)
}

func (s *spool) spill() error {
	file, err := os.CreateTemp("", "imapmigrate-*")
	if err != nil {
		return fmt.Errorf("a large message needs a temporary file: %w", err)
	}
	s.file = file
	if err := os.Remove(file.Name()); err != nil {
		return fmt.Errorf("a large message needs a temporary file: %w", err)
	}
	_, err = file.Write(s.memory.Bytes())
	s.memory = bytes.Buffer{}
	return err
}

// content is the whole from its first byte.
func (s *spool) content() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.memory.Bytes()), nil
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return s.file, err
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
}
