package purge_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/purge"
	"imapmigrate/pkg/survey"
	"imapmigrate/pkg/verify"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

// Who talks to whom here: imaptest's own client fills the source and counts what is left; survey, plan, copier, verify, checkpoint and purge
// go over our own connections, in plain text, through a tap that keeps every byte they send.

func dovecotA(tb testing.TB) *imaptest.Server {
	return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: true})
}

func dovecotB(tb testing.TB) *imaptest.Server {
	return imaptest.Dovecot(tb, imaptest.DovecotOptions{Storage: "sdbox", NoFsync: true})
}

// tap keeps what is sent on all connections of one account.
type tap struct {
	changer
	mu   sync.Mutex
	sent bytes.Buffer
}

type tapped struct {
	net.Conn
	tap *tap
}

func (t *tap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return tapped{c, t}, nil
}

// forget leaves what was sent so far out of what is judged.
func (t *tap) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent.Reset()
}

func (c tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tap.apply(p[:n])
	return n, err
}

func (c tapped) Write(p []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.sent.Write(p)
	c.tap.mu.Unlock()
	return c.Conn.Write(p)
}

func login(t *testing.T, a imaptest.Account, port int) (*imap.Account, *tap) {
	t.Helper()
	tap := &tap{}
	account, err := imap.Open(t.Context(), imap.Options{Connections: 1, Options: wire.Options{
		Host: a.Server.Host, Port: port, Security: wire.Plaintext, Timeout: 30 * time.Second, Account: a.User + " at " + a.Server.Name, Dial: tap.dial,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("login", a.User, auth.NewSecret(a.Password), auth.Server{Host: a.Server.Host}, caps, encrypted)
		}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { account.Close() })
	return account, tap
}

// pair is one account that was moved from one real server to another, verified and approved.
type pair struct {
	t           *testing.T
	from, to    imaptest.Account
	proxy       *imaptest.FaultProxy // in front of the source
	toProxy     *imaptest.FaultProxy
	source      *imap.Account
	destination *imap.Account
	sourceTap   *tap
	destTap     *tap
	ledger      *ledger.Ledger
	checkpoint  *checkpoint.Checkpoint
	approval    *approval.Approval
}

const inboxMessages = 130

func newPair(t *testing.T, from, to *imaptest.Server, work string) *pair {
	t.Helper()
	p := &pair{t: t, from: from.NewUser(t), to: to.NewUser(t)}
	p.fill(work)
	p.proxy = imaptest.Proxy(t, from.Addr(), imaptest.Faults{})
	p.toProxy = imaptest.Proxy(t, to.Addr(), imaptest.Faults{})
	p.source, p.sourceTap = login(t, p.from, p.proxy.Port)
	p.destination, p.destTap = login(t, p.to, p.toProxy.Port)
	p.copy()
	p.verify()
	p.approve()
	p.sourceTap.forget()
	p.destTap.forget()
	return p
}

// fill has two mailboxes, flags and keywords, and one message twice.
func (p *pair) fill(work string) {
	p.t.Helper()
	c := p.from.Dial(p.t)
	defer c.Close()
	c.Create(work)
	for i := range inboxMessages {
		flags := []string{"", `\Seen`, `\Seen \Answered`, `\Flagged $Forwarded`}[i%4]
		p.append(c, "INBOX", flags, i/2*2) // every message is there twice
	}
	for i := range 7 {
		p.append(c, work, `\Seen`, 1000+i)
	}
}

func (p *pair) append(c *imaptest.Client, w, flags string, i int) {
	p.t.Helper()
	text := fmt.Sprintf("From: a@example.org\r\nSubject: message %d\r\nDate: Sun, 31 Mar 2019 02:30:00 +0100\r\n\r\n%s\r\n", i, strings.Repeat(fmt.Sprintf("line %d\r\n", i), 20))
	if tagged := c.Append(w, flags, "31-Mar-2019 02:30:00 +0100", []byte(text)); !strings.HasPrefix(tagged, "OK") {
		p.t.Fatal(tagged)
	}
}

func (p *pair) copy() {
	p.t.Helper()
	ctx := p.t.Context()
	src, err := survey.Take(ctx, p.source.Source(), event.Discard, time.Now)
	if err != nil {
		p.t.Fatal(err)
	}
	dst, err := survey.Take(ctx, p.destination.Destination(), event.Discard, time.Now)
	if err != nil {
		p.t.Fatal(err)
	}
	plan, err := plan.Build(src, dst, plan.Rules{Name: "test", Tool: "test"}, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "state", "test.ledger")
	p.ledger, err = ledger.Create(path, ledger.Facts{Name: "test", Source: src.Identity, Destination: dst.Identity}, ledger.Options{Now: time.Now})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { p.ledger.Close() })
	result, err := copier.Run(ctx, copier.Job{Plan: plan, Ledger: p.ledger, Source: p.source.Source(), Destination: p.destination.Destination(), Workers: 1, Memory: 64 << 20,
		BatchMessages: 100, BatchBytes: 4 << 20, MatchExisting: true, SpoolDir: filepath.Dir(path), Sink: event.Discard, Now: time.Now, Patience: patience, Settling: 50 * time.Millisecond})
	if err != nil || len(result.Problems()) > 0 {
		p.t.Fatal(err, result.Problems())
	}
}

