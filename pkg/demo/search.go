package demo

import (
	"bytes"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"imapmigrate/pkg/mailbox"
)

// Search serves SEARCH, UID SEARCH and RFC 4731's RETURN. Strings are looked for in header fields with their encoded words decoded, and
// in bodies as they lie there, without undoing base64 or quoted-printable.
func (s *session) Search(kind imapserver.NumKind, c *imap.SearchCriteria, o *imap.SearchOptions) (*imap.SearchData, error) {
	if o.ReturnSave {
		return nil, reject("SEARCHRES is not offered")
	}
	every, err := s.view.find(imap.SeqSet{{Start: 1, Stop: 0}}, nil)
	if err != nil {
		return nil, err
	}
	q := query{messages: uint32(len(s.view.uids)), highest: s.view.highest()}
	var data imap.SearchData
	var seqs imap.SeqSet
	var uids imap.UIDSet
	for _, f := range every {
		if !q.matches(f, c) {
			continue
		}
		number := uint32(f.uid)
		if kind == imapserver.NumKindSeq {
			number = f.seq
		}
		seqs.AddNum(f.seq)
		uids.AddNum(f.uid)
		if data.Count++; data.Count == 1 {
			data.Min = number
		}
		data.Max = number
	}
	if data.All = uids; kind == imapserver.NumKindSeq {
		data.All = seqs
	}
	return &data, nil
}

// query knows what "*" stands for.
type query struct{ messages, highest uint32 }

// matches reports whether a message fulfils all of c (RFC 9051 section 6.4.4).
func (q query) matches(f found, c *imap.SearchCriteria) bool {
	return q.numbered(f, c) && flagged(f, c) && sized(f, c) &&
		dated(f.date, c.Since, c.Before) && q.written(f, c) &&
		!slices.ContainsFunc(c.Not, func(not imap.SearchCriteria) bool { return q.matches(f, &not) }) &&
		!slices.ContainsFunc(c.Or, func(or [2]imap.SearchCriteria) bool { return !q.matches(f, &or[0]) && !q.matches(f, &or[1]) })
}

func (q query) numbered(f found, c *imap.SearchCriteria) bool {
	for _, set := range c.SeqNum {
		if !slices.ContainsFunc(set, func(r imap.SeqRange) bool { return within(r.Start, r.Stop, q.messages, f.seq) }) {
			return false
		}
	}
	for _, set := range c.UID {
		if !slices.ContainsFunc(set, func(r imap.UIDRange) bool {
			return within(uint32(r.Start), uint32(r.Stop), q.highest, uint32(f.uid))
		}) {
			return false
		}
	}
	return true
}

func within(start, stop, highest, n uint32) bool {
	first, last := ends(start, stop, highest)
	return first <= n && n <= last
}

func flagged(f found, c *imap.SearchCriteria) bool {
	has := func(w imap.Flag) bool { return slices.ContainsFunc(f.flags, mailbox.Flag(w).Equal) }
	return !slices.ContainsFunc(c.Flag, func(w imap.Flag) bool { return !has(w) }) && !slices.ContainsFunc(c.NotFlag, has)
}

func sized(f found, c *imap.SearchCriteria) bool {
	n := int64(len(f.content))
	return (c.Larger == 0 || n > c.Larger) && (c.Smaller == 0 || n < c.Smaller)
}

// dated compares days without regard to time and zone; zero bounds are none.
func dated(t, since, before time.Time) bool {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return (since.IsZero() || !day.Before(since)) && (before.IsZero() || day.Before(before))
}

// written looks into the message; it parses only when asked for something inside.
func (q query) written(f found, c *imap.SearchCriteria) bool {
	if len(c.Header)+len(c.Body)+len(c.Text) == 0 && c.SentSince.IsZero() && c.SentBefore.IsZero() {
		return true
	}
	header, text := splitHeader(f.content)
	for _, h := range c.Header {
		if !headerHolds(header, h.Key, h.Value) {
			return false
		}
	}
	if !c.SentSince.IsZero() || !c.SentBefore.IsZero() {
		sent, err := mail.ParseDate(fieldValue(headerFields(header, []string{"Date"}, nil)))
		if err != nil || !dated(sent, c.SentSince, c.SentBefore) {
			return false
		}
	}
	lacks := func(in []byte) func(string) bool {
		lower := bytes.ToLower(in)
		return func(s string) bool { return !bytes.Contains(lower, []byte(strings.ToLower(s))) }
	}
	return !slices.ContainsFunc(c.Body, lacks(text)) && !slices.ContainsFunc(c.Text, lacks(f.content))
}

// headerHolds reports whether a field of that name holds the text; with no text, whether there is such a field.
func headerHolds(header []byte, name, text string) bool {
	fields := headerFields(header, []string{name}, nil)
	if text == "" {
		return !emptyLine(fields)
	}
	value := string(fields)
	if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		value = decoded
	}
	return strings.Contains(strings.ToLower(value), strings.ToLower(text))
}

// fieldValue is what stands behind the colon of the first field.
func fieldValue(fields []byte) string {
	_, value, _ := strings.Cut(string(fields), ":")
	return strings.TrimSpace(value)
}
