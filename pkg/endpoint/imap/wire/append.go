package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// politeSize is from which size on a literal asks first, even where it need not: a message that the server does not want then costs a
// line instead of itself.
const politeSize = 1 << 20

// Append adds one message (RFC 9051 section 6.3.12). What became of it is in Placed; a refusal is Placed.Err and no error. The error is nil
// when the connection is still good, with one exception: after a BAD to a message that was sent without asking the connection is closed,
// because the server may take the message for commands; the next use says Lost.
//
// No byte is sent of a message whose flags, date or mailbox name cannot be said safely. A content that is shorter or longer than its Size
// ends the connection before the literal is complete, so nothing is stored.
func (s *Session) Append(ctx context.Context, w mailbox.Wire, m endpoint.Outgoing) (endpoint.Placed, error) {
	op := Op{Message, named("append to", w)}
	u := &upload{mailbox: w, message: m, size: m.Content.Size()}
	if err := u.prepare(s.caps); err != nil {
		return endpoint.Placed{Verdict: endpoint.Unsent, Err: s.refuse(op, err)}, nil
	}
	u.placed.Verdict = endpoint.Unsent // until the first byte of the message leaves
	err := s.Do(ctx, op, u.run)
	if e, ok := errors.AsType[*endpoint.Error](err); ok && u.placed.Verdict == endpoint.Unsent {
		u.placed.Err = e
	}
	return u.placed, err
}

// upload is one APPEND on its way.
type upload struct {
	mailbox mailbox.Wire
	message endpoint.Outgoing
	size    int64
	nonSync bool // the literal follows without asking
	command command
	placed  endpoint.Placed
}

// prepare builds the command up to the literal. A syntax error there would make some servers run the message's lines as commands, so
// everything in it is checked or written by us.
func (u *upload) prepare(caps endpoint.Capabilities) error {
	if err := checkName(u.mailbox); err != nil {
		return err
	}
	if u.size < 0 {
		return fmt.Errorf("the message has a size of %d bytes", u.size)
	}
	flags, err := flagList(u.message.Flags)
	if err != nil {
		return err
	}
	date, err := internalDate(u.message.InternalDate)
	if err != nil {
		return err
	}
	if u.size == 0 && !exhausted(u.message.Content.Reader()) { // Courier stores it as soon as {0} is there
		return errors.New("the message's content is longer than announced")
	}
	u.nonSync = u.size < politeSize && nonSync(caps, u.size) && u.plain()
	u.command = verb("APPEND ").name(u.mailbox).and(flags + date + " " + announce(u.size, u.nonSync))
	return nil
}

// plain reports whether no server is known to stumble over anything in the command. What is doubtful asks before the message follows: then
// it is refused before the message, and the connection lives.
func (u *upload) plain() bool {
	for _, f := range u.message.Flags {
		if !f.System() && !plainKeyword.MatchString(string(f)) {
			return false
		}
	}
	t := u.message.InternalDate
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

// run sends the message and takes the answer.
func (u *upload) run(x *Exchange) error {
	tag, answer, err := u.announce(x)
	if err != nil {
		return err
	}
	if answer.isText {
		u.placed.Err = x.classified(answer)
		return nil
	}
	u.placed.Verdict = endpoint.InDoubt
	if err := u.send(x); err != nil {
		return err
	}
	return u.conclude(x, tag)
}

// announce sends the command up to the literal. answer is the refusal that came instead of the consent: nothing of the message was sent.
func (u *upload) announce(x *Exchange) (tag string, answer status, err error) {
	if u.nonSync {
		return x.start(u.command)
	}
	return x.startInvited(u.command)
}

// errShort and errLong are contents that do not keep to their Size.
var (
	errShort = errors.New("the message's content is shorter than announced; the connection was given up so that nothing is stored")
	errLong  = errors.New("the message's content is longer than announced; the connection was given up so that nothing is stored")
)

// send writes exactly the announced bytes and the line end. The last of them leaves only when the content has proved to end there. A
// server that answers BAD before it has all of it may be taking the rest for commands: it gets no more.
func (u *upload) send(x *Exchange) error {
	content := u.message.Content.Reader()
	chunk := make([]byte, min(u.size, readSize), min(u.size, readSize)+2)
	for left := u.size; ; {
		part := chunk[:min(left, int64(len(chunk)))]
		n, err := io.ReadFull(content, part)
		if left -= int64(n); err != nil {
			return x.giveUp(shortage(err))
		}
		if left == 0 {
			if !exhausted(content) {
				return x.giveUp(errLong)
			}
			part = append(part, "\r\n"...)
		}
		if done, err := u.sendPart(x, part); done || err != nil || left == 0 {
			return err
		}
	}
}

// sendPart sends a piece of the content. done means that the answer is there already, and that the rest must not follow.
func (u *upload) sendPart(x *Exchange, part []byte) (done bool, err error) {
	if x.conn.answered() == "BAD" {
		_ = x.conn.end(errRefused)
		return true, nil
	}
	if _, err = x.conn.write(byExchange, part); err == nil {
		return false, nil
	}
	if x.conn.answered() != "" {
		return true, nil
	}
	return true, x.failed(err)
}

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

// conclude reads the answer to a message that was sent.
func (u *upload) conclude(x *Exchange, tag string) error {
	answer, err := x.finish(tag, nil)
	if err != nil {
		return err
	}
	if answer.kind == "OK" {
		u.placed.Verdict = endpoint.Stored
		u.placed.Validity, u.placed.UID = appendUID(answer)
		return nil
	}
	u.placed.Verdict, u.placed.Err = endpoint.Refused, x.classified(answer)
	if answer.kind == "BAD" && u.nonSync {
		_ = x.conn.end(errRefused)
	}
	return nil
}

// errRefused ends a connection on which a server may be running a message's lines as commands.
var errRefused = errors.New("the server answered BAD to a message that it had not asked for; the connection was given up")

// appendUID reads [APPENDUID uidvalidity uid] (RFC 4315 section 3). Anything but two single numbers is none: the message has to be found.
func appendUID(answer status) (mailbox.UIDValidity, mailbox.UID) {
	words := strings.Fields(answer.args)
	if answer.code != "APPENDUID" || len(words) != 2 {
		return 0, 0
	}
	validity, err := strconv.ParseUint(words[0], 10, 32)
	if err != nil || validity == 0 {
		return 0, 0
	}
	uid, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil || uid == 0 {
		return 0, 0
	}
	return mailbox.UIDValidity(validity), mailbox.UID(uid)
}
