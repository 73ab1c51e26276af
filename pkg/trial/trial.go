// Package trial owns the question what a destination makes of messages: it appends a few of its own to a mailbox of its own, reads them
// back, and takes the mailbox away again. It touches no other mailbox, and decides nothing about a migration.
package trial

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Result is what became of the trial's messages.
type Result struct {
	Mailbox  mailbox.Wire
	Keywords bool // the mailbox takes keywords of any name
	Messages []Message
	Stays    string // why the trial's mailbox is still there; empty when it is gone
}

// Message is one message that was sent, and what the server has made of it. Whatever differs is said in a clause with both sides.
type Message struct {
	What    string // what is tried with it
	Refused string // the server's reason; empty when it was taken
	Missing bool   // it was taken, and is not there
	Placed  bool   // the server said where it put it (APPENDUID)
	Bytes   string // what was changed in the bytes; empty when nothing was
	Date    string
	Flags   string
}

// Kept reports whether the message came back as it was sent.
func (m Message) Kept() bool {
	return m.Refused == "" && !m.Missing && m.Bytes == "" && m.Date == "" && m.Flags == ""
}

// cleaning is how long the mailbox may take to go after the trial, also when that was interrupted.
const cleaning = time.Minute

// Run makes the trial's mailbox, below prefix and named after 16 random bytes of random, and tries all samples. The error says what
// kept the trial from its end; a refused message is none. The mailbox is taken away in any case, or Result.Stays says why it is there.
func Run(ctx context.Context, account endpoint.Trialist, prefix mailbox.Wire, random io.Reader) (result *Result, err error) {
	var token [16]byte
	if _, err := io.ReadFull(random, token[:]); err != nil {
		return nil, fmt.Errorf("name the trial's mailbox: %w", err)
	}
	r := &Result{Mailbox: prefix + endpoint.TrialName + mailbox.Wire(hex.EncodeToString(token[:]))}
	if err := account.Begin(ctx, r.Mailbox); err != nil {
		return nil, err
	}
	defer func() {
		late, stop := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer stop()
		_, stays, problem := account.Discard(late, r.Mailbox, uint32(len(samples)))
		if r.Stays = stays; problem != nil {
			r.Stays = problem.Error()
		}
		result = r // what stays has to be told, whatever else went wrong
	}()
	if err := r.send(ctx, account); err != nil {
		return r, err
	}
	return r, r.compare(ctx, account)
}

// send appends the samples one by one, so that one refusal says nothing about another.
func (r *Result) send(ctx context.Context, account endpoint.Trialist) error {
	target, err := account.Target(ctx, r.Mailbox)
	if err != nil {
		return err
	}
	r.Keywords = target.State().Keywords
	for _, s := range samples {
		placed, err := target.Append(ctx, []endpoint.Outgoing{{Flags: s.flags, InternalDate: s.date, Content: s}}, nil)
		if err != nil {
			_ = target.Close() // the first error is the one to tell
			return err
		}
		m := Message{What: s.what, Placed: placed[0].UID != 0}
		if placed[0].Verdict != endpoint.Stored {
			m.Refused = reason(placed[0].Err)
		}
		r.Messages = append(r.Messages, m)
	}
	return target.Close()
}

// reason is why a message was refused, in the server's words where there are any.
func reason(e *endpoint.Error) string {
	switch {
	case e == nil:
		return "no reason is given"
	case e.Text != "":
		return fmt.Sprintf("the server says %.200q", e.Text)
	}
	return e.Error()
}

// compare reads all back. A message is known by its mark, wherever the server has put it.
func (r *Result) compare(ctx context.Context, account endpoint.Trialist) error {
	reader, err := account.Examine(ctx, r.Mailbox)
	if err != nil {
		return err
	}
	defer reader.Close()
	found := make([]bool, len(samples))
	err = reader.Fetch(ctx, reader.State().Everything(), func(b endpoint.Body) error {
		content, err := io.ReadAll(io.LimitReader(b.Content, 1<<20))
		if err != nil {
			return err
		}
		for i, s := range samples {
			if bytes.Contains(content, []byte(s.mark)) && r.Messages[i].Refused == "" {
				found[i] = true
				r.Messages[i].differences(s, content, b.Message)
			}
		}
		return nil
	})
	for i := range r.Messages {
		r.Messages[i].Missing = r.Messages[i].Refused == "" && !found[i]
	}
	return err
}

func (m *Message) differences(s sample, content []byte, got mailbox.Message) {
	switch sent := []byte(s.text); {
	case bytes.Equal(sent, content):
	case bytes.Equal(lines(sent), lines(content)):
		m.Bytes = fmt.Sprintf("line ends were changed: %d bytes came back of %d", len(content), len(sent))
	default:
		m.Bytes = fmt.Sprintf("%d bytes came back of %d, and not the same", len(content), len(sent))
	}
	if !s.date.IsZero() && !got.InternalDate.Equal(s.date) {
		m.Date = fmt.Sprintf("%s came back as %s", s.date.Format(time.RFC3339), got.InternalDate.Format(time.RFC3339))
	}
	if sent, back := mailbox.Flags(s.flags...), mailbox.Flags(got.Flags...); !mailbox.SameFlags(sent, back) {
		m.Flags = difference(sent, back)
	}
}

// difference says which flags went and which came.
func difference(sent, back []mailbox.Flag) string {
	var parts []string
	for _, side := range []struct {
		what      string
		have, not []mailbox.Flag
	}{{"lost", sent, back}, {"added", back, sent}} {
		var names []string
		for _, f := range side.have {
			if !slices.ContainsFunc(side.not, f.Equal) {
				names = append(names, string(f))
			}
		}
		if len(names) > 0 {
			parts = append(parts, strings.Join(names, " ")+" "+side.what)
		}
	}
	return strings.Join(parts, ", ")
}

// lines is text with every line end alike.
func lines(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.TrimRight(bytes.ReplaceAll(text, []byte("\r"), []byte("\n")), "\n")
}
