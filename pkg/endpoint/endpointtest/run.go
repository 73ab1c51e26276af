// Package endpointtest owns the contract of package endpoint as one test suite: every sentence of the comments in rights.go that a test can
// break. It knows no implementation; what a server is known to do differently is said by [Facts], never guessed from its name.
package endpointtest

import (
	"context"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Account is one fresh, empty account with all rights to it.
type Account struct {
	Fetcher  endpoint.Fetcher
	Appender endpoint.Appender
	Expunger endpoint.Expunger
	Flagger  endpoint.Flagger // nil where the account has no such right to give

	Unmaker endpoint.Unmaker // the same

	// Deliver adds a message as the mail system would, by a client of its own that opens no mailbox; nil when there is none.
	Deliver func(tb testing.TB, w mailbox.Wire, content []byte)
}

// Factory makes accounts. Open must give a new account each time, ready for three open mailboxes
// and one more call at a time, and close it with the test.
type Factory struct {
	Open  func(t *testing.T) Account
	Facts Facts
}

// Facts are what a server is known to do to mail and names. The zero value is a server that keeps everything.
type Facts struct {
	Stored           func(content []byte) []byte       // what it makes of a message's bytes; nil: it keeps them
	RefusesMessage   func(content []byte) bool         // it says NO to these bytes
	RefusesDate      func(date time.Time) bool         // it says NO to this internal date
	StoredDate       func(date time.Time) time.Time    // what it makes of an internal date; nil: it keeps it
	RefusesName      func(part, delimiter string) bool // it says NO to a mailbox with this part in its name
	RefusesSubscribe bool                              // SUBSCRIBE of a mailbox that is not there is NO
	KeepsRole        func(role mailbox.Role) bool      // CREATE-SPECIAL-USE takes this role; only asked where it is offered
	LargestMessage   int                               // bytes of the big message; 0: 25 MiB, 3 with -short
}

// Run checks everything.
func Run(t *testing.T, f Factory) {
	f.Facts = f.Facts.complete()
	groups := []struct {
		name string
		run  func(*testing.T, Factory)
	}{
		{"rights", testRights}, {"lister", testLister}, {"names", testNames}, {"create", testCreate}, {"missing", testMissing},
		{"scan", testScan}, {"fetch", testFetch}, {"corpus", testCorpus}, {"peek", testPeek},
		{"append", testAppend}, {"dates", testDates}, {"flags", testFlags},
		{"remove", testRemove}, {"mark", testMark}, {"move", testMove}, {"unmake", testUnmake}, {"header", testHeader}, {"cancel", testCancel}, {"parallel", testParallel}, {"close", testClose},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) { g.run(t, f) })
	}
}

func (f Facts) complete() Facts {
	if f.Stored == nil {
		f.Stored = func(content []byte) []byte { return content }
	}
	if f.RefusesMessage == nil {
		f.RefusesMessage = func([]byte) bool { return false }
	}
	if f.RefusesDate == nil {
		f.RefusesDate = func(time.Time) bool { return false }
	}
	if f.StoredDate == nil {
		f.StoredDate = func(date time.Time) time.Time { return date }
	}
	if f.RefusesName == nil {
		f.RefusesName = func(string, string) bool { return false }
	}
	if f.KeepsRole == nil {
		f.KeepsRole = func(mailbox.Role) bool { return true }
	}
	if f.LargestMessage == 0 && testing.Short() {
		f.LargestMessage = 3 << 20
	}
	if f.LargestMessage == 0 {
		f.LargestMessage = 25 << 20
	}
	return f
}

// bench is one account under test, with the words that tests share.
type bench struct {
	*testing.T
	Account
	facts     Facts
	ctx       context.Context
	prefix    mailbox.Wire
	delimiter string
}

// open gives a fresh account.
func (f Factory) open(t *testing.T) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	b := &bench{T: t, Account: f.Open(t), facts: f.Facts, ctx: ctx}
	spaces, err := b.Fetcher.Namespaces(ctx)
	b.must(err, "namespaces")
	if len(spaces.Personal) == 0 {
		t.Fatal("no personal namespace")
	}
	b.prefix, b.delimiter = spaces.Personal[0].Prefix, spaces.Personal[0].Delimiter
	return b
}

func (b *bench) must(err error, what string) {
	b.Helper()
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

// wire is the name of parts below the personal namespace.
func (b *bench) wire(parts ...string) mailbox.Wire {
	b.Helper()
	w, err := mailbox.Encode(parts, b.delimiter)
	b.must(err, "encoding a name")
	return b.prefix + w
}

// make creates a mailbox that must not be there yet.
func (b *bench) make(parts ...string) mailbox.Wire {
	b.Helper()
	w := b.wire(parts...)
	made, err := b.Appender.Create(b.ctx, w, mailbox.RoleNone)
	b.must(err, "create "+string(w))
	if !made {
		b.Fatalf("create %q: it was there already", string(w))
	}
	return w
}

func (b *bench) target(w mailbox.Wire) endpoint.Target {
	b.Helper()
	t, err := b.Appender.Target(b.ctx, w)
	b.must(err, "target")
	b.Cleanup(func() { t.Close() })
	return t
}

func (b *bench) examine(w mailbox.Wire) endpoint.Reader {
	b.Helper()
	r, err := b.Fetcher.Examine(b.ctx, w)
	b.must(err, "examine")
	b.Cleanup(func() { r.Close() })
	return r
}

func (b *bench) remover(w mailbox.Wire) endpoint.Remover {
	b.Helper()
	r, err := b.Expunger.Select(b.ctx, w)
	b.must(err, "select")
	b.Cleanup(func() { r.Close() })
	return r
}

// scanned is everything of set that Scan visits.
func (b *bench) scanned(r endpoint.Reader, set mailbox.UIDSet) []mailbox.Message {
	b.Helper()
	var out []mailbox.Message
	err := r.Scan(b.ctx, set, func(m mailbox.Message) error {
		out = append(out, m)
		return nil
	})
	b.must(err, "scan")
	return out
}

func uids(messages []mailbox.Message) mailbox.UIDSet {
	var list []mailbox.UID
	for _, m := range messages {
		list = append(list, m.UID)
	}
	return mailbox.SetOf(list...)
}
