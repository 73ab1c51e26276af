package wire

import (
	"bufio"
	"compress/flate"
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// deflating gives a transport to a server that agrees to compress, sends more behind its OK in one piece, and then does as told.
func deflating(t testing.TB, behind string, then func(in *bufio.Reader, out io.Writer)) Options {
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	o := converse(t)
	o.Dial = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		running.Go(func() {
			defer server.Close()
			p := &peer{t: t, conn: server, in: bufio.NewReader(server)}
			if !p.play(loggedIn("COMPRESS=DEFLATE") + "C: $ COMPRESS DEFLATE") {
				return
			}
			var agreed strings.Builder
			agreed.WriteString(p.tag + " OK compressing\r\n")
			out, _ := flate.NewWriter(&agreed, 1)
			io.WriteString(out, behind)
			out.Flush()
			io.WriteString(server, agreed.String())
			out.Reset(server) // a new stream would begin here, were it not for what follows
			rest := &continued{w: server, sent: behind}
			then(bufio.NewReader(flate.NewReader(p.in)), rest)
		})
		return client, nil
	}
	return o
}

// continued goes on with a compressed stream of which the beginning was sent.
type continued struct {
	w    io.Writer
	sent string
	z    *flate.Writer
}

func (c *continued) Write(p []byte) (int, error) {
	if c.z == nil {
		skip := &skipping{w: c.w}
		c.z, _ = flate.NewWriter(skip, 1)
		io.WriteString(c.z, c.sent)
		c.z.Flush()
		skip.on = true
	}
	if _, err := c.z.Write(p); err != nil {
		return 0, err
	}
	return len(p), c.z.Flush()
}

type skipping struct {
	w  io.Writer
	on bool
}

func (s *skipping) Write(p []byte) (int, error) {
	if !s.on {
		return len(p), nil
	}
	return s.w.Write(p)
}

// What the server compresses right behind its OK is read, and the talk goes on.
func TestCompressSwitchesInTheMiddleOfAPacket(t *testing.T) {
	s := opened(t, deflating(t, "* OK welcome to the compressed side\r\n", func(in *bufio.Reader, out io.Writer) {
		for range 2 {
			line, err := in.ReadString('\n')
			if err != nil {
				t.Errorf("server: %v", err)
				return
			}
			tag, verb, _ := strings.Cut(strings.TrimSpace(line), " ")
			io.WriteString(out, "* OK "+verb+"\r\n"+tag+" OK done\r\n")
		}
	}))
	if err := s.Compress(within(t, time.Minute)); err != nil || !s.Compressed() {
		t.Fatal(err)
	}
	var heard string
	err := s.Do(within(t, time.Minute), Op{Words: "try"}, func(x *Exchange) error {
		return x.Run("X-HELLO", func(line string) error { heard += line; return nil })
	})
	if err != nil || !strings.HasSuffix(heard, "* OK X-HELLO") {
		t.Errorf("%q, %v", heard, err)
	}
	if err := s.Compress(within(t, time.Minute)); err != nil { // once is enough
		t.Error(err)
	}
	if err := s.Guard(within(t, time.Minute), Op{Words: "try"}, func(c *imapclient.Client) error { return c.Noop().Wait() }); err != nil {
		t.Error(err)
	}
}

func TestCompressRefused(t *testing.T) {
	s := opened(t, converse(t, loggedIn("COMPRESS=DEFLATE"), "C: $ COMPRESS DEFLATE\nS: $ NO [COMPRESSIONACTIVE] by TLS\nC: $ NOOP\nS: $ OK\n"))
	if err := s.Compress(within(t, time.Minute)); err != nil || s.Compressed() {
		t.Errorf("%v, compressed %v", err, s.Compressed())
	}
	usable(t, s)
}

