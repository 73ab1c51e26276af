package copier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// print is a message's content twice: exactly, and in a form in which what known servers change on APPEND does not show.
type print struct{ exact, alike mailbox.Digest }

// prints are those of destination messages that are still nobody's.
type prints struct {
	order []mailbox.UID
	left  map[mailbox.UID]print
}

// fingerprints reads the messages of set once, in windows, keeping digests only.
func fingerprints(ctx context.Context, dest endpoint.Reader, set mailbox.UIDSet) (*prints, error) {
	p := &prints{left: map[mailbox.UID]print{}}
	for _, part := range set.Chunks(200) {
		err := dest.Fetch(ctx, part, func(b endpoint.Body) error {
			if b.Problem != "" {
				return nil
			}
			one, err := fingerprint(b.Content)
			p.left[b.UID] = one
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	set.All(func(uid mailbox.UID) bool {
		if _, ok := p.left[uid]; ok {
			p.order = append(p.order, uid)
		}
		return true
	})
	return p, nil
}

func fingerprint(content io.Reader) (p print, err error) {
	exact, alike := sha256.New(), &likeness{sum: sha256.New()}
	_, err = io.Copy(io.MultiWriter(exact, alike), content)
	exact.Sum(p.exact[:0])
	alike.sum.Sum(p.alike[:0])
	return p, err
}

// take gives the lowest UID with exactly that content away.
func (p *prints) take(exact mailbox.Digest) (mailbox.UID, bool) {
	return p.takeIf(func(have print) bool { return have.exact == exact })
}

func (p *prints) takeAlike(alike mailbox.Digest) (mailbox.UID, bool) {
	return p.takeIf(func(have print) bool { return have.alike == alike })
}

func (p *prints) takeIf(fits func(print) bool) (mailbox.UID, bool) {
	for _, uid := range p.order {
		if have, ok := p.left[uid]; ok && fits(have) {
			delete(p.left, uid)
			return uid, true
		}
	}
	return 0, false
}

// likeness digests bytes without carriage returns, without newlines at the end, and with every byte that is NUL or not ASCII as one sign:
// Courier drops and adds carriage returns and a final newline, Dovecot makes LF to CRLF and NUL to 0x80, Cyrus writes X for 8-bit headers.
type likeness struct {
	sum      hash.Hash
	newlines int
	out      bytes.Buffer
}

// Write never fails.
func (l *likeness) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case c == '\r':
			continue
		case c == '\n':
			l.newlines++
		default:
			for ; l.newlines > 0; l.newlines-- {
				l.out.WriteByte('\n')
			}
			if c == 0 || c >= 0x80 {
				c = 'X'
			}
			l.out.WriteByte(c)
		}
	}
	l.sum.Write(l.out.Bytes())
	l.out.Reset()
	return len(p), nil
}
