package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	bufferSize = 256 << 10 // bytes read ahead of whoever reads from the conn
	readSize   = 32 << 10
	writeSize  = 16 << 10 // each must pass within the timeout
)

// user is who may read from and write to a conn at the moment.
type user int

const (
	byExchange user = iota // raw exchanges; also while the session is opened
	byGoIMAP
)

// conn is the connection beneath go-imap and the raw exchanges. One goroutine, the pump, reads from the network into a bounded buffer.
type conn struct {
	raw     net.Conn  // the transport; closing it ends everything at once, without a farewell of TLS
	stream  net.Conn  // raw itself, or TLS over it
	meter   meter     // over stream
	in      io.Reader // the pump's: the meter, or what inflates from it
	out     io.Writer // guarded by writing: the meter, or what deflates into it
	timeout time.Duration
	done    chan struct{} // closed when the pump has ended

	writing sync.Mutex // one writer at a time; taken before mu

	mu             sync.Mutex
	changed        sync.Cond // of anything below
	owner          user
	hello          []byte // the made-up greeting that go-imap has still to read
	buffer         ring
	full           bool  // the pump waits for room: we are slow
	taking         bool  // a raw exchange waits for go-imap to finish
	ending         error // why there is no more to read, once the buffer is empty
	traffic        traffic
	watch          watchdog
	sent, received pull // while somebody waited for it
	inflating      bool
	over           func() // called, with mu held, when nothing good can come of the command under way
}

// Traffic counts the bytes in both directions, inside TLS and as they are on the wire: compressed where that was agreed.
type Traffic struct{ In, Out int64 }

// newConn starts the pump. With greeting the server owes its first response without being asked.
func newConn(raw, stream net.Conn, timeout time.Duration, greeting bool) *conn {
	c := &conn{raw: raw, stream: stream, timeout: timeout, done: make(chan struct{}), buffer: newRing(bufferSize)}
	c.meter.ReadWriter = stream
	c.in, c.out = &c.meter, &c.meter
	c.changed.L = &c.mu
	c.traffic.out.commands = true
	c.traffic.flight = map[string]bool{}
	c.traffic.most = maxUntagged
	c.watch.limit = timeout
	c.watch.expired = c.silent
	c.traffic.greeting = greeting
	c.progress(true)
	go c.pump()
	return c
}

// pump reads until the connection ends.
func (c *conn) pump() {
	defer close(c.done)
	chunk := make([]byte, readSize)
	for {
		n, err := c.pull(chunk)
		for rest := chunk[:n]; len(rest) > 0; {
			part := c.upToSwitch(rest)
			if !c.deliver(part) {
				return
			}
			if rest = rest[len(part):]; c.inflated(rest) {
				break
			}
		}
		if err != nil {
			c.end(readFailure(err))
			return
		}
	}
}

// pull reads once. How long that took tells something of the link only in the middle of a response.
func (c *conn) pull(chunk []byte) (int, error) {
	c.mu.Lock()
	inside := c.traffic.in.inside
	c.mu.Unlock()
	start := time.Now()
	n, err := c.in.Read(chunk)
	if inside {
		c.mu.Lock()
		c.received.add(n, time.Since(start))
		c.mu.Unlock()
	}
	return n, err
}

func readFailure(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errServerClosed
	}
	return err
}

var errServerClosed = errors.New("the server closed the connection")

// deliver scans what has arrived and hands it to the reader, waiting while the buffer is full.
func (c *conn) deliver(p []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	useful, err := c.traffic.arrived(p)
	if err != nil {
		c.endLocked(err)
		return false
	}
	if c.traffic.hopeless() {
		c.tellOver()
	}
	c.progress(useful)
	for len(p) > 0 && c.ending == nil {
		n := c.buffer.write(p)
		p = p[n:]
		c.changed.Broadcast()
		if len(p) > 0 {
			c.waitForRoom()
		}
	}
	return c.ending == nil
}

// waitForRoom blocks the pump. The server's silence does not count in the meantime: it is ours.
func (c *conn) waitForRoom() {
	c.full = true
	c.changed.Wait()
	c.full = false
	c.progress(true)
}

// read takes bytes that have arrived, for owner only; others wait until it is their turn.
func (c *conn) read(who user, p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.waitReadable(who); err != nil {
		return 0, err
	}
	if who == byGoIMAP && len(c.hello) > 0 {
		n := copy(p, c.hello)
		c.hello = c.hello[n:]
		return n, nil
	}
	n := c.buffer.read(p)
	c.changed.Broadcast()
	return n, nil
}

// waitReadable waits for something to read, with mu held.
func (c *conn) waitReadable(who user) error {
	for c.owner != who || (c.buffer.len() == 0 && (who != byGoIMAP || len(c.hello) == 0)) {
		if c.ending != nil {
			return c.ending
		}
		c.changed.Wait()
	}
	return nil
}

// write sends p for who. Commands are scanned before they leave, so that an answer never comes before its command is known.
func (c *conn) write(who user, p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.mayWrite(who, p); err != nil {
		return 0, err
	}
	return c.send(p)
}

// attempt is write for who has to know whether any byte can have left.
func (c *conn) attempt(who user, p []byte) (attempted bool, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.mayWrite(who, p); err != nil {
		return false, err
	}
	_, err = c.send(p)
	return true, err
}

func (c *conn) mayWrite(who user, p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.owner != who && c.ending == nil {
		c.changed.Wait()
	}
	if c.ending != nil {
		return c.ending
	}
	if err := c.traffic.leaving(p); err != nil {
		return c.endLocked(err)
	}
	c.progress(true)
	return nil
}

