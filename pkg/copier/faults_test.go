package copier_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

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
)

// ordeal is one small account that is copied again and again, each time to a fresh account, with something going wrong once.
type ordeal struct {
	t       *testing.T
	from    imaptest.Account
	to      *imaptest.Server
	timeout time.Duration
	plan    *plan.Plan
	want    map[mailbox.Wire][]imaptest.RawMessage
}

func newOrdeal(t *testing.T, timeout time.Duration) *ordeal {
	t.Helper()
	o := &ordeal{t: t, from: dovecotB(t).NewUser(t), to: imaptest.Dovecot(t, imaptest.DovecotOptions{Storage: "sdbox", NoFsync: true}), timeout: timeout,
		want: map[mailbox.Wire][]imaptest.RawMessage{}}
	c := o.from.Dial(t)
	c.Create("Box")
	for name, n := range map[string]int{"INBOX": 7, "Box": 2} {
		for i := range n {
			// The third and the fourth are the same message.
			c.Append(name, `\Seen`, "", fmt.Appendf(nil, "Subject: %s %d\r\n\r\n%s\r\n", name, min(i, max(2, i-1)), make([]byte, 0, 1)))
		}
		o.want[mailbox.Wire(name)] = c.FetchAll(name)
	}
	source := login(t, o.from)
	o.plan = &plan.Plan{Format: plan.Format, Name: "test"}
	for name, action := range map[mailbox.Wire]plan.Action{"INBOX": plan.Merge, "Box": plan.Create} {
		status, err := source.Source().Status(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		o.plan.Mailboxes = append(o.plan.Mailboxes, plan.Entry{Source: mailbox.Name{string(name)}, SourceWire: name, Validity: status.UIDValidity,
			Messages: int64(status.Messages), Action: action, To: mailbox.Name{string(name)}, ToWire: name, Subscribe: true})
	}
	return o
}

// dial logs in through whatever stands in between, again when that is hit: the first login is not copier's.
func (o *ordeal) dial(port int, user, password string) (*imap.Account, error) {
	options := imap.Options{Connections: 2, Options: wire.Options{Host: "127.0.0.1", Port: port, Security: wire.Plaintext, Timeout: o.timeout, Account: user,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("auto", user, auth.NewSecret(password), auth.Server{Host: "127.0.0.1"}, caps, encrypted)
		}}}
	a, err := imap.Open(o.t.Context(), options)
	for try := 0; err != nil && try < 3; try++ {
		a, err = imap.Open(o.t.Context(), options)
	}
	return a, err
}

// run copies once through both ports, and looks at what arrived by a way that nothing is wrong with.
func (o *ordeal) run(sourcePort, destinationPort int, to imaptest.Account) error {
	source, err := o.dial(sourcePort, o.from.User, o.from.Password)
	if err != nil {
		return err
	}
	defer source.Close()
	destination, err := o.dial(destinationPort, to.User, to.Password)
	if err != nil {
		return err
	}
	defer destination.Close()
	l, err := ledger.Create(filepath.Join(o.t.TempDir(), "test.ledger.db"), ledger.Facts{Name: "test", Source: source.Source().Identity(), Destination: destination.Source().Identity()}, ledger.Options{Now: time.Now})
	if err != nil {
		return err
	}
	defer l.Close()
	result, err := copier.Run(o.t.Context(), copier.Job{Plan: o.plan, Ledger: l, Source: source.Source(), Destination: destination.Destination(), Flags: destination.Flags(),
		Workers: 1, Memory: 1 << 20, BatchMessages: 3, BatchBytes: 1 << 20, MatchExisting: true, SpoolDir: filepath.Dir(l.Path()), Sink: event.Discard, Now: time.Now,
		Patience: endpoint.Patience{First: time.Millisecond, Most: 20 * time.Millisecond, Total: time.Minute}, Settling: time.Millisecond})
	if err != nil {
		return err
	}
	if p := result.Problems(); len(p) > 0 {
		return fmt.Errorf("mailbox %s: %s", p[0].Name, p[0].Problem)
	}
	found, err := l.Check()
	if err == nil && !found.Sound() {
		err = fmt.Errorf("the ledger is not sound: %v", found.Problems)
	}
	return err
}

// arrived holds the destination to the source: every message once, in order.
func (o *ordeal) arrived(where string, to imaptest.Account) {
	o.t.Helper()
	c := to.Dial(o.t)
	defer c.Close()
	for name, want := range o.want {
		have := c.FetchAll(string(name))
		if len(have) != len(want) {
			o.t.Errorf("%s: %s has %d messages, want %d", where, name, len(have), len(want))
			continue
		}
		for i := range want {
			if string(have[i].Body) != string(want[i].Body) || !have[i].Date.Equal(want[i].Date) {
				o.t.Errorf("%s: %s: message %d is %q, want %q", where, name, i, have[i].Body, want[i].Body)
			}
		}
	}
}

