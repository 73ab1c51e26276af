package checkpoint

import (
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Format is the number of the file format that this package writes and reads.
const Format = 1

// Recheck is what purge compares once more before it removes a message.
type Recheck string

// The depths. A weaker one would have to be asked for and named here.
const RecheckContent Recheck = "content" // both copies are read again, whole, and have the recorded digest

// Checkpoint is what a person is asked to approve: which messages, of which account, and how it is known that the other account has them.
type Checkpoint struct {
	Format      int               `yaml:"format" strict:"required"`
	Kind        approval.Kind     `yaml:"kind" strict:"required"`
	Name        string            `yaml:"name" strict:"required"` // of the migration
	Created     time.Time         `yaml:"created" strict:"required"`
	Tool        string            `yaml:"tool"`
	Plan        string            `yaml:"plan"` // digest of the plan that ran last; empty when none did
	Digest      mailbox.Digest    `yaml:"digest" strict:"required"`
	Source      endpoint.Identity `yaml:"source" strict:"required"`
	Destination endpoint.Identity `yaml:"destination" strict:"required"`
	Verified    Verified          `yaml:"verified"`
	Recheck     Recheck           `yaml:"recheck" strict:"required"`
	Messages    int64             `yaml:"messages" strict:"required"`
	Bytes       int64             `yaml:"bytes" strict:"required"`
	Mailboxes   []Mailbox         `yaml:"mailboxes"`
	LeftOut     []LeftOut         `yaml:"left_out"`
}

// Verified says how and when the copies were proved.
type Verified struct {
	Depth string    `yaml:"depth"` // content: the destination's bytes were read and had the source's digest
	First time.Time `yaml:"first"`
	Last  time.Time `yaml:"last"`
}

// Mailbox is what is listed of one source mailbox.
type Mailbox struct {
	Name         string              `yaml:"mailbox" strict:"required"` // for people: decoded, control characters visible
	Wire         Wire                `yaml:"wire" strict:"required"`    // the name that the source is asked for
	Validity     mailbox.UIDValidity `yaml:"uidvalidity" strict:"required"`
	Dest         string              `yaml:"to" strict:"required"` // for people
	DestWire     Wire                `yaml:"to_wire" strict:"required"`
	DestValidity mailbox.UIDValidity `yaml:"to_uidvalidity" strict:"required"`
	Messages     int64               `yaml:"messages" strict:"required"`
	Bytes        int64               `yaml:"bytes" strict:"required"`
	Root         mailbox.Digest      `yaml:"root" strict:"required"` // over UID, destination's UID, size, SHA-256 and flags of each message
	UIDs         UIDs                `yaml:"uids" strict:"required"` // on the source
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
	return approval.Subject{Kind: c.Kind, Sum: c.Sum(), Messages: c.Messages, Account: c.Source}
}