var patience = endpoint.Patience{First: time.Millisecond, Most: time.Second, Total: 10 * time.Second}

func (p *pair) verify() {
	p.t.Helper()
	p.prove(inboxMessages + 7)
}

func (p *pair) prove(messages int64) {
	p.t.Helper()
	r, err := verify.Run(p.t.Context(), verify.Job{Ledger: p.ledger, Source: p.source.Source(), Destination: p.destination.Source(), Sink: event.Discard, Now: time.Now, Patience: patience,
		Settle: verify.Settle{Tries: 1, Wait: 10 * time.Millisecond}})
	if err != nil || r.Err() != nil || r.Totals.ContentDifferences != 0 || r.Totals.Proved != messages {
		p.t.Fatalf("%+v %+v %v %v", r.Totals, r.Differences, err, r.Err())
	}
}

// approve makes a checkpoint, takes it through its file, and approves it.
func (p *pair) approve() {
	p.t.Helper()
	built, err := checkpoint.Build(p.ledger, checkpoint.Options{Now: time.Now(), Tool: "test"})
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := built.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	if p.checkpoint, err = checkpoint.Read("test.yaml", text); err != nil {
		p.t.Fatal(err)
	}
	s := p.checkpoint.Subject()
	if p.approval, err = approval.Give(s, s.Phrase(), approval.Person{User: "alice", Host: "here"}, "", time.Now()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) purge() *purge.Result {
	p.t.Helper()
	r, err := purge.Run(p.t.Context(), purge.Job{Ledger: p.ledger, Checkpoint: p.checkpoint, Approval: p.approval, Loses: p.source.Removal(), Keeps: p.destination.Source(),
		Sink: event.Discard, Now: time.Now, Patience: patience})
	if err != nil {
		p.t.Fatal(err)
	}
	p.law()
	return r
}

var harmless = regexp.MustCompile(`^(LOGIN|AUTHENTICATE|CAPABILITY|ID|ENABLE|NAMESPACE|NOOP|LIST|LSUB|STATUS|EXAMINE|SELECT|UNSELECT|SEARCH|UID SEARCH|FETCH|UID FETCH|LOGOUT|GETQUOTAROOT|GETQUOTA|COMPRESS)\b`)

// law reads every command that went to either account: what changes something is a STORE of \Deleted or a UID EXPUNGE, of UIDs in a set of
// numbers that the checkpoint lists; nothing else, and on the destination nothing at all.
func (p *pair) law() (expunges int) {
	p.t.Helper()
	store := regexp.MustCompile(`^UID STORE (\S+) (?:\(UNCHANGEDSINCE \d+\) )?[+-]FLAGS\.SILENT \(\\Deleted\)$`)
	expunge := regexp.MustCompile(`^UID EXPUNGE (\S+)$`)
	approved := map[string]mailbox.UIDSet{}
	for _, m := range p.checkpoint.Mailboxes {
		approved[string(m.Wire)] = m.UIDs.Set()
	}
	var selected string // there is one connection at a time
	for _, line := range p.sourceTap.commands() {
		m := store.FindStringSubmatch(line)
		if m == nil {
			if m = expunge.FindStringSubmatch(line); m != nil {
				expunges++
			}
		}
		switch {
		case m != nil:
			set, err := mailbox.ParseUIDSet(m[1])
			if err != nil {
				p.t.Errorf("%q: %v", line, err)
			}
			for uid := range set.All {
				if !approved[selected].Contains(uid) {
					p.t.Errorf("%q in %s names a message that nobody approved", line, selected)
				}
			}
		case strings.HasPrefix(line, "SELECT "):
			selected = strings.Trim(strings.Fields(line)[1], `"`)
		case !harmless.MatchString(line):
			p.t.Errorf("this went to the source: %q", line)
		}
	}
	for _, line := range p.destTap.commands() {
		if !harmless.MatchString(line) {
			p.t.Errorf("this went to the destination: %q", line)
		}
	}
	return expunges
}

var tagged = regexp.MustCompile(`^[A-Za-z0-9]+ ([A-Z].*)$`)

// commands are what was sent, without tags. The tests send no literal to the source that could look like one.
func (t *tap) commands() (all []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range strings.Split(t.sent.String(), "\r\n") {
		if m := tagged.FindStringSubmatch(line); m != nil {
			all = append(all, m[1])
		}
	}
	return all
}

func digests(messages []imaptest.RawMessage) (all []string) {
	for _, m := range messages {
		all = append(all, fmt.Sprintf("%x", sha256.Sum256(m.Body)))
	}
	slices.Sort(all)
	return all
}

func servers() map[string]struct {
	from, to func(testing.TB) *imaptest.Server
	work     string
} {
	type way = struct {
		from, to func(testing.TB) *imaptest.Server
		work     string
	}
	return map[string]way{
		"dovecot to dovecot": {dovecotA, dovecotB, "INBOX.Work"},
		"dovecot to cyrus":   {dovecotB, imaptest.Cyrus, "Work"},
		"cyrus to dovecot":   {imaptest.Cyrus, dovecotB, "Work"},
		"courier to dovecot": {imaptest.Courier, dovecotB, "INBOX.Work"},
	}
}

// TestRealServers removes what was approved, and nothing else, from servers that are not ours.
func TestRealServers(t *testing.T) {
	for name, way := range servers() {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, way.from(t), way.to(t), way.work)
			c := p.from.Dial(t)
			before := c.FetchAll("INBOX")
			copies := digests(p.to.Dial(t).FetchAll("INBOX"))
			// After the approval: one flag changes, two messages come.
			c.MustCmd(`SELECT INBOX`)
			c.MustCmd(fmt.Sprintf(`UID STORE %d +FLAGS (\Draft)`, before[50].UID))
			p.append(c, "INBOX", "", 5000)
			p.append(c, "INBOX", "", 5001)
			r := p.purge()
			if r.Err() != nil || r.Gone != inboxMessages+7-1 || r.Remaining() != 1 || len(r.Left) != 1 || uint32(r.Left[0].UID) != before[50].UID {
				t.Fatalf("%+v %v", r, r.Err())
			}
			left := p.from.Dial(t).FetchAll("INBOX")
			if len(left) != 3 || left[0].UID != before[50].UID || slices.Contains(left[0].Flags, `\Deleted`) {
				t.Errorf("%d messages are left", len(left))
			}
			if n := len(p.from.Dial(t).FetchAll(way.work)); n != 0 {
				t.Errorf("%d messages are left in %s", n, way.work)
			}
			if after := digests(p.to.Dial(t).FetchAll("INBOX")); !slices.Equal(after, copies) {
				t.Error("the destination is not what it was")
			}
			if n := p.law(); n < 5 { // three batches and two canaries: the tap does hear
				t.Errorf("%d EXPUNGE were heard", n)
			}
			again := p.purge()
			if again.Gone != 0 || again.Before != inboxMessages+7-1 || again.Remaining() != 1 {
				t.Errorf("the second run: %+v", again)
			}
		})
	}
}

