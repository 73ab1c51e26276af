package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// Build maps every mailbox of source to destination under rules. The error is a [*RulesError]: rules that cannot be read or met, or an
// account that would be copied into itself. Whatever the servers hold, there is a plan for it.
func Build(source, destination *survey.Survey, rules Rules, now time.Time) (*Plan, error) {
	b, err := newBuilder(source, destination, rules)
	if err != nil {
		return nil, &RulesError{err}
	}
	b.place()
	p := &Plan{Format: Format, Name: rules.Name, Created: now.UTC().Truncate(time.Second), Tool: words(rules.Tool),
		Source: b.src.side, Destination: b.dst.side,
		Messages: Filter{Since: rules.Messages.Since.UTC(), Before: rules.Messages.Before.UTC(), MaxSize: rules.Messages.MaxSize}}
	for _, pl := range b.all {
		p.Mailboxes = append(p.Mailboxes, b.entry(pl))
	}
	p.Forecast = b.forecast(p)
	p.Warnings = b.warnings(p)
	p.Digest = p.Sum()
	return p, nil
}

func newBuilder(source, destination *survey.Survey, rules Rules) (*builder, error) {
	c, err := rules.compile()
	if err != nil {
		return nil, err
	}
	if source.Identity.Same(destination.Identity) {
		return nil, fmt.Errorf("source and destination are one account, %s port %d; copying it into itself would double it: check host and user",
			source.Identity, source.Identity.Port)
	}
	b := &builder{rules: c, src: newAccount(source), dst: newAccount(destination).indexed(), placed: map[string]*placement{},
		claims: map[string][]*placement{}, names: map[string]mailbox.Name{}, next: map[string]int{}}
	b.tolerance, b.evidence = toleranceOf(b.dst.side), true
	b.root = b.dst.side.absolute(rules.Prefix)
	problems := []error{b.checkRoot()}
	for _, m := range c.mapping {
		problems = append(problems, b.checkTarget(m))
	}
	return b, errors.Join(problems...)
}

// builder holds what is known while the mailboxes find their places.
type builder struct {
	rules     *compiled
	src, dst  *account
	tolerance tolerance
	root      mailbox.Name // at the destination: below it goes what has no place of its own
	all       []*placement
	placed    map[string]*placement   // by own name of the source, the first of several
	claims    map[string][]*placement // by fold of the destination's name; only what copies messages
	names     map[string]mailbox.Name // by fold, of what copies none
	next      map[string]int          // first suffix that is worth trying, by fold
	evidence  bool                    // views that only show what is elsewhere are skipped
}

// placement is one source mailbox on its way to a destination.
type placement struct {
	*box
	asked    mailbox.Name // the place wanted
	key      string       // fold of both
	to       mailbox.Name // the place found, in the destination's spelling
	target   *box         // at the destination, nil when it is not there
	skip     bool
	viewed   bool // skipped as a view
	guess    bool // its place rests on a name that may mean something else
	explicit bool // the map says so
	shared   bool // several sources come together here, because the map says so
	wish     mailbox.Role
	changed  []string // what was changed in the name, and why
	suffixed bool
	rank     int
	reasons  []string
}

func (p *placement) say(format string, args ...any) {
	p.reasons = append(p.reasons, fmt.Sprintf(format, args...))
}

// place goes through the rules of the package comment, in their order.
func (b *builder) place() {
	var open []*placement
	seenInbox := false
	for _, x := range b.src.boxes {
		p := &placement{box: x}
		b.all = append(b.all, p)
		switch reason := b.whySkip(x); {
		case reason != "":
			p.skip = true
			p.say("%s", reason)
		case b.shows(x) != "":
			p.skip, p.viewed = true, true
			p.say("%s", b.shows(x))
		case x.Name.IsInbox() && seenInbox:
			p.skip = true
			p.say("INBOX again in other letters: it is one mailbox in any case")
		default:
			open = append(open, p)
			if key := x.own.String(); b.placed[key] == nil {
				b.placed[key] = p
			}
		}
		seenInbox = seenInbox || x.Name.IsInbox()
	}
	for _, rule := range []func(*placement) bool{b.byMap, b.byInbox, b.byRole} {
		open = slices.DeleteFunc(open, rule)
	}
	b.byName(open)
}

