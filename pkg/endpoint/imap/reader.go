package imap

import (
	"context"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// reader is a mailbox opened by EXAMINE.
type reader struct {
	lease *lease
	blind bool // the server refuses to answer for several messages at once
}

func newReader(l *lease) reader { return reader{lease: l} }

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
			if err := visit(m); err != nil {
				return err
			}
		}
		n = widened(n, len(found))
	}
}

// news has the server say what other clients have done, before the next raw command and in one round trip with it.
func (r *reader) news(ctx context.Context) error {
	s, err := r.lease.use(ctx, r.lease.reading())
	if err != nil {
		return err
	}
	s.NoopFirst()
	return nil
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
