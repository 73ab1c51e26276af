package imap

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

func sets(t *rapid.T) mailbox.UIDSet {
	return mailbox.SetOf(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) mailbox.UID {
		return mailbox.UID(rapid.Uint32Range(1, 300).Draw(t, "uid"))
	}), 0, 120).Draw(t, "uids")...)
}

// Windows cover a set exactly, in order, without overlap, each short enough for one command.
func TestWindowsCoverTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := sets(t)
		edge := mailbox.UID(rapid.Uint32Range(0, 310).Draw(t, "edge"))
		width := rapid.IntRange(1, 50).Draw(t, "width")
		kept := set.String()
		var got []mailbox.UID
		for w := newWindows(set, edge); ; {
			piece := w.next(width)
			if piece == nil {
				break
			}
			below := 0
			for uid := range piece.All {
				if got = append(got, uid); edge == 0 || uid < edge {
					below++
				}
			}
			if len(piece) > maxRanges || below > width && piece[0].First >= edge {
				t.Fatalf("window %s: %d UIDs below the edge %d, width %d", piece, below, edge, width)
			}
		}
		if want := slices.Collect(set.All); !slices.Equal(got, want) {
			t.Fatalf("windows give %v, want %v", got, want)
		}
		if set.String() != kept {
			t.Fatalf("the caller's set was changed to %s", set)
		}
	})
}

func TestWindowsOfEverything(t *testing.T) {
	all := mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}
	w := newWindows(all, 12)
	first, second, third := w.next(5), w.next(5), w.next(5)
	if first.String() != "1:5" || second.String() != "6:10" || third.String() != "11:15" {
		t.Errorf("%s, %s, %s", first, second, third)
	}
	if rest := w.next(5); rest.String() != "16:4294967295" || w.next(5) != nil {
		t.Errorf("above the edge: %s", rest)
	}
	if len(all) != 1 || all[0].First != 1 {
		t.Errorf("the caller's set became %s", all)
	}
	var many mailbox.UIDSet
	for i := range mailbox.UID(1000) {
		many = append(many, mailbox.Range{First: 4_000_000_000 + 3*i, Last: 4_000_000_001 + 3*i})
	}
	for w := newWindows(many, 0); ; {
		piece := w.next(1 << 30)
		if piece == nil {
			break
		}
		if n := len(piece.String()); n > 4000 {
			t.Errorf("a set of %d bytes", n)
		}
	}
}

func TestWithout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, gone := sets(t), slices.Collect(sets(t).All)
		var want []mailbox.UID
		for uid := range set.All {
			if !slices.Contains(gone, uid) {
				want = append(want, uid)
			}
		}
		if rapid.Bool().Draw(t, "reversed") {
			slices.Reverse(gone)
		}
		if got := without(set, gone); got.String() != mailbox.SetOf(want...).String() {
			t.Fatalf("%s without %v is %s", set, gone, got)
		}
	})
	edge := mailbox.UIDSet{{First: 1, Last: 1<<32 - 1}}
	if got := without(edge, []mailbox.UID{1<<32 - 1, 1, 7}); got.String() != "2:6,8:4294967294" {
		t.Errorf("%s", got)
	}
}
