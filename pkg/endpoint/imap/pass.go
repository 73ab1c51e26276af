package imap

import (
	"bytes"
	"io"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// drainMost is how much of an answer nobody wants is read away; beyond it the connection is the cheaper loss.
const drainMost = 1 << 20

// pass is one UID FETCH of bodies through go-imap.
type pass struct {
	asked   mailbox.UIDSet
	visit   func(endpoint.Body) error
	modseq  bool
	abandon func()

	seen    []mailbox.UID // visited whole
	halt    error         // what visit said
	drained int64         // bytes read away since then
	cut     bool          // a literal ended early: what visit said then only follows from that
	over    bool          // go-imap must not be touched any more
}

// run sends the command and drains every answer: go-imap's reader waits for us, and nothing else can be read meanwhile.
//
// After an error from a literal it is the other way round. go-imap's reader goes on by itself, over the end of the connection, while
// draining would read that literal again, in two goroutines at once.
func (p *pass) run(c *imapclient.Client) error {
	cmd := c.Fetch(asSet(p.asked), &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true, ModSeq: p.modseq,
		BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		if p.message(m); p.over {
			return errCut
		}
	}
	return cmd.Close()
}

// message takes one answer. A body counts only with all that belongs to it before it; go-imap asks for it last, and servers answer so.
func (p *pass) message(m *imapclient.FetchMessageData) {
	a := partial{body: endpoint.Body{Message: mailbox.Message{Size: -1}}}
	for item := m.Next(); item != nil && !p.over; item = m.Next() {
		section, isBody := item.(imapclient.FetchItemDataBodySection)
		if !isBody {
			a.take(item)
			continue
		}
		if section.Literal == nil {
			continue
		}
		content := &literal{from: section.Literal, left: section.Literal.Size()}
		if a.complete() && !a.given && p.halt == nil && p.asked.Contains(a.body.UID) && isWholeMessage(section.Section) {
			a.given = true
			p.give(a.body, content)
		}
		if p.discard(content); p.over {
			return // before the loop asks for the next item, which would read the literal again
		}
	}
}

// partial is what is known of a message so far.
type partial struct {
	body  endpoint.Body
	flags bool
	given bool // to visit
}

func (a *partial) take(item imapclient.FetchItemData) {
	switch item := item.(type) {
	case imapclient.FetchItemDataUID:
		a.body.UID = mailbox.UID(item.UID)
	case imapclient.FetchItemDataFlags:
		a.body.Flags, a.flags = fromFlags(item.Flags), true
	case imapclient.FetchItemDataInternalDate:
		a.body.InternalDate = item.Time
	case imapclient.FetchItemDataRFC822Size:
		a.body.Message.Size = item.Size
	case imapclient.FetchItemDataModSeq:
		a.body.ModSeq = item.ModSeq
	}
}

func (a *partial) complete() bool {
	return a.flags && !a.body.InternalDate.IsZero() && a.body.Message.Size >= 0
}

// isWholeMessage tells BODY[] from a part or a stretch that nobody asked for.
func isWholeMessage(s *imap.FetchItemBodySection) bool {
	return s.Specifier == imap.PartSpecifierNone && len(s.Part) == 0 && s.Partial == nil
}

// give has a message visited. What visit left unread is read away.
func (p *pass) give(b endpoint.Body, content *literal) {
	b.Content, b.Size = content, content.left
	if b.Size <= int64(noticeMost) {
		small, _ := io.ReadAll(content)
		if p.discard(content); p.over || isNotice(small) {
			return
		}
		b.Content = bytes.NewReader(small)
	}
	if p.halt = p.visit(b); p.halt != nil {
		return
	}
	if p.discard(content); !p.over {
		p.seen = append(p.seen, b.UID)
	}
}

// discard reads a literal to its end, or, where nobody wants it and it is long, gives the connection up.
func (p *pass) discard(content *literal) {
	if p.halt == nil {
		_, _ = io.Copy(io.Discard, content)
		p.cut = content.left > 0
		p.over = p.cut
		return
	}
	n, _ := io.CopyN(io.Discard, content, drainMost-p.drained)
	p.drained += n
	switch {
	case content.left == 0:
		_, _ = io.Copy(io.Discard, content) // go-imap wants to see the end
	case content.end != nil:
		p.cut, p.over = true, true
	default:
		p.abandon()
		_, _ = io.Copy(io.Discard, content) // ends at once, and lets go-imap's reader go on
		p.over = true
	}
}

// literal is a message on its way. go-imap takes an end that comes too early for a clean one, and must not be asked again after it.
type literal struct {
	from io.Reader
	left int64
	end  error
}

func (l *literal) Read(b []byte) (int, error) {
	if l.end != nil {
		return 0, l.end
	}
	n, err := l.from.Read(b)
	l.left -= int64(n)
	if err == io.EOF && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	l.end = err
	return n, err
}

func fromFlags(in []imap.Flag) []mailbox.Flag {
	out := make([]mailbox.Flag, len(in))
	for i, f := range in {
		out[i] = mailbox.Flag(f)
	}
	return out
}
