package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

const (
	lastLines = 24  // of a connection are kept in memory, for when it fails
	mostHeld  = 200 // lines wait for the login, from which on it is known what to hide
)

// spoken is one line as it was said.
type spoken struct {
	at   time.Time
	who  byte // 'C', 'S' or '-'
	text []byte
	cut  bool // its end is missing
}

// record is what one connection says. Its conn's mutex guards it.
type record struct {
	transcript *Transcript // nil: only the last lines are kept
	number     int
	redactor   redactor

	last      [lastLines]spoken
	count     int      // lines so far
	held      []spoken // before it is known what to hide
	knowing   bool     // it is known
	dropped   int      // of held
	loggingIn bool     // what the client says is credentials
	noted     int      // of the command under way
}

// begin makes the record that of a connection, which is described by words; t may be nil. The server may have spoken already.
func (r *record) begin(t *Transcript, words string) {
	early := r.count
	if r.transcript = t; t != nil {
		r.number, r.redactor.key = t.join(), t.key
	}
	r.happened(words)
	if t == nil {
		return
	}
	for i := max(0, early-lastLines+1); i < early; i++ {
		s := r.last[i%lastLines]
		r.held = append(r.held, spoken{s.at, s.who, bytes.Clone(s.text), s.cut})
	}
}

// know lets the lines go that were held.
func (r *record) know() {
	r.knowing = true
	for _, s := range r.held {
		r.transcript.write(r.format(s))
	}
	if r.dropped > 0 {
		r.transcript.write(r.format(spoken{at: time.Now(), who: '-', text: fmt.Appendf(nil, "%d lines left out", r.dropped)}))
	}
	r.held = nil
}

func (r *record) add(who byte, text []byte, cut bool) {
	s := &r.last[r.count%lastLines]
	s.at, s.who, s.text, s.cut = time.Now(), who, append(s.text[:0], text...), cut
	r.count++
	switch {
	case r.transcript == nil:
	case r.knowing:
		r.transcript.write(r.format(*s))
	case len(r.held) < mostHeld:
		r.held = append(r.held, spoken{s.at, s.who, bytes.Clone(s.text), s.cut})
	default:
		r.dropped++
	}
}

func (r *record) format(s spoken) string {
	colon := ":"
	if s.who == '-' {
		colon = ""
	}
	return fmt.Sprintf("%s %d %c%s %s", s.at.UTC().Format("2006-01-02T15:04:05.000Z"), r.number, s.who, colon, r.redactor.line(string(s.text), s.cut))
}

// lines are the last ones, redacted.
func (r *record) lines() []string {
	if r.redactor.key == nil {
		r.redactor.key = make([]byte, 16)
		_, _ = rand.Read(r.redactor.key) // it never fails
	}
	var out []string
	for i := max(0, r.count-lastLines); i < r.count; i++ {
		out = append(out, r.format(r.last[i%lastLines]))
	}
	return out
}

// happened notes what became of the connection.
func (r *record) happened(words string) { r.add('-', []byte(words), false) }

// end notes the end, with what had been said of a response that was never finished.
func (r *record) end(reason error, unfinished *framer) {
	if unfinished.inside {
		r.add('S', unfinished.head, true)
	}
	r.happened("the end: " + reason.Error())
	if r.transcript != nil {
		r.know()
	}
}

// transcribe has the conn's record written to t, which may be nil.
func (c *conn) transcribe(t *Transcript, words string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.record.begin(t, words)
}

// knowUser says who the user is, before anything of the login leaves.
func (c *conn) knowUser(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.record.redactor.user = user
}

// hide says what the record must never show.
func (c *conn) hide(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.record.redactor.hide(secret)
}

// reply notes an answer to a challenge.
func (c *conn) reply() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.record.replied()
}

// lastLines are what was said last, redacted.
func (c *conn) lastLines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic.record.lines()
}

// transport says how a stream is protected.
func transport(stream net.Conn) string {
	if t, ok := stream.(*tls.Conn); ok {
		return tls.VersionName(t.ConnectionState().Version)
	}
	return "clear text"
}
