package imap

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

// reader is a mailbox opened by EXAMINE.
type reader struct {
	lease *lease
	odd   map[mailbox.UID]bool // known, or suspected, to be beyond go-imap
	blind bool                 // go-imap brings no message of this mailbox home
	fatal int                  // connections that go-imap gave up in this mailbox
}

func newReader(l *lease) reader { return reader{lease: l, odd: make(map[mailbox.UID]bool)} }

func (r *reader) State() endpoint.State { return r.lease.state }

func (r *reader) Close() error { return r.lease.end() }

func (r *reader) condstore() bool { return r.lease.state.ModSeq > 0 }

// firstWindow is how many UIDs the first command of a scan asks for.
const firstWindow = 5000

// Scan asks in windows and holds one window, because servers may answer in any order.
func (r *reader) Scan(ctx context.Context, set mailbox.UIDSet, visit func(mailbox.Message) error) error {
	if err := r.news(ctx); err != nil {
		return err
	}
	pieces, n := newWindows(set, r.lease.state.UIDNext), firstWindow
	for {
		piece := pieces.next(n)
		if piece == nil {
			return nil
		}
		found, err := r.describe(ctx, piece)
		if err != nil {
			return err
		}
		for _, m := range found {
			r.note(m)
			if err := visit(m); err != nil {
				return err
			}
		}
		n = widened(n, len(found))
	}
}

// news lets the server say what other clients have done: between two NOOPs some answer from what they saw when the mailbox was opened.
func (r *reader) news(ctx context.Context) error {
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return err
	}
	return s.Guard(ctx, wire.Op{Kind: wire.Mailbox, Words: r.lease.reading()}, func(c *imapclient.Client) error { return c.Noop().Wait() })
}

// widened is the next window's width: where few UIDs are still in use, as in an old INBOX, more are asked for at a time.
func widened(n, found int) int {
	if found < firstWindow/4 && n < 1<<31 {
		return n * 4
	}
	if found > 2*firstWindow {
		return firstWindow
	}
	return n
}

// describe is what the server says about the messages of one window, ascending, and of no others.
func (r *reader) describe(ctx context.Context, piece mailbox.UIDSet) ([]mailbox.Message, error) {
	found, err := r.meta(ctx, piece)
	if refused(err) {
		// Exchange refuses the whole when one of the messages has just gone; it says which by untagged EXPUNGE, and then answers.
		found, err = r.meta(ctx, piece)
	}
	return found, err
}

func (r *reader) meta(ctx context.Context, piece mailbox.UIDSet) ([]mailbox.Message, error) {
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return nil, err
	}
	return s.FetchMeta(ctx, piece)
}

// note remembers a message that go-imap could not read.
func (r *reader) note(m mailbox.Message) {
	if !plain(m) {
		r.odd[m.UID] = true
	}
}

// plain reports whether go-imap can read what the server says about m. It gives the connection up over one flag that is no atom, as
// Gmail's "OIB-Seen-[Gmail]/All Mail", and over a date or a size that it cannot read.
func plain(m mailbox.Message) bool {
	return m.Size >= 0 && !m.InternalDate.IsZero() && !slices.ContainsFunc(m.Flags, func(f mailbox.Flag) bool {
		if len(f) > 1 && f[0] == '\\' {
			f = f[1:]
		}
		return !f.Keyword()
	})
}
