package report

import (
	"fmt"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Link says where one source message is now. Texts are as they came.
type Link struct {
	Mailbox      string // source
	Validity     mailbox.UIDValidity
	UID          mailbox.UID
	Dest         string              // mailbox on the destination; empty, as what follows, for a message that is not there
	DestValidity mailbox.UIDValidity //
	DestUID      mailbox.UID         // 0 while verify has not found it, on a server without UIDPLUS
	Size         int64               // bytes, as framed by the source
	Digest       mailbox.Digest      // SHA-256 of them; zero when they were never read
	Outcome      string
	Proof        string // empty for a message that is not on the destination
	Removal      string // the same
	Reason       string
}

// Line is a link as the mapping's digest takes it: UID, the destination's UID and SHA-256, with a blank between them. The digest of a mailbox
// is over the lines of the messages on the destination, in ascending order of UID, each with a line feed behind it.
func (l Link) Line() string { return fmt.Sprintf("%d %d %s", l.UID, l.DestUID, l.Digest) }

// Mapping visits every source message that the ledger knows, mailbox by mailbox, in ascending order of UID; what was recorded under a
// UIDVALIDITY that its mailbox no longer has is left out. It holds one page of the ledger at a time, however large the account is.
// mailboxes chooses by source name, nil is all. An error of visit ends it and is returned as it is.
func Mapping(l *ledger.Ledger, mailboxes func(mailbox.Name) bool, visit func(Link) error) error {
	all, err := l.Mailboxes()
	if err != nil {
		return err
	}
	for _, i := range ledger.ByName(all) {
		m := all[i]
		if ledger.Superseded(all, i) || mailboxes != nil && !mailboxes(m.Name) {
			continue
		}
		if err := l.Each(m, func(r ledger.Row) error { return visit(link(m, r)) }); err != nil {
			return err
		}
	}
	return nil
}

func link(m ledger.Mailbox, r ledger.Row) Link {
	l := Link{Mailbox: m.Name.String(), Validity: m.Validity, UID: r.UID, Size: r.Size, Digest: r.Digest, Outcome: key(r.Outcome.String()), Reason: r.Reason}
	if r.Outcome.Present() {
		l.Dest, l.DestValidity, l.DestUID = m.DestName.String(), m.DestValidity, r.Dest
		l.Proof, l.Removal = key(r.Proof.String()), key(r.Removal.String())
	}
	return l
}
