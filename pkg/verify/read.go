package verify

import (
	"context"
	"maps"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// One FETCH asks for at most so much, so that little is asked for again after a lost connection.
const (
	fetchBytes    = 8 << 20
	fetchMessages = 200
)

// read fetches and digests the copies of rows, in windows.
func (b *box) read(ctx context.Context, rows []ledger.Row) (map[mailbox.UID]endpoint.Reading, error) {
	all := make(map[mailbox.UID]endpoint.Reading, len(rows))
	for len(rows) > 0 {
		n, size := 0, int64(0)
		for n < len(rows) && n < fetchMessages && (n == 0 || size+rows[n].Size <= fetchBytes) {
			size += rows[n].Size
			n++
		}
		got, err := endpoint.Digests(ctx, b.dest, destSet(rows[:n]))
		if err != nil {
			return nil, err
		}
		maps.Copy(all, got)
		b.Sink.Emit(event.Progress{Stage: stage, Mailbox: b.name, Messages: int64(n), Bytes: size})
		rows = rows[n:]
	}
	return all, nil
}
