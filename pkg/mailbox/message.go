package mailbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// UID is a message's number within one UIDVALIDITY of a mailbox (RFC 9051 section 2.3.1.1); 0 is no UID.
type UID uint32

// UIDValidity tells whether UIDs remembered earlier still name the same messages; 0 means the server gave none, and nothing can be remembered.
type UIDValidity uint32

// Ref is the only address a message has.
type Ref struct {
	Mailbox  Wire
	Validity UIDValidity
	UID      UID
}

// String is for people; the mailbox is quoted because it is a stranger's text.
func (r Ref) String() string {
	return fmt.Sprintf("%q uid %d (uidvalidity %d)", string(r.Mailbox), r.UID, r.Validity)
}

// Digest is the SHA-256 of a message's bytes as the server gave them.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal, as sha256sum prints it.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText makes digests readable in YAML and JSON.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != 2*len(d) {
		return fmt.Errorf("a SHA-256 digest has %d hexadecimal digits, this has %d", 2*len(d), len(text))
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// Message is what a server says about a message beside its bytes.
type Message struct {
	UID          UID
	Size         int64     // RFC822.SIZE, a hint: some servers are wrong; -1 unknown
	InternalDate time.Time // zero when the server's date cannot be read
	Flags        []Flag    // with \Recent, as the server sent them
	ModSeq       uint64    // 0 without CONDSTORE
}

// Info is one line of LIST, and STATUS where it was asked for.
type Info struct {
	Wire        Wire
	Name        Name   // decoded; INBOX in upper case
	Exact       bool   // Wire is what Name encodes to
	Delimiter   string // "" when the server says NIL
	Attributes  []string
	Role        Role // from SPECIAL-USE or XLIST; RoleInbox for INBOX
	Selectable  bool // neither \Noselect nor \NonExistent
	NonExistent bool
	NoInferiors bool
	Subscribed  bool
	Status      *Status // nil when not asked for, not selectable, or refused
	Problem     string  // why Status is missing, in the server's words
}

// Status is what STATUS says (RFC 9051 section 6.3.11).
type Status struct {
	Messages    uint32
	Unseen      uint32
	UIDNext     UID
	UIDValidity UIDValidity
	Size        int64 // RFC 8438; -1 when not offered
	AppendLimit int64 // RFC 7889; -1 when the server states none
	ModSeq      uint64
}
