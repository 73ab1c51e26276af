package imap

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/mailbox"
)

// freshFor is how long an idle connection is believed to be alive. Middle boxes forget connections without a word.
const freshFor = time.Minute

// pool holds the sessions of one account.
type pool struct {
	options Options
	tokens  chan struct{} // one for each session that may exist
	closing chan struct{} // closed by close

	// singly is set once the server has answered a MULTIAPPEND as none that knows it would: it is given no more.
	singly atomic.Bool

	// slow is set once a connection has turned out slower than compressing.
	slow atomic.Bool

	mu     sync.Mutex
	closed bool
	idle   []*session // least recently used first
	leased map[*session]bool
}

// session is one connection of the pool.
type session struct {
	*wire.Session
	selected bool      // a mailbox may be open on it
	rested   time.Time // when it became idle
}

func newPool(o Options) *pool {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &pool{
		options: o,
		tokens:  make(chan struct{}, max(1, o.Connections)),
		closing: make(chan struct{}),
		leased:  make(map[*session]bool),
	}
}

// acquire waits for a free session, or makes one. It is given back by release.
func (p *pool) acquire(ctx context.Context, words string) (*session, error) {
	if err := p.reserve(ctx, words); err != nil {
		return nil, err
	}
	s, err := p.session(ctx, words)
	if err != nil {
		p.unreserve()
	}
	return s, err
}

// reserve waits for the right to have one session.
func (p *pool) reserve(ctx context.Context, words string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-p.closing:
		return p.gone(words)
	default:
	}
	select {
	case p.tokens <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closing:
		return p.gone(words)
	}
}

func (p *pool) unreserve() { <-p.tokens }

// session gives an idle session that is still good, or a new one. The caller has reserved.
func (p *pool) session(ctx context.Context, words string) (*session, error) {
	for {
		s := p.rested()
		if s == nil {
			return p.connect(ctx, words)
		}
		if err := p.check(ctx, s); err != nil {
			p.drop(s)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		return s, nil
	}
}

// rested takes the idle session that was used last.
func (p *pool) rested() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	s := p.idle[n-1]
	p.idle = p.idle[:n-1]
	p.leased[s] = true
	return s
}

var errStale = errors.New("the connection ended while it was idle")

// check says whether an idle session can be used; one that has rested long has to answer first.
func (p *pool) check(ctx context.Context, s *session) error {
	if s.Broken() {
		return errStale
	}
	if p.options.Now().Sub(s.rested) < freshFor {
		return nil
	}
	return s.Guard(ctx, wire.Op{Words: "ask whether the connection is alive"}, func(c *imapclient.Client) error { return c.Noop().Wait() })
}

func (p *pool) connect(ctx context.Context, words string) (*session, error) {
	opened, err := wire.Open(ctx, p.options.Options)
	if err != nil {
		return nil, err
	}
	s := &session{Session: opened}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		s.Abandon()
		return nil, p.gone(words)
	}
	p.leased[s] = true
	return s, nil
}

// release gives a session back; a broken one is dropped.
func (p *pool) release(s *session) {
	if s.Slow() {
		p.slow.Store(true)
	}
	if s.Broken() {
		p.drop(s)
	} else {
		p.rest(s)
	}
	p.unreserve()
}

// compress turns compression on where it is wanted.
func (p *pool) compress(ctx context.Context, s *session) error {
	if mode := p.options.Compress; mode == CompressOn || mode == CompressAuto && p.slow.Load() {
		return s.Compress(ctx)
	}
	return nil
}

func (p *pool) rest(s *session) {
	s.rested = p.options.Now()
	p.mu.Lock()
	delete(p.leased, s)
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, s)
	}
	p.mu.Unlock()
	if closed {
		s.Close()
	}
}

// drop ends a session that is of no more use. Abandon comes first: nobody waits for its farewell.
func (p *pool) drop(s *session) {
	p.mu.Lock()
	delete(p.leased, s)
	p.mu.Unlock()
	s.Abandon()
	s.Close()
}

func (p *pool) close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.closing)
	idle := p.idle
	p.idle = nil
	for s := range p.leased {
		s.Abandon()
	}
	p.mu.Unlock()
	var farewells sync.WaitGroup
	for _, s := range idle {
		farewells.Go(func() { s.Close() })
	}
	farewells.Wait()
	return nil
}

var errLoggedOut = errors.New("the account was closed")

func (p *pool) gone(words string) error { return p.lost(words, errLoggedOut) }

// lost is an error of our own making that tells the caller to open anew.
func (p *pool) lost(words string, cause error) *endpoint.Error {
	return &endpoint.Error{Class: endpoint.Lost, Account: p.options.Account, Op: words, Err: cause}
}

// ours gives an error its place, unless it is an *endpoint.Error or a context's already: of this machine, then, such as a full disk.
func (p *pool) ours(words string, err error) error {
	if _, done := errors.AsType[*endpoint.Error](err); done || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &endpoint.Error{Account: p.options.Account, Op: words, Err: err}
}

// with runs f on a borrowed session on which no mailbox is open.
func (p *pool) with(ctx context.Context, words string, f func(*session) error) error {
	s, err := p.acquire(ctx, words)
	if err != nil {
		return err
	}
	defer p.release(s)
	if err := s.unselect(ctx); err != nil {
		return err
	}
	return f(s)
}

// nowhere is a mailbox that no account has.
const nowhere mailbox.Wire = "imapmigrate-leaves-the-open-mailbox"

// unselect leaves the open mailbox, if there is one: STATUS of the mailbox that is open may be stale (RFC 9051 section 6.3.11; Courier's
// is). Without UNSELECT that is done by an EXAMINE that fails (RFC 3501 section 6.3.1), never by CLOSE, which may expunge.
func (s *session) unselect(ctx context.Context) error {
	if !s.selected {
		return nil
	}
	if s.Capabilities().Has("UNSELECT") {
		s.UnselectFirst() // what follows is raw
		s.selected = false
		return nil
	}
	_, err := s.Select(ctx, nowhere, true)
	if err != nil && (ctx.Err() != nil || s.Broken()) {
		return err
	}
	s.selected = false
	return nil
}
