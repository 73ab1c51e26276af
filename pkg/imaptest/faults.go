package imaptest

import (
	"regexp"
	"time"
)

// Faults says how a FaultProxy treats its connections. The zero value passes everything on.
type Faults struct {
	Up   Fault // in what the client sends
	Down Fault // in what the server sends

	Times int // how many connections are struck; 0 is every one
	Skip  int // connections that are spared, from the first on

	RoundTrip time.Duration // added, half in each direction, without limiting how much is under way
	Rate      int64         // bytes a second in each direction; 0 is no limit
	Refuse    bool          // new connections are reset at once
}

// Fault is what happens in one direction of a connection, once: after a number of bytes, or at a line.
type Fault struct {
	After   int64  // when that many bytes have been passed on; 0 is no such fault
	Pattern string // when this regular expression fits in a line (up to 64 KiB, its end included)
	Before  bool   // Pattern's line is not passed on; else it is, whole, and nothing behind it

	Action  Action
	Garbage []byte // for Inject
}

// Action is what a fault does.
type Action int

const (
	Cut    Action = iota // both sides see the connection end
	Break                // both sides see the connection reset
	Hang                 // nothing is passed on any more, in neither direction; the connection stays open
	Inject               // Garbage is sent in between, and all goes on
)

// compiled is Faults in use.
type compiled struct {
	Faults
	up, down *regexp.Regexp
	seen     int // connections
	hits     int // of them struck
}

func (f Faults) compile() compiled {
	c := compiled{Faults: f}
	if f.Up.Pattern != "" {
		c.up = regexp.MustCompile(f.Up.Pattern)
	}
	if f.Down.Pattern != "" {
		c.down = regexp.MustCompile(f.Down.Pattern)
	}
	return c
}

// spare tells whether one more connection is among those to skip.
func (c *compiled) spare() bool {
	c.seen++
	return c.seen <= c.Skip
}
