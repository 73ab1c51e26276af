package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
)

// fetched is what one FETCH response says of a message.
type fetched struct {
	mailbox.Message        // UID 0, Size -1, date zero, Flags nil, ModSeq 0 where it says nothing
	body            *value // of BODY[]; nil where it is not there
}

// addTo brings what one more response says into m. ok is false when the two contradict each other in what cannot change; the last word on
// flags is the newest.
func (f *fetched) addTo(m *mailbox.Message) (ok bool) {
	if (f.Size >= 0 && m.Size >= 0 && f.Size != m.Size) ||
		(!f.InternalDate.IsZero() && !m.InternalDate.IsZero() && !f.InternalDate.Equal(m.InternalDate)) {
		return false
	}
	if f.Size >= 0 {
		m.Size = f.Size
	}
	if !f.InternalDate.IsZero() {
		m.InternalDate = f.InternalDate
	}
	if f.Flags != nil {
		m.Flags = f.Flags
	}
	m.ModSeq = max(m.ModSeq, f.ModSeq)
	return true
}

// parseFetch reads "* 12 FETCH (ITEM value ITEM value)". With an error it gives what it has read so far.
func parseFetch(r *response) (fetched, error) {
	f := fetched{Message: mailbox.Message{Size: -1}}
	p := newParser(r)
	p.skipWords(3)
	if !p.accept('(') {
		return f, errors.New("a FETCH response without its items")
	}
	for !p.accept(')') {
		if err := f.item(p); err != nil {
			return f, err
		}
	}
	return f, nil
}

// item reads one name and its value. A name holds brackets, with anything in them.
func (f *fetched) item(p *parser) error {
	name := strings.ToUpper(p.itemName())
	if name == "" {
		return errors.New("a FETCH response with something unreadable where an item's name should be")
	}
	if name == "FLAGS" && p.accept('(') {
		f.Flags = p.flags()
		return nil
	}
	v, err := p.value()
	if err != nil {
		return fmt.Errorf("item %q: %w", cut(name, 60), err)
	}
	switch {
	case name == "UID":
		n, _ := v.number(32)
		f.UID = mailbox.UID(n)
	case name == "RFC822.SIZE":
		if n, ok := v.number(63); ok {
			f.Size = int64(n)
		}
	case name == "INTERNALDATE":
		f.InternalDate = parseDate(v.text)
	case name == "MODSEQ":
		f.ModSeq = modSeqOf(v)
	case isBody(name):
		f.body = &v
	}
	return nil
}

// modSeqOf takes "(12)", and "12" from those who forget the parentheses (RFC 7162 section 3.1.4).
func modSeqOf(v value) uint64 {
	if v.kind == listValue && len(v.list) > 0 {
		v = v.list[0]
	}
	n, _ := v.number(63)
	return n
}

// itemName reads up to the blank, bracket contents included: BODY[HEADER.FIELDS (TO)]<0>.
func (p *parser) itemName() string {
	p.blanks()
	rest := p.rest()
	depth, end := 0, 0
	for ; end < len(rest); end++ {
		switch b := rest[end]; {
		case b == '[':
			depth++
		case b == ']':
			depth--
		case depth <= 0 && (b == ' ' || b == '(' || b == ')' || b == '"'):
			p.pos += end
			return string(rest[:end])
		}
	}
	p.pos += len(rest)
	return string(rest)
}

// MaxFlags of one message are kept. Comparing two sets of flags takes the square of their number.
const MaxFlags = 1000

// flags reads to the closing parenthesis, whatever the words look like: Gmail has had "OIB-Seen-[Gmail]/All Mail" among them.
func (p *parser) flags() []mailbox.Flag {
	found := []mailbox.Flag{}
	for !p.accept(')') && !p.end() {
		v, err := p.value()
		if err != nil {
			break
		}
		if v.kind != listValue && v.text != "" && len(found) < MaxFlags {
			found = append(found, mailbox.Flag(v.text))
		}
	}
	return found
}

// dateForms are the one that RFC 9051 section 9 knows, and what has been seen beside it.
var dateForms = []string{
	"_2-Jan-2006 15:04:05 -0700",
	"_2-Jan-2006 15:04:05 -07:00",
	"_2-Jan-2006 15:04:05 MST",
	"Mon, _2 Jan 2006 15:04:05 -0700",
}

// parseDate is the zero time for what cannot be read for certain. A zone by name counts only as UTC.
func parseDate(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, form := range dateForms {
		t, err := time.Parse(form, s)
		if err != nil || t.Year() < 1 || t.Year() > 9999 {
			continue
		}
		if zone := t.Location().String(); strings.HasSuffix(form, "MST") && zone != "UTC" && !strings.HasSuffix(s, " GMT") {
			continue
		}
		return t
	}
	return time.Time{}
}

// endsWithBody reports whether the item before a literal is the whole content.
func endsWithBody(line []byte) bool {
	line = bytes.TrimRight(line, " ~")
	start := bytes.LastIndexAny(line, " (") + 1
	return isBody(strings.ToUpper(string(line[start:])))
}

// isBody knows the names that the whole content goes by. One that has an origin, BODY[]<0>, is not what was asked for.
func isBody(item string) bool { return item == "BODY[]" || item == "BODY.PEEK[]" || item == "RFC822" }
