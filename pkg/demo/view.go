package demo

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"imapmigrate/pkg/mailbox"
)

// view is one mailbox as one client knows it: sequence numbers change only when the client is told (RFC 9051 section 7.5.1). It belongs
// to one session; what other clients do arrives with poll.
type view struct {
	box      *box
	readOnly bool
	uids     []imap.UID // of sequence numbers 1, 2, ...
	top      imap.UID   // every UID below this has been seen
	version  uint64     // of the box, when this view was last brought up to date
	behind   bool       // messages are gone that the client could not be told about yet
}

// found is one message of a view as it was when looked up.
type found struct {
	*message
	seq   uint32
	flags []mailbox.Flag // hides message.flags, which may change
}

// newView is b as it is now; b.mu is held.
func newView(b *box, readOnly bool) *view {
	v := &view{box: b, readOnly: readOnly, top: b.next, version: b.version, uids: make([]imap.UID, len(b.messages))}
	for i, m := range b.messages {
		v.uids[i] = m.uid
	}
	return v
}

// find gives the messages of set that the client knows and that still exist. With change, their flags are set to what it returns first.
func (v *view) find(set imap.NumSet, change func(*message) []mailbox.Flag) ([]found, error) {
	places, err := v.places(set)
	if err != nil {
		return nil, err
	}
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	current := v.version == v.box.version
	all := make([]found, 0, len(places))
	for _, i := range places {
		m := v.box.find(v.uids[i])
		if m == nil {
			continue
		}
		if change != nil {
			if flags := change(m); !mailbox.SameFlags(flags, m.flags) {
				v.box.setFlags(m, flags)
			}
		}
		all = append(all, found{m, uint32(i) + 1, m.flags})
	}
	if current && change != nil {
		v.version = v.box.version // this client's own doing is no news to it
	}
	return all, nil
}

// places are the indexes in v.uids that set names, ascending.
func (v *view) places(set imap.NumSet) ([]int, error) {
	if imap.IsSearchRes(set) {
		return nil, reject("SEARCHRES is not offered")
	}
	marked := make([]bool, len(v.uids))
	mark := func(first, last int) {
		for i := max(first, 0); i < min(last, len(marked)); i++ {
			marked[i] = true
		}
	}
	switch set := set.(type) {
	case imap.SeqSet:
		for _, r := range set {
			first, last := ends(r.Start, r.Stop, uint32(len(v.uids)))
			mark(int(first)-1, int(last))
		}
	case imap.UIDSet:
		for _, r := range set {
			first, last := ends(uint32(r.Start), uint32(r.Stop), v.highest())
			from, _ := slices.BinarySearch(v.uids, imap.UID(first))
			to, exact := slices.BinarySearch(v.uids, imap.UID(last))
			if exact {
				to++
			}
			mark(from, to)
		}
	}
	var places []int
	for i, named := range marked {
		if named {
			places = append(places, i)
		}
	}
	return places, nil
}

func (v *view) highest() uint32 {
	if len(v.uids) == 0 {
		return 0
	}
	return uint32(v.uids[len(v.uids)-1])
}

// ends resolves "*", which go-imap writes as 0, to the highest number in use. "n:*" names that one even when n is above it (RFC 9051
// section 9, seq-range).
func ends(start, stop, highest uint32) (first, last uint32) {
	if start == 0 {
		start = highest
	}
	if stop == 0 {
		stop = highest
	}
	return min(start, stop), max(start, stop)
}

// expunge removes the messages of this view that which says, and gives their sequence numbers in the order to tell them: from the last.
func (v *view) expunge(which func(*message) bool) []uint32 {
	v.box.mu.Lock()
	current := v.version == v.box.version
	removed := v.box.remove(func(m *message) bool {
		_, known := slices.BinarySearch(v.uids, m.uid)
		return known && which(m)
	})
	if current {
		v.version = v.box.version
	}
	v.box.mu.Unlock()
	return v.forget(removed)
}

// forget takes UIDs, ascending, out of the view and gives their sequence numbers from the last.
func (v *view) forget(gone []imap.UID) []uint32 {
	var numbers []uint32
	kept := v.uids[:0]
	for i, uid := range v.uids {
		if _, found := slices.BinarySearch(gone, uid); found {
			numbers = append(numbers, uint32(i)+1)
		} else {
			kept = append(kept, uid)
		}
	}
	v.uids = kept
	slices.Reverse(numbers)
	return numbers
}

// news is what a client has not been told.
type news struct {
	gone   []uint32 // sequence numbers from the last
	exists bool     // the number of messages has grown
	flags  []found
}

// update brings the view up to date, but for expunged messages where the client may not be told of them now.
func (v *view) update(allowExpunge bool) news {
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	var n news
	if v.version == v.box.version && !(v.behind && allowExpunge) {
		return n
	}
	if v.behind = !allowExpunge; allowExpunge {
		var gone []imap.UID
		for _, uid := range v.uids {
			if v.box.find(uid) == nil {
				gone = append(gone, uid)
			}
		}
		n.gone = v.forget(gone)
	}
	for _, m := range v.box.messages {
		switch {
		case m.uid >= v.top:
			v.uids = append(v.uids, m.uid)
			n.exists = true
		case m.changed > v.version:
			if i, known := slices.BinarySearch(v.uids, m.uid); known {
				n.flags = append(n.flags, found{m, uint32(i) + 1, m.flags})
			}
		}
	}
	v.top, v.version = v.box.next, v.box.version
	return n
}

// poll tells the client the news.
func (v *view) poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	n := v.update(allowExpunge)
	for _, seq := range n.gone {
		if err := w.WriteExpunge(seq); err != nil {
			return err
		}
	}
	if n.exists {
		if err := w.WriteNumMessages(uint32(len(v.uids))); err != nil {
			return err
		}
	}
	for _, f := range n.flags {
		if err := w.WriteMessageFlags(f.seq, f.uid, wireFlags(f.flags)); err != nil {
			return err
		}
	}
	return nil
}
