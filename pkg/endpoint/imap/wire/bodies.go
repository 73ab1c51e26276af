package wire

import (
	"context"
	"errors"
	"io"
	"strings"

	"imapmigrate/pkg/mailbox"
)

const (
	// ahead is how many UID FETCHes of bodies are asked for at a time: while one is read the next is on its way.
	ahead = 2

	// drainMost is how much of an answer nobody wants is read away; beyond it the connection is the cheaper loss.
	drainMost = 1 << 20

	// lineSize is how much is looked at for what stands around a content; there is seldom more.
	lineSize = 1 << 10
)

// Bodies are messages to be read with their content.
type Bodies struct {
	// Next gives the sets, each for one command, and nil at the end. The text of each goes into one line.
	Next func() mailbox.UIDSet
	// Visit gets each message of the sets once, as its content arrives. Content need not be read to its end; it ends with an error when
	// the connection does. An error ends the whole.
	Visit func(m mailbox.Message, content io.Reader, size int64) error
}

// FetchBodies reads the content of messages of the selected mailbox by BODY.PEEK[], asking for the next set before the last is read. A
// message is visited when UID, size, date and flags come before its content, as servers answer; one of which the answer is any different
// is left out, and [Session.FetchTolerant] may know more of it. An error of Visit is returned as it is. After a NO or BAD nothing more
// is asked for; what was, is visited. An error from the connection outweighs all others.
func (s *Session) FetchBodies(ctx context.Context, b Bodies) error {
	f := &fetching{wanted: b, modSeq: s.modSeq, visited: map[mailbox.UID]bool{}}
	err := s.Do(ctx, Op{Kind: Message, Words: "fetch messages"}, f.run)
	if f.halt != nil && !f.cut {
		return f.halt // also when the connection was given up because of it
	}
	return err
}

// fetching is a FetchBodies under way.
type fetching struct {
	wanted  Bodies
	modSeq  bool
	flights []asked
	visited map[mailbox.UID]bool
	done    bool  // Next has no more
	halt    error // what Visit said
	refusal error // what the server said
	drained int64 // bytes read away since halt
	strays  int
	cut     bool // a content ended early: what Visit said only follows from that
}

// asked is one command without its answer.
type asked struct {
	tag string
	set mailbox.UIDSet
}

func (f *fetching) run(x *Exchange) error {
	for {
		if err := f.ask(x); err != nil {
			return err
		}
		if len(f.flights) == 0 {
			return f.refusal
		}
		r, err := x.pull(f.body)
		if err != nil {
			return err
		}
		if tag, _, _ := strings.Cut(r.firstWords(), " "); tag != "*" && tag != "+" {
			f.answer(x, tag, r)
		}
	}
}

// ask keeps the commands coming.
func (f *fetching) ask(x *Exchange) error {
	for len(f.flights) < ahead && !f.done && f.halt == nil && f.refusal == nil {
		set := f.wanted.Next()
		if len(set) == 0 {
			f.done = true
			return nil
		}
		items := "UID RFC822.SIZE INTERNALDATE FLAGS "
		if f.modSeq {
			items += "MODSEQ "
		}
		tag, _, err := x.send(verb("UID FETCH "+set.String()+" ("+items+"BODY.PEEK[])"), nil)
		if err != nil {
			return err
		}
		f.flights = append(f.flights, asked{tag, set})
	}
	return nil
}

func (f *fetching) answer(x *Exchange, tag string, r *response) {
	for i, a := range f.flights {
		if a.tag != tag {
			continue
		}
		f.flights = append(f.flights[:i:i], f.flights[i+1:]...)
		if answer := parseStatus(r.line()); answer.kind != "OK" && f.refusal == nil {
			f.refusal = x.refusal(answer)
		}
		return
	}
	x.session.asides.take(tag, r.line())
}

// body is one content that has begun; r is the response up to it. Of FETCH responses nothing else is looked at.
func (f *fetching) body(r *response, content *pulled) error {
	m, _ := parseFetch(r) // ends where the content begins
	switch {
	case !f.mine(m.UID):
		if f.strays++; f.strays > maxStrayBodies {
			return &violation{errors.New("the contents of messages that were not asked for")}
		}
	case f.halt == nil && m.Flags != nil && !m.InternalDate.IsZero() && m.Size >= 0:
		f.visited[m.UID] = true
		f.halt = f.wanted.Visit(m.Message, content, content.left())
	}
	return f.discard(content)
}

// mine reports whether the message was asked for and has not come yet.
func (f *fetching) mine(uid mailbox.UID) bool {
	if uid == 0 || f.visited[uid] {
		return false
	}
	for _, a := range f.flights {
		if a.set.Contains(uid) {
			return true
		}
	}
	return false
}

// discard reads a content to its end, or, where nobody wants any of it and it is long, gives the connection up.
func (f *fetching) discard(content *pulled) error {
	if f.halt != nil {
		if f.drained += content.left(); f.drained > drainMost && content.err == nil {
			return &ours{f.halt}
		}
	}
	_, err := io.Copy(io.Discard, content)
	if content.err != nil {
		f.cut = true
		return content.err
	}
	return err
}

// pull takes one whole response. The content of a message is given to body, to be read there and then; all of it has to be.
func (x *Exchange) pull(body func(sofar *response, content *pulled) error) (*response, error) {
	if x.chunk == nil {
		x.chunk = make([]byte, 16<<10)
	}
	var begun bool
	r := &reader{literal: func(line []byte, _ int64) (io.Writer, error) {
		if begun = endsWithBody(line); begun {
			return io.Discard, nil
		}
		return nil, nil
	}}
	for !r.complete {
		n, err := x.conn.peek(x.chunk[:lineSize])
		if err != nil {
			return nil, x.failed(err)
		}
		used, err := r.take(x.chunk[:n])
		x.conn.drop(used)
		if err == nil && begun {
			begun = false
			err = body(&r.response, &pulled{exchange: x, reader: r})
		}
		if err != nil {
			return nil, x.failed(x.conn.end(err))
		}
	}
	return &r.response, nil
}

// pulled is a literal on its way, straight from the conn's buffer.
type pulled struct {
	exchange *Exchange
	reader   *reader
	err      error
}

func (p *pulled) left() int64 { return p.reader.framer.pending }

// Read ends with io.EOF after the announced length only.
func (p *pulled) Read(b []byte) (int, error) {
	switch {
	case p.err != nil:
		return 0, p.err
	case p.left() == 0:
		return 0, io.EOF
	}
	n, err := p.exchange.conn.read(byExchange, b[:min(int64(len(b)), p.left())])
	if err != nil {
		p.err = p.exchange.failed(err)
		return 0, p.err
	}
	_, _, err = p.reader.framer.next(b[:n])
	return n, err
}