// whySkip is the reason to leave a mailbox alone, "" when there is none.
func (b *builder) whySkip(x *box) string {
	prefix := b.src.side.Prefix
	switch {
	case x.NonExistent:
		return `only its name is left (\NonExistent)`
	case x.foreign != "" && !b.named(x):
		return fmt.Sprintf("it is %s mailbox, not this account's; write its name under include to take it", x.foreign)
	}
	if p, ok := b.rules.matches("exclude", b.rules.exclude, x.own, prefix); ok {
		return fmt.Sprintf("excluded by %q", p.text)
	}
	if _, ok := b.rules.matches("include", b.rules.include, x.own, prefix); !ok && len(b.rules.include) > 0 {
		return "no include pattern takes it"
	}
	return ""
}

// named reports whether the rules speak of x by name, not only by a star.
func (b *builder) named(x *box) bool {
	written := slices.DeleteFunc(slices.Clone(b.rules.include), func(p pattern) bool { return !p.byName() })
	if _, ok := b.rules.matches("include", written, x.own, b.src.side.Prefix); ok {
		return true
	}
	m, _, ok := b.rules.mapped(x.own, b.src.side.Prefix)
	return ok && m.from.byName()
}

func (b *builder) byMap(p *placement) bool {
	m, to, ok := b.rules.mapped(p.own, b.src.side.Prefix)
	if !ok {
		return false
	}
	p.explicit = true
	p.say("the map sends %q to %q", m.rule.From, m.rule.To)
	b.settle(p, b.under(p, nil, b.dst.side.absolute(to)))
	return true
}

func (p *placement) change(before, after, why string) {
	if why != "" {
		p.changed = append(p.changed, fmt.Sprintf("%q becomes %q: %s", before, after, why))
	}
}

func (b *builder) byInbox(p *placement) bool {
	if !p.Name.IsInbox() {
		return false
	}
	to := inbox
	if len(b.rules.Prefix) > 0 {
		to = b.root.Child(mailbox.Inbox)
		p.say("goes below %q as configured", b.rules.Prefix)
	} else {
		p.say("every account has one INBOX")
	}
	b.settle(p, to)
	return true
}

// roles reports whether roles are brought together: below a prefix nothing takes the place of the account's own Sent.
func (b *builder) roles() bool { return b.rules.Roles != "names" && len(b.rules.Prefix) == 0 }

func (b *builder) byRole(p *placement) bool {
	if !b.roles() || p.role == mailbox.RoleNone || !p.Selectable {
		return false
	}
	there := b.home(p)
	if there == nil {
		p.wish = p.role
		return false
	}
	p.guess = !p.byAttr && guessed(p.own[0]) || !there.byAttr && guessed(there.own[0])
	surely := ""
	if p.guess {
		surely = ", which is a guess"
	}
	switch {
	case p.byAttr && there.byAttr:
		p.say("both sides mark it %s", p.role)
	case there.byAttr:
		p.say("its name says %s%s, and the destination marks this one so", p.role, surely)
	case p.byAttr:
		p.say("it is marked %s, and the destination's name says so%s", p.role, surely)
	default:
		p.say("both names say %s%s", p.role, surely)
	}
	b.settle(p, there.Name)
	return true
}

// home is the destination's mailbox for p's role: the one it marks, or else one whose name says so and is nobody else's: p's own name
// before others.
func (b *builder) home(p *placement) *box {
	if there := b.dst.byRole[p.role]; there != nil && there.byAttr {
		return there
	}
	candidates := slices.Clone(b.dst.named[p.role])
	own := fold(p.own)
	if i := slices.IndexFunc(candidates, func(there *box) bool { return fold(there.own) == own }); i > 0 {
		candidates[0], candidates[i] = candidates[i], candidates[0]
	}
	for _, there := range candidates {
		if !b.wanted(there, p) {
			return there
		}
	}
	return nil
}

// wanted reports whether another source mailbox goes there by the map or by its own name. A name that only seems to say a role yields to
// that; otherwise a plan made after the copy, when that other mailbox is at the destination too, would be another one.
func (b *builder) wanted(there *box, by *placement) bool {
	return slices.ContainsFunc(b.all, func(p *placement) bool {
		switch {
		case p == by || p.skip:
			return false
		case p.explicit:
			return p.key == fold(there.Name)
		}
		top := p.own
		if len(top) > 1 && top.HasPrefix(inbox) && b.dst.side.Prefix.Equal(inbox) {
			top = top[1:] // what is below INBOX here stands at the top there
		}
		if len(top) != 1 {
			return false
		}
		fitted, _ := b.tolerance.fit(top[0])
		return fold(mailbox.Name{fitted}) == fold(there.own)
	})
}

