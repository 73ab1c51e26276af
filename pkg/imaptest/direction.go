package imaptest

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"time"
)

const (
	pieceSize = 32 << 10
	// Without RoundTrip as much is under way as in a small socket buffer; with it, enough for 400 MB/s at 40 ms.
	shortReadAhead = 64 << 10
	longReadAhead  = 16 << 20
	// maxLine bounds how long a line can be and still be searched for a pattern as one.
	maxLine = 64 << 10
)

// direction is one half of a link.
type direction struct {
	*link
	up       bool
	from, to net.Conn
	queue    *queue

	line   []byte // from the beginning of the line that is passing
	sent   int    // of line, already passed on
	passed int64  // bytes on this connection
}

// run passes on what is read. Reading goes ahead, for a delay to be one of time and not of amount.
func (d *direction) run() {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		d.read()
	}()
	for {
		p, ok := d.queue.pop()
		if !ok {
			break
		}
		d.sleep(time.Until(p.due))
		d.arrived(!d.up)
		if !d.pass(p.data) {
			break
		}
		d.queue.done(p)
	}
	d.end()
	<-finished
}

// end passes on the end of one direction: the other may still have something to say.
func (d *direction) end() {
	d.flush(len(d.line))
	if to, ok := d.to.(*net.TCPConn); ok {
		to.CloseWrite()
	}
	d.queue.close()
}

func (d *direction) read() {
	defer d.queue.close()
	for {
		now, _ := d.proxy.current(d.link)
		b := make([]byte, now.pieceSize())
		n, err := d.from.Read(b)
		now, _ = d.proxy.current(d.link)
		if n > 0 {
			d.began(d.up)
		}
		if n > 0 && !d.queue.push(piece{b[:n], time.Now().Add(now.RoundTrip / 2)}, now.readAhead()) {
			io.Copy(io.Discard, d.from) // until it is closed
			return
		}
		if err != nil {
			return
		}
	}
}

// pieceSize is small where a sender is to feel that the line is slow.
func (f Faults) pieceSize() int {
	if f.Rate == 0 {
		return pieceSize
	}
	return int(max(1, min(f.Rate/20, pieceSize)))
}

// readAhead is how many bytes may be under way.
func (f Faults) readAhead() int {
	switch {
	case f.Rate > 0:
		return min(longReadAhead, 1+int(float64(f.Rate)*f.RoundTrip.Seconds()))
	case f.RoundTrip > 0:
		return longReadAhead
	}
	return shortReadAhead
}

// pass writes a piece, up to where a fault strikes, and tells whether the direction goes on.
func (d *direction) pass(data []byte) bool {
	fault, pattern := d.proxy.fault(d.link, d.up)
	if fault.After == 0 && pattern == nil && d.sent == len(d.line) {
		return d.forward(data)
	}
	d.line = append(d.line, data...)
	at, found := d.find(fault, pattern)
	if found {
		if !d.flush(at) || d.proxy.strike(d.link) && !d.act(fault) {
			return false
		}
	}
	end := len(d.line)
	if begin := d.lastLine(); !found && pattern != nil && fault.Before && end-begin <= maxLine {
		end = begin // the pattern may be about to come
	}
	if !d.flush(end) {
		return false
	}
	d.forget()
	return true
}

// forward passes on a piece in which nothing is looked for, and keeps of it what a later look needs: its last, unfinished line.
func (d *direction) forward(data []byte) bool {
	d.passed += int64(len(data))
	if at := bytes.LastIndexByte(data, '\n') + 1; at > 0 || len(d.line)+len(data) > maxLine {
		d.line = d.line[:0]
		if len(data)-at <= maxLine {
			d.line = append(d.line, data[at:]...)
		}
	} else {
		d.line = append(d.line, data...)
	}
	d.sent = len(d.line)
	return d.write(data)
}

// lastLine is where the last, unfinished line begins.
func (d *direction) lastLine() int { return bytes.LastIndexByte(d.line, '\n') + 1 }

// forget drops finished lines, and an unfinished one that is too long to be looked at.
func (d *direction) forget() {
	begin := min(d.lastLine(), d.sent)
	if len(d.line)-begin > maxLine {
		begin = d.sent
	}
	d.line = bytes.Clone(d.line[begin:])
	d.sent -= begin
}

// find is where in d.line the fault strikes.
func (d *direction) find(f Fault, pattern *regexp.Regexp) (at int, found bool) {
	if left := f.After - d.passed; f.After > 0 && d.sent+int(max(0, left)) <= len(d.line) {
		return d.sent + int(max(0, left)), true
	}
	if pattern == nil {
		return 0, false
	}
	for begin := 0; begin < len(d.line); {
		length := bytes.IndexByte(d.line[begin:], '\n') + 1
		if length == 0 {
			break
		}
		if end := begin + length; pattern.Match(d.line[begin:end]) {
			if f.Before {
				return max(begin, d.sent), true
			}
			return max(end, d.sent), true
		}
		begin += length
	}
	return 0, false
}

// act does what the fault says, and tells whether the direction goes on.
func (d *direction) act(f Fault) bool {
	switch f.Action {
	case Inject:
		return d.write(f.Garbage)
	case Hang:
		d.hang()
		return d.alive()
	default:
		d.cut(f.Action == Break)
		return false
	}
}

// flush writes d.line up to end.
func (d *direction) flush(end int) bool {
	if end <= d.sent {
		return true
	}
	data := d.line[d.sent:end]
	d.sent = end
	d.passed += int64(len(data))
	return d.write(data)
}

// write writes no faster than the rate allows, which makes small pieces for an even flow.
func (d *direction) write(data []byte) bool {
	now, _ := d.proxy.current(d.link)
	for len(data) > 0 {
		if !d.alive() {
			return false
		}
		n := min(now.pieceSize(), len(data))
		written, err := d.to.Write(data[:n])
		d.proxy.count(d.up, written)
		if err != nil {
			return false
		}
		data = data[n:]
		if now.Rate > 0 {
			d.sleep(time.Duration(n) * time.Second / time.Duration(now.Rate))
		}
	}
	return true
}
