package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"imapmigrate/pkg/endpoint"
)

// Format is the number of the file's layout. A ledger of another format is refused, never converted in place.
const Format = 1

// allocation is by how many bytes the file grows at a time; bbolt's own 16 MiB would be most of a small account's ledger.
const allocation = 1 << 20

// Buckets. Keys are big-endian numbers, so that bbolt's order is ours.
var (
	metaBucket   = []byte("meta")      // "facts" -> Facts as JSON
	boxBucket    = []byte("mailboxes") // mailbox id -> Mailbox as JSON
	rowBucket    = []byte("messages")  // mailbox id, source uid -> Row
	intentBucket = []byte("intents")   // mailbox id, batch -> Fence and the source uids in doubt
	claimBucket  = []byte("claims")    // destination id, destination uid -> mailbox id, source uid
	destBucket   = []byte("destinations")
	sourceBucket = []byte("sources") // uidvalidity, name on the wire -> mailbox id
	countBucket  = []byte("counts")  // mailbox id -> how many rows are in which state
	planBucket   = []byte("plans")   // number of the run -> when it began, digest of its plan
	factsKey     = []byte("facts")
	everyBucket  = [][]byte{metaBucket, boxBucket, rowBucket, intentBucket, claimBucket, destBucket, sourceBucket, countBucket, planBucket}
)

// Facts say which migration a ledger belongs to.
type Facts struct {
	Format      int               `json:"format"`
	Name        string            `json:"name"`
	Source      endpoint.Identity `json:"source"`
	Destination endpoint.Identity `json:"destination"`
	Created     time.Time         `json:"created"`
}

// Holder says which process has the ledger open.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// LockedError: another process holds the ledger.
type LockedError struct {
	Path   string
	Holder Holder // zero when the holder did not say
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.Holder.PID != 0 {
		who = fmt.Sprintf("%q, process %d on %s, since %s", e.Holder.Command, e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
	}
	return fmt.Sprintf("ledger %s is in use by %s; wait for it to end", e.Path, who)
}

// ForeignError: the file is a ledger, but not of this migration or not of this format.
type ForeignError struct{ Path, Reason string }

func (e *ForeignError) Error() string { return fmt.Sprintf("ledger %s %s", e.Path, e.Reason) }

// DamagedError: the file cannot be believed. It is never repaired in place.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("ledger %s is damaged (%v); nothing was sent; put a backup in its place, or move it away to match the destination by content again", e.Path, e.Err)
}

// Unwrap gives the cause beneath.
func (e *DamagedError) Unwrap() error { return e.Err }

// Ledger is the open file. Its methods may be called from several goroutines.
type Ledger struct {
	path  string
	db    *bbolt.DB
	facts Facts
	holds bool // the lock is ours alone, and the holder's file says so

	mu      sync.Mutex // of the two below, never held during a transaction
	waiting []*write   // changes for the next transaction
	writing bool       // somebody leads a transaction, or is about to

	broken atomic.Pointer[error] // why nothing may be done any more

	closing sync.Once
	closed  error // what Close came to
}

// Options of Open. Now is the clock; Command is what LockedError will show to others.
type Options struct {
	Command string
	Now     func() time.Time
}

// Create opens the ledger of that migration, making the file and its folder when they are not there. It returns *LockedError,
// *ForeignError, *DamagedError or an error of the file system.
func Create(path string, facts Facts, o Options) (*Ledger, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		facts.Format, facts.Created = Format, o.Now().UTC().Truncate(time.Second)
		if err := initialise(path, facts); err != nil {
			return nil, fmt.Errorf("ledger %s cannot be made: %w", path, err)
		}
	}
	l, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	if err := l.belongs(facts); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Open opens a ledger that must be there; a missing file is fs.ErrNotExist.
func Open(path string, o Options) (*Ledger, error) {
	l, err := open(path, &bbolt.Options{})
	if err != nil {
		return nil, err
	}
	if err := writeHolder(path, o); err != nil {
		return nil, errors.Join(err, l.db.Close())
	}
	l.holds = true
	return l, nil
}

