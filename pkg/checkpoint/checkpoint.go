package checkpoint

import (
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Format is the number of the file format that this package writes and reads.
const Format = 1

// Recheck is what purge compares once more before it removes a message.
type Recheck string

// The depths. The weaker one has to be asked for, and stands in the file that is approved.
const (
	RecheckContent  Recheck = "content"  // both copies are read again, whole, and have the recorded digest
	RecheckMetadata Recheck = "metadata" // both are there with the recorded size, date and flags; the bytes of the first one in each mailbox are read
)

// Rechecks are all of them.
var Rechecks = []string{string(RecheckContent), string(RecheckMetadata)}

// Checkpoint is what a person is asked to approve: which messages, of which account, and how it is known that the other account has them.
type Checkpoint struct {
	Format      int                `yaml:"format" strict:"required"`
	Kind        approval.Kind      `yaml:"kind" strict:"required"`
	Name        string             `yaml:"name" strict:"required"` // of the migration
	Created     time.Time          `yaml:"created" strict:"required"`
	Tool        string             `yaml:"tool"`
	Plan        string             `yaml:"plan"` // digest of the plan that ran last; empty when none did
	Digest      mailbox.Digest     `yaml:"digest" strict:"required"`
	Source      endpoint.Identity  `yaml:"source" strict:"required"`
	Destination endpoint.Identity  `yaml:"destination" strict:"required"`
	Verified    Verified           `yaml:"verified"`
	Recheck     Recheck            `yaml:"recheck" strict:"required"`
	Limits      Limits             `yaml:"limits,omitempty"`
	NotBefore   time.Time          `yaml:"not_before,omitempty"` // nothing is removed earlier; zero is no such moment
	Approvers   approval.Approvers `yaml:"approvers,omitempty"`  // whose signatures are needed; none when a typed phrase is enough
	Messages    int64              `yaml:"messages" strict:"required"`
	Bytes       int64              `yaml:"bytes" strict:"required"`
	Oldest      time.Time          `yaml:"oldest,omitempty"` // internal date of the oldest listed message; zero where no date is known
	Newest      time.Time          `yaml:"newest,omitempty"`
	Mailboxes   []Mailbox          `yaml:"mailboxes"`
	Unmake      []Unmake           `yaml:"unmake,omitempty"` // of a rollback: mailboxes to be removed, where they are empty by then
	LeftOut     []LeftOut          `yaml:"left_out"`
}

// Limits is what a person asked for when the checkpoint was made. They can only make it list less.
type Limits struct {
	Before    time.Time `yaml:"before,omitempty"`    // only messages with an internal date before it
	Mailboxes []string  `yaml:"mailboxes,omitempty"` // only mailboxes that one of these patterns names
}

// Verified says how and when the copies were proved.
type Verified struct {
	Depth string    `yaml:"depth"` // content: the destination's bytes were read and had the source's digest; none: purge's own look is the first
	First time.Time `yaml:"first"`
	Last  time.Time `yaml:"last"`
}

// Mailbox is what is listed of one mailbox of the account that loses messages. In a rollback a mailbox stands here once for each mailbox that
// was copied into it.
type Mailbox struct {
	Name         string              `yaml:"mailbox" strict:"required"` // for people: decoded, control characters visible
	Wire         Wire                `yaml:"wire" strict:"required"`    // the name that the server is asked for
	Validity     mailbox.UIDValidity `yaml:"uidvalidity" strict:"required"`
	Copy         string              `yaml:"copy" strict:"required"` // for people: where the other copy of each message stays
	CopyWire     Wire                `yaml:"copy_wire" strict:"required"`
	CopyValidity mailbox.UIDValidity `yaml:"copy_uidvalidity" strict:"required"`
	Messages     int64               `yaml:"messages" strict:"required"`
	Bytes        int64               `yaml:"bytes" strict:"required"`
	Root         mailbox.Digest      `yaml:"root" strict:"required"` // over both mailboxes and, of each message, both UIDs, size, SHA-256 and flags
	UIDs         UIDs                `yaml:"uids" strict:"required"` // of what leaves
}

// LeftOut counts messages of one mailbox that are not listed, by reason.
type LeftOut struct {
	Mailbox  string `yaml:"mailbox" strict:"required"`
	Reason   string `yaml:"reason" strict:"required"`
	Messages int64  `yaml:"messages" strict:"required"`
	Bytes    int64  `yaml:"bytes" strict:"required"`
}

// Subject is what an approval has to be for.
func (c *Checkpoint) Subject() approval.Subject {
	return approval.Subject{Kind: c.Kind, Sum: c.Sum(), Messages: c.Messages, Account: c.Loses(), NotBefore: c.NotBefore, Approvers: c.Approvers}
}

// Loses is the account that the messages leave.
func (c *Checkpoint) Loses() endpoint.Identity {
	if c.Kind == approval.Rollback {
		return c.Destination
	}
	return c.Source
}

// Keeps is the account that has the other copy of each.
func (c *Checkpoint) Keeps() endpoint.Identity {
	if c.Kind == approval.Rollback {
		return c.Source
	}
	return c.Destination
}

// Goes is the UID that a removal of that kind takes away for r, and stays that of the other copy.
func Goes(k approval.Kind, r ledger.Row) (goes, stays mailbox.UID) {
	if k == approval.Rollback {
		return r.Dest, r.UID
	}
	return r.UID, r.Dest
}

// Recorded finds what the ledger has under a listed mailbox; found is false when it does not have it as it is listed.
func (c *Checkpoint) Recorded(l *ledger.Ledger, listed *Mailbox) (m ledger.Mailbox, found bool, err error) {
	source, sourceValidity := listed.Wire, listed.Validity
	dest, destValidity := listed.CopyWire, listed.CopyValidity
	if c.Kind == approval.Rollback {
		source, sourceValidity, dest, destValidity = dest, destValidity, source, sourceValidity
	}
	m, found, err = l.Find(mailbox.Wire(source), sourceValidity)
	return m, found && m.Dest == mailbox.Wire(dest) && m.DestValidity == destValidity, err
}
