package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// Micro benchmarks, for benchstat: go test -run '^$' -bench . -count 10 ./pkg/endpoint/imap/wire

const benchLine = "* 1234 FETCH (UID 56789 RFC822.SIZE 4096 INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" FLAGS (\\Seen $Forwarded NonJunk))\r\n"

func BenchmarkFramer(b *testing.B) {
	body := "* 1 FETCH (UID 1 BODY[] {4096}\r\n" + strings.Repeat("x", 4096) + ")\r\n"
	for name, stream := range map[string]string{"metadata": strings.Repeat(benchLine, 100), "bodies": strings.Repeat(body, 100)} {
		b.Run(name, func(b *testing.B) {
			text := []byte(stream)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var f framer
			for b.Loop() {
				for p := text; len(p) > 0; {
					n, _, err := f.next(p)
					if err != nil {
						b.Fatal(err)
					}
					p = p[n:]
				}
			}
		})
	}
}

func BenchmarkParseFetch(b *testing.B) {
	responses, err := parse(benchLine)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if m, err := parseFetch(responses[0]); err != nil || m.UID != 56789 {
			b.Fatal(err)
		}
	}
}

func BenchmarkAPPENDUID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, uids := appendUIDs(status{code: "APPENDUID", args: "1795378199 4711:4910"}, 200); len(uids) != 200 {
			b.Fatal(uids)
		}
	}
}

// sink is a network that takes everything and says nothing.
type sink struct {
	net.Conn
	ended chan struct{}
}

func (s sink) Read([]byte) (int, error)       { <-s.ended; return 0, io.EOF }
func (sink) Write(p []byte) (int, error)      { return len(p), nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }
func (s sink) Close() error                   { return nil }

// BenchmarkBatch is what a batch of 200 messages of 4 KB costs us until it is in the kernel's hands.
func BenchmarkBatch(b *testing.B) {
	wall := sink{ended: make(chan struct{})}
	defer close(wall.ended)
	c := newConn(wall, wall, time.Minute, false)
	s := &Session{conn: c, caps: endpoint.NewCapabilities("MULTIAPPEND", "LITERAL+")}
	m := outgoing(strings.Repeat("x", 4096), mailbox.Seen, "$Forwarded")
	m.InternalDate = time.Date(2021, 7, 3, 14, 5, 6, 0, time.UTC)
	batch := make([]endpoint.Outgoing, 200)
	for i := range batch {
		batch[i] = m
	}
	b.SetBytes(200 * 4096)
	b.ReportAllocs()
	for b.Loop() {
		d := &delivery{ctx: context.Background(), mailbox: "INBOX", placed: make([]endpoint.Placed, len(batch))}
		if err := d.prepare(s.caps, batch); err != nil {
			b.Fatal(err)
		}
		x := s.exchange(Op{})
		d.box = newOutbox(x)
		if err := d.begin(x, 0, len(batch)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFetchBodies reads 4,000 messages of 4 KB from Dovecot, in commands of 500, with and without 40 ms of round trip.
func BenchmarkFetchBodies(b *testing.B) {
	a := imaptest.Dovecot(b, imaptest.DovecotOptions{NoFsync: true}).NewUser(b)
	var fill []imaptest.RawMessage
	for i := range 4000 {
		fill = append(fill, imaptest.RawMessage{Body: fmt.Appendf(nil, "Subject: %d\r\n\r\n%s\r\n", i, strings.Repeat("x", 4096))})
	}
	a.Dial(b).Fill("INBOX", fill)
	for _, trip := range []time.Duration{0, 40 * time.Millisecond} {
		b.Run(fmt.Sprintf("rtt=%v", trip), func(b *testing.B) {
			proxy := imaptest.Proxy(b, a.Server.Addr(), imaptest.Faults{RoundTrip: trip})
			o := account(a, Plaintext, "plain")
			o.Host, o.Port = proxy.Host, proxy.Port
			s := opened(b, o)
			if _, err := s.Select(within(b, time.Minute), "INBOX", true); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(4000 * 4096)
			for b.Loop() {
				n, first := 0, mailbox.UID(1)
				err := s.FetchBodies(within(b, time.Minute), Bodies{
					Next: func() mailbox.UIDSet {
						if first > 4000 {
							return nil
						}
						first += 500
						return mailbox.UIDSet{{First: first - 500, Last: first - 1}}
					},
					Visit: func(_ mailbox.Message, content io.Reader, _ int64) error {
						n++
						_, err := io.Copy(io.Discard, content)
						return err
					},
				})
				if err != nil || n != 4000 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