// byName places what no other rule did, level by level, so that a child finds its parent placed. What keeps its name comes before what
// has to be rewritten, so that no rewritten name takes a place away.
func (b *builder) byName(open []*placement) {
	slices.SortStableFunc(open, func(x, y *placement) int { return len(x.own) - len(y.own) })
	for len(open) > 0 {
		depth := len(open[0].own)
		n := slices.IndexFunc(open, func(p *placement) bool { return len(p.own) != depth })
		if n < 0 {
			n = len(open)
		}
		for _, p := range open[:n] {
			p.asked = b.natural(p)
			p.rank = b.rank(p)
		}
		slices.SortStableFunc(open[:n], func(x, y *placement) int { return x.rank - y.rank })
		// Those whose place is taken wait until all others have theirs, so that no number makes the name that another one has.
		var late []*placement
		for _, p := range open[:n] {
			if !b.offer(p, p.asked) {
				late = append(late, p)
			}
		}
		for _, p := range late {
			b.number(p, p.asked)
		}
		open = open[n:]
	}
}

// rank says who comes first to a name: what keeps it, then what is there in another spelling, then what had to be rewritten, then what
// copies no message.
func (b *builder) rank(p *placement) int {
	switch {
	case !p.Selectable:
		return 3
	case len(p.changed) > 0:
		return 2
	}
	if there := b.dst.find(p.asked, fold(p.asked)); there != nil && there.Name.String() != p.asked.String() {
		return 1
	}
	return 0
}

// natural is the place a mailbox has by its parent, or by its own name.
func (b *builder) natural(p *placement) mailbox.Name {
	for depth := len(p.own) - 1; depth > 0; depth-- {
		if parent := b.placed[p.own[:depth].String()]; parent != nil && parent.to != nil {
			p.say("follows its parent %q", parent.Name)
			return b.under(p, parent.to, p.own[depth:])
		}
	}
	from, to := b.src.side.Prefix, b.dst.side.Prefix
	switch {
	case len(b.rules.Prefix) > 0:
		p.say("goes below %q as configured", b.rules.Prefix)
	case len(from) > 0 && len(to) == 0 && len(p.own) < len(p.Name):
		p.say("its own name, without the source's %q before it", b.src.survey.Namespaces.Personal[0].Prefix)
	case len(to) > 0 && len(from) == 0:
		p.say("its own name, below the destination's %q", b.dst.survey.Namespaces.Personal[0].Prefix)
	default:
		p.say("its own name")
	}
	if len(p.own) > 1 && p.own.HasPrefix(inbox) && len(b.rules.Prefix) == 0 {
		return b.under(p, inbox, p.own[1:])
	}
	return b.under(p, b.root, p.own)
}

// checkRoot refuses a prefix that the destination cannot have, or below which nothing has room.
func (b *builder) checkRoot() error {
	if len(b.rules.Prefix) == 0 {
		return nil
	}
	for _, part := range b.rules.Prefix {
		if fitted, why := b.tolerance.fit(part); why != "" {
			return fmt.Errorf("prefix %q: the destination cannot have %q (%s); %q would do", b.rules.Prefix, part, why, fitted)
		}
	}
	if b.tolerance.delimiter == "" {
		return fmt.Errorf("prefix %q: the destination has no hierarchy, so nothing can go below it; leave prefix empty", b.rules.Prefix)
	}
	if b.room(b.root) < 2*worthwhile {
		return fmt.Errorf("prefix %q is too long for the destination: names may have %d bytes in all", b.rules.Prefix, b.tolerance.total)
	}
	return nil
}

// checkTarget refuses a map rule that writes out a name that the destination cannot have.
func (b *builder) checkTarget(m mapping) error {
	if b.tolerance.delimiter == "" && len(m.to.parts) > 1 {
		return fmt.Errorf("map: to %q: the destination has no hierarchy, so a name can have one part only", m.rule.To)
	}
	for _, part := range m.to.parts {
		text := strings.Join(part.literals, "x")
		if part.deep || text == "" {
			continue
		}
		if fitted, why := b.tolerance.fit(text); why != "" {
			return fmt.Errorf("map: to %q: the destination cannot have %q (%s); %q would do", m.rule.To, text, why, fitted)
		}
	}
	return nil
}
