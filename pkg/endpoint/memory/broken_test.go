package memory_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/endpointtest"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/mailbox"
)

// broken are accounts that break one sentence of the contract each, and the group of the suite that has to notice.
var broken = map[string]struct {
	group   string
	options memory.Options
	spoil   func(*memory.Account, *endpointtest.Account)
}{
	"nothing":               {group: "."},
	"reads and writes":      {"rights", memory.Options{}, func(_ *memory.Account, e *endpointtest.Account) { e.Fetcher = e.Appender }},
	"scans backwards":       {"scan", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return backwards{r} })},
	"scans too much":        {"scan", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return generous{r} })},
	"hides a visit's error": {"fetch", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return deaf{r} })},
	"cuts bodies":           {"corpus", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return cutting{r} })},
	"sets seen":             {"peek", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return marking{r, mailbox.Seen} })},
	"takes recent":          {"peek", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return taking{r} })},
	"works after close":     {"close", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return undead{r} })},
	"ignores the context":   {"cancel", memory.Options{}, readers(func(r spoiledReader) endpoint.Reader { return stubborn{r} })},
	"made twice":            {"create", memory.Options{}, func(_ *memory.Account, e *endpointtest.Account) { e.Appender = boasting{e.Appender} }},
	"special use forgotten": {"create", memory.Options{}, func(_ *memory.Account, e *endpointtest.Account) { e.Appender = roleless{e.Appender} }},
	"wrong class":           {"missing", memory.Options{}, func(_ *memory.Account, e *endpointtest.Account) { e.Fetcher = vague{e.Fetcher} }},
	"loses keywords": {"flags", memory.Options{}, targets(func(m endpoint.Outgoing) endpoint.Outgoing {
		m.Flags = slices.DeleteFunc(slices.Clone(m.Flags), func(f mailbox.Flag) bool { return !f.System() })
		return m
	})},
	"loses the zone": {"dates", memory.Options{}, targets(func(m endpoint.Outgoing) endpoint.Outgoing {
		d := m.InternalDate
		if !d.IsZero() {
			m.InternalDate = time.Date(d.Year(), d.Month(), d.Day(), d.Hour(), d.Minute(), d.Second(), 0, time.UTC)
		}
		return m
	})},
	"mends line ends":      {"corpus", memory.Options{}, targets(func(m endpoint.Outgoing) endpoint.Outgoing { m.Content = mended(m.Content); return m })},
	"stores what is short": {"append", memory.Options{}, targets(func(m endpoint.Outgoing) endpoint.Outgoing { m.Content = padded(m.Content); return m })},
	"wrong UID": {"append", memory.Options{}, placing(func(p []endpoint.Placed) {
		for i := range p {
			p[i].UID++
		}
	})},
	"says nothing of UIDs": {"append", memory.Options{}, placing(func(p []endpoint.Placed) {
		for i := range p {
			p[i].UID, p[i].Validity = 0, 0
		}
	})},
	"marks all":         {"remove", memory.Options{}, removers(func(r spoiledRemover) endpoint.Remover { return markingAll{r} })},
	"ignores MODSEQ":    {"remove", memory.Options{}, removers(func(r spoiledRemover) endpoint.Remover { return hasty{r} })},
	"expunges all":      {"remove", memory.Options{}, removers(func(r spoiledRemover) endpoint.Remover { return expungingAll{r} })},
	"expunges at close": {"remove", memory.Options{}, removers(func(r spoiledRemover) endpoint.Remover { return leaving{r} })},
}

const brokenEnv = "IMAPMIGRATE_TEST_BROKEN"

// TestSuiteHasTeeth: the contract suite fails for every broken account, and for no other reason.
func TestSuiteHasTeeth(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the suite once for each broken account")
	}
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run", "^TestBrokenAccount$/^"+b.group)
			cmd.Env = append(os.Environ(), brokenEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if failed := err != nil; failed != (name != "nothing") {
				t.Errorf("%v\n%s", err, out)
			}
			if bytes.Contains(out, []byte("no tests to run")) || bytes.Contains(out, []byte("panic:")) {
				t.Errorf("%s", out)
			}
		})
	}
}