// TestRealForeignMark stops at a message that somebody else has marked, and leaves it alone.
func TestRealForeignMark(t *testing.T) {
	for name, way := range servers() {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, way.from(t), way.to(t), way.work)
			c := p.from.Dial(t)
			p.append(c, "INBOX", `\Deleted`, 5000)
			r := p.purge()
			if !isStale(r.Err()) || r.Mailboxes[slices.IndexFunc(r.Mailboxes, func(m purge.MailboxResult) bool { return m.Name == "INBOX" })].Gone != 0 {
				t.Fatalf("%+v %v", r, r.Err())
			}
			if n := len(p.from.Dial(t).FetchAll("INBOX")); n != inboxMessages+1 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

// TestRealLostAnswers cuts the connection right behind a command that the server has got, and in front of it: the purge connects again and
// finishes.
func TestRealLostAnswers(t *testing.T) {
	for name, way := range servers() {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, way.from(t), way.to(t), way.work)
			for _, pattern := range []string{"UID STORE", "UID EXPUNGE", "UID SEARCH"} {
				for _, before := range []bool{false, true} {
					p.proxy.Set(imaptest.Faults{Up: imaptest.Fault{Pattern: pattern, Before: before}, Times: 1})
					p.purgeSome(20)
				}
			}
			p.proxy.Set(imaptest.Faults{})
			if r := p.purge(); r.Remaining() != 0 || r.Err() != nil {
				t.Errorf("%+v %v", r, r.Err())
			}
			if n := len(p.from.Dial(t).FetchAll("INBOX")); n != 0 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

func (p *pair) purgeSome(n int64) {
	p.t.Helper()
	r, err := purge.Run(p.t.Context(), purge.Job{Ledger: p.ledger, Checkpoint: p.checkpoint, Approval: p.approval, Loses: p.source.Removal(), Keeps: p.destination.Source(),
		MaxMessages: n, Sink: event.Discard, Now: time.Now, Patience: patience})
	if err != nil || r.Err() != nil || r.Gone != n {
		p.t.Errorf("%+v %v %v", r, err, r.Err())
	}
	p.law()
}
