package ledger

import (
	"time"

	"imapmigrate/pkg/mailbox"
)

// Outcome is what became of a source message. Every message ends in exactly one.
type Outcome uint8

// The outcomes. Intended is not an end: the message may or may not be on the destination, and the destination has to be asked.
const (
	Intended Outcome = iota + 1
	Copied
	AlreadyThere
	Excluded
	Vanished
	Oversize
	Refused
	RolledBack // it was Copied, and an approved rollback has taken it from the destination again. Its Dest is history and claims nothing
)

// Outcomes lists them in the order in which reports show them.
var Outcomes = []Outcome{Copied, AlreadyThere, Excluded, Vanished, Oversize, Refused, RolledBack, Intended}

var outcomeNames = [...]string{"none", "in doubt", "copied", "already there", "excluded", "vanished", "oversize", "refused", "rolled back"}

func (o Outcome) String() string { return outcomeNames[o] }

// Good reports whether a message with that outcome needs nobody's attention.
func (o Outcome) Good() bool { return o >= Copied && o <= Vanished || o == RolledBack }

// Present reports whether a message with that outcome is on the destination.
func (o Outcome) Present() bool { return o == Copied || o == AlreadyThere }

// Proof is what verification found. Only ProvedContent may ever lead to a removal.
type Proof uint8

// The proofs.
const (
	Unproved       Proof = iota
	ProvedMetadata       // there, with the date and flags that were sent; bytes not compared
	ProvedContent        // the destination's bytes have the recorded digest
	Altered              // the destination's bytes have another digest
	Missing              // the destination does not have it
)

var proofNames = [...]string{"unverified", "metadata verified", "verified", "altered", "missing"}

func (p Proof) String() string { return proofNames[p] }

// Removal is how far purge has come with a message, or rollback with its copy.
type Removal uint8

// The steps of a removal.
const (
	Kept        Removal = iota
	Purging             // about to be flagged \Deleted, or flagged, or expunged: the source has to be asked
	Gone                // absence seen
	RollingBack         // the same as Purging, for the copy on the destination: rollback, which ends in the outcome RolledBack
)

var removalNames = [...]string{"kept", "purging", "gone", "rolling back"}

func (r Removal) String() string { return removalNames[r] }

// NotSurvived begins the Reason of a message whose bytes are right on the destination and whose date or flags are not the ones that were sent.
const NotSurvived = "did not survive: "

// Row is all that is known of one source message.
type Row struct {
	UID      mailbox.UID
	Outcome  Outcome
	Proof    Proof
	Removal  Removal
	Size     int64          // bytes, as framed by the source
	Date     time.Time      // internal date with its zone, second precision; zero when the source gave none that can be read
	Flags    []mailbox.Flag // the source's at the time of the copy, in the form of [mailbox.Flags]
	Dropped  []mailbox.Flag // those of Flags that the destination does not take
	Digest   mailbox.Digest // of the source's bytes; zero when they were never read
	Dest     mailbox.UID    // on the destination, 0 while not known
	ProvedAt time.Time      // second precision
	Reason   string         // for an outcome or proof that is not good: the words; bounded
}

// Lost reports whether the message was on the destination and verification has found that it is not any more: then, and only then, it may
// be sent again although it has its outcome.
func (r Row) Lost() bool { return r.Outcome.Present() && r.Proof == Missing && r.Removal == Kept }

// claims is the UID on the destination that the row stands for, 0 for none.
func (r Row) claims() mailbox.UID {
	if r.Outcome == RolledBack {
		return 0
	}
	return r.Dest
}