// OpenReadOnly opens a ledger that must be there and of which nothing can be changed: every verb that writes is an error. Several
// processes may do so at a time, none while another has it by Open.
func OpenReadOnly(path string) (*Ledger, error) {
	return open(path, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
}

func open(path string, o *bbolt.Options) (*Ledger, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("ledger %s cannot be opened: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, &ForeignError{path, "is not a regular file; it is left alone"}
	}
	if info.Size() == 0 {
		// bbolt would make a new database of it: damage must never become an empty ledger.
		return nil, &DamagedError{path, errors.New("the file is empty")}
	}
	l := &Ledger{path: path}
	o.Timeout, o.OpenFile = 300*time.Millisecond, openExisting
	err = l.survive(func() (err error) {
		l.db, err = bbolt.Open(path, 0o600, o)
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, &LockedError{path, readHolder(path)}
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("ledger %s cannot be opened; make it readable and writable for yourself: %w", path, err)
	}
	if err != nil {
		return nil, &DamagedError{path, err}
	}
	l.db.AllocSize = allocation
	if err := checkPages(path); err != nil {
		return nil, errors.Join(&DamagedError{path, err}, l.db.Close())
	}
	if err := l.readFacts(); err != nil {
		return nil, errors.Join(err, l.db.Close())
	}
	return l, nil
}

// Facts say which migration this is.
func (l *Ledger) Facts() Facts { return l.facts }

// Path is the file's name.
func (l *Ledger) Path() string { return l.path }

// Close gives the ledger free. It is safe to call twice.
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		if l.holds {
			// The holder goes first: the moment the lock is free, somebody else may write a new one.
			_ = os.Remove(holderPath(l.path))
		}
		l.closed = l.db.Close()
	})
	return l.closed
}

func openExisting(name string, flag int, mode os.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag&^os.O_CREATE, mode)
}

// initialise makes the file under another name, commits and syncs it, and only then gives it its name: a power cut during bbolt's
// very first write leaves a file that cannot be opened.
func initialise(path string, facts Facts) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".new-ledger-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := temp.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(temp.Name(), 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return writeFacts(tx, facts) })
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	// Link refuses to replace a ledger that another process made meanwhile; that one is as good.
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func writeFacts(tx *bbolt.Tx, facts Facts) error {
	for _, name := range everyBucket {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	text, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(factsKey, seal(factsKey, text))
}

func (l *Ledger) readFacts() error {
	return l.view(func(tx *bbolt.Tx) error {
		if info, err := os.Stat(l.path); err != nil || info.Size() < tx.Size() {
			return &DamagedError{l.path, errors.New("its end is missing")}
		}
		for _, name := range everyBucket {
			if tx.Bucket(name) == nil {
				return &ForeignError{l.path, "is not a ledger of this program; it is left alone: move it away or name another migration"}
			}
		}
		text, err := unseal(factsKey, tx.Bucket(metaBucket).Get(factsKey))
		if err != nil {
			return &DamagedError{l.path, err}
		}
		if err := json.Unmarshal(text, &l.facts); err != nil {
			return &DamagedError{l.path, err}
		}
		if l.facts.Format != Format {
			return &ForeignError{l.path, fmt.Sprintf("has format %d, this program knows format %d; use the program version that made it", l.facts.Format, Format)}
		}
		return nil
	})
}

func (l *Ledger) belongs(want Facts) error {
	have := l.facts
	differs := func(what string, a, b any) error {
		return &ForeignError{l.path, fmt.Sprintf("belongs to another migration: its %s is %v, not %v; give this migration another name, or move the ledger away", what, a, b)}
	}
	switch {
	case have.Name != want.Name:
		return differs("name", have.Name, want.Name)
	case !have.Source.Same(want.Source):
		return differs("source", have.Source, want.Source)
	case !have.Destination.Same(want.Destination):
		return differs("destination", have.Destination, want.Destination)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
