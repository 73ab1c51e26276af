package imap

import (
	"context"
	"maps"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

var _ endpoint.HeaderReader = (*reader)(nil)

// headersAtATime bounds what one answer holds in memory.
const headersAtATime = 100

// HeaderField asks in windows.
func (r *reader) HeaderField(ctx context.Context, set mailbox.UIDSet, field string, most int) (map[mailbox.UID][]byte, error) {
	all := map[mailbox.UID][]byte{}
	for pieces := newWindows(set, 0); ; {
		piece := pieces.next(headersAtATime)
		if piece == nil {
			return all, nil
		}
		s, err := r.lease.use(ctx, r.lease.reading())
		if err != nil {
			return nil, err
		}
		found, err := s.FetchHeaderField(ctx, piece, field, most)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, found)
	}
}
