package plan

import (
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// The kinds of warnings. A number is never given to another kind.
const (
	PlainText       = 1
	SourceNoUIDPlus = 2
	TargetNoUIDPlus = 3
	QuotaTooSmall   = 4
	QuotaUnknown    = 5
	MessageLimit    = 6
	NoValidity      = 7
	NotCounted      = 8
	Renamed         = 9
	Numbered        = 10
	RoleTwice       = 11
	HoldsMail       = 12
	RoleNotKept     = 13
	View            = 14
	OtherAccounts   = 15
	OddName         = 16
	PatternUnused   = 17
	PrefixDerived   = 18
	MapMerges       = 19
	DatesLost       = 20
	FlagsLost       = 21
	KeywordsUnsure  = 22
	RoleGuessed     = 23
	NotLookedInto   = 24
	ViewSkipped     = 25
	TooLarge        = 26
)

// generous is a limit on messages, in bytes, from which on it is none in practice.
const generous = 1 << 30

// listedNames is how many mailboxes a warning names before it counts the rest.
const listedNames = 5

// warnings looks at the whole plan; what is true of many mailboxes is one warning.
func (b *builder) warnings(p *Plan) []Warning {
	var out []Warning
	add := func(number int, next, format string, args ...any) {
		out = append(out, Warning{Number: number, Text: fmt.Sprintf(format, args...), Next: next})
	}
	b.aboutSides(add)
	b.aboutRoom(p, add)
	b.aboutMailboxes(p, add)
	b.aboutViews(add)
	b.aboutContents(p, add)
	b.aboutNames(add)
	b.aboutRules(add)
	slices.SortStableFunc(out, func(x, y Warning) int { return x.Number - y.Number })
	return out
}

type adder = func(number int, next, format string, args ...any)

func (b *builder) aboutSides(add adder) {
	for _, side := range []struct {
		what string
		*account
	}{{"source", b.src}, {"destination", b.dst}} {
		if side.survey.Identity.Key == "" {
			add(PlainText, "use security: tls or starttls if the server has it", "the %s, %s, is read without TLS: password and mail cross the network in clear text", side.what, side.survey.Identity)
		}
		if side.survey.Derived {
			add(PrefixDerived, "look whether the names in this plan are the account's own", "the %s does not state its namespaces; all its mailboxes are below INBOX, so %q is taken for the prefix",
				side.what, side.survey.Namespaces.Personal[0].Prefix)
		}
	}
	if !b.src.survey.Capabilities.Has("UIDPLUS") {
		add(SourceNoUIDPlus, "copy and verify work; clear the source by its own means afterwards", "the source has no UIDPLUS (RFC 4315), so exactly the approved messages cannot be removed there: purge will refuse")
	}
	if !b.dst.survey.Capabilities.Has("UIDPLUS") {
		add(TargetNoUIDPlus, "nothing to do; let nothing else deliver into these mailboxes meanwhile if you can",
			"the destination has no UIDPLUS (RFC 4315): each appended message has to be found again by its place and digest, which takes longer")
	}
	if limit, from := b.dst.side.AppendLimit, b.src.side.AppendLimit; b.src.survey.Contents == nil && limit >= 0 && limit < generous && (from < 0 || limit < from) {
		add(MessageLimit, "larger messages are left out and listed in the report; ask for a higher limit before if that must not be",
			"the destination takes messages of at most %s", size(limit))
	}
}

// aboutRoom compares the plan with the destination's quota (RFC 9208: STORAGE counts 1024 bytes).
func (b *builder) aboutRoom(p *Plan, add adder) {
	totals := p.Totals()
	if problem := b.dst.survey.QuotaProblem; problem != "" {
		add(QuotaUnknown, "look at the account's room by other means", "the destination does not tell its quota: %s", words(problem))
	}
	for _, q := range b.dst.survey.Quota {
		free, need, unit := q.Limit-q.Used, wanted(totals.Wanted, totals.Messages), count
		switch strings.ToUpper(q.Resource) {
		case "STORAGE":
			free, need, unit = min(free, 1<<50)*1024, wanted(totals.WantedBytes, totals.Bytes), func(n int64, _ string) string { return size(n) }
		case "MESSAGE":
		default:
			continue
		}
		free = max(free, 0)
		switch {
		case need == Unknown:
			add(QuotaUnknown, "compare by hand with what the source holds", "the destination has room for %s more; how much is to come is not known, because the source does not tell", unit(free, "message"))
		case need > free:
			add(QuotaTooSmall, "raise the quota, or leave mailboxes out; a run that meets the limit stops and can be resumed",
				"the destination has room for %s more, and up to %s are to come", unit(free, "message"), unit(need, "message"))
		}
	}
}

// wanted is how much is to come: what the filter takes where that was counted.
func wanted(counted, all int64) int64 {
	if counted != Unknown {
		return counted
	}
	return all
}

// aboutMailboxes says what is true of the content of the mailboxes that are copied.
func (b *builder) aboutMailboxes(p *Plan, add adder) {
	var stale, uncounted []mailbox.Name
	held := map[mailbox.Wire]bool{}
	var targets []mailbox.Name
	var messages int64
	for i := range p.Mailboxes {
		e := &p.Mailboxes[i]
		if !e.Action.Copies() {
			continue
		}
		if e.Validity == 0 {
			stale = append(stale, e.Source)
		}
		if e.Messages == Unknown {
			uncounted = append(uncounted, e.Source)
		}
		if e.ToMessages != 0 && !held[e.ToWire] {
			held[e.ToWire] = true
			targets, messages = append(targets, e.To), plus(messages, e.ToMessages)
		}
	}
	listed{
		{NoValidity, stale, "no UIDVALIDITY is known of %s", "they are copied, but a second run cannot tell their messages apart, and nothing can be purged there"},
		{NotCounted, uncounted, "the source does not say what is in %s", "the copy tries them all the same; what cannot be read shows in the report"},
		{HoldsMail, targets, "the destination holds " + count(messages, "message") + " already in %s", "what is there already, byte for byte, is not copied again; all that is there stays as it is"},
	}.add(add)
}

// listed are warnings about mailboxes; one without mailboxes is none.
type listed []struct {
	number int
	names  []mailbox.Name
	text   string // %s stands for the names
	next   string
}

func (all listed) add(add adder) {
	for _, w := range all {
		if len(w.names) > 0 {
			add(w.number, w.next, w.text, names(w.names))
		}
	}
}

// aboutNames says what became of names on the way.
func (b *builder) aboutNames(add adder) {
	taken := b.placements(func(p *placement) bool { return !p.skip })
	pick := func(of func(*placement) bool) []mailbox.Name {
		var out []mailbox.Name
		for _, p := range taken {
			if of(p) {
				out = append(out, p.Name)
			}
		}
		return out
	}
	marks := b.dst.survey.Capabilities.Has("CREATE-SPECIAL-USE")
	var foreign []mailbox.Name
	for _, p := range b.placements(func(p *placement) bool { return p.skip && p.foreign != "" }) {
		foreign = append(foreign, p.Name)
	}
	listed{
		{Renamed, pick(func(p *placement) bool { return len(p.changed) > 0 }), "the destination cannot have the names of %s as they are", "see the reasons; another name can be written behind to:"},
		{Numbered, pick(func(p *placement) bool { return p.suffixed }), "another mailbox has the name that %s would have at the destination",
			"see the reasons; another name can be written behind to:, or both may say merge"},
		{RoleNotKept, pick(func(p *placement) bool { return p.wish != mailbox.RoleNone && p.target == nil && !marks }),
			"the destination cannot mark new mailboxes with a special use, so it may not know what %s is for", "mark it there afterwards, by webmail or by its administrator"},
		{RoleGuessed, pick(func(p *placement) bool { return p.guess }), "what %s is for was guessed from a name that may mean something else", "see where it goes; write another name behind to:, or map it, if the guess is wrong"},
		{OtherAccounts, foreign, "other accounts' mailboxes are left alone: %s", "write their names under include if this account is to own copies of them"},
		{OddName, pick(func(p *placement) bool { return !p.Exact }), "not written as IMAP wants it: %s", "they are read by their exact bytes; only the names shown and made are readable ones"},
		{MapMerges, pick(func(p *placement) bool { return p.shared }), "the map brings mailboxes together: %s", "once mixed they cannot be told apart at the destination; the report still can"},
	}.add(add)
	b.aboutRoles(add)
}

func (b *builder) placements(of func(*placement) bool) []*placement {
	return slices.DeleteFunc(slices.Clone(b.all), func(p *placement) bool { return !of(p) })
}

// aboutRoles names the mailboxes that seem to be for the same as another one of their account.
func (b *builder) aboutRoles(add adder) {
	if !b.roles() {
		return
	}
	for _, d := range slices.Concat(b.src.double, b.dst.double) {
		role := d.Role
		if role == mailbox.RoleNone {
			role = roleByName(d.own)
		}
		add(RoleTwice, "see where both go; write another name behind to: if the wrong one was taken", "%q says %s, and so does another mailbox of %s; only one of them is treated so", d.Name, role, d.account)
	}
}

func (b *builder) aboutRules(add adder) {
	type written struct{ what, text string }
	var all []written
	for _, p := range b.rules.include {
		all = append(all, written{"include", p.text})
	}
	for _, p := range b.rules.exclude {
		all = append(all, written{"exclude", p.text})
	}
	for _, m := range b.rules.mapping {
		all = append(all, written{"map", m.rule.From})
	}
	for _, w := range all {
		if b.rules.used[w.what+w.text] == 0 {
			add(PatternUnused, "compare it with the names in this plan; letters' case counts, / stands between the parts", "%s: %q decides about no mailbox", w.what, w.text)
		}
	}
}

// names lists mailboxes, the first few by name.
func names(all []mailbox.Name) string {
	var out []string
	for _, n := range all[:min(len(all), listedNames)] {
		out = append(out, fmt.Sprintf("%q", n))
	}
	text := strings.Join(out, ", ")
	if more := len(all) - listedNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// size is a number of bytes as people read it, with the exact number where rounding hides it.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return count(n, "byte")
	}
	value, exp := float64(n)/unit, 0
	for value >= unit && exp < 4 {
		value /= unit
		exp++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[exp])
}
