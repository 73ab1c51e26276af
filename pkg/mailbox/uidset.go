package mailbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Range is the UIDs from First to Last, both included.
type Range struct{ First, Last UID }

// UIDSet is an ascending list of ranges that neither touch nor overlap. It holds explicit numbers only, never "*" (RFC 9051 section 6.4.9 lets "n:*" match a message below n).
type UIDSet []Range

// SetOf builds a set from UIDs in any order.
func SetOf(uids ...UID) UIDSet {
	sorted := slices.Clone(uids)
	slices.Sort(sorted)
	var s UIDSet
	for _, u := range sorted {
		if n := len(s); n > 0 && u <= s[n-1].Last {
			continue
		} else if n > 0 && u == s[n-1].Last+1 {
			s[n-1].Last = u
		} else {
			s = append(s, Range{u, u})
		}
	}
	return s
}

// Len is the number of UIDs in the set.
func (s UIDSet) Len() int {
	n := 0
	for _, r := range s {
		n += int(r.Last-r.First) + 1
	}
	return n
}

// Contains reports whether u is in the set.
func (s UIDSet) Contains(u UID) bool {
	_, found := slices.BinarySearchFunc(s, u, func(r Range, u UID) int {
		switch {
		case r.Last < u:
			return -1
		case r.First > u:
			return 1
		}
		return 0
	})
	return found
}

// All yields the UIDs in ascending order.
func (s UIDSet) All(yield func(UID) bool) {
	for _, r := range s {
		for u := uint64(r.First); u <= uint64(r.Last); u++ {
			if !yield(UID(u)) {
				return
			}
		}
	}
}

// String is the wire form, "1:3,7" (RFC 9051 section 9, sequence-set).
func (s UIDSet) String() string {
	parts := make([]string, len(s))
	for i, r := range s {
		parts[i] = strconv.FormatUint(uint64(r.First), 10)
		if r.Last > r.First {
			parts[i] += ":" + strconv.FormatUint(uint64(r.Last), 10)
		}
	}
	return strings.Join(parts, ",")
}

// Chunks splits the set into pieces of at most n UIDs each, in order.
func (s UIDSet) Chunks(n int) []UIDSet {
	var out []UIDSet
	var piece UIDSet
	room := n
	for _, r := range s {
		for {
			take := min(uint64(room), uint64(r.Last)-uint64(r.First)+1)
			last := UID(uint64(r.First) + take - 1)
			piece = append(piece, Range{r.First, last})
			if room -= int(take); room == 0 {
				out, piece, room = append(out, piece), nil, n
			}
			if last == r.Last {
				break
			}
			r.First = last + 1
		}
	}
	if len(piece) > 0 {
		out = append(out, piece)
	}
	return out
}

// ParseUIDSet reads the wire form. It refuses "*", 0, descending ranges and anything out of order, so that one set has one text.
func ParseUIDSet(text string) (UIDSet, error) {
	if text == "" {
		return nil, nil
	}
	var s UIDSet
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(part, ":")
		a, err := parseUID(first)
		if err != nil {
			return nil, err
		}
		b := a
		if isRange {
			if b, err = parseUID(last); err != nil {
				return nil, err
			}
			if b <= a {
				return nil, fmt.Errorf("UID range %q does not rise", part)
			}
		}
		if n := len(s); n > 0 && uint64(a) <= uint64(s[n-1].Last)+1 {
			return nil, fmt.Errorf("UID set: %q is not above and apart from what stands before it", part)
		}
		s = append(s, Range{a, b})
	}
	return s, nil
}

func parseUID(text string) (UID, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 || text[0] == '0' || text[0] == '+' {
		return 0, fmt.Errorf("%q is not a UID (1 to 4294967295)", text)
	}
	return UID(n), nil
}
