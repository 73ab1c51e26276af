package wire

import "io"

// outboxSize is how much is gathered before it is sent.
const outboxSize = 64 << 10

// outbox gathers what is to be sent, so that small messages share packets. What it holds has not left.
type outbox struct {
	exchange *Exchange
	bytes    []byte // never grows: two bytes of its capacity are kept for the end of the command
	bads     int    // that the conn had seen before
}

// outgoing is the buffer of the session's outboxes.
func (s *Session) outgoing() []byte {
	if s.out == nil {
		s.out = make([]byte, 0, outboxSize)
	}
	return s.out[:0]
}

func newOutbox(x *Exchange) outbox {
	return outbox{exchange: x, bytes: x.session.outgoing(), bads: x.conn.bads()}
}

// room is what can be added, after sending what is held if that is necessary.
func (o *outbox) room() ([]byte, error) {
	if len(o.bytes) == cap(o.bytes)-2 {
		if err := o.flush(); err != nil {
			return nil, err
		}
	}
	return o.bytes[len(o.bytes) : cap(o.bytes)-2], nil
}

func (o *outbox) text(s string) error {
	for len(s) > 0 {
		room, err := o.room()
		if err != nil {
			return err
		}
		n := copy(room, s)
		o.bytes, s = o.bytes[:len(o.bytes)+n], s[n:]
	}
	return nil
}

// message takes exactly size bytes. The last of them is still held when the content has proved to end there. What is wrong with the
// content is an *ours.
func (o *outbox) message(content io.Reader, size int64) error {
	for size > 0 {
		room, err := o.room()
		if err != nil {
			return err
		}
		room = room[:min(size, int64(len(room)))]
		n, err := io.ReadFull(content, room)
		o.bytes = o.bytes[:len(o.bytes)+n]
		if size -= int64(n); err != nil {
			return &ours{shortage(err)}
		}
	}
	if !exhausted(content) {
		return &ours{errLong}
	}
	return nil
}

func (o *outbox) flush() error {
	_, err := o.send(len(o.bytes))
	return err
}

// send sends the first n bytes that are held. attempted is false when certainly none of them has left. A server that has answered BAD may
// be taking the rest for commands: it gets no more, and the error is errRefused.
func (o *outbox) send(n int) (attempted bool, err error) {
	conn := o.exchange.conn
	if conn.bads() > o.bads {
		_ = conn.end(errRefused)
		return false, errRefused
	}
	if n == 0 {
		return false, nil
	}
	attempted, err = conn.attempt(byExchange, o.bytes[:n])
	o.bytes = o.bytes[:copy(o.bytes, o.bytes[n:])]
	if err != nil {
		return attempted, o.exchange.failed(err)
	}
	return attempted, nil
}

// end completes the command.
func (o *outbox) end() (attempted bool, err error) {
	o.bytes = append(o.bytes, "\r\n"...)
	return o.send(len(o.bytes))
}
