package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"imapmigrate/pkg/endpoint"
)

// Exchange is the connection in the hands of one raw exchange. It is valid inside Do only.
type Exchange struct {
	session *Session
	conn    *conn
	op      Op
	chunk   []byte
}

// Run sends one command and gives every untagged response to each (which may be nil) until the tagged answer is there. text must be
// safe to send as it is. A NO or BAD is an *endpoint.Error.
func (x *Exchange) Run(text string, each func(line string) error) error {
	answer, err := x.run(verb(text), func(r *response) error {
		if each == nil {
			return nil
		}
		return each(r.line())
	})
	if err != nil {
		return err
	}
	return x.refusal(answer)
}

// run is one command and its answer. An error of each is returned when the answer is there, so that the connection stays good.
func (x *Exchange) run(c command, each func(*response) error) (status, error) {
	tag, early, err := x.send(c, each)
	if err != nil || early.isText {
		return early, err
	}
	return x.finish(tag, each)
}

// ask is run for commands whose refusal is an error.
func (x *Exchange) ask(c command, each func(*response) error) error {
	answer, err := x.run(c, each)
	if err != nil {
		return err
	}
	return x.refusal(answer)
}

// refusal is the error of an answer that is not OK.
func (x *Exchange) refusal(answer status) error {
	if answer.kind == "OK" {
		return nil
	}
	return x.classified(answer)
}

func (x *Exchange) classified(answer status) *endpoint.Error {
	return Classify(x.op, x.session.options.Account, answer.kind, answer.code, answer.text)
}

// giveUp ends the connection over a failure of ours.
func (x *Exchange) giveUp(err error) error { return x.failed(x.conn.end(&ours{err})) }

// send writes a whole command. early is the tagged answer, when the server gives it instead of asking for a literal.
func (x *Exchange) send(c command, each func(*response) error) (tag string, early status, err error) {
	tag, line, early, err := x.compose(c, each)
	if err != nil || early.isText {
		return tag, early, err
	}
	return tag, early, x.write(line + "\r\n")
}

// compose writes a command as far as it has literals to wait for, and gives the line that is left, without its end.
func (x *Exchange) compose(c command, each func(*response) error) (tag, rest string, early status, err error) {
	line := x.leave()
	tag = x.tag()
	line += tag + " "
	for _, p := range c {
		if !p.literal {
			line += p.text
			continue
		}
		size := int64(len(p.text))
		at := nonSync(x.session.caps, size)
		line += announce(size, at) + "\r\n"
		if !at {
			if early, err = x.invite(tag, line, each); err != nil || early.isText {
				return tag, "", early, err
			}
			line = ""
		}
		line += p.text
	}
	return tag, line, early, nil
}

// tag is unlike those of go-imap (T1) on the same connection.
func (x *Exchange) tag() string {
	x.session.lastTag++
	return fmt.Sprintf("W%d", x.session.lastTag)
}

func (x *Exchange) write(text string) error {
	if _, err := x.conn.write(byExchange, []byte(text)); err != nil {
		return x.failed(err)
	}
	return nil
}

// invite sends a line that announces a literal and waits for the "+". early is the tagged answer that came instead: the literal must
// not be sent, and the connection is as good as before.
func (x *Exchange) invite(tag, line string, each func(*response) error) (early status, err error) {
	if err := x.write(line); err != nil {
		return status{}, err
	}
	return x.invited(tag, each)
}

// invited waits for the "+" to what has been announced.
func (x *Exchange) invited(tag string, each func(*response) error) (early status, err error) {
	early, err = x.await(tag, true, each)
	if err != nil || !early.isText {
		return early, err
	}
	if early.kind == "OK" {
		return status{}, x.violated("an OK before the command was complete")
	}
	x.conn.withdraw()
	return early, nil
}

// finish reads until the tagged answer.
func (x *Exchange) finish(tag string, each func(*response) error) (status, error) {
	return x.await(tag, false, each)
}

// await reads until the tagged answer or, if it is wanted, a "+": then the status is empty.
func (x *Exchange) await(tag string, plus bool, each func(*response) error) (status, error) {
	var problem error
	for {
		r, err := x.read(nil)
		if err != nil {
			return status{}, err
		}
		line := r.line()
		switch first, _, _ := strings.Cut(line, " "); {
		case first == "*":
			if each != nil && problem == nil {
				problem = each(r)
			}
			if _, flood := errors.AsType[*violation](problem); flood {
				return status{}, x.failed(x.conn.end(problem))
			}
		case first == "+":
			if plus {
				return status{}, problem
			}
		case first == tag:
			s, err := x.answerOf(line)
			if err != nil {
				return s, err
			}
			return s, problem
		default:
			x.session.asides.take(first, line)
		}
	}
}

