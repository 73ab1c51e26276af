package ledger

import (
	"go.etcd.io/bbolt"

	"imapmigrate/pkg/endpoint"
)

// Recognise notes what the servers of both accounts call themselves at this login, and which TLS keys they have: a server may get a new
// certificate while a migration goes on. Another account than the ledger's is a *ForeignError. It is called before any work is begun.
func (l *Ledger) Recognise(source, destination endpoint.Identity) error {
	seen := l.facts
	seen.Source, seen.Destination = source, destination
	if err := l.belongs(seen); err != nil {
		return err
	}
	if seen == l.facts {
		return nil
	}
	if err := l.update(func(tx *bbolt.Tx) error { return writeFacts(tx, seen) }); err != nil {
		return err
	}
	l.facts = seen
	return nil
}
