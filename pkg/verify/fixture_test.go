package verify_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/verify"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	day  = time.Date(2019, 3, 31, 2, 30, 0, 0, time.FixedZone("", 3600))
)

// moved is a migration in memory, copied and ready to be verified. Copying is done here, in a few plain lines, and not by the copier.
type moved struct {
	t          *testing.T
	source, to *memory.Account
	ledger     *ledger.Ledger
	path       string
	sink       *recorder
	depth      verify.Depth
}

// newMoved has INBOX with n messages and an empty Sent on the source.
func newMoved(t *testing.T, n int, o memory.Options) *moved {
	t.Helper()
	m := &moved{t: t, source: memory.New(memory.Options{Host: "old.example"}), path: filepath.Join(imaptest.RAMDir(t), "a.ledger"), sink: &recorder{}}
	o.Host = "new.example"
	o.Connections = max(o.Connections, 1) // one worker that asked for more would wait for ever
	m.to = memory.New(o)
	m.source.Make("Sent", mailbox.RoleSent, true)
	m.to.Make("Gesendet", mailbox.RoleSent, true)
	m.deliver("INBOX", n)
	m.open()
	m.copy("INBOX", "INBOX")
	m.copy("Sent", "Gesendet")
	return m
}

func (m *moved) deliver(w mailbox.Wire, n int) {
	for i := range n {
		m.source.Deliver(w, fmt.Appendf(nil, "Subject: %d in %s\r\n\r\nbody %d\r\n", i, w, i), day.Add(time.Duration(i)*time.Minute), mailbox.Seen, "$Forwarded")
	}
}

func (m *moved) open() {
	m.t.Helper()
	l, err := ledger.Create(m.path, ledger.Facts{Name: "a", Source: m.source.Identity(), Destination: m.to.Identity()}, ledger.Options{Command: "test", Now: clock})
	if err != nil {
		m.t.Fatal(err)
	}
	m.ledger = l
	m.t.Cleanup(func() { l.Close() })
}

func clock() time.Time { return noon }

// copy appends what the ledger does not know yet.
func (m *moved) copy(from, to mailbox.Wire) ledger.Mailbox {
	m.t.Helper()
	ctx := context.Background()
	target, err := m.to.Destination().Target(ctx, to)
	if err != nil {
		m.t.Fatal(err)
	}
	defer target.Close()
	box, err := m.ledger.Enrol(ledger.Mailbox{Source: from, Name: mailbox.Name{string(from)}, Validity: m.source.Validity(from),
		Dest: to, DestName: mailbox.Name{string(to)}, DestValidity: m.to.Validity(to)})
	if err != nil {
		m.t.Fatal(err)
	}
	var highest mailbox.UID
	for _, msg := range m.source.Messages(from) {
		highest = msg.UID
		if _, found, _ := m.ledger.Row(box, msg.UID); found {
			continue
		}
		placed, err := target.Append(ctx, []endpoint.Outgoing{{Flags: msg.Flags, InternalDate: msg.InternalDate, Content: content(msg.Content)}}, nil)
		if err != nil || placed[0].Verdict != endpoint.Stored {
			m.t.Fatal(placed, err)
		}
		m.update(box, ledger.Row{UID: msg.UID, Outcome: ledger.Copied, Size: int64(len(msg.Content)), Date: msg.InternalDate, Flags: mailbox.Flags(msg.Flags...),
			Digest: sha256.Sum256(msg.Content), Dest: placed[0].UID})
	}
	box, err = m.ledger.Advance(box, highest+1, uint32(len(m.source.Messages(from))))
	if err != nil {
		m.t.Fatal(err)
	}
	return box
}

func (m *moved) update(box ledger.Mailbox, rows ...ledger.Row) {
	m.t.Helper()
	if err := m.ledger.Update(box, rows...); err != nil {
		m.t.Fatal(err)
	}
}

func (m *moved) box(source mailbox.Wire) ledger.Mailbox {
	m.t.Helper()
	all, err := m.ledger.Mailboxes()
	if err != nil {
		m.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(b ledger.Mailbox) bool { return b.Source == source })
	return all[i]
}

func (m *moved) row(source mailbox.Wire, uid mailbox.UID) ledger.Row {
	m.t.Helper()
	r, found, err := m.ledger.Row(m.box(source), uid)
	if err != nil || !found {
		m.t.Fatalf("row %d of %q: %v %v", uid, source, found, err)
	}
	return r
}

// edit changes one row.
func (m *moved) edit(source mailbox.Wire, uid mailbox.UID, change func(*ledger.Row)) {
	m.t.Helper()
	r := m.row(source, uid)
	change(&r)
	m.update(m.box(source), r)
}

func (m *moved) job() verify.Job {
	return verify.Job{Ledger: m.ledger, Source: m.source.Source(), Destination: m.to.Destination(), Depth: m.depth, Sink: m.sink, Now: clock,
		Settle: verify.Settle{Tries: 2, Wait: time.Millisecond}, Patience: endpoint.Patience{First: time.Millisecond, Most: time.Millisecond, Total: 20 * time.Millisecond}}
}

// verify runs a job that has to end well; whatever happens, both accounts stay as they are, and no session is left open.
func (m *moved) verify() *verify.Result {
	m.t.Helper()
	before := len(m.source.History()) + len(m.to.History())
	r, err := verify.Run(context.Background(), m.job())
	if err != nil {
		m.t.Fatal(err)
	}
	m.untouched(before)
	return r
}

func (m *moved) untouched(before int) {
	m.t.Helper()
	if after := append(m.source.History(), m.to.History()...); len(after) != before {
		m.t.Errorf("verify has changed an account: %v", after)
	}
	if n := m.source.OpenSessions() + m.to.OpenSessions(); n != 0 {
		m.t.Errorf("%d sessions are still open", n)
	}
}

// content is bytes to append.
type bytesContent []byte

func content(b []byte) endpoint.Content { return bytesContent(b) }
