package mailbox_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

func uids(t *rapid.T) []mailbox.UID {
	near := rapid.Custom(func(t *rapid.T) mailbox.UID { return mailbox.UID(rapid.Uint32Range(1, 40).Draw(t, "uid")) })
	far := rapid.Custom(func(t *rapid.T) mailbox.UID {
		return mailbox.UID(rapid.Uint32Range(1<<32-20, 1<<32-1).Draw(t, "high uid"))
	})
	return rapid.SliceOf(rapid.OneOf(near, far)).Draw(t, "uids")
}

func TestSetHoldsJustItsUIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := uids(t)
		set := mailbox.SetOf(in...)
		want := slices.Clone(in)
		slices.Sort(want)
		want = slices.Compact(want)
		if got := slices.Collect(set.All); !slices.Equal(got, want) || set.Len() != len(want) {
			t.Fatalf("SetOf(%v) holds %v (%d), want %v", in, got, set.Len(), want)
		}
		for _, u := range []mailbox.UID{1, 20, 40, 41, 1<<32 - 1} {
			if set.Contains(u) != slices.Contains(want, u) {
				t.Fatalf("%v contains %d: %v", set, u, set.Contains(u))
			}
		}
		back, err := mailbox.ParseUIDSet(set.String())
		if err != nil || !slices.Equal(back, set) {
			t.Fatalf("%q reads back as %v, %v", set, back, err)
		}
	})
}

func TestChunksAreTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := mailbox.SetOf(uids(t)...)
		n := rapid.IntRange(1, 9).Draw(t, "chunk")
		var all []mailbox.UID
		for i, c := range set.Chunks(n) {
			if c.Len() > n || (c.Len() < n && i < len(set.Chunks(n))-1) {
				t.Fatalf("chunk %d of %v has %d UIDs, want %d", i, set, c.Len(), n)
			}
			all = append(all, slices.Collect(c.All)...)
		}
		if !slices.Equal(all, slices.Collect(set.All)) {
			t.Fatalf("chunks of %v hold %v", set, all)
		}
	})
	if got := len((mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}).Chunks(1 << 31)); got != 2 {
		t.Errorf("the whole range makes %d chunks of half, want 2", got)
	}
}

func TestParseUIDSetRefuses(t *testing.T) {
	for _, s := range []string{"0", "*", "1:*", "3:1", "2:2", "1,1", "1,2", "2,1", "1:3,4", "4294967296", "-1", "01", "+1", " 1", "1,", ",", "a"} {
		if set, err := mailbox.ParseUIDSet(s); err == nil {
			t.Errorf("ParseUIDSet(%q) = %v, want an error", s, set)
		}
	}
}

func FuzzParseUIDSet(f *testing.F) {
	for _, s := range []string{"1", "1:3,5", "4294967295", "1:4294967295", "0", "1:2:3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if set, err := mailbox.ParseUIDSet(s); err == nil && set.String() != s {
			t.Errorf("%q was accepted and is written %q", s, set)
		}
	})
}
