package memory

import (
	"strings"
	"sync"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Options say what an account is like. The zero value is a generous server: "/" between the parts of a name, no prefix, every
// extension the project uses, any keyword, no limits.
type Options struct {
	Host, User string // "memory.example" and "user" when empty

	Delimiter string // "/" when empty
	Flat      bool   // no hierarchy at all: LIST says NIL for the delimiter
	Prefix    mailbox.Wire

	// Without takes capabilities away, and what they stand for: "UIDPLUS" (no APPENDUID, no UID EXPUNGE), "CONDSTORE", "SPECIAL-USE",
	// "CREATE-SPECIAL-USE", "STATUS=SIZE", "QUOTA", "NAMESPACE", "MULTIAPPEND" (a batch is then stored message by message).
	Without []string

	NoKeywords bool           // PERMANENTFLAGS has no \*: a keyword outside Keywords is dropped without a word
	Keywords   []mailbox.Flag // keywords listed in PERMANENTFLAGS

	Quota       int64 // bytes of all messages together; 0 is no limit
	AppendLimit int64 // bytes of one message (RFC 7889); 0 is no limit
	Connections int   // Readers, Targets and Removers open at a time for one login; one more waits. 0 is no limit

	// Refuse is asked before a message is stored; an error is the server's NO. It runs under the account's lock.
	Refuse func(w mailbox.Wire, m Message) *endpoint.Error
	// Change is what the server makes of a message's bytes, as Courier does with bare CR; nil keeps them. It must not change its argument.
	Change func(content []byte) []byte
	// RefuseName is asked before a mailbox is made; an error is the server's NO.
	RefuseName func(w mailbox.Wire) *endpoint.Error

	Now func() time.Time // the server's clock, for messages without an internal date; time.Now when nil
}

// Account is the server's side of one account. All methods may be called from several goroutines at once.
type Account struct {
	options  Options
	identity endpoint.Identity
	caps     endpoint.Capabilities

	mu           sync.Mutex
	boxes        []*box // in order of creation, INBOX first
	lastValidity mailbox.UIDValidity
	subscribed   map[mailbox.Wire]bool
	hooks        []func(Call) Fault
	calls        map[Verb]int
	history      []Step
	sessions     map[*session]bool
}

var everyCapability = []string{"IMAP4REV1", "CHILDREN", "CONDSTORE", "CREATE-SPECIAL-USE", "ENABLE", "ID", "LIST-EXTENDED", "LIST-STATUS", "LITERAL+",
	"MOVE", "MULTIAPPEND", "NAMESPACE", "QUOTA", "SPECIAL-USE", "STATUS=SIZE", "UIDPLUS", "UNSELECT"}

// New makes an account with an empty INBOX.
func New(o Options) *Account {
	if o.Host == "" {
		o.Host = "memory.example"
	}
	if o.User == "" {
		o.User = "user"
	}
	if o.Delimiter == "" {
		o.Delimiter = "/"
	}
	if o.Flat {
		o.Delimiter = ""
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Account{
		options:      o,
		identity:     endpoint.Identity{Host: o.Host, Port: 993, User: o.User, Server: "memory"},
		caps:         capabilities(o),
		lastValidity: 1000,
		subscribed:   make(map[mailbox.Wire]bool),
		calls:        make(map[Verb]int),
		sessions:     make(map[*session]bool),
	}
	a.addBox(mailbox.Inbox, mailbox.RoleNone)
	return a
}

func capabilities(o Options) endpoint.Capabilities {
	var names []string
	for _, c := range everyCapability {
		if !contains(o.Without, c) {
			names = append(names, c)
		}
	}
	if o.AppendLimit > 0 {
		names = append(names, "APPENDLIMIT="+itoa(o.AppendLimit))
	}
	return endpoint.NewCapabilities(names...)
}

// Source logs in afresh, with the right to read and no other.
func (a *Account) Source() endpoint.Fetcher { return source{a.login()} }

// Destination logs in afresh, with the right to add and not to remove.
func (a *Account) Destination() endpoint.Appender {
	l := a.login()
	return destination{source{l}, l}
}

// Removal logs in afresh, with the right to remove.
func (a *Account) Removal() endpoint.Expunger {
	l := a.login()
	return removal{source{l}, l}
}

// Identity is the account's, as every login sees it.
func (a *Account) Identity() endpoint.Identity { return a.identity }

// OpenSessions counts the Readers, Targets and Removers that are open now: 0 after code that closes what it opens.
func (a *Account) OpenSessions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.sessions)
}

// Disconnect breaks every open Reader, Target and Remover, as a restart of the server does; new ones can be opened at once.
func (a *Account) Disconnect() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.sessions {
		s.lost = true
	}
}

// canonical is w with INBOX in upper case; all other names are taken byte for byte.
func canonical(w mailbox.Wire) mailbox.Wire {
	if strings.EqualFold(string(w), mailbox.Inbox) {
		return mailbox.Inbox
	}
	return w
}
