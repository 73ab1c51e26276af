package imap

import (
	"context"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap/wire"
)

// Options say how to reach an account and how hard to use it.
type Options struct {
	wire.Options

	// Connections is the most there are at a time, 1 when it is 0. A Reader, Target or Remover keeps one until it is closed; List, Status,
	// Create and the like borrow one. Who asks for more waits, so a goroutine that holds all of them and asks for another waits until its
	// context ends.
	Connections int

	// Compress says when COMPRESS=DEFLATE (RFC 4978) is used, where the server offers it.
	Compress Compression

	// Now is the clock by which idle connections age; nil is time.Now.
	Now func() time.Time
}

// Compression is when to compress.
type Compression string

// The three ways. The zero value is CompressOff.
const (
	CompressOff  Compression = "off"
	CompressOn   Compression = "on"
	CompressAuto Compression = "auto" // once a connection of the account has turned out slower than the codec, see [wire.Session.Slow]
)

// Account is one account that has been logged in to. It has no right itself; it hands out the views that are rights, all on one pool.
type Account struct {
	pool     *pool
	identity endpoint.Identity
	caps     endpoint.Capabilities
}

// Open logs in once, so that wrong names, certificates and passwords show now. Errors are of the classes Unreachable, Untrusted,
// LoginRefused, Throttled, Temporary, Lost and Protocol, or the context's.
func Open(ctx context.Context, o Options) (*Account, error) {
	p := newPool(o)
	s, err := p.acquire(ctx, "log in")
	if err != nil {
		return nil, err
	}
	a := &Account{pool: p, identity: s.Identity(), caps: s.Capabilities()}
	p.release(s)
	return a, nil
}

// Source is the right to read.
func (a *Account) Source() endpoint.Fetcher { return source{a} }

// Destination is the right to add.
func (a *Account) Destination() endpoint.Appender { return destination{source{a}} }

// Removal is the one dangerous right.
func (a *Account) Removal() endpoint.Expunger { return removal{source{a}} }

// Close logs out on idle connections and cuts the others, whose users then fail with Lost. It is bounded by the timeout, and closing twice is once.
func (a *Account) Close() error { return a.pool.close() }
