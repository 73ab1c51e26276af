package survey

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// mostViewed is how many messages of one view are looked for elsewhere; a larger one is never proved to be one, which costs 16 bytes a message.
const mostViewed = 4 << 20

// view is a mailbox of which it is asked whether it only shows what is elsewhere. A message has a home when one single other mailbox holds at
// least as many messages of its size, internal date and system flags as the view does: several mailboxes may show one message each, so
// their counts are never added. This is likeness, not proof: whoever skips a view for it has to say so.
type view struct {
	wire    mailbox.Wire
	keys    []uint64 // ascending, each once
	wanted  []uint32 // messages of the view with that key
	covered []uint32 // the most that one other mailbox has
	blind   bool     // something of it could not be compared
}

// sighting is one mailbox as a scan sees it: the keys of a view, or what a home has of the views' keys.
type sighting struct {
	views []*view
	own   *[]uint64
	have  []map[int]uint32 // by place in views
	blind bool
}

// sighting begins one. Views are read before homes, so x.views does not change while homes are read.
func (x *scan) sighting(a Asked) *sighting {
	if a.View {
		return &sighting{own: new([]uint64)}
	}
	s := &sighting{views: x.views, have: make([]map[int]uint32, len(x.views))}
	for i := range s.have {
		s.have[i] = map[int]uint32{}
	}
	return s
}

func (s *sighting) add(m mailbox.Message) {
	if s.own == nil && len(s.views) == 0 {
		return
	}
	key, ok := likeness(m)
	if s.own != nil {
		if !ok || len(*s.own) >= mostViewed {
			s.blind = true
			return
		}
		*s.own = append(*s.own, key)
		return
	}
	if !ok {
		return
	}
	for i, v := range s.views {
		if at, found := slices.BinarySearch(v.keys, key); found {
			s.have[i][at]++
		}
	}
}

// likeness is a digest of what is compared, false where that is not known.
func likeness(m mailbox.Message) (uint64, bool) {
	if m.Size < 0 || m.InternalDate.IsZero() {
		return 0, false
	}
	h := fnv.New64a()
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(m.Size))
	binary.BigEndian.PutUint64(b[8:], uint64(m.InternalDate.Unix()))
	h.Write(b[:])
	for _, f := range mailbox.Flags(m.Flags...) {
		if f.System() {
			h.Write([]byte(strings.ToLower(string(f))))
		}
	}
	return h.Sum64(), true
}

// settle keeps what a mailbox has shown. A mailbox that was not read to its end is home to nothing, and as a view proves nothing.
func (x *scan) settle(a Asked, found *Contents, seen *sighting) {
	if a.View {
		v := newView(a.Wire, *seen.own)
		v.blind = seen.blind || !found.Complete()
		x.views = append(x.views, v)
		return
	}
	if !found.Complete() {
		return
	}
	for i, v := range seen.views {
		for at, n := range seen.have[i] {
			v.covered[at] = max(v.covered[at], n)
		}
	}
}

func newView(w mailbox.Wire, keys []uint64) *view {
	slices.Sort(keys)
	v := &view{wire: w}
	for _, k := range keys {
		if n := len(v.keys); n > 0 && v.keys[n-1] == k {
			v.wanted[n-1]++
			continue
		}
		v.keys, v.wanted = append(v.keys, k), append(v.wanted, 1)
	}
	v.covered = make([]uint32, len(v.keys))
	return v
}

// homeless is how many messages have no home, -1 when that cannot be said.
func (v *view) homeless() int64 {
	if v.blind {
		return -1
	}
	n := int64(0)
	for i, wanted := range v.wanted {
		if v.covered[i] < wanted {
			n += int64(wanted - v.covered[i])
		}
	}
	return n
}

// lean takes an earlier view for a home if that has to be copied itself.
func (v *view) lean(on *view) {
	if n := on.homeless(); n <= 0 {
		return
	}
	for i, k := range v.keys {
		if at, found := slices.BinarySearch(on.keys, k); found {
			v.covered[i] = max(v.covered[i], on.wanted[at])
		}
	}
}
