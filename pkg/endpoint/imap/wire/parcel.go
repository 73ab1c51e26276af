package wire

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// politeSize is from which size on a literal asks first, even where it need not: a message that the server does not want then costs a
// line instead of itself.
const politeSize = 1 << 20

// parcel is one message, ready to be sent.
type parcel struct {
	content  endpoint.Content
	size     int64
	text     string // between the mailbox's name and the literal
	nonSync  bool   // the literal follows without asking
	doubtful bool   // some server is known to refuse a message with such arguments
}

// pack writes what stands before the literal. A syntax error there would make some servers run the message's lines as commands, so
// everything in it is checked or written by us.
func pack(caps endpoint.Capabilities, m endpoint.Outgoing) (parcel, error) {
	p := parcel{content: m.Content, size: m.Content.Size(), doubtful: !plain(m)}
	if p.size < 0 {
		return p, fmt.Errorf("the message has a size of %d bytes", p.size)
	}
	flags, err := flagList(m.Flags)
	if err != nil {
		return p, err
	}
	date, err := internalDate(m.InternalDate)
	if err != nil {
		return p, err
	}
	if p.size == 0 && !exhausted(m.Content.Reader()) { // Courier stores it as soon as {0} is there
		return p, errors.New("the message's content is longer than announced")
	}
	p.nonSync = p.size < politeSize && nonSync(caps, p.size) && !p.doubtful
	p.text = flags + date + " " + announce(p.size, p.nonSync)
	return p, nil
}

// plain reports whether no server is known to stumble over anything in the command. What is doubtful asks before the message follows: then
// it is refused before the message, and the connection lives.
func plain(m endpoint.Outgoing) bool {
	for _, f := range m.Flags {
		if !f.System() && !plainKeyword.MatchString(string(f)) {
			return false
		}
	}
	t := m.InternalDate
	_, offset := t.Zone()
	return t.IsZero() || (t.Year() >= 1971 && t.Year() <= 2037 && offset > -15*3600 && offset < 15*3600)
}

var plainKeyword = regexp.MustCompile(`^[$A-Za-z0-9_.-]{1,50}$`)

// flagList is " (flags)", "" for none.
func flagList(flags []mailbox.Flag) (string, error) {
	for _, f := range flags {
		if !f.System() && !f.Keyword() {
			return "", fmt.Errorf("the flag %q cannot be sent", string(f))
		}
	}
	var words []string
	for _, f := range mailbox.Flags(flags...) {
		words = append(words, string(f))
	}
	if len(words) == 0 {
		return "", nil
	}
	return " (" + strings.Join(words, " ") + ")", nil
}

// internalDate is " "date"" in the form of RFC 9051 section 9 (date-time), "" for the zero time. Zones that the form cannot say become UTC.
func internalDate(t time.Time) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	if _, offset := t.Zone(); offset%60 != 0 || offset <= -24*3600 || offset >= 24*3600 {
		t = t.UTC()
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return "", fmt.Errorf("the internal date's year %d cannot be sent", t.Year())
	}
	return ` "` + t.Format("02-Jan-2006 15:04:05 -0700") + `"`, nil
}

// errShort and errLong are contents that do not keep to their Size.
var (
	errShort = errors.New("the message's content is shorter than announced; the connection was given up so that nothing is stored")
	errLong  = errors.New("the message's content is longer than announced; the connection was given up so that nothing is stored")
)

func shortage(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return fmt.Errorf("reading the message's content: %w", err)
}

// exhausted reports whether nothing more comes.
func exhausted(r io.Reader) bool {
	n, err := io.ReadFull(r, make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}
