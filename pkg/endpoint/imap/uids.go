package imap

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"imapmigrate/pkg/mailbox"
)

// maxRanges keeps a command's set below 4 KB: 180 ranges of two ten-digit numbers, a colon and a comma. Some servers take no more.
const maxRanges = 180

// windows walks through a set in pieces, each short enough for one command. The set is never counted out: it may hold four thousand
// million UIDs of which three exist.
type windows struct {
	rest mailbox.UIDSet // ours to change
	edge mailbox.UID    // UIDNEXT when the mailbox was opened: what lies above is few, and comes in one piece; 0 unknown
}

func newWindows(set mailbox.UIDSet, edge mailbox.UID) *windows {
	return &windows{rest: slices.Clone(set), edge: edge}
}

// next is a piece of at most n UIDs below the edge, nil at the end.
func (w *windows) next(n int) mailbox.UIDSet {
	var piece mailbox.UIDSet
	room := uint64(n)
	for len(w.rest) > 0 && len(piece) < maxRanges && room > 0 {
		r := &w.rest[0]
		take := uint64(r.Last) - uint64(r.First) + 1
		if w.edge == 0 || r.First < w.edge {
			take = min(take, room)
			room -= take
		}
		last := mailbox.UID(uint64(r.First) + take - 1)
		piece = append(piece, mailbox.Range{First: r.First, Last: last})
		if last == r.Last {
			w.rest = w.rest[1:]
		} else {
			r.First = last + 1
		}
	}
	return piece
}

// asSet is the set as go-imap writes it.
func asSet(set mailbox.UIDSet) imap.UIDSet {
	out := make(imap.UIDSet, 0, len(set))
	for _, r := range set {
		out = append(out, imap.UIDRange{Start: imap.UID(r.First), Stop: imap.UID(r.Last)})
	}
	return out
}

// without is set less the UIDs that gone has. Both sides stay ranges.
func without(set mailbox.UIDSet, gone []mailbox.UID) mailbox.UIDSet {
	gone = slices.Clone(gone)
	slices.Sort(gone)
	var out mailbox.UIDSet
	for _, r := range set {
		i, _ := slices.BinarySearch(gone, r.First)
		first := uint64(r.First)
		for ; i < len(gone) && gone[i] <= r.Last; i++ {
			if g := uint64(gone[i]); first < g {
				out = append(out, mailbox.Range{First: mailbox.UID(first), Last: mailbox.UID(g - 1)})
			}
			first = uint64(gone[i]) + 1
		}
		if first <= uint64(r.Last) {
			out = append(out, mailbox.Range{First: mailbox.UID(first), Last: r.Last})
		}
	}
	return out
}
