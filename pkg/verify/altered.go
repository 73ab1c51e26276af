package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// explained is how many altered messages of a mailbox are read again on both sides to say what kind of change it is.
const explained = 50

// likeness are digests of one message with ever more taken away, so that the first equal one names the change. It is for words only: an
// altered message is never proved by it.
type likeness struct {
	size                         int64
	lineEnds, finalEnd, eightBit mailbox.Digest
}

// whatChanged says in words how the copy differs from the message.
func (b *box) whatChanged(ctx context.Context, dest endpoint.Reader, r ledger.Row) string {
	b.sourceUse.Lock()
	defer b.sourceUse.Unlock()
	if b.altered++; b.altered > explained {
		return "its bytes are others than those that were sent"
	}
	there, err := b.likeness(ctx, dest, r.Dest)
	if err != nil {
		return "its bytes are others than those that were sent"
	}
	sizes := fmt.Sprintf("%d bytes were sent, the destination gives %d", r.Size, there.size)
	here, err := b.likeness(ctx, b.source, r.UID)
	switch {
	case err != nil:
		return sizes + "; the source does not have it any more to compare"
	case here.lineEnds == there.lineEnds:
		return sizes + "; only line ends differ"
	case here.finalEnd == there.finalEnd:
		return sizes + "; only line ends and the end of the message differ"
	case here.eightBit == there.eightBit:
		return sizes + "; only 8-bit characters or NUL bytes, and perhaps line ends, differ"
	}
	return sizes + "; the text itself differs"
}

func (b *box) likeness(ctx context.Context, from endpoint.Reader, uid mailbox.UID) (l likeness, err error) {
	found := false
	err = from.Fetch(ctx, mailbox.SetOf(uid), func(body endpoint.Body) error {
		if body.UID != uid || body.Problem != "" {
			return nil
		}
		found = true
		l, err = digestLikeness(body.Content)
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("message %d is not there", uid)
	}
	return l, err
}

func digestLikeness(content io.Reader) (likeness, error) {
	d := newDigester()
	size, err := io.Copy(d, content)
	return likeness{size: size, lineEnds: sum(d.lineEnds), finalEnd: sum(d.finalEnd), eightBit: sum(d.eightBit)}, err
}

// digester feeds the three digests of a likeness.
type digester struct {
	lineEnds, finalEnd, eightBit hash.Hash
	ends                         int // line feeds not written to the last two yet: at the very end they are left out
}

func newDigester() *digester {
	return &digester{lineEnds: sha256.New(), finalEnd: sha256.New(), eightBit: sha256.New()}
}

// Write implements io.Writer.
func (d *digester) Write(p []byte) (int, error) {
	bare := make([]byte, 0, len(p))
	for _, c := range p {
		if c != '\r' {
			bare = append(bare, c)
		}
	}
	d.lineEnds.Write(bare)
	last := len(bare)
	for last > 0 && bare[last-1] == '\n' {
		last--
	}
	if last > 0 {
		for ; d.ends > 0; d.ends-- {
			d.finalEnd.Write([]byte{'\n'})
			d.eightBit.Write([]byte{'\n'})
		}
		d.finalEnd.Write(bare[:last])
		for i, c := range bare[:last] {
			if c == 0 || c >= 0x80 {
				bare[i] = 'X'
			}
		}
		d.eightBit.Write(bare[:last])
	}
	d.ends += len(bare) - last
	return len(p), nil
}

func sum(h hash.Hash) mailbox.Digest { return mailbox.Digest(h.Sum(nil)) }
