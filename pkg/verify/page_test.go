package verify_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/verify"
)

// watching counts how many sessions of an account are reading bodies at the same time. The first two wait for each other.
type watching struct {
	endpoint.Fetcher
	mu          sync.Mutex
	open, most  int
	here        int
	both        chan struct{}
	refuseAfter int // sessions of INBOX, 0 is none
	opened      int // of INBOX
}

type watchingReader struct {
	endpoint.Reader
	w *watching
}

func (w *watching) Examine(ctx context.Context, m mailbox.Wire) (endpoint.Reader, error) {
	w.mu.Lock()
	if m == "INBOX" {
		w.opened++
	}
	refused := m == "INBOX" && w.refuseAfter > 0 && w.opened > w.refuseAfter
	w.mu.Unlock()
	if refused {
		return nil, &endpoint.Error{Class: endpoint.Throttled, Text: "too many connections"}
	}
	r, err := w.Fetcher.Examine(ctx, m)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.open++
	w.most = max(w.most, w.open)
	w.mu.Unlock()
	return watchingReader{r, w}, nil
}

func (r watchingReader) Close() error {
	r.w.mu.Lock()
	r.w.open--
	r.w.mu.Unlock()
	return r.Reader.Close()
}

func (r watchingReader) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	if r.w.both != nil {
		r.w.mu.Lock()
		if r.w.here++; r.w.here == 2 {
			close(r.w.both)
		}
		r.w.mu.Unlock()
		select {
		case <-r.w.both:
		case <-time.After(20 * time.Second):
		}
	}
	return r.Reader.Fetch(ctx, set, visit)
}

// A mailbox of many pages is read over the connections that the other workers do not need, and over no more than there are workers.
func TestLargeMailboxIsReadOverSpareConnections(t *testing.T) {
	verify.SmallPages(t, 3)
	m := newMoved(t, 40, memory.Options{Connections: 3})
	w := &watching{Fetcher: m.to.Destination(), both: make(chan struct{})}
	job := m.job()
	job.Workers, job.Destination = 3, w
	r, err := verify.Run(t.Context(), job)
	if err != nil || r.Totals.Proved != 40 || r.Different() != 0 {
		t.Fatalf("%+v %v", r.Totals, err)
	}
	if w.most < 2 || w.most > 3 {
		t.Errorf("%d connections were open at a time, want 2 or 3", w.most)
	}
	select {
	case <-w.both:
	default:
		t.Error("no two connections have read at the same time")
	}
}

// Another connection that is refused costs speed and nothing else, and is asked for once.
func TestRefusedSpareConnectionIsNoTrouble(t *testing.T) {
	verify.SmallPages(t, 3)
	m := newMoved(t, 40, memory.Options{Connections: 3})
	w := &watching{Fetcher: m.to.Destination(), refuseAfter: 1}
	job := m.job()
	job.Workers, job.Destination = 3, w
	r, err := verify.Run(t.Context(), job)
	if err != nil || r.Err() != nil || r.Totals.Proved != 40 {
		t.Fatalf("%+v %v %v", r.Totals, err, r.Err())
	}
	if w.opened > 3 { // two can be asked for before the first has its answer
		t.Errorf("%d sessions were asked for", w.opened)
	}
}

// What lies in pages that several connections read is told once, wherever a connection breaks.
func TestLostConnectionAmongPages(t *testing.T) {
	verify.SmallPages(t, 4)
	m := newMoved(t, 30, memory.Options{Connections: 3})
	m.deliver("INBOX", 2)
	if _, err := m.ledger.Advance(m.box("INBOX"), 100, 32); err != nil {
		t.Fatal(err)
	}
	m.source.Remove("INBOX", 3)
	m.to.Remove("INBOX", 5)
	m.to.Edit("INBOX", 17, func(msg *memory.Message) { msg.Content = []byte("other") })
	for n := 1; n <= 33; n += 2 {
		m.to.Inject(memory.Nth(memory.Fetch, m.to.Calls(memory.Fetch)+n, memory.Fault{Err: memory.Lost()}))
		m.source.Inject(memory.Nth(memory.Scan, m.source.Calls(memory.Scan)+n/3+1, memory.Fault{Err: memory.Lost()}))
		job := m.job()
		job.Workers = 3
		r, err := verify.Run(t.Context(), job)
		if err != nil || r.Totals.ContentDifferences != 4 || r.Totals.LeftSource != 1 || len(r.Differences) != 4 || r.Totals.Proved != 28 {
			t.Errorf("call %d lost: %+v %+v %v", n, r.Totals, r.Differences, err)
		}
		m.to.Heal()
		m.source.Heal()
	}
	for uid := mailbox.UID(1); uid <= 30; uid++ {
		want := map[mailbox.UID]ledger.Proof{5: ledger.Missing, 17: ledger.Altered}[uid]
		if want == ledger.Unproved {
			want = ledger.ProvedContent
		}
		if got := m.row("INBOX", uid).Proof; got != want {
			t.Errorf("message %d is %s, want %s", uid, got, want)
		}
	}
}
