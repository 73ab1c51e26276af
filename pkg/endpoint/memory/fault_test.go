package memory_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/mailbox"
)

type content string

func (c content) Size() int64       { return int64(len(c)) }
func (c content) Reader() io.Reader { return bytes.NewReader([]byte(c)) }

func three() []endpoint.Outgoing {
	return []endpoint.Outgoing{{Content: content("one")}, {Content: content("two")}, {Content: content("three")}}
}

func target(t *testing.T, a *memory.Account) endpoint.Target {
	t.Helper()
	target, err := a.Destination().Target(t.Context(), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func verdicts(placed []endpoint.Placed) (out []endpoint.Verdict) {
	for _, p := range placed {
		out = append(out, p.Verdict)
	}
	return out
}

// What each fault at the second of three messages leaves behind, sent as one batch and one by one.
func TestAppendFaults(t *testing.T) {
	const stored, refused, unsent, inDoubt = endpoint.Stored, endpoint.Refused, endpoint.Unsent, endpoint.InDoubt
	refusal := &endpoint.Error{Class: endpoint.BadMessage, Text: "no"}
	for name, c := range map[string]struct {
		fault   memory.Fault
		whole   endpoint.Verdict
		wholeN  int
		singly  []endpoint.Verdict
		singlyN int
		lost    bool
	}{
		"refused":              {memory.Fault{Err: refusal}, refused, 0, []endpoint.Verdict{stored, refused, unsent}, 1, false},
		"stored, then refused": {memory.Fault{Err: refusal, Done: true}, refused, 3, []endpoint.Verdict{stored, refused, unsent}, 2, false},
		"answer lost":          {memory.LostAnswer(), inDoubt, 3, []endpoint.Verdict{stored, inDoubt, unsent}, 2, true},
		"cut before":           {memory.Fault{Err: memory.Lost()}, inDoubt, 0, []endpoint.Verdict{stored, inDoubt, unsent}, 1, true},
	} {
		for _, without := range []string{"", "MULTIAPPEND"} {
			t.Run(name+" without "+without, func(t *testing.T) {
				want, n := c.singly, c.singlyN
				if without == "" {
					want, n = []endpoint.Verdict{c.whole, c.whole, c.whole}, c.wholeN
				}
				a := memory.New(memory.Options{Without: []string{without}})
				a.Inject(memory.Nth(memory.Append, 2, c.fault))
				to := target(t, a)
				placed, err := to.Append(t.Context(), three(), nil)
				if !slices.Equal(verdicts(placed), want) || (endpoint.ClassOf(err) == endpoint.Lost) != c.lost || !c.lost && err != nil {
					t.Errorf("%v, %v", verdicts(placed), err)
				}
				if together := without == "" && placed[0].Verdict == refused; placed[0].Together != together || placed[2].Together != together {
					t.Errorf("together: %+v", placed)
				}
				if got := len(a.Messages("INBOX")); got != n {
					t.Errorf("%d messages stored, want %d", got, n)
				}
				_, err = to.Append(t.Context(), three()[:1], nil)
				if (endpoint.ClassOf(err) == endpoint.Lost) != c.lost {
					t.Errorf("the target afterwards: %v", err)
				}
				to.Close()
				if placed, err := target(t, a).Append(t.Context(), three(), nil); err != nil || placed[2].Verdict != stored {
					t.Errorf("a new target: %+v, %v", placed, err)
				}
			})
		}
	}
}

// A quota counts the whole batch.
func TestQuotaOfABatch(t *testing.T) {
	a := memory.New(memory.Options{Quota: 2500})
	m := endpoint.Outgoing{Content: content(bytes.Repeat([]byte("x"), 1000))}
	placed, err := target(t, a).Append(t.Context(), []endpoint.Outgoing{m, m, m}, nil)
	if err != nil || placed[0].Verdict != endpoint.Refused || !placed[0].Together || placed[0].Err.Class != endpoint.OverQuota || len(a.Messages("INBOX")) != 0 {
		t.Errorf("%+v, %v", placed, err)
	}
}

func TestFetchIsCut(t *testing.T) {
	a := memory.New(memory.Options{})
	for range 3 {
		a.Deliver("INBOX", []byte("0123456789"), time.Now())
	}
	a.Inject(memory.Nth(memory.Fetch, 2, memory.Fault{Err: memory.Lost(), Cut: 4}))
	r, err := a.Source().Examine(t.Context(), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = r.Fetch(t.Context(), r.State().Everything(), func(b endpoint.Body) error {
		text, err := io.ReadAll(b.Content)
		got = append(got, string(text))
		return err
	})
	if endpoint.ClassOf(err) != endpoint.Lost || !slices.Equal(got, []string{"0123456789", "0123"}) {
		t.Errorf("%q, %v", got, err)
	}
	if err := r.Scan(t.Context(), r.State().Everything(), func(mailbox.Message) error { return nil }); endpoint.ClassOf(err) != endpoint.Lost {
		t.Errorf("the reader afterwards: %v", err)
	}
}

func TestOddMessages(t *testing.T) {
	a := memory.New(memory.Options{})
	unreadable := a.Deliver("INBOX", []byte("x"), time.Now())
	lying := a.Deliver("INBOX", []byte("0123456789"), time.Time{})
	a.Edit("INBOX", unreadable, func(m *memory.Message) { m.Problem = "NIL" })
	a.Edit("INBOX", lying, func(m *memory.Message) { m.ClaimedSize = 3; m.Flags = []mailbox.Flag{"x"} })
	r, err := a.Source().Examine(t.Context(), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	err = r.Fetch(t.Context(), r.State().Everything(), func(b endpoint.Body) error {
		if b.UID == unreadable && (b.Problem != "NIL" || b.Content != nil) {
			t.Errorf("%+v", b)
		}
		if b.UID == lying && (b.Message.Size != 3 || b.Size != 10 || !b.InternalDate.IsZero() || b.Flags[0] != "x") {
			t.Errorf("%+v", b)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Other clients: what they do is seen, and cuts off whoever has the mailbox open where a server would.
func TestOtherClients(t *testing.T) {
	a := memory.New(memory.Options{})
	a.Make("Box", mailbox.RoleSent, true)
	first := a.Deliver("Box", []byte("1"), time.Now())
	a.Skip("Box", 10)
	second := a.Deliver("Box", []byte("2"), time.Now(), mailbox.Seen)
	if first != 1 || second != 12 || !a.Subscribed("Box") {
		t.Errorf("UIDs %d and %d, subscribed %v", first, second, a.Subscribed("Box"))
	}
	r, err := a.Source().Examine(t.Context(), "Box")
	if err != nil {
		t.Fatal(err)
	}
	a.Remove("Box", first)
	if got := scan(t, r); !slices.Equal(got, []mailbox.UID{second}) {
		t.Errorf("%v after an expunge", got)
	}
	validity := a.Validity("Box")
	a.Renumber("Box")
	if err := r.Scan(t.Context(), r.State().Everything(), nil); endpoint.ClassOf(err) != endpoint.Lost {
		t.Errorf("after a new UIDVALIDITY: %v", err)
	}
	r.Close()
	r, err = a.Source().Examine(t.Context(), "Box")
	if err != nil || r.State().Validity <= validity || r.State().Messages != 1 {
		t.Errorf("%+v, %v", r.State(), err)
	}
	a.Recreate("Box")
	if n := len(a.Messages("Box")); n != 0 {
		t.Errorf("%d messages after it was made anew", n)
	}
	a.Delete("Box")
	if _, err := a.Source().Examine(t.Context(), "Box"); endpoint.ClassOf(err) != endpoint.NoMailbox {
		t.Errorf("after its deletion: %v", err)
	}
	if len(a.History()) != 0 {
		t.Errorf("others are in the history: %v", a.History())
	}
}

func scan(t *testing.T, r endpoint.Reader) (out []mailbox.UID) {
	t.Helper()
	if err := r.Scan(t.Context(), r.State().Everything(), func(m mailbox.Message) error { out = append(out, m.UID); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLimits(t *testing.T) {
	a := memory.New(memory.Options{Quota: 2048, AppendLimit: 1024, NoKeywords: true, Keywords: []mailbox.Flag{"Known"}})
	big, half := content(bytes.Repeat([]byte("x"), 1025)), content(bytes.Repeat([]byte("x"), 1000))
	to := target(t, a)
	if st := to.State(); st.Keywords || !slices.Contains(st.Permanent, "Known") {
		t.Errorf("%+v", st)
	}
	var placed []endpoint.Placed
	for _, m := range []endpoint.Outgoing{{Content: big}, {Content: half, Flags: []mailbox.Flag{"known", "unknown"}}, {Content: half}, {Content: half}} {
		one, err := to.Append(t.Context(), []endpoint.Outgoing{m}, nil)
		if err != nil {
			t.Fatal(err)
		}
		placed = append(placed, one...)
	}
	if placed[0].Err.Code != "TOOBIG" || placed[3].Err.Class != endpoint.OverQuota || placed[1].Verdict != endpoint.Stored || placed[2].Verdict != endpoint.Stored {
		t.Errorf("%+v", placed)
	}
	if got := a.Messages("INBOX")[0].Flags; !slices.Equal(got, []mailbox.Flag{"known"}) {
		t.Errorf("kept %q", got)
	}
	if a.Source().Capabilities().AppendLimit() != 1024 {
		t.Error(a.Source().Capabilities())
	}
	quota, err := a.Source().Quota(t.Context())
	if err != nil || len(quota) != 1 || quota[0].Used != 2 || quota[0].Limit != 2 {
		t.Errorf("%+v, %v", quota, err)
	}
}

func TestConnectionsAreLimitedAndCounted(t *testing.T) {
	a := memory.New(memory.Options{Connections: 1})
	source := a.Source()
	r, err := source.Examine(t.Context(), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := source.Examine(ctx, "INBOX"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second mailbox: %v", err)
	}
	if n := a.OpenSessions(); n != 1 {
		t.Errorf("%d open", n)
	}
	r.Close()
	if _, err := source.Examine(t.Context(), "INBOX"); err != nil || a.OpenSessions() != 1 {
		t.Errorf("%d open, %v", a.OpenSessions(), err)
	}
	a.Disconnect()
	if n := a.OpenSessions(); n != 1 {
		t.Errorf("%d open: a lost session is open until it is closed", n)
	}
}

func TestHistory(t *testing.T) {
	a := memory.New(memory.Options{})
	a.Inject(memory.Latency(time.Microsecond))
	d := a.Destination()
	if _, err := d.Create(t.Context(), "Box", mailbox.RoleSent); err != nil {
		t.Fatal(err)
	}
	if err := d.Subscribe(t.Context(), "Box"); err != nil {
		t.Fatal(err)
	}
	to, err := d.Target(t.Context(), "Box")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Append(t.Context(), three()[:1], nil); err != nil {
		t.Fatal(err)
	}
	s, err := a.Removal().Select(t.Context(), "Box")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.MarkDeleted(t.Context(), mailbox.SetOf(1, 2), 0), s.Expunge(t.Context(), mailbox.SetOf(1, 2))); err != nil {
		t.Fatal(err)
	}
	var got []memory.Verb
	for _, step := range a.History() {
		got = append(got, step.Verb)
	}
	want := []memory.Verb{memory.Create, memory.Subscribe, memory.Select, memory.Append, memory.Select, memory.Store, memory.Expunge}
	if !slices.Equal(got, want) {
		t.Errorf("%v", a.History())
	}
	if last := a.History()[len(want)-1]; last.UIDs.String() != "1:2" || last.Changed.String() != "1" {
		t.Errorf("%+v", last)
	}
	if a.Calls(memory.Append) != 1 || a.Calls(memory.Fetch) != 0 {
		t.Errorf("%d appends, %d fetches", a.Calls(memory.Append), a.Calls(memory.Fetch))
	}
}
