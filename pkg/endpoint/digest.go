package endpoint

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"imapmigrate/pkg/mailbox"
)

// Reading is what a server gave when it was asked for the bytes of one message.
type Reading struct {
	Message mailbox.Message // what the same answer said of it; incomplete where there is a Problem
	Digest  mailbox.Digest
	Size    int64
	Problem string // why it gave none; Digest and Size mean nothing then
}

// Digests reads the messages of set as they come, without keeping them. A message that is not there is not in the answer. What was read
// counts only because the FETCH ended well: with an error there is no answer at all.
func Digests(ctx context.Context, from Reader, set mailbox.UIDSet) (map[mailbox.UID]Reading, error) {
	got := map[mailbox.UID]Reading{}
	if len(set) == 0 {
		return got, nil
	}
	h, buffer := sha256.New(), make([]byte, 32<<10) // for all: in a large set of small messages they would cost more than the reading
	err := from.Fetch(ctx, set, func(body Body) error {
		if !set.Contains(body.UID) {
			return nil // an answer to a question that was not asked
		}
		if _, twice := got[body.UID]; twice {
			return &Error{Class: Protocol, Op: fmt.Sprintf("read message %d of mailbox %q", body.UID, from.State().Wire), Text: "it came twice in one answer"}
		}
		h.Reset()
		r, err := digest(body, h, buffer)
		r.Message = body.Message
		got[body.UID] = r
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

func digest(body Body, h hash.Hash, buffer []byte) (Reading, error) {
	if body.Problem != "" {
		return Reading{Problem: body.Problem}, nil
	}
	n, err := io.CopyBuffer(h, body.Content, buffer)
	if err == nil && n != body.Size {
		return Reading{Problem: fmt.Sprintf("%d bytes were announced and %d came", body.Size, n)}, nil
	}
	return Reading{Digest: mailbox.Digest(h.Sum(nil)), Size: n}, err
}
