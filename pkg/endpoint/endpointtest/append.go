package endpointtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// testCorpus: every awkward message comes back as the server is known to keep it, and a refused one is only refused.
func testCorpus(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Corpus")
	target := b.target(w)
	for _, s := range Corpus(f.Facts.LargestMessage) {
		t.Run(s.Name, func(t *testing.T) { b.with(t).survives(w, target, s) })
	}
}

func (b *bench) survives(w mailbox.Wire, target endpoint.Target, s Sample) {
	refused := b.facts.RefusesMessage(s.Content)
	// Two at once, with an ordinary one behind: neither the same bytes nor a refusal may disturb the others.
	fence := b.next(w)
	placed := b.deliver(target, outgoing(text(s.Content)), outgoing(text(s.Content)), outgoing(letter(1)))
	kept := 3
	if refused {
		kept = 1
	}
	for i, p := range placed[:2] {
		if refused != isRefusal(p) || refused == (p.Verdict == endpoint.Stored) {
			b.Fatalf("append %d: verdict %d, %v; want a refusal: %v", i, p.Verdict, p.Err, refused)
		}
	}
	if placed[2].Verdict != endpoint.Stored {
		b.Fatalf("append of an ordinary message behind: %+v", placed[2])
	}
	found := b.since(w, fence, kept)
	r := b.examine(w)
	defer r.Close()
	got := b.bodies(r, mailbox.SetOf(found...))
	for i, u := range found[:kept-1] {
		b.sameBytes(u, got[u].content, b.facts.Stored(s.Content))
		if placed[i].UID != 0 && placed[i].UID != u {
			b.Errorf("APPENDUID %d, found as %d", placed[i].UID, u)
		}
	}
	b.sameBytes(found[kept-1], got[found[kept-1]].content, letter(1))
}

// isRefusal: a server may refuse a message before it has read it, or after.
func isRefusal(p endpoint.Placed) bool {
	return (p.Verdict == endpoint.Refused || p.Verdict == endpoint.Unsent) && p.Err != nil && p.Err.Class == endpoint.BadMessage
}

// next is the fence before an append.
func (b *bench) next(w mailbox.Wire) mailbox.UID {
	b.Helper()
	st, err := b.Fetcher.Status(b.ctx, w)
	b.must(err, "status")
	return st.UIDNext
}

func (b *bench) sameBytes(u mailbox.UID, got, want []byte) {
	b.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	excerpt := func(s []byte) []byte { return s[max(0, min(at-10, len(s))):min(len(s), at+30)] }
	b.Errorf("UID %d: %d bytes, want %d; at %d %q, want %q", u, len(got), len(want), at, excerpt(got), excerpt(want))
}

func testAppend(t *testing.T, f Factory) {
	b := f.open(t)
	t.Run("order and UIDs", func(t *testing.T) { b.with(t).ordered() })
	t.Run("twice the same", func(t *testing.T) { b.with(t).twice() })
	t.Run("nothing", func(t *testing.T) {
		b := b.with(t)
		if placed, err := b.target(b.make("Nothing")).Append(b.ctx, nil, nil); len(placed) != 0 || err != nil {
			b.Errorf("%v, %v", placed, err)
		}
	})
	t.Run("content that lies", func(t *testing.T) { b.with(t).liars() })
	t.Run("flags that cannot be sent", func(t *testing.T) { b.with(t).badFlags() })
	t.Run("a refused batch", func(t *testing.T) { b.with(t).refusedBatch() })
	t.Run("turns", func(t *testing.T) { b.with(t).turns() })
	t.Run("a turn that never comes", func(t *testing.T) { b.with(t).noTurn() })
}

