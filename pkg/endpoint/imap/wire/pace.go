package wire

import (
	"context"
	"net"

	"golang.org/x/time/rate"
)

// Pace limits all connections that share it to so many bytes a second, both directions together, counted on the network: inside TLS it is
// less. A server never waits for longer than a second because of it.
type Pace struct{ limiter *rate.Limiter }

// NewPace limits to bytes a second, at least 1024.
func NewPace(bytes int64) *Pace {
	bytes = max(bytes, 1024)
	return &Pace{rate.NewLimiter(rate.Limit(bytes), int(min(bytes, readSize)))}
}

// Dial wraps dial, nil for the usual one, for [Options.Dial].
func (p *Pace) Dial(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		life, end := context.WithCancel(context.Background())
		return &pacedConn{Conn: c, pace: p, life: life, end: end}, nil
	}
}

// pacedConn asks the pace before it writes and after it has read.
type pacedConn struct {
	net.Conn
	pace *Pace
	life context.Context // ends with the connection, and with it every wait
	end  context.CancelFunc
}

func (c *pacedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.pace.limiter.Burst())])
	if n > 0 && c.pace.limiter.WaitN(c.life, n) != nil {
		return n, net.ErrClosed
	}
	return n, err
}

func (c *pacedConn) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), c.pace.limiter.Burst())]
		if c.pace.limiter.WaitN(c.life, len(part)) != nil {
			return written, net.ErrClosed
		}
		n, err := c.Conn.Write(part)
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

func (c *pacedConn) Close() error {
	c.end()
	return c.Conn.Close()
}