// What is not compressed as agreed ends the connection, whatever it is.
func TestCompressedNonsense(t *testing.T) {
	o := converse(t, loggedIn("COMPRESS=DEFLATE"), "C: $ COMPRESS DEFLATE\nS: $ OK\nS: * OK in clear text, all of it, for as long as it takes\nS...\n")
	s := opened(t, o)
	err := s.Compress(within(t, time.Minute))
	if err == nil {
		err = s.Do(within(t, time.Minute), Op{Words: "try"}, func(x *Exchange) error { return x.Run("NOOP", nil) })
	}
	if c := endpoint.ClassOf(err); c != endpoint.Protocol && c != endpoint.Lost || !s.Broken() {
		t.Errorf("%v", err)
	}
}

// A bomb of a thousand million bytes in a million is inflated only as far as somebody reads, and the line it makes is too long.
func TestCompressionBomb(t *testing.T) {
	s := opened(t, deflating(t, "", func(in *bufio.Reader, out io.Writer) {
		go io.Copy(io.Discard, in)
		zeros := []byte(strings.Repeat("x", 1<<20))
		io.WriteString(out, "* ")
		for range 1000 {
			if _, err := out.Write(zeros); err != nil {
				return
			}
		}
	}))
	if err := s.Compress(within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := s.Do(within(t, time.Minute), Op{Words: "try"}, func(x *Exchange) error { return x.Run("NOOP", nil) })
	runtime.ReadMemStats(&after)
	if endpoint.ClassOf(err) != endpoint.Protocol || !s.Broken() {
		t.Errorf("%v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d bytes were allocated for a bomb", grown)
	}
}

// Batches and bodies go through the compression of real servers, and are counted as they are on the wire.
func TestCompressOnServers(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *imaptest.Server{
		"dovecot": func(t *testing.T) *imaptest.Server {
			return imaptest.Dovecot(t, imaptest.DovecotOptions{Compress: true})
		},
		"cyrus": func(t *testing.T) *imaptest.Server { return imaptest.Cyrus(t) },
	} {
		t.Run(name, func(t *testing.T) {
			o := account(start(t).NewUser(t), TLS, "plain")
			s := opened(t, o)
			if !s.caps.Has("COMPRESS=DEFLATE") {
				t.Fatalf("not offered: %v", s.caps)
			}
			if err := s.Compress(within(t, time.Minute)); err != nil || !s.Compressed() {
				t.Fatal(err)
			}
			content := "Subject: long\r\n\r\n" + strings.Repeat("the same line over and over\r\n", 20_000)
			before := s.Traffic()
			placed, err := s.Append(within(t, time.Minute), "INBOX", []endpoint.Outgoing{outgoing(content), outgoing(content)}, AppendOptions{})
			if err != nil || placed[0].Verdict != stored || placed[1].Verdict != stored {
				t.Fatalf("%+v, %v", placed, err)
			}
			if _, err := s.Select(within(t, time.Minute), "INBOX", true); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			f, err := s.FetchTolerant(within(t, time.Minute), max(placed[1].UID, mailbox.UID(1)), func(int64) (io.Writer, error) { return &got, nil })
			if err != nil || !f.Found || got.String() != content {
				t.Errorf("%d of %d bytes came back, %v", got.Len(), len(content), err)
			}
			after := s.Traffic()
			if out, in := after.Out-before.Out, after.In-before.In; out > int64(len(content))/5 || in > int64(len(content))/5 {
				t.Errorf("%d bytes out and %d in for messages of %d", out, in, len(content))
			}
		})
	}
}

func TestSlowLink(t *testing.T) {
	for _, c := range []struct {
		bytes int
		took  time.Duration
		slow  bool
	}{
		{slowSample - 1, time.Hour, false}, {slowSample, 250 * time.Millisecond, false}, {slowSample, 251 * time.Millisecond, true}, {100 << 20, 20 * time.Second, false}, {0, 0, false},
	} {
		var p pull
		p.add(c.bytes, c.took)
		if p.slow() != c.slow {
			t.Errorf("%d bytes in %v", c.bytes, c.took)
		}
	}
}