// send writes p in chunks, each of which must pass within the timeout. The caller holds writing.
func (c *conn) send(p []byte) (sent int, err error) {
	// TLS writes of its own accord at times, whenever that is.
	defer func() { _ = c.stream.SetWriteDeadline(time.Time{}) }()
	for sent < len(p) {
		chunk := p[sent:min(len(p), sent+writeSize)]
		if c.timeout > 0 {
			_ = c.stream.SetWriteDeadline(time.Now().Add(c.timeout))
		}
		start := time.Now()
		n, err := c.out.Write(chunk)
		sent += n
		if err != nil {
			return sent, c.end(c.writeFailure(err))
		}
		c.mu.Lock()
		c.sent.add(n, time.Since(start))
		c.progress(true)
		c.mu.Unlock()
	}
	return sent, nil
}

func (c *conn) writeFailure(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return &silence{fmt.Sprintf("the server took nothing for %v", c.timeout)}
	}
	return err
}

// progress feeds the watchdog, with mu held. useful is false for the words with which a server only says that it is still there.
func (c *conn) progress(useful bool) {
	c.watch.feed(c.owed(), useful)
}

func (c *conn) owed() bool { return c.taking || (c.traffic.owed() && !c.full) }

// silent is called by the watchdog's timer.
func (c *conn) silent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.watch.check(c.owed()); err != nil {
		c.endLocked(err)
	}
}

// end closes the connection for a reason; the first reason stays and is returned. What has arrived before can still be read.
func (c *conn) end(reason error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endLocked(reason)
}

func (c *conn) endLocked(reason error) error {
	if c.ending == nil {
		c.ending = reason
		c.traffic.record.end(reason, &c.traffic.in)
		c.watch.stop()
		_ = c.raw.Close()
		c.changed.Broadcast()
		c.tellOver()
	}
	return c.ending
}

// cancel is end for a reason of ours: nothing that has arrived is of interest any more.
func (c *conn) cancel(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(reason)
	c.buffer.clear()
	c.hello = nil
}

// reason is why the connection has ended, nil while it has not.
func (c *conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// farewell is the text of a BYE, if there was one.
func (c *conn) farewell() (status, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic.bye, c.traffic.bye.isText
}

// hideFarewell takes secrets out of the BYE's text.
func (c *conn) hideFarewell(redact func(string) string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.bye.text = redact(c.traffic.bye.text)
	for i, text := range c.traffic.alerts {
		c.traffic.alerts[i] = redact(text)
	}
}

// take gives the conn to raw exchanges, as soon as go-imap has its answers and both directions stand between two commands.
func (c *conn) take() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taking = true
	defer func() { c.taking = false }()
	c.progress(true)
	for !c.idle() && c.ending == nil {
		c.changed.Wait()
	}
	if c.ending != nil {
		return c.ending
	}
	c.owner = byExchange
	return nil
}

// idle reports whether nothing is under way, with mu held.
func (c *conn) idle() bool { return c.buffer.len() == 0 && len(c.hello) == 0 && c.traffic.idle() }

// give hands the conn back to go-imap.
func (c *conn) give() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owner = byGoIMAP
	c.changed.Broadcast()
}

// greet hands the conn to go-imap for the first time, with the greeting it wants to see.
func (c *conn) greet(hello string) {
	c.mu.Lock()
	c.hello = []byte(hello)
	c.mu.Unlock()
	c.give()
}

// peek copies what has arrived without taking it. Only exchanges do that.
func (c *conn) peek(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.waitReadable(byExchange); err != nil {
		return 0, err
	}
	return copy(p, c.buffer.front()), nil
}

// drop takes n bytes that peek has shown.
func (c *conn) drop(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buffer.drop(min(n, c.buffer.len())) // cancel may have cleared it
	c.changed.Broadcast()
}

// continueWith sends a line that is no command: the answer to a challenge.
func (c *conn) continueWith(line string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.reply()
	_, err := c.send([]byte(line + "\r\n"))
	return err
}

// withdraw ends the command under way, whose literal the server does not want.
func (c *conn) withdraw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.withdrawn()
}

// answered is how the command under way was answered before all of it was sent: NO, BAD, or "" while it was not.
func (c *conn) answered() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic.answered
}

// answeredWhole reports whether a command that was sent whole has its answer.
func (c *conn) answeredWhole(tag string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, flying := c.traffic.flight[tag]
	return !flying
}

// bads is how many commands were answered BAD so far.
func (c *conn) bads() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic.bads
}

// tellOver calls over, once, with mu held.
func (c *conn) tellOver() {
	if over := c.over; over != nil {
		c.over = nil
		over()
	}
}

// watchOver has f called once, at once or later, when the command under way is answered early, or the connection ends or is about to. nil
// ends that; f is not running any more then.
func (c *conn) watchOver(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over = f; c.ending != nil || c.traffic.hopeless() {
		c.tellOver()
	}
}

// refusedEarly reports whether the command under way has been answered already.
func (c *conn) refusedEarly() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic.current != "" && c.traffic.answered != ""
}

// departing reports whether the server has said BYE.
func (c *conn) departing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic.bye.isText
}

// atRest reports whether every command was answered and sent whole.
func (c *conn) atRest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.traffic.flight) == 0 && c.traffic.current == "" && c.traffic.out.boundary()
}
