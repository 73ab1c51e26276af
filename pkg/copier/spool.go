package copier

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync/atomic"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// inMemory is the largest message that is held in memory; a larger one goes through a file.
const inMemory = 1 << 20

// budget bounds the bytes of message content that are held in memory at a time, over all mailboxes.
type budget struct{ left atomic.Int64 }

func newBudget(bytes int64) *budget {
	b := &budget{}
	b.left.Store(bytes)
	return b
}

// take reports whether n bytes more may be held; give gives them back.
func (b *budget) take(n int64) bool {
	if b.left.Add(-n) >= 0 {
		return true
	}
	b.left.Add(n)
	return false
}

func (b *budget) give(n int64) { b.left.Add(n) }

// spooled is the complete content of one message, with its digest known before the first byte of it is sent anywhere.
type spooled struct {
	size   int64
	digest mailbox.Digest
	bytes  []byte   // small messages, as far as the budget goes
	budget *budget  // with bytes: whose they are
	file   *os.File // the others; it has no name any more
}

// spool reads body to its end. A body that is shorter or longer than its frame is an error: it must never be announced with another length.
func spool(dir string, memory *budget, body endpoint.Body) (*spooled, error) {
	s := &spooled{size: body.Size}
	sum := sha256.New()
	var err error
	if body.Size <= inMemory && memory.take(body.Size) {
		s.budget = memory
		err = s.intoMemory(body, sum)
	} else {
		err = s.intoFile(dir, body, sum)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	sum.Sum(s.digest[:0])
	return s, nil
}

func (s *spooled) intoMemory(body endpoint.Body, sum hash.Hash) error {
	s.bytes = make([]byte, body.Size)
	if _, err := io.ReadFull(body.Content, s.bytes); err != nil {
		return cut(body, err)
	}
	sum.Write(s.bytes)
	return atEnd(body)
}

func (s *spooled) intoFile(dir string, body endpoint.Body, sum hash.Hash) error {
	f, err := os.CreateTemp(dir, ".spool-*")
	if err != nil {
		return fmt.Errorf("a large message needs a file in %s: %w", dir, err)
	}
	s.file = f
	// Without a name nothing is left behind, whatever happens, and nobody else can open it.
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	n, err := io.CopyN(io.MultiWriter(f, sum), body.Content, body.Size)
	crash.Point("copier.spooling")
	if disk, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("a large message needs %d bytes in %s: %w", body.Size, dir, disk)
	}
	if err != nil || n != body.Size {
		return cut(body, err)
	}
	return atEnd(body)
}

func cut(body endpoint.Body, err error) error {
	return &endpoint.Error{Class: endpoint.Lost, Op: fmt.Sprintf("read message %d", body.UID), Err: fmt.Errorf("its content ended before the %d bytes that were announced: %w", body.Size, err)}
}

func atEnd(body endpoint.Body) error {
	var one [1]byte
	if n, _ := io.ReadFull(body.Content, one[:]); n != 0 {
		return &endpoint.Error{Class: endpoint.Protocol, Op: fmt.Sprintf("read message %d", body.UID), Err: fmt.Errorf("its content goes on after the %d bytes that were announced", body.Size)}
	}
	return nil
}

// Size is the exact number of bytes.
func (s *spooled) Size() int64 { return s.size }

// Reader starts at the first byte each time.
func (s *spooled) Reader() io.Reader {
	if s.file != nil {
		return io.NewSectionReader(s.file, 0, s.size)
	}
	return bytes.NewReader(s.bytes)
}

// Close gives memory or disk back. It may be called again.
func (s *spooled) Close() {
	s.bytes = nil
	if s.budget != nil {
		s.budget.give(s.size)
		s.budget = nil
	}
	if s.file != nil {
		s.file.Close()
	}
}
