package imap_test

import (
	"slices"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// obedient answers STORE, SEARCH and UID EXPUNGE.
func obedient(capability string) liar {
	return liar{messages: box(3), capability: capability, on: []imaptest.Rule{
		{Pattern: "UID STORE .*", Answer: imaptest.Say("* 1 FETCH (UID 1 MODSEQ (91))", "$tag OK done")},
		{Pattern: "UID SEARCH .*", Answer: imaptest.Say("* SEARCH 3 1 2", "$tag OK done")},
		{Pattern: "UID EXPUNGE .*", Answer: imaptest.Say("* 1 EXPUNGE", "* 2 EXISTS", "$tag OK done")},
	}}
}

func selected(t *testing.T, a *imap.Account) endpoint.Remover {
	t.Helper()
	s, err := a.Removal().Select(t.Context(), "Box")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// sent are the commands with that beginning.
func sent(s *imaptest.Ruled, verb string) (out []string) {
	for _, c := range s.Commands() {
		if strings.HasPrefix(c, verb) {
			out = append(out, c)
		}
	}
	return out
}

func TestRemoverSays(t *testing.T) {
	for name, c := range map[string]struct {
		capability string
		store      string
	}{
		"with CONDSTORE":    {"UIDPLUS CONDSTORE", `UID STORE 1,3 (UNCHANGEDSINCE 42) +FLAGS.SILENT (\Deleted)`},
		"without CONDSTORE": {"UIDPLUS", `UID STORE 1,3 +FLAGS.SILENT (\Deleted)`},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := obedient(c.capability).serve(t)
			r := selected(t, a)
			if err := r.MarkDeleted(t.Context(), mailbox.SetOf(1, 3), 42); err != nil {
				t.Error(err)
			}
			if err := r.Unmark(t.Context(), mailbox.SetOf(2)); err != nil {
				t.Error(err)
			}
			if got := sent(s, "UID STORE"); !slices.Equal(got, []string{c.store, `UID STORE 2 -FLAGS.SILENT (\Deleted)`}) {
				t.Errorf("%q", got)
			}
			if set, err := r.Deleted(t.Context()); err != nil || set.String() != "1:3" {
				t.Errorf("%s, %v", set, err)
			}
			if got := sent(s, "UID SEARCH"); !slices.Equal(got, []string{"UID SEARCH DELETED"}) {
				t.Errorf("%q", got)
			}
			if err := r.Expunge(t.Context(), mailbox.SetOf(1, 2)); err != nil {
				t.Error(err)
			}
			if got := sent(s, "UID EXPUNGE"); !slices.Equal(got, []string{"UID EXPUNGE 1:2"}) {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestModifiedIsNoError(t *testing.T) {
	for _, answer := range []string{"$tag OK [MODIFIED 1:2] some", "$tag NO [MODIFIED 1:2] none"} {
		l := obedient("UIDPLUS CONDSTORE")
		l.on = append([]imaptest.Rule{{Pattern: "UID STORE .*", Answer: imaptest.Say(answer)}}, l.on...)
		_, a := l.serve(t)
		if err := selected(t, a).MarkDeleted(t.Context(), mailbox.SetOf(1, 2), 42); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
	}
	l := obedient("UIDPLUS")
	l.on = append([]imaptest.Rule{{Pattern: "UID STORE .*", Answer: imaptest.Say("$tag NO [NOPERM] not yours")}}, l.on...)
	_, a := l.serve(t)
	if err := selected(t, a).MarkDeleted(t.Context(), mailbox.SetOf(1), 0); endpoint.ClassOf(err) != endpoint.BadMailbox {
		t.Errorf("refused: %v", err)
	}
}

// Without UIDPLUS nothing is sent at all.
func TestExpungeNeedsUIDPlus(t *testing.T) {
	l := obedient("")
	l.forbid = []string{"UID EXPUNGE", "EXPUNGE", "CLOSE"}
	_, a := l.serve(t)
	if err := selected(t, a).Expunge(t.Context(), mailbox.SetOf(1)); endpoint.ClassOf(err) != endpoint.Unsupported || !strings.Contains(err.Error(), "UIDPLUS") {
		t.Errorf("%v", err)
	}
}

// Sets that some server could take for other messages are never sent.
func TestUnsafeSetsAreRefused(t *testing.T) {
	l := obedient("UIDPLUS")
	l.forbid = []string{"UID STORE", "UID EXPUNGE"}
	_, a := l.serve(t)
	r := selected(t, a)
	for _, set := range []mailbox.UIDSet{
		{{First: 0, Last: 0}}, {{First: 0, Last: 3}}, {{First: 1, Last: 1<<32 - 1}}, {{First: 1<<32 - 1, Last: 1<<32 - 1}}, {{First: 5, Last: 3}},
		{{First: 5, Last: 6}, {First: 1, Last: 2}}, {{First: 1, Last: 5}, {First: 5, Last: 9}},
	} {
		for name, err := range map[string]error{"mark": r.MarkDeleted(t.Context(), set, 0), "unmark": r.Unmark(t.Context(), set), "expunge": r.Expunge(t.Context(), set)} {
			if endpoint.ClassOf(err) != endpoint.Unsupported {
				t.Errorf("%s of %s: %v", name, set, err)
			}
		}
	}
}

func TestLargeSetsGoInPieces(t *testing.T) {
	s, a := obedient("UIDPLUS").serve(t)
	var want mailbox.UIDSet
	for i := range mailbox.UID(2500) {
		want = append(want, mailbox.Range{First: 4_000_000_000 + 2*i, Last: 4_000_000_000 + 2*i})
	}
	if err := selected(t, a).Expunge(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	var got mailbox.UIDSet
	for _, line := range sent(s, "UID EXPUNGE") {
		if len(line) > 4096 {
			t.Errorf("a command of %d bytes", len(line))
		}
		piece, err := mailbox.ParseUIDSet(strings.TrimPrefix(line, "UID EXPUNGE "))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, piece...)
	}
	if got.String() != want.String() {
		t.Errorf("%d ranges were sent of %d", len(got), len(want))
	}
}