func (b *bench) ordered() {
	w := b.make("Ordered")
	b.fill(w, 2)
	target := b.target(w)
	st := target.State()
	if st.ReadOnly || st.UIDNext == 0 || st.Validity == 0 || st.Messages != 2 {
		b.Fatalf("state %+v", st)
	}
	var batch []endpoint.Outgoing
	for i := range 60 {
		batch = append(batch, outgoing(letter(i+3)))
	}
	placed, err := target.Append(b.ctx, batch, nil)
	b.must(err, "append")
	if len(placed) != len(batch) {
		b.Fatalf("%d verdicts for %d messages", len(placed), len(batch))
	}
	uidplus := b.Appender.Capabilities().Has("UIDPLUS")
	found := b.since(w, st.UIDNext, len(batch))
	for i, p := range placed {
		if p.Verdict != endpoint.Stored || p.Err != nil || uidplus && (p.UID != found[i] || p.Validity != st.Validity) || !uidplus && p.UID != 0 {
			b.Errorf("message %d: %+v, found as %d", i, p, found[i])
		}
	}
	r := b.examine(w)
	got := b.bodies(r, mailbox.SetOf(found...))
	for i, u := range found {
		b.sameBytes(u, got[u].content, letter(i+3))
	}
	if fresh := b.target(w).State(); fresh.UIDNext <= found[len(found)-1] || fresh.Messages != 62 {
		b.Errorf("a fresh target says %+v after UID %d", fresh, found[len(found)-1])
	}
}

func (b *bench) twice() {
	w := b.make("Twice")
	found := b.add(w, outgoing(letter(1)), outgoing(letter(1)))
	r := b.examine(w)
	got := b.bodies(r, mailbox.SetOf(found...))
	if len(got) != 2 || sha256.Sum256(got[found[0]].content) != sha256.Sum256(got[found[1]].content) {
		b.Errorf("%d bodies of the same message", len(got))
	}
}

// liar claims a size that its reader does not keep.
type liar struct {
	text
	claim int64
	end   error
}

func (l liar) Size() int64       { return l.claim }
func (l liar) Reader() io.Reader { return io.MultiReader(l.text.Reader(), failing{l.end}) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// liars: what is not exactly as long as announced is never stored, and nothing of it is ever run as commands.
func (b *bench) liars() {
	w := b.make("Liars")
	small := letter(1)
	for _, l := range []liar{
		{small, int64(len(small)) + 50, io.EOF},
		{small, int64(len(small)) - 10, io.EOF},
		{small, int64(len(small)) + 50, errors.New("disk broken")},
		{small, 0, io.EOF},
	} {
		target := b.target(w)
		placed, err := target.Append(b.ctx, []endpoint.Outgoing{{Content: l, InternalDate: summer}, outgoing(letter(2))}, nil)
		if len(placed) != 2 || placed[0].Verdict == endpoint.Stored {
			b.Fatalf("%v, %v", placed, err)
		}
		if placed[1].Verdict != endpoint.Unsent {
			b.Errorf("error %v, and the message behind: %+v", err, placed[1])
		}
		b.must(target.Close(), "close")
		r := b.examine(w)
		for u, m := range b.bodies(r, r.State().Everything()) {
			b.sameBytes(u, m.content, letter(2))
		}
		b.must(r.Close(), "close")
	}
}

// badFlags are refused before a byte is sent; the messages before them go, and those behind wait.
func (b *bench) badFlags() {
	w := b.make("Bad flags")
	for _, flag := range []mailbox.Flag{`\Recent`, `\Strange`, "a b", "", "a)", `"q"`, "é", "a\r\nzz DELETE INBOX", "*", "x]"} {
		target := b.target(w)
		placed, err := target.Append(b.ctx, []endpoint.Outgoing{outgoing(letter(0)), outgoing(letter(1), mailbox.Seen, flag), outgoing(letter(2))}, nil)
		b.must(err, "append")
		if placed[1].Verdict != endpoint.Unsent || endpoint.ClassOf(placed[1].Err) != endpoint.BadMessage || placed[1].Together {
			b.Errorf("flag %q: %+v", string(flag), placed[1])
		}
		if placed[0].Verdict != endpoint.Stored || placed[2].Verdict != endpoint.Unsent || placed[2].Err != nil {
			b.Errorf("around flag %q: %+v, %+v", string(flag), placed[0], placed[2])
		}
		b.must(target.Close(), "close")
	}
	b.usable()
}
