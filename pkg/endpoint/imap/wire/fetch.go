package wire

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// Fetched is one message as [Session.FetchTolerant] got it.
type Fetched struct {
	mailbox.Message
	Found    bool      // the server answered for that UID
	Body     io.Writer // one of those that newBody gave, with the whole content; nil when there is none
	BodySize int64     // bytes written to Body: the literal's length, framed by the protocol
	Problem  string    // why there is no content, or none to be trusted; may hold the server's words, raw
}

// maxStrayBodies is how many bodies a server may send that were not asked for before it counts as hostile.
const maxStrayBodies = 16

// FetchTolerant reads one message of the selected mailbox, for what go-imap cannot parse: items in any order, bodies as literal, literal8
// or quoted string, odd dates (the zero time) and flags, the answer in two parts. newBody is asked for somewhere to put each body that
// comes, with its length; most often once. What is not Fetched.Body at the end is of another message and to be thrown away. Two answers
// that contradict each other are a Problem, and so is NIL. The body is asked for by BODY.PEEK[].
func (s *Session) FetchTolerant(ctx context.Context, uid mailbox.UID, newBody func(size int64) (io.Writer, error)) (Fetched, error) {
	t := &tolerant{uid: uid, newBody: newBody}
	t.result.Message = mailbox.Message{UID: uid, Size: -1}
	err := s.Do(ctx, Op{Words: fmt.Sprintf("fetch message uid %d", uid)}, t.fetch)
	return t.result, err
}

// tolerant is a FetchTolerant under way.
type tolerant struct {
	uid     mailbox.UID
	newBody func(size int64) (io.Writer, error)
	bodies  int
	garbled string // what could not be read of an answer that may have been ours
	result  Fetched
	digest  mailbox.Digest
}

func (t *tolerant) fetch(x *Exchange) error {
	tag, _, err := x.send(verb(fmt.Sprintf("UID FETCH %d (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])", t.uid)), nil)
	if err != nil {
		return err
	}
	for {
		r, err := x.read(t.sink)
		if err != nil {
			return err
		}
		if first, _, _ := strings.Cut(r.line(), " "); first == tag {
			return t.finish(x, parseStatus(r.line()))
		}
		if _, name := r.untagged(); name != "FETCH" {
			continue
		}
		if err := t.take(r); err != nil {
			return x.failed(x.conn.end(err))
		}
	}
}

// finish looks at what has come. A refusal is the message's problem once the server has answered for it.
func (t *tolerant) finish(x *Exchange, answer status) error {
	if answer.kind != "OK" && !t.result.Found {
		return x.refusal(answer)
	}
	switch {
	case t.result.Problem != "":
	case answer.kind != "OK":
		t.result.Problem = problemOf(answer, nil)
	case t.result.Body == nil && t.garbled != "":
		t.result.Problem = "the server's answer cannot be read: " + t.garbled
	case t.result.Body == nil && t.result.Found:
		t.result.Problem = "the server gives no content"
	}
	if t.result.Problem != "" {
		t.result.Body = nil
	}
	return nil
}

// sink gives the literals that are bodies somewhere to go; line is what stands before it.
func (t *tolerant) sink(line []byte, size int64) (io.Writer, error) {
	if !endsWithBody(line) {
		return nil, nil
	}
	return t.next(size)
}

// next is somewhere to put one more body.
func (t *tolerant) next(size int64) (*hashed, error) {
	if t.bodies++; t.bodies > maxStrayBodies {
		return nil, &violation{errors.New("the contents of messages that were not asked for")}
	}
	w, err := t.newBody(size)
	return &hashed{Writer: w, sum: sha256.New()}, err
}

// hashed is a body on its way to where it is kept.
type hashed struct {
	io.Writer
	sum hash.Hash
}

// Write keeps and hashes.
func (h *hashed) Write(p []byte) (int, error) {
	h.sum.Write(p)
	return h.Writer.Write(p)
}

func (h *hashed) digest() mailbox.Digest { return mailbox.Digest(h.sum.Sum(nil)) }

// take uses one FETCH response, if it is about the message. An error is one of ours.
func (t *tolerant) take(r *response) error {
	m, err := parseFetch(r)
	if err != nil && (m.UID == 0 || m.UID == t.uid) {
		t.garbled = err.Error()
	}
	if m.UID != t.uid {
		return nil
	}
	t.result.Found = true
	if !m.addTo(&t.result.Message) {
		t.result.Problem = "the server contradicts itself about size or date"
	}
	if m.body == nil {
		return nil
	}
	return t.body(m.body)
}