// answerOf takes a tagged answer apart.
func (x *Exchange) answerOf(line string) (status, error) {
	s := parseStatus(line)
	if !s.isText || s.kind == "BYE" || s.kind == "PREAUTH" {
		return s, x.violated("an answer that is neither OK nor NO nor BAD") // unquoted: it could repeat a password
	}
	return s, nil
}

// tagged reads until the next tagged answer, whichever command it is to.
func (x *Exchange) tagged() (status, error) {
	for {
		r, err := x.read(nil)
		if err != nil {
			return status{}, err
		}
		line := r.line()
		if first, _, _ := strings.Cut(line, " "); first != "*" && first != "+" && !x.session.asides.take(first, line) {
			return x.answerOf(line)
		}
	}
}

// violated ends the connection over a breach of the protocol.
func (x *Exchange) violated(what string) error {
	return x.failed(x.conn.end(&violation{fmt.Errorf("%s", what)}))
}

// failed is the error of a connection that has ended.
func (x *Exchange) failed(err error) error {
	if x.conn.reason() == nil {
		_ = x.conn.end(err)
	}
	return err
}

// read takes one whole response. Literals are held in memory, unless literal gives them somewhere else to go.
func (x *Exchange) read(literal func(line []byte, size int64) (io.Writer, error)) (*response, error) {
	if x.chunk == nil {
		x.chunk = make([]byte, 16<<10)
	}
	r := &reader{literal: literal}
	for !r.complete {
		n, err := x.conn.peek(x.chunk)
		if err != nil {
			return nil, x.failed(err)
		}
		used, err := r.take(x.chunk[:n])
		x.conn.drop(used)
		if err != nil {
			return nil, x.failed(x.conn.end(err))
		}
	}
	return &r.response, nil
}

// reader puts one response together from bytes as they come.
type reader struct {
	framer   framer
	response response
	literal  func(line []byte, size int64) (io.Writer, error)
	line     bytes.Buffer
	held     int64 // bytes of literals kept in memory; more are thrown away
	complete bool
}

// take uses bytes up to the next change between line and literal.
func (r *reader) take(p []byte) (int, error) {
	if r.framer.pending > 0 {
		p = p[:min(int64(len(p)), r.framer.pending)]
		if err := r.content(p); err != nil {
			return len(p), err
		}
		n, _, err := r.framer.next(p)
		return n, err
	}
	n, ev, err := r.framer.next(p)
	if err != nil {
		return n, &violation{err}
	}
	r.line.Write(p[:n])
	switch ev {
	case literalAhead, literalPlus:
		err = r.begin()
	case ended:
		r.endLine(bytes.TrimRight(r.line.Bytes(), "\r\n"))
		r.complete = true
	}
	return n, err
}

// begin starts a literal; the line before it loses its announcement.
func (r *reader) begin() error {
	line := r.line.Bytes()
	line = bytes.TrimRight(line[:bytes.LastIndexByte(line, '{')], "~")
	r.endLine(line)
	s := segment{literal: true, size: r.framer.size}
	if r.literal != nil {
		sink, err := r.literal(line, s.size)
		if _, theirs := errors.AsType[*violation](err); theirs {
			return err
		} else if err != nil {
			return &ours{err}
		}
		s.sink = sink
	}
	if s.sink == nil {
		if r.held += s.size; r.held > maxHeld {
			s.sink = io.Discard
		}
	}
	r.response.segments = append(r.response.segments, s)
	return nil
}

func (r *reader) endLine(line []byte) {
	r.response.segments = append(r.response.segments, segment{text: bytes.Clone(line)})
	r.line.Reset()
}

// content is bytes of the current literal.
func (r *reader) content(p []byte) error {
	s := &r.response.segments[len(r.response.segments)-1]
	if s.sink != nil {
		if _, err := s.sink.Write(p); err != nil {
			return &ours{err}
		}
		return nil
	}
	s.text = append(s.text, p...)
	return nil
}

// ours is a failure on our side that has cost the connection: a full disk where a body was to go, a file that has become shorter.
type ours struct{ err error }

func (o *ours) Error() string { return o.err.Error() }
func (o *ours) Unwrap() error { return o.err }
