package wire_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint/imap/wire"
)

// Two connections with one pace share it; closing one ends its wait at once.
func TestPaceIsShared(t *testing.T) {
	const rate = 64 << 10
	dial := wire.NewPace(rate).Dial(func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go io.Copy(io.Discard, there)
		t.Cleanup(func() { there.Close() })
		return here, nil
	})
	started := time.Now()
	finished := make(chan error, 2)
	for range 2 {
		c, err := dial(t.Context(), "tcp", "")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := c.Write(make([]byte, 48<<10))
			c.Close()
			finished <- err
		}()
	}
	for range 2 {
		if err := <-finished; err != nil {
			t.Fatal(err)
		}
	}
	// 96 KiB at 64 KiB a second, of which the first 32 KiB go at once.
	if took := time.Since(started); took < 800*time.Millisecond || took > 10*time.Second {
		t.Errorf("96 KiB took %v at 64 KiB a second", took)
	}
	c, err := dial(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	started = time.Now()
	if _, err := c.Write(make([]byte, 1<<20)); err == nil || time.Since(started) > 5*time.Second {
		t.Errorf("a write on a closed connection: %v after %v", err, time.Since(started))
	}
}