// sabotaged runs with one harm at one command of one side; it says which command that was, "" when the run was over before.
func (o *ordeal) sabotaged(side string, at int, how harm) (command string, commands int) {
	o.t.Helper()
	to := o.to.NewUser(o.t)
	target, ports := o.from.Server.Addr(), [2]int{0, o.to.Port}
	if side == "destination" {
		target, ports = o.to.Addr(), [2]int{o.from.Server.Port, 0}
	}
	s := sabotage(o.t, target, at, how)
	for i := range ports {
		if ports[i] == 0 {
			ports[i] = s.port()
		}
	}
	err := o.run(ports[0], ports[1], to)
	command, commands = s.stop()
	where := fmt.Sprintf("%s, harm %d at command %d (%.60q)", side, how, at, command)
	if err != nil {
		o.t.Errorf("%s: %v", where, err)
	}
	o.arrived(where, to)
	return command, commands
}

// At every command, once: BYE instead of it, its answer lost, something that is no IMAP before its answer. Each run goes on by itself and ends
// with every message once and in order, and leaves nothing running and no memory behind.
func TestEveryCommandMayGoWrong(t *testing.T) {
	o := newOrdeal(t, 20*time.Second)
	before := goleak.IgnoreCurrent()
	start := heap()
	for _, c := range []struct {
		side   string
		how    harm
		stride int // a lost answer matters most where messages are stored
	}{{"source", byeBefore, 1}, {"source", loseAnswer, 3}, {"source", garble, 3}, {"destination", byeBefore, 1}, {"destination", loseAnswer, 1}, {"destination", garble, 3}} {
		if testing.Short() {
			c.stride *= 4
		}
		at := 1
		for command := "-"; command != ""; at += c.stride {
			command, _ = o.sabotaged(c.side, at, c.how)
		}
		if at < 12 {
			t.Errorf("%s: the run was over after %d commands", c.side, at)
		}
		if err := goleak.Find(before); err != nil {
			t.Fatalf("%s, harm %d: %v", c.side, c.how, err)
		}
	}
	if grown := heap() - start; grown > 16<<20 {
		t.Errorf("%d bytes more are in use than before", grown)
	}
}

// heap is what is in use, after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// A connection that falls silent, whatever was just asked, is given up in the configured time and the run goes on. The cases run side by side:
// they wait, most of the time.
func TestSilenceIsNoticedAtEveryKindOfCommand(t *testing.T) {
	const timeout = 3 * time.Second
	o := newOrdeal(t, timeout)
	_, source := o.sabotaged("source", 0, fallSilent)
	_, destination := o.sabotaged("destination", 0, fallSilent)
	stride := 4
	if testing.Short() {
		stride = 8
	}
	before := goleak.IgnoreCurrent()
	begun := time.Now()
	var all sync.WaitGroup
	for side, commands := range map[string]int{"source": source, "destination": destination} {
		for at := 2; at <= commands; at += stride {
			all.Go(func() { o.sabotaged(side, at, fallSilent) })
		}
	}
	all.Wait()
	if took := time.Since(begun); took > 20*timeout {
		t.Errorf("it took %s with a timeout of %s", took, timeout)
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// Connections that are cut after any number of bytes, inside literals too, in either direction; and one that is very slow.
func TestCutsAnywhereAndACrawl(t *testing.T) {
	o := newOrdeal(t, 20*time.Second)
	step := int64(800)
	if testing.Short() {
		step = 2000
	}
	before := goleak.IgnoreCurrent()
	for _, up := range []bool{true, false} {
		for at := int64(120); o.cut(up, at); at += step {
		}
	}
	o.through(imaptest.Faults{Rate: 4000}, "at 4000 bytes a second")
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// cut runs with one connection to the destination cut after so many bytes; false when none was.
func (o *ordeal) cut(up bool, after int64) bool {
	o.t.Helper()
	var f imaptest.Faults
	fault := imaptest.Fault{After: after, Action: imaptest.Break}
	if f.Times = 1; up {
		f.Up = fault
	} else {
		f.Down = fault
	}
	return o.through(f, fmt.Sprintf("up %v after %d", up, after)).Struck > 0
}

// through runs once with a faulty way to the destination.
func (o *ordeal) through(f imaptest.Faults, name string) (stats imaptest.Stats) {
	o.t.Helper()
	o.t.Run(name, func(t *testing.T) { // so that the proxy ends with it
		c := *o
		c.t = t
		p := imaptest.Proxy(t, o.to.Addr(), f)
		to := o.to.NewUser(t)
		if err := c.run(o.from.Server.Port, p.Port, to); err != nil {
			t.Error(err)
		}
		c.arrived(name, to)
		stats = p.Stats()
	})
	return stats
}
