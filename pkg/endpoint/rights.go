package endpoint

import (
	"context"
	"io"
	"time"

	"imapmigrate/pkg/mailbox"
)

// Lister may look at an account from outside. Survey and check need nothing else.
type Lister interface {
	// Identity says which account this is, after login.
	Identity() Identity
	// Capabilities are those the server listed after login.
	Capabilities() Capabilities
	// Namespaces of RFC 2342; without the extension, one personal namespace guessed from LIST "" "".
	Namespaces(ctx context.Context) (Namespaces, error)
	// List returns all mailboxes of all namespaces with roles, subscriptions and Status (RFC 5258, 5819, 6154 where offered, LIST, LSUB
	// and STATUS where not), in the server's order. A mailbox whose STATUS is refused has Status nil and Problem; it is no error.
	List(ctx context.Context) ([]mailbox.Info, error)
	// Status asks afresh for one mailbox.
	Status(ctx context.Context, w mailbox.Wire) (mailbox.Status, error)
	// Quota of INBOX's roots (RFC 9208); empty without the extension.
	Quota(ctx context.Context) ([]Quota, error)
	// Close logs out and ends all connections. Open Readers, Targets and Removers fail with Lost.
	Close() error
}

// Fetcher may read messages. It cannot change one bit: mailboxes are opened by EXAMINE, bodies read by BODY.PEEK[].
type Fetcher interface {
	Lister
	// Examine opens a mailbox read-only on a connection of its own. A mailbox that is not there is Class NoMailbox.
	Examine(ctx context.Context, w mailbox.Wire) (Reader, error)
}

// Reader is one mailbox, opened for reading. It belongs to one goroutine.
type Reader interface {
	// State is what the server said when the mailbox was opened.
	State() State
	// Scan visits size, date and flags of those messages of set that exist, in ascending order of UID. A UID that does not exist is
	// left out without an error. An error from visit ends the scan and is returned as it is; the Reader stays usable.
	Scan(ctx context.Context, set mailbox.UIDSet, visit func(mailbox.Message) error) error
	// ScanFlags is Scan for flags and MODSEQ alone, which costs a server far less; Size is -1 and the date zero. With a since other than 0
	// and on a server with CONDSTORE only messages that were changed after that MODSEQ need be visited (RFC 7162 section 3.1.4.1). Flags
	// are nil where the server did not say them in a form that can be read, and empty where there are none.
	ScanFlags(ctx context.Context, set mailbox.UIDSet, since uint64, visit func(mailbox.Message) error) error
	// Fetch visits the whole bytes of those messages of set that exist, in the server's order. What visit has seen counts only when
	// Fetch returns nil: a literal may be cut, an answer withdrawn. The body's length is [Body.Size], framed by the protocol, whatever
	// Message.Size claims. A message that exists but cannot be had (BODY[] NIL, refused) is visited with Body.Problem and no content.
	// visit need not drain the body. An error from visit ends the fetch and is returned as it is.
	Fetch(ctx context.Context, set mailbox.UIDSet, visit func(Body) error) error
	// Close gives the connection back. It never expunges.
	Close() error
}

// Body is one message on its way from a server; Content is valid only inside the visit.
type Body struct {
	mailbox.Message
	Content io.Reader
	Size    int64 // bytes that Content will give; hides Message.Size, the server's claim
	Problem string
}

// Appender may add to an account. It cannot remove anything.
type Appender interface {
	Fetcher
	// Create makes a mailbox, with its special use where the server can (RFC 6154 section 3); made is false when it was there already.
	// The role is a wish: whether it was kept shows in List.
	Create(ctx context.Context, w mailbox.Wire, role mailbox.Role) (made bool, err error)
	// Subscribe adds w to the subscribed names.
	Subscribe(ctx context.Context, w mailbox.Wire) error
	// Target opens a mailbox for appending, on a connection of its own.
	Target(ctx context.Context, w mailbox.Wire) (Target, error)
}

// Target is one mailbox, opened for appending. It belongs to one goroutine.
type Target interface {
	// State is fresh: its UIDNext is a fence below which nothing that Append adds can be.
	State() State
	// Append adds the messages in order and says of each what became of it, in a slice as long as batch. Where the server takes a batch
	// whole (RFC 3502) it goes as one, and is stored whole or not at all; otherwise one message after the other, a few of them on their way
	// at the same time. Once a message is not plainly Stored no other is begun, so that none overtakes it but what was on its way already.
	// What was not begun is Unsent without an Err, or with that of a connection that has ended. A message that cannot be sent as it is
	// (flags, date, name) ends the batch in the same way: those before it are sent, and it is Unsent with an Err of Class BadMessage.
	//
	// turn may be nil; otherwise it is called at most once, and the server can store nothing of the batch before it has returned nil:
	// what can be uploaded before that, is. Several Targets of one mailbox so keep the order of their batches. An error of turn is
	// returned as it is, with all messages Unsent and the connection given up.
	//
	// The error is nil when the connection is still good; otherwise what was not answered is InDoubt.
	Append(ctx context.Context, batch []Outgoing, turn func(context.Context) error) ([]Placed, error)
	Close() error
}

