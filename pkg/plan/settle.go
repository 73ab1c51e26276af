package plan

import (
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// worthwhile is the bytes below which a shortened part says nothing any more; then a level is left out instead.
const worthwhile = 32

// absolute is n with the personal prefix before it, unless it is INBOX, has the prefix already, or lies in another namespace.
func (s Side) absolute(n mailbox.Name) mailbox.Name {
	n = canonical(n)
	if len(s.Prefix) == 0 || n.IsInbox() || len(n) > len(s.Prefix) && n.HasPrefix(s.Prefix) || s.inForeign(n) {
		return n
	}
	return s.Prefix.Child(n...)
}

// inForeign reports whether n lies in another user's or a shared namespace that has a prefix of its own.
func (s Side) inForeign(n mailbox.Name) bool {
	if len(s.Foreign) == 0 {
		return false
	}
	w, err := mailbox.Encode(n, s.Delimiter)
	if err != nil || n.IsInbox() {
		return false
	}
	personal := 0
	if n.HasPrefix(s.Prefix) {
		prefix, _ := mailbox.Encode(s.Prefix, s.Delimiter)
		personal = len(prefix)
	}
	return slices.ContainsFunc(s.Foreign, func(f endpoint.Namespace) bool { return len(f.Prefix) > personal+1 && below(w, f) })
}

// under puts parts below base, each made fit, and says on p what was changed.
func (b *builder) under(p *placement, base mailbox.Name, parts mailbox.Name) mailbox.Name {
	to := base
	for _, part := range parts {
		fitted, why := b.tolerance.fit(part)
		p.change(part, fitted, why)
		to = b.child(p, to, fitted)
	}
	return b.away(p, canonical(to))
}

// away keeps a name out of the destination's namespaces for other accounts' mailboxes, unless the map wants it there.
func (b *builder) away(p *placement, to mailbox.Name) mailbox.Name {
	first := len(b.dst.side.Prefix)
	if p.explicit || len(to) <= first || !b.dst.side.inForeign(to) {
		return to
	}
	own := to.Child()
	if own[first] += b.tolerance.stand; b.dst.side.inForeign(own) {
		own[first] = b.tolerance.stand + to[first]
	}
	p.change(to[first], own[first], "the destination keeps that name for other accounts' mailboxes")
	return own
}

// child puts one part below parent. Where the destination allows nothing there, it comes to stand beside it, both names in one part;
// where the whole name would be too long, the part is shortened, and if that leaves nothing, a level is left out.
func (b *builder) child(p *placement, parent mailbox.Name, part string) mailbox.Name {
	if len(parent) > 0 && b.closed(parent) {
		joined := b.tolerance.shorten(parent[len(parent)-1]+b.tolerance.stand+part, b.tolerance.part)
		p.change(part, joined, fmt.Sprintf("the destination has nothing below %q", parent))
		parent, part = parent.Parent(), joined
	}
	if len(parent) > 0 && parent.Equal(b.dst.side.Prefix) && strings.EqualFold(part, mailbox.Inbox) {
		p.change(part, part+b.tolerance.stand, "INBOX below INBOX is no mailbox of its own on some servers")
		part += b.tolerance.stand
	}
	room := b.roomy(parent, b.tolerance.bytes(part))
	short := b.tolerance.shorten(part, b.room(room))
	if len(room) < len(parent) {
		short = b.tolerance.marked(part, parent.Child(part).String(), b.room(room))
	}
	if short != part {
		p.change(part, short, fmt.Sprintf("a whole name may have %d bytes", b.tolerance.total))
	}
	return room.Child(short)
}

// roomy is parent, or the nearest name above it below which want bytes have room, or enough of them. It never leaves the root.
func (b *builder) roomy(parent mailbox.Name, want int) mailbox.Name {
	floor := 0
	for _, n := range []mailbox.Name{b.root, b.dst.side.Prefix} {
		if parent.HasPrefix(n) {
			floor = max(floor, len(n))
		}
	}
	for want = min(want, worthwhile); len(parent) > floor && b.room(parent) < want; want = worthwhile {
		parent = parent.Parent() // from here on the part gets a mark, and needs room for it
	}
	return parent
}

// room is the bytes that a part below parent may have.
func (b *builder) room(parent mailbox.Name) int {
	return min(b.tolerance.part, b.tolerance.total-b.tolerance.length(parent))
}

// closed reports whether the destination has no hierarchy, or says that nothing can be below that mailbox.
func (b *builder) closed(parent mailbox.Name) bool {
	switch {
	case b.tolerance.delimiter == "":
		return true
	case parent.Equal(b.dst.side.Prefix):
		return false // the namespace is below it, whatever LIST says
	}
	return len(b.dst.closed) > 0 && b.dst.closed[parent.String()]
}

// settle gives p that place, or the next free one beside it when another source has it. What copies no message needs no place of its
// own: it joins whatever has that name, in its spelling.
func (b *builder) settle(p *placement, to mailbox.Name) {
	p.asked = to
	if !b.offer(p, to) {
		b.number(p, to)
	}
}

// offer gives p that place if it is free.
func (b *builder) offer(p *placement, to mailbox.Name) bool {
	b.aim(p, to)
	first := p.key
	if !p.Selectable {
		if held := b.claims[first]; p.target == nil && len(held) > 0 {
			p.to, p.target = held[0].to, held[0].target
		} else if p.target == nil && b.names[first] != nil {
			p.to = b.names[first]
		}
		b.names[first] = p.to
		return true
	}
	if b.taken(p) != "" {
		return false
	}
	b.claim(p)
	return true
}

// number gives p the next free place beside one that is taken.
func (b *builder) number(p *placement, to mailbox.Name) {
	b.aim(p, to)
	first := p.key
	for reason := b.taken(p); reason != ""; reason = b.taken(p) {
		if !p.suffixed {
			p.suffixed = true
			p.say("%s, so this one gets a number", reason)
		}
		b.next[first] = max(b.next[first], 1) + 1
		p.asked = b.numbered(to, b.next[first])
		b.aim(p, p.asked)
	}
	b.claim(p)
}

// aim points p at a name, in the destination's own spelling where it is there.
func (b *builder) aim(p *placement, to mailbox.Name) {
	p.key = fold(to)
	p.to, p.target = to, b.dst.find(to, p.key)
	if p.target != nil && p.target.foreign != "" && !p.explicit {
		p.target = nil
	}
	if p.target != nil {
		p.to = p.target.Name
	}
}

// taken says why p cannot have the place it aims at, "" when it can.
func (b *builder) taken(p *placement) string {
	if p.target != nil && !p.to.IsInbox() && virtual(p.target.Role) && p.Role != p.target.Role && !p.explicit {
		return fmt.Sprintf("%q is a view of other mailboxes at the destination (%s)", p.to, p.target.Role)
	}
	for _, held := range b.claims[p.key] {
		switch {
		case p.apart(held) || p.explicit || held.explicit: // the map may bring several together
		case p.to.Equal(held.to):
			return fmt.Sprintf("%q is taken by %q", p.to, held.Name)
		default:
			return fmt.Sprintf("its place would differ from that of %q, %q, in case or in how accents are written only, and some servers take both for one", held.Name, held.to)
		}
	}
	return ""
}

// claim takes the place that p aims at.
func (b *builder) claim(p *placement) {
	for _, held := range b.claims[p.key] {
		if !p.apart(held) { // then the map brings them together
			p.shared, held.shared = true, true
			p.to, p.target = held.to, held.target
		}
	}
	b.claims[p.key] = append(b.claims[p.key], p)
}

// apart: both are at the destination already, under names that differ in case only, so there they are two.
func (p *placement) apart(o *placement) bool {
	return p.target != nil && o.target != nil && p.target != o.target
}

// numbered is to with a number behind it.
func (b *builder) numbered(to mailbox.Name, number int) mailbox.Name {
	if to = b.dst.side.absolute(to); to.IsInbox() {
		to = b.dst.side.Prefix.Child(to...)
	}
	suffix := fmt.Sprintf(b.tolerance.number, number)
	last := to[len(to)-1]
	parent := b.roomy(to[:len(to)-1], b.tolerance.bytes(last)+len(suffix))
	return parent.Child(b.tolerance.shorten(last, b.room(parent)-len(suffix)) + suffix)
}
