package endpoint_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// told is a Reader that answers as it was told.
type told struct {
	endpoint.Reader
	bodies []endpoint.Body
	err    error
}

func (r told) State() endpoint.State { return endpoint.State{Wire: "INBOX"} }

func (r told) Fetch(_ context.Context, _ mailbox.UIDSet, visit func(endpoint.Body) error) error {
	for _, b := range r.bodies {
		if err := visit(b); err != nil {
			return err
		}
	}
	return r.err
}

func body(uid mailbox.UID, text string, size int64) endpoint.Body {
	return endpoint.Body{Message: mailbox.Message{UID: uid}, Content: strings.NewReader(text), Size: size}
}

func TestDigests(t *testing.T) {
	ctx, set := context.Background(), mailbox.SetOf(1, 2, 3)
	got, err := endpoint.Digests(ctx, told{bodies: []endpoint.Body{
		body(1, "one", 3), body(9, "not asked for", 13), body(2, "cut", 30),
		{Message: mailbox.Message{UID: 3}, Problem: "no"},
	}}, set)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[1].Digest != sha256.Sum256([]byte("one")) || got[1].Size != 3 || got[1].Message.UID != 1 || got[1].Problem != "" {
		t.Errorf("%+v", got)
	}
	if got[2].Problem == "" || got[3].Problem != "no" {
		t.Errorf("a message that was cut, or not given, was believed: %+v", got)
	}
	if got, err := endpoint.Digests(ctx, told{bodies: []endpoint.Body{body(1, "one", 3), body(1, "two", 3)}}, set); endpoint.ClassOf(err) != endpoint.Protocol || got != nil {
		t.Errorf("two answers for one message: %v %v", got, err)
	}
	lost := &endpoint.Error{Class: endpoint.Lost}
	if got, err := endpoint.Digests(ctx, told{bodies: []endpoint.Body{body(1, "one", 3)}, err: lost}, set); !errors.Is(err, lost) || got != nil {
		t.Errorf("a FETCH that did not end well counts: %v %v", got, err)
	}
	if got, err := endpoint.Digests(ctx, nil, nil); err != nil || len(got) != 0 {
		t.Errorf("nothing was asked for: %v %v", got, err)
	}
}

func TestStill(t *testing.T) {
	account := endpoint.Identity{Host: "imap.old.example", User: "alice"}
	name := mailbox.Name{"Sent"}
	for _, c := range []struct {
		state    endpoint.State
		recorded mailbox.UIDValidity
		highest  mailbox.UID
		fits     bool
	}{
		{endpoint.State{Validity: 7, UIDNext: 10}, 7, 9, true},
		{endpoint.State{Validity: 7}, 7, 9, true}, // a server that tells no UIDNEXT
		{endpoint.State{Validity: 8, UIDNext: 10}, 7, 9, false},
		{endpoint.State{Validity: 7, UIDNext: 9}, 7, 9, false},
		{endpoint.State{Validity: 0, UIDNext: 10}, 0, 9, false},
		{endpoint.State{Validity: 7, UIDNext: 10}, 0, 9, false},
	} {
		err := c.state.Still(account, name, c.recorded, c.highest)
		if (err == nil) != c.fits {
			t.Errorf("%+v: %v", c, err)
		}
		if err != nil && (!strings.Contains(err.Error(), `alice at imap.old.example: mailbox "Sent": `) || err.Next == "") {
			t.Errorf("no address, or no next step: %v", err)
		}
	}
}

// BenchmarkDigests is 500 messages of 4 KB in one answer.
func BenchmarkDigests(b *testing.B) {
	text := strings.Repeat("x", 4096)
	all := make([]endpoint.Body, 500)
	for i := range all {
		all[i] = endpoint.Body{Message: mailbox.Message{UID: mailbox.UID(i + 1)}, Size: int64(len(text))}
	}
	set := mailbox.UIDSet{{First: 1, Last: mailbox.UID(len(all))}}
	b.SetBytes(int64(len(all) * len(text)))
	for b.Loop() {
		for i := range all {
			all[i].Content = io.LimitReader(strings.NewReader(text), int64(len(text))) // as a literal: it cannot write itself
		}
		if got, err := endpoint.Digests(b.Context(), told{bodies: all}, set); err != nil || len(got) != len(all) {
			b.Fatal(err)
		}
	}
}