// TestBrokenAccount is run by TestSuiteHasTeeth alone.
func TestBrokenAccount(t *testing.T) {
	b, ok := broken[os.Getenv(brokenEnv)]
	if !ok {
		t.Skip("run by TestSuiteHasTeeth")
	}
	facts := endpointtest.Facts{RefusesSubscribe: true, LargestMessage: 1 << 20}
	endpointtest.Run(t, endpointtest.Factory{Facts: facts, Open: func(*testing.T) endpointtest.Account {
		a := memory.New(b.options)
		e := account(a)
		if b.spoil != nil {
			b.spoil(a, &e)
		}
		return e
	}})
}

// The spoilers.

type fetcher struct {
	endpoint.Fetcher
	spoil func(endpoint.Reader, mailbox.Wire) endpoint.Reader
}

func (f fetcher) Examine(ctx context.Context, w mailbox.Wire) (endpoint.Reader, error) {
	r, err := f.Fetcher.Examine(ctx, w)
	if err != nil {
		return nil, err
	}
	return f.spoil(r, w), nil
}

type spoiledReader struct {
	endpoint.Reader
	account *memory.Account
	wire    mailbox.Wire
}

func readers(spoil func(spoiledReader) endpoint.Reader) func(*memory.Account, *endpointtest.Account) {
	return func(a *memory.Account, e *endpointtest.Account) {
		e.Fetcher = fetcher{e.Fetcher, func(r endpoint.Reader, w mailbox.Wire) endpoint.Reader { return spoil(spoiledReader{r, a, w}) }}
	}
}

type backwards struct{ spoiledReader }

func (r backwards) Scan(ctx context.Context, set mailbox.UIDSet, visit func(mailbox.Message) error) error {
	var all []mailbox.Message
	if err := r.Reader.Scan(ctx, set, func(m mailbox.Message) error { all = append(all, m); return nil }); err != nil {
		return err
	}
	for _, m := range slices.Backward(all) {
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

type generous struct{ spoiledReader }

func (r generous) Scan(ctx context.Context, _ mailbox.UIDSet, visit func(mailbox.Message) error) error {
	return r.Reader.Scan(ctx, r.State().Everything(), visit)
}

type deaf struct{ spoiledReader }

func (r deaf) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	return r.Reader.Fetch(ctx, set, func(b endpoint.Body) error { _ = visit(b); return nil })
}

type cutting struct{ spoiledReader }

func (r cutting) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	return r.Reader.Fetch(ctx, set, func(b endpoint.Body) error {
		if b.Size > 0 {
			b.Size--
			b.Content = io.LimitReader(b.Content, b.Size)
		}
		return visit(b)
	})
}

type marking struct {
	spoiledReader
	flag mailbox.Flag
}

func (r marking) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	return r.Reader.Fetch(ctx, set, func(b endpoint.Body) error {
		r.account.Edit(r.wire, b.UID, func(m *memory.Message) { m.Flags = append(m.Flags, r.flag) })
		return visit(b)
	})
}

type taking struct{ spoiledReader }

func (r taking) Close() error {
	for _, m := range r.account.Messages(r.wire) {
		r.account.Edit(r.wire, m.UID, func(m *memory.Message) { m.Recent = false })
	}
	return r.Reader.Close()
}

type undead struct{ spoiledReader }

func (undead) Close() error { return nil }

type stubborn struct{ spoiledReader }

func (r stubborn) Fetch(_ context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	return r.Reader.Fetch(context.Background(), set, visit)
}

type boasting struct{ endpoint.Appender }

func (b boasting) Create(ctx context.Context, w mailbox.Wire, role mailbox.Role) (bool, error) {
	_, err := b.Appender.Create(ctx, w, role)
	return err == nil, err
}

type roleless struct{ endpoint.Appender }