// body keeps the message's content.
func (t *tolerant) body(v *value) error {
	h, size, problem, err := t.content(v)
	switch {
	case err != nil:
		return err
	case problem != "":
		t.result.Problem = problem
	case t.result.Body != nil && h.digest() != t.digest:
		t.result.Problem = "the server gives two different contents"
	default:
		t.result.Body, t.result.BodySize, t.digest = h.Writer, size, h.digest()
	}
	return nil
}

// content is where a body went; a quoted string goes there now.
func (t *tolerant) content(v *value) (h *hashed, size int64, problem string, err error) {
	switch {
	case v.kind == quotedValue:
		h, err = t.quoted(v.text)
		return h, int64(len(v.text)), "", err
	case v.isNil():
		return nil, 0, "the server gives NIL for the content", nil
	case v.kind != literalValue:
		return nil, 0, "the server gives something else for the content", nil
	}
	h, ok := v.literal.sink.(*hashed)
	if !ok {
		return nil, 0, "the server gives the content in a way that cannot be read", nil
	}
	return h, v.literal.size, "", nil
}

// quoted keeps a body that came as a string.
func (t *tolerant) quoted(text string) (*hashed, error) {
	h, err := t.next(int64(len(text)))
	if err == nil {
		_, err = io.WriteString(h, text)
	}
	if _, theirs := errors.AsType[*violation](err); err != nil && !theirs {
		err = &ours{err}
	}
	return h, err
}

// maxMeta is how many messages FetchMeta takes at once, and maxMetaFlags how many bytes their flags have together; more is a flood.
const (
	maxMeta      = 1 << 20
	maxMetaFlags = 64 << 20
)

// FetchMeta reads size, date, flags and, where the open mailbox keeps them, MODSEQ of those messages of set that exist in the selected
// mailbox, as tolerant as FetchTolerant. One entry a UID, in ascending order; what the server did not say, said in no form that can be
// read, or said twice in different ways is -1, the zero time, nil or 0. The set may be as wide as UIDs are; its text goes into one command
// line, so it should have a few hundred ranges at most.
func (s *Session) FetchMeta(ctx context.Context, set mailbox.UIDSet) ([]mailbox.Message, error) {
	if len(set) == 0 {
		return nil, nil
	}
	items := "UID RFC822.SIZE INTERNALDATE FLAGS"
	if s.modSeq {
		items += " MODSEQ"
	}
	found, flags := map[mailbox.UID]*mailbox.Message{}, 0
	err := s.Do(ctx, Op{Words: "fetch what is known of messages"}, func(x *Exchange) error {
		return x.ask(verb("UID FETCH "+set.String()+" ("+items+")"), func(r *response) error { return noteMeta(found, &flags, set, r) })
	})
	if err != nil {
		return nil, err
	}
	return inOrder(found), nil
}

func inOrder(found map[mailbox.UID]*mailbox.Message) []mailbox.Message {
	messages := make([]mailbox.Message, 0, len(found))
	for _, uid := range slices.Sorted(maps.Keys(found)) {
		messages = append(messages, *found[uid])
	}
	return messages
}

// noteMeta takes one response into found; flags counts the bytes of flags.
func noteMeta(found map[mailbox.UID]*mailbox.Message, flags *int, set mailbox.UIDSet, r *response) error {
	if _, name := r.untagged(); name != "FETCH" {
		return nil
	}
	m, _ := parseFetch(r) // what was read before a fault counts, what was not stays unknown
	if m.UID == 0 || !set.Contains(m.UID) {
		return nil
	}
	for _, f := range m.Flags {
		*flags += len(f)
	}
	known := found[m.UID]
	switch {
	case *flags > maxMetaFlags:
		return &violation{fmt.Errorf("flags of more than %d bytes at once", maxMetaFlags)}
	case known == nil && len(found) >= maxMeta:
		return &violation{fmt.Errorf("more than %d messages at once", maxMeta)}
	case known == nil:
		kept := m.Message // a copy, so that the response can be forgotten
		found[m.UID] = &kept
	case !m.addTo(known):
		*known = mailbox.Message{UID: m.UID, Size: -1, Flags: known.Flags}
	}
	return nil
}
