package endpointtest

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// text is a message's bytes as endpoint.Content.
type text []byte

func (t text) Size() int64       { return int64(len(t)) }
func (t text) Reader() io.Reader { return bytes.NewReader(t) }

var summer = time.Date(2021, time.July, 3, 14, 5, 6, 0, time.FixedZone("", 2*3600))

// letter is a message that every server takes; number tells it from others.
func letter(number int) text {
	return text(fmt.Sprintf("From: a@example.org\r\nTo: b@example.org\r\nSubject: letter %d\r\nMessage-ID: <%d@example.org>\r\n\r\nline one\r\nline two of %d\r\n",
		number, number, number))
}

func outgoing(content endpoint.Content, flags ...mailbox.Flag) endpoint.Outgoing {
	return endpoint.Outgoing{Flags: flags, InternalDate: summer, Content: content}
}

// fill appends letters 1 to n to w and says their UIDs, which are found by looking.
func (b *bench) fill(w mailbox.Wire, n int) []mailbox.UID {
	b.Helper()
	var batch []endpoint.Outgoing
	for i := range n {
		batch = append(batch, outgoing(letter(i+1)))
	}
	return b.add(w, batch...)
}

// add appends messages that must all be stored, and says their UIDs.
func (b *bench) add(w mailbox.Wire, batch ...endpoint.Outgoing) []mailbox.UID {
	b.Helper()
	t := b.target(w)
	fence := t.State().UIDNext
	placed, err := t.Append(b.ctx, batch, nil)
	b.must(err, "append")
	b.must(t.Close(), "close target")
	for i, p := range placed {
		if p.Verdict != endpoint.Stored {
			b.Fatalf("append: message %d: verdict %d, %v", i, p.Verdict, p.Err)
		}
	}
	return b.since(w, fence, len(batch))
}

// since finds the n messages at or above fence.
func (b *bench) since(w mailbox.Wire, fence mailbox.UID, n int) []mailbox.UID {
	b.Helper()
	r := b.examine(w)
	defer r.Close()
	var out []mailbox.UID
	for _, m := range b.scanned(r, r.State().Everything()) {
		if m.UID >= fence {
			out = append(out, m.UID)
		}
	}
	if len(out) != n {
		b.Fatalf("%d messages at or above the fence %d, want %d", len(out), fence, n)
	}
	return out
}

// bodies is everything of set that Fetch visits, read whole.
func (b *bench) bodies(r endpoint.Reader, set mailbox.UIDSet) map[mailbox.UID]fetched {
	b.Helper()
	out := make(map[mailbox.UID]fetched)
	err := r.Fetch(b.ctx, set, func(body endpoint.Body) error {
		if _, twice := out[body.UID]; twice {
			b.Errorf("UID %d visited twice", body.UID)
		}
		content, err := readAll(body)
		out[body.UID] = fetched{body, content}
		return err
	})
	b.must(err, "fetch")
	return out
}

type fetched struct {
	endpoint.Body
	content []byte
}

func readAll(body endpoint.Body) ([]byte, error) {
	if body.Problem != "" {
		return nil, nil
	}
	content, err := io.ReadAll(body.Content)
	if err == nil && int64(len(content)) != body.Size {
		err = fmt.Errorf("UID %d: %d bytes read where Size says %d", body.UID, len(content), body.Size)
	}
	return content, err
}