// Outgoing is one message to append.
type Outgoing struct {
	Flags        []mailbox.Flag // system flags and keywords only; anything else is refused before a byte is sent
	InternalDate time.Time      // zero: the server takes the present
	Content      Content
}

// Content is the bytes of one message, complete before the first is sent, and readable again.
type Content interface {
	Size() int64
	// Reader starts at the first byte each time.
	Reader() io.Reader
}

// Verdict says what became of one appended message.
type Verdict int

// The verdicts. The zero value is the careful one.
const (
	InDoubt Verdict = iota // sent at least in part, no answer: only the destination knows
	Unsent                 // its command never left whole, or the server refused it before reading on: it is not there
	Stored                 // tagged OK
	Refused                // tagged NO or BAD; Err says which. A server can store and then fail, so look before sending it again
)

// Placed is the fate of one Outgoing.
type Placed struct {
	Verdict  Verdict
	Validity mailbox.UIDValidity // of APPENDUID (RFC 4315), 0 without
	UID      mailbox.UID         // 0 without UIDPLUS: the message has to be found
	Err      *Error              // with Refused and Unsent

	// Together is with Refused and with Unsent: the server refused the batch as a whole, which says nothing about this one message. Halve it.
	Together bool
}

// Expunger is the one dangerous right; only purge is ever handed it.
type Expunger interface {
	Fetcher
	// Select opens a mailbox read-write on a connection of its own.
	Select(ctx context.Context, w mailbox.Wire) (Remover, error)
}

// Remover is one mailbox, opened for removing. It belongs to one goroutine.
type Remover interface {
	Reader
	// MarkDeleted adds \Deleted to exactly these UIDs: UID STORE (UNCHANGEDSINCE modseq) +FLAGS.SILENT (RFC 7162 section 3.1.3) where
	// modseq is not 0 and the server has CONDSTORE. The answer proves nothing; Scan the flags afterwards.
	MarkDeleted(ctx context.Context, set mailbox.UIDSet, modseq uint64) error
	// Unmark takes \Deleted away again.
	Unmark(ctx context.Context, set mailbox.UIDSet) error
	// Deleted lists the messages that carry \Deleted, whoever set it.
	Deleted(ctx context.Context) (mailbox.UIDSet, error)
	// Expunge removes exactly those of set that carry \Deleted, by UID EXPUNGE (RFC 4315); Class Unsupported without UIDPLUS, never a plain EXPUNGE.
	Expunge(ctx context.Context, set mailbox.UIDSet) error
	// Move takes exactly these messages to mailbox w of the same account, by UID MOVE (RFC 6851); Class Unsupported without MOVE and
	// UIDPLUS. The answer proves nothing, and what it does not say is not in it; Scan afterwards.
	Move(ctx context.Context, set mailbox.UIDSet, w mailbox.Wire) (Moved, error)
}

// Moved is where a server says that it has put messages: their UIDs in the other mailbox, under its UIDVALIDITY, by those they had.
type Moved struct {
	Validity mailbox.UIDValidity
	UIDs     map[mailbox.UID]mailbox.UID
}

// State is what a server says when a mailbox is opened.
type State struct {
	Wire      mailbox.Wire
	Validity  mailbox.UIDValidity // 0: UIDs cannot be remembered
	UIDNext   mailbox.UID         // 0: the server does not say, not even by STATUS
	Messages  uint32
	ModSeq    uint64 // HIGHESTMODSEQ, 0 without CONDSTORE
	ReadOnly  bool
	Permanent []mailbox.Flag // PERMANENTFLAGS without \*; meaningful on Target and Remover only
	Keywords  bool           // \* was among them: new keywords may be made
}

// Everything is the set of all messages that were there when the mailbox was opened.
func (s State) Everything() mailbox.UIDSet {
	switch {
	case s.UIDNext == 1:
		return nil
	case s.UIDNext == 0:
		return mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}
	}
	return mailbox.UIDSet{{First: 1, Last: s.UIDNext - 1}}
}