func (b roleless) Create(ctx context.Context, w mailbox.Wire, _ mailbox.Role) (bool, error) {
	return b.Appender.Create(ctx, w, mailbox.RoleNone)
}

type vague struct{ endpoint.Fetcher }

func (v vague) Examine(ctx context.Context, w mailbox.Wire) (endpoint.Reader, error) {
	r, err := v.Fetcher.Examine(ctx, w)
	if e, ok := errors.AsType[*endpoint.Error](err); ok {
		e.Class = endpoint.BadMailbox
	}
	return r, err
}

type appender struct {
	endpoint.Appender
	before func(endpoint.Outgoing) endpoint.Outgoing
	after  func([]endpoint.Placed)
}

func (a appender) Target(ctx context.Context, w mailbox.Wire) (endpoint.Target, error) {
	t, err := a.Appender.Target(ctx, w)
	if err != nil {
		return nil, err
	}
	return spoiledTarget{t, a}, nil
}

type spoiledTarget struct {
	endpoint.Target
	by appender
}

func (t spoiledTarget) Append(ctx context.Context, batch []endpoint.Outgoing, turn func(context.Context) error) ([]endpoint.Placed, error) {
	batch = slices.Clone(batch)
	for i := range batch {
		if t.by.before != nil {
			batch[i] = t.by.before(batch[i])
		}
	}
	placed, err := t.Target.Append(ctx, batch, turn)
	if t.by.after != nil {
		t.by.after(placed)
	}
	return placed, err
}

func targets(before func(endpoint.Outgoing) endpoint.Outgoing) func(*memory.Account, *endpointtest.Account) {
	return func(_ *memory.Account, e *endpointtest.Account) {
		e.Appender = appender{Appender: e.Appender, before: before}
	}
}

func placing(after func([]endpoint.Placed)) func(*memory.Account, *endpointtest.Account) {
	return func(_ *memory.Account, e *endpointtest.Account) {
		e.Appender = appender{Appender: e.Appender, after: after}
	}
}

func mended(c endpoint.Content) endpoint.Content {
	all, err := io.ReadAll(c.Reader())
	if err != nil || int64(len(all)) != c.Size() {
		return c
	}
	return content(bytes.ReplaceAll(bytes.ReplaceAll(all, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
}

// padded takes whatever a reader gives for the whole.
func padded(c endpoint.Content) endpoint.Content {
	all, _ := io.ReadAll(c.Reader())
	return content(all)
}

type expunger struct {
	endpoint.Expunger
	spoil func(endpoint.Remover) endpoint.Remover
}

func (e expunger) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	r, err := e.Expunger.Select(ctx, w)
	if err != nil {
		return nil, err
	}
	return e.spoil(r), nil
}

type spoiledRemover struct{ endpoint.Remover }

func removers(spoil func(spoiledRemover) endpoint.Remover) func(*memory.Account, *endpointtest.Account) {
	return func(_ *memory.Account, e *endpointtest.Account) {
		e.Expunger = expunger{e.Expunger, func(r endpoint.Remover) endpoint.Remover { return spoil(spoiledRemover{r}) }}
	}
}

type markingAll struct{ spoiledRemover }

func (r markingAll) MarkDeleted(ctx context.Context, _ mailbox.UIDSet, modseq uint64) error {
	return r.Remover.MarkDeleted(ctx, r.State().Everything(), modseq)
}

type hasty struct{ spoiledRemover }

func (r hasty) MarkDeleted(ctx context.Context, set mailbox.UIDSet, _ uint64) error {
	return r.Remover.MarkDeleted(ctx, set, 0)
}

type expungingAll struct{ spoiledRemover }

func (r expungingAll) Expunge(ctx context.Context, _ mailbox.UIDSet) error {
	return r.Remover.Expunge(ctx, r.State().Everything())
}

type leaving struct{ spoiledRemover }

func (r leaving) Close() error {
	_ = r.Remover.Expunge(context.Background(), r.State().Everything())
	return r.Remover.Close()
}
