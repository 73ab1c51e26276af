package copier_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
	"imapmigrate/testdata/message"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

func dovecotA(tb testing.TB) *imaptest.Server {
	return imaptest.Dovecot(tb, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", SpecialUse: map[string]string{"Sent": `\Sent`, "Spam": `\Junk`}, NoFsync: true})
}

func dovecotB(tb testing.TB) *imaptest.Server {
	return imaptest.Dovecot(tb, imaptest.DovecotOptions{Storage: "sdbox", SpecialUse: map[string]string{"Sent Items": `\Sent`, "Junk": `\Junk`}, NoFsync: true})
}

func login(t *testing.T, a imaptest.Account) *imap.Account {
	t.Helper()
	account, err := imap.Open(t.Context(), imap.Options{Connections: 3, Options: wire.Options{
		Host: "localhost", Port: a.Server.TLSPort, Security: wire.TLS, TLS: imaptest.ClientTLS("localhost"), Timeout: 30 * time.Second, Account: a.User + " at " + a.Server.Name,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("auto", a.User, auth.NewSecret(a.Password), auth.Server{Host: "localhost"}, caps, encrypted)
		}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { account.Close() })
	return account
}

// move plans and copies one account and returns the plan and the open ledger.
func move(t *testing.T, from, to imaptest.Account) (*plan.Plan, *ledger.Ledger) {
	t.Helper()
	return moveSlowly(t, from, to, 0)
}

// moveSlowly pauses between the steps.
func moveSlowly(t *testing.T, from, to imaptest.Account, pause time.Duration) (*plan.Plan, *ledger.Ledger) {
	t.Helper()
	source, destination := login(t, from), login(t, to)
	ctx, now := t.Context(), time.Now
	src, err := survey.Take(ctx, source.Source(), event.Discard, now)
	if err != nil {
		t.Fatal(err)
	}
	dst, err := survey.Take(ctx, destination.Destination(), event.Discard, now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(src, dst, plan.Rules{Name: "test", Tool: "test"}, now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Create(filepath.Join(t.TempDir(), "state", "test.ledger.db"), ledger.Facts{Name: "test", Source: src.Identity, Destination: dst.Identity}, ledger.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for run := range 2 {
		time.Sleep(pause)
		result := runAgain(t, p, l, from, to)
		for _, b := range result.Problems() {
			t.Logf("mailbox %s: %s", b.Name, b.Problem)
		}
		if n := result.Total(ledger.Copied).Messages + result.Total(ledger.AlreadyThere).Messages; run > 0 && n != 0 {
			t.Errorf("the second run copied %d messages", n)
		}
	}
	return p, l
}

// runAgain copies once.
func runAgain(t *testing.T, p *plan.Plan, l *ledger.Ledger, from, to imaptest.Account) *copier.Result {
	t.Helper()
	result, err := copier.Run(t.Context(), copier.Job{Plan: p, Ledger: l, Source: login(t, from).Source(), Destination: login(t, to).Destination(), Workers: 3, Memory: 64 << 20, BatchMessages: 100, BatchBytes: 4 << 20,
		MatchExisting: true, SpoolDir: filepath.Dir(l.Path()), Sink: event.Discard, Now: time.Now, Patience: endpoint.Patience{First: time.Millisecond, Most: time.Second, Total: 5 * time.Second}, Settling: 50 * time.Millisecond})
	if err != nil {
		t.Fatalf("copy: %v", err)
	}
	return result
}

// fill makes an account as awkward as its server lets it be. What the server refuses is left out: what it holds afterwards is the truth.
func fill(t *testing.T, a imaptest.Account) {
	t.Helper()
	c := a.Dial(t)
	prefix, delimiter := layout(c)
	for _, box := range message.Mailboxes() {
		w, err := mailbox.Encode(box.Name, delimiter)
		if err != nil {
			continue
		}
		name := prefix + string(w)
		if _, tagged := c.Cmd("CREATE " + imaptest.Quote(name)); !strings.HasPrefix(tagged, "OK") {
			continue
		}
		c.Cmd("SUBSCRIBE " + imaptest.Quote(name))
		c.Append(name, `\Seen`, "", []byte("Subject: in "+name+"\r\n\r\nbody\r\n"))
	}
	sent := prefix + "Sent"
	c.Cmd("CREATE " + imaptest.Quote(sent))
	for i, s := range message.Samples() {
		c.Append("INBOX", strings.Join(flagsOf(i), " "), dateOf(i), s.Bytes)
	}
	for i, d := range message.Dates() {
		if a.Server.Name == "dovecot" && (d.Time.Year() < 1970 || d.Time.Year() > 2037) {
			continue // Dovecot's index has 32 bits for a date: what is outside of them changes on the source itself after a while
		}
		c.Append(sent, `\Seen $Forwarded`, d.Text, []byte(fmt.Sprintf("Subject: date %d\r\n\r\n%s\r\n", i, d.Awkward)))
	}
	twin := []byte("Message-ID: <twin@example.org>\r\nSubject: twin\r\n\r\ntwice\r\n")
	c.Append(sent, "", "", twin)
	c.Append(sent, "", "", twin)
	c.Append("INBOX", "", "", message.Attachment(largest()))
}

// largest is the size of the largest message in bytes: what most providers still let through, or less with -short.
func largest() int {
	if testing.Short() {
		return 3 << 20
	}
	return 25 << 20
}

func layout(c *imaptest.Client) (prefix, delimiter string) {
	for _, line := range c.MustCmd("NAMESPACE") {
		fields := strings.SplitN(line, `"`, 5)
		if len(fields) == 5 {
			return fields[1], fields[3]
		}
	}
	return "", "/"
}

func flagsOf(i int) []string {
	sets := message.FlagSets()
	return sets[i%len(sets)].Set
}

func dateOf(i int) string {
	return time.Date(2003+i%20, time.Month(1+i%12), 1+i%28, 9, 30, 0, 0, time.FixedZone("", 5*3600+45*60)).Format("02-Jan-2006 15:04:05 -0700")
}

// changes is what a server is known to make of a message's bytes.
type changes func(sent []byte) []byte

func asIs(b []byte) []byte { return b }

// dovecotStores: a bare CR goes before CRLF and at the end, NUL becomes 0x80. What comes from a Dovecot has neither.
func dovecotStores(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\r\n"), []byte("\r\n"))
	b = bytes.ReplaceAll(b, []byte("\x00"), []byte("\x80"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// courierStores: bare CR goes, a final newline comes.
func courierStores(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	b = bytes.ReplaceAll(b, []byte("\r"), nil)
	b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	if !bytes.HasSuffix(b, []byte("\r\n")) {
		b = append(b, "\r\n"...)
	}
	return b
}

// cyrusStores: 8-bit characters in the header become X.
func cyrusStores(b []byte) []byte {
	b = slices.Clone(b)
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(b)
	}
	for i := range b[:end] {
		if b[i] >= 0x80 {
			b[i] = 'X'
		}
	}
	return b
}

func TestAccountsMoveBetweenRealServers(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to func(testing.TB) *imaptest.Server
		changes  changes
		refusals int // messages that the destination may refuse
	}{
		{"Dovecot to Dovecot", dovecotA, dovecotB, asIs, 0},
		{"Dovecot to itself", dovecotB, dovecotB, asIs, 0},
		{"Dovecot to Cyrus", dovecotA, imaptest.Cyrus, cyrusStores, 12},
		{"Dovecot to Courier", dovecotA, imaptest.Courier, courierStores, 0},
		{"Cyrus to Dovecot", imaptest.Cyrus, dovecotB, dovecotStores, 0},
		{"Courier to Dovecot", imaptest.Courier, dovecotB, dovecotStores, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, to := c.from(t).NewUser(t), c.to(t).NewUser(t)
			fill(t, from)
			before := holdings(t, from)
			p, l := move(t, from, to)
			compare(t, p, l, from, to, c.changes, c.refusals)
			if d := cmp.Diff(before, holdings(t, from)); d != "" {
				t.Errorf("the source was changed (-before +after):\n%s", d)
			}
		})
	}
}

// holdings describes every message of an account, \Recent included.
func holdings(t *testing.T, a imaptest.Account) (all []string) {
	t.Helper()
	c := a.Dial(t)
	prefix, _ := layout(c)
	for _, name := range []string{"INBOX", prefix + "Sent"} {
		for _, m := range c.FetchAll(name) {
			all = append(all, fmt.Sprint(name, m.UID, m.Flags, m.Date.Unix(), len(m.Body)))
		}
	}
	return all
}

// compare looks at both accounts with a client that shares no code with what copied, message by message.
func compare(t *testing.T, p *plan.Plan, l *ledger.Ledger, from, to imaptest.Account, change changes, refusals int) {
	t.Helper()
	source, destination := from.Dial(t), to.Dial(t)
	refused := 0
	for _, e := range p.Mailboxes {
		if !e.Action.Copies() {
			t.Logf("%s: %s (%s)", e.Source, e.Action, e.Reason)
			continue
		}
		m, found, err := l.Find(e.SourceWire, e.Validity)
		if err != nil || !found {
			t.Errorf("%s is not in the ledger: %v", e.Source, err)
			continue
		}
		there := map[mailbox.UID]imaptest.RawMessage{}
		for _, raw := range destination.FetchAll(string(e.ToWire)) {
			there[mailbox.UID(raw.UID)] = raw
		}
		all := source.FetchAll(string(e.SourceWire))
		var last mailbox.UID
		for _, want := range all {
			row, found, err := l.Row(m, mailbox.UID(want.UID))
			switch {
			case err != nil || !found:
				t.Errorf("%s %d has no outcome: %v", e.Source, want.UID, err)
			case row.Outcome == ledger.Refused:
				refused++
				t.Logf("%s %d refused: %s", e.Source, want.UID, row.Reason)
			case row.Outcome != ledger.Copied:
				t.Errorf("%s %d is %v: %s", e.Source, want.UID, row.Outcome, row.Reason)
			default:
				if row.Dest <= last {
					t.Errorf("%s %d is at %d on the destination, not above %d: the order is lost", e.Source, want.UID, row.Dest, last)
				}
				last = row.Dest
				same(t, fmt.Sprintf("%s %d", e.Source, want.UID), row, want, there[row.Dest], change)
				delete(there, row.Dest)
			}
		}
		if len(there) != 0 {
			t.Errorf("%s holds %d messages that nobody sent there", e.To, len(there))
		}
	}
	if refused > refusals {
		t.Errorf("%d messages were refused, expected at most %d", refused, refusals)
	}
}

func same(t *testing.T, where string, row ledger.Row, want, got imaptest.RawMessage, change changes) {
	t.Helper()
	if !bytes.Equal(change(want.Body), got.Body) {
		t.Errorf("%s: %d bytes arrived as %d other ones:\n%.300q\n%.300q", where, len(want.Body), len(got.Body), want.Body, got.Body)
	}
	if !want.Date.Equal(got.Date) && !strings.Contains(row.Reason, "internal date") && !becomesNow(want.Date) {
		t.Errorf("%s: internal date %v became %v (%s)", where, want.Date, got.Date, row.Reason)
	}
	var sent []mailbox.Flag
	for _, f := range row.Flags {
		if !slices.ContainsFunc(row.Dropped, f.Equal) {
			sent = append(sent, f)
		}
	}
	if !mailbox.SameFlags(flags(want.Flags), row.Flags) || !mailbox.SameFlags(sent, flags(got.Flags)) {
		t.Errorf("%s: flags %v became %v (dropped %v)", where, want.Flags, got.Flags, row.Dropped)
	}
}

// becomesNow: Dovecot takes a date in the future for a mistake, Cyrus and Courier the epoch for none, and both store the present instead.
func becomesNow(date time.Time) bool { return date.After(time.Now()) || date.Unix() == 0 }

func flags(in []string) (out []mailbox.Flag) {
	for _, f := range in {
		out = append(out, mailbox.Flag(f))
	}
	return mailbox.Flags(out...)
}

// A mailbox of 20,000 messages arrives in order and once each, though the connection to the destination breaks again and again.
func TestLargeMailboxThroughCuts(t *testing.T) {
	from, to := dovecotA(t).NewUser(t), dovecotB(t).NewUser(t)
	var letters []imaptest.RawMessage
	n := 20_000
	if testing.Short() {
		n = 2_000
	}
	for letter := range message.Generate(1, n, 600) {
		letters = append(letters, imaptest.RawMessage{Body: letter.Bytes, Date: letter.Date, Flags: []string{`\Seen`}})
	}
	from.Dial(t).Fill("INBOX", letters)
	cut := imaptest.Proxy(t, to.Server.TLSAddr(), imaptest.Faults{Up: imaptest.Fault{After: int64(100 * n)}, Times: 5})
	through := &imaptest.Server{Name: "cut dovecot", Host: cut.Host, TLSPort: cut.Port}
	p, l := move(t, from, imaptest.Account{Server: through, User: to.User, Password: to.Password})
	compare(t, p, l, from, to, asIs, 0)
	if n := cut.Stats().Struck; n != 5 {
		t.Errorf("%d connections were cut, want 5", n)
	}
}

// Courier makes up a new UIDVALIDITY for an empty INBOX each time it is asked, until the mailbox is opened for writing.
func TestEmptyCourierInboxOnEitherSide(t *testing.T) {
	from, to := imaptest.Courier(t).NewUser(t), imaptest.Courier(t).NewUser(t)
	source, destination := from.Dial(t), to.Dial(t)
	source.Create("INBOX.full")
	source.Append("INBOX.full", "", "", []byte("Subject: x\r\n\r\nx\r\n"))
	first := destination.MustCmd("STATUS INBOX (UIDVALIDITY)")
	time.Sleep(1100 * time.Millisecond)
	if second := destination.MustCmd("STATUS INBOX (UIDVALIDITY)"); slices.Equal(first, second) {
		t.Log("this Courier keeps it")
	}
	p, l := moveSlowly(t, from, to, 1100*time.Millisecond)
	compare(t, p, l, from, to, courierStores, 0)
	source.Append("INBOX", "", "", []byte("Subject: y\r\n\r\ny\r\n"))
	if again := runAgain(t, p, l, from, to); again.Total(ledger.Copied).Messages != 1 || len(again.Problems()) != 0 {
		t.Errorf("the first message of INBOX: %+v", again)
	}
}
