package wire

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// deflateLevel is the fastest: on mail the others gain a few percent and cost several times as much.
const deflateLevel = flate.BestSpeed

// Compress has both directions compressed from here on (RFC 4978), where the server offers it. A refusal does no harm, and it is asked once
// in a session. Inflating goes on only as far as somebody reads: a bomb fills the bounded buffer and no more.
func (s *Session) Compress(ctx context.Context) error {
	if s.compressAsked || !s.caps.Has("COMPRESS=DEFLATE") {
		return nil
	}
	s.compressAsked = true
	op := Op{Words: "start compression"}
	if err := s.flush(ctx, op); err != nil {
		return err
	}
	return s.Do(ctx, op, func(x *Exchange) error {
		x.conn.compressAfter(fmt.Sprintf("W%d", s.lastTag+1))
		answer, err := x.run(verb("COMPRESS DEFLATE"), nil)
		if err != nil || answer.kind != "OK" {
			return err
		}
		return x.conn.deflate()
	})
}

// Compressed reports whether the connection is.
func (s *Session) Compressed() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.conn.traffic.compressed
}

const (
	slowSample = 1 << 20 // bytes after which a link is judged
	slowRate   = 4 << 20 // bytes a second. The codec does more than ten times as much on one core, both directions together
)

// Slow reports whether the link has turned out slower than compressing what goes over it: whether we were kept waiting in the middle of
// responses, or while sending, for long enough. A pause between two commands says nothing about the link, and does not count.
func (s *Session) Slow() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.conn.received.slow() || s.conn.sent.slow()
}

// pull is what has passed in one direction, and how long that kept us waiting.
type pull struct {
	bytes int64
	took  time.Duration
}

func (p *pull) add(n int, took time.Duration) {
	p.bytes += int64(n)
	p.took += took
}

func (p *pull) slow() bool {
	return p.bytes >= slowSample && float64(p.bytes) < slowRate*p.took.Seconds()
}

// meter counts the bytes of a stream.
type meter struct {
	io.ReadWriter
	in, out atomic.Int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.ReadWriter.Read(p)
	m.in.Add(int64(n))
	return n, err
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.ReadWriter.Write(p)
	m.out.Add(int64(n))
	return n, err
}

// compressAfter has the pump inflate what comes behind the OK to the command of this tag.
func (c *conn) compressAfter(tag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.compressing = tag
}

// upToSwitch is the part of p that can be delivered at once: a line at a time while the end of clear bytes may be in it.
func (c *conn) upToSwitch(p []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if end := bytes.IndexByte(p, '\n'); c.traffic.compressing != "" && end >= 0 {
		return p[:end+1]
	}
	return p
}

// inflated changes the pump over, if the OK has just been delivered. rest is compressed already.
func (c *conn) inflated(rest []byte) bool {
	if !c.switching() {
		return false
	}
	behind := io.MultiReader(bytes.NewReader(bytes.Clone(rest)), &c.meter)
	c.in = &inflater{flate.NewReader(bufio.NewReaderSize(behind, readSize))}
	return true
}

func (c *conn) switching() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.traffic.compressing != "" || !c.traffic.compressed || c.inflating {
		return false
	}
	c.inflating = true
	return true
}

// inflater says whose fault it is when nothing can be made of the bytes.
type inflater struct{ io.Reader }

func (i *inflater) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	if corrupt, ok := errors.AsType[flate.CorruptInputError](err); ok {
		err = &violation{fmt.Errorf("something that is not compressed as agreed: %w", corrupt)}
	}
	return n, err
}

// deflate compresses what is sent from here on.
func (c *conn) deflate() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	w, err := flate.NewWriter(&c.meter, deflateLevel)
	if err != nil {
		return err
	}
	c.out = &deflater{w}
	return nil
}

// deflater lets nothing wait: the server answers what it has.
type deflater struct{ *flate.Writer }

func (d *deflater) Write(p []byte) (int, error) {
	if _, err := d.Writer.Write(p); err != nil {
		return 0, err
	}
	if err := d.Flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}
