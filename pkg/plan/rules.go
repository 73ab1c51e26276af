package plan

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// Rules are what the configuration asks of a plan.
type Rules struct {
	Name     string       // of the migration
	Tool     string       // name and version of the program, for the plan's head
	Include  []string     // patterns; a mailbox is included when it, or what it lies below, matches one; none: all are
	Exclude  []string     // patterns; as Include, and stronger
	Roles    string       // "match" (or empty): \Sent goes to the destination's \Sent; "names": names are kept
	Prefix   mailbox.Name // everything but explicitly mapped mailboxes goes below it; roles are not matched then
	Map      []MapRule
	Messages Filter

	Bandwidth   int64 // bytes a second that the run may take, for the forecast; 0: no limit
	Connections int   // to the destination at a time, for the forecast; 0 is 1
}

// MapRule sends the mailboxes that match From to To. From is a pattern, exact or with stars, or "re:" and a regular expression. The stars of To stand for what those of From matched, in order; several mailboxes
// that come to one To are merged. To is taken below the destination's personal prefix unless it already is.
type MapRule struct{ From, To string }

var migrationName = regexp.MustCompile(`^[a-z0-9._-]+$`)

// RulesError: the rules cannot be read, or not be met with these accounts. It is the configuration that has to change.
type RulesError struct{ Err error }

// Error says what has to change, one sentence a line when it is several things.
func (e *RulesError) Error() string {
	return "the configuration cannot be planned with: " + e.Err.Error()
}

// Unwrap gives what is wrong; several things are joined.
func (e *RulesError) Unwrap() error { return e.Err }

// compiled is Rules, read. The counts say how often a pattern decided something.
type compiled struct {
	Rules
	include, exclude []pattern
	mapping          []mapping
	used             map[string]int
}

type mapping struct {
	rule MapRule
	from pattern
	to   pattern
}

func (r Rules) compile() (*compiled, error) {
	c := &compiled{Rules: r, used: map[string]int{}}
	var errs []error
	if !migrationName.MatchString(r.Name) {
		errs = append(errs, fmt.Errorf("the migration's name %q may hold a-z, 0-9, dot, underscore and hyphen only, and cannot be empty", r.Name))
	}
	if r.Roles != "" && r.Roles != "match" && r.Roles != "names" {
		errs = append(errs, fmt.Errorf("roles: %q is neither match nor names", r.Roles))
	}
	if len(r.Prefix) > 0 {
		if _, err := mailbox.Encode(r.Prefix, "\x00"); err != nil {
			errs = append(errs, fmt.Errorf("prefix: %w", err))
		}
	}
	var err error
	if c.include, err = parsePatterns("include", r.Include); err != nil {
		errs = append(errs, err)
	}
	if c.exclude, err = parsePatterns("exclude", r.Exclude); err != nil {
		errs = append(errs, err)
	}
	for _, m := range r.Map {
		parsed, err := parseMapping(m)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.mapping = append(c.mapping, parsed)
	}
	return c, errors.Join(errs...)
}

func parsePatterns(what string, texts []string) ([]pattern, error) {
	var out []pattern
	var errs []error
	for _, t := range texts {
		p, err := parsePattern(t)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

func parseMapping(m MapRule) (mapping, error) {
	from, err := parsePattern(m.From)
	if err != nil {
		return mapping{}, fmt.Errorf("map: from: %w", err)
	}
	if from.re != nil {
		return parseRegularMapping(m, from)
	}
	if strings.HasPrefix(m.To, regular) {
		return mapping{}, fmt.Errorf("map: to %q: re: has no meaning here; write the name", m.To)
	}
	to, err := parsePattern(m.To)
	if err != nil {
		return mapping{}, fmt.Errorf("map: to: %w", err)
	}
	have, want := from.stars(), to.stars()
	if len(want) > len(have) {
		return mapping{}, fmt.Errorf("map: to %q has more stars than from %q, so nothing is there for them to stand for", m.To, m.From)
	}
	for i, deep := range want {
		if deep != have[i] {
			return mapping{}, fmt.Errorf("map: star %d of to %q and of from %q must both be * or both **", i+1, m.To, m.From)
		}
	}
	return mapping{rule: m, from: from, to: to}, nil
}

// matches finds the first of patterns that takes n, or something n lies below. full is n with the account's personal prefix: a pattern
// may be written with or without it. The prefix alone ("INBOX" of "INBOX.") takes nothing.
func (c *compiled) matches(what string, patterns []pattern, n, prefix mailbox.Name) (pattern, bool) {
	for _, p := range patterns {
		for depth := 1; depth <= len(n); depth++ {
			_, ok := p.match(n[:depth])
			if !ok && len(prefix) > 0 && !n.IsInbox() {
				_, ok = p.match(prefix.Child(n[:depth]...))
			}
			if ok {
				c.used[what+p.text]++
				return p, true
			}
		}
	}
	return pattern{}, false
}

// mapped finds the first map rule that takes n itself, and fills its stars in.
func (c *compiled) mapped(n, prefix mailbox.Name) (mapping, mailbox.Name, bool) {
	for _, m := range c.mapping {
		if m.from.re != nil {
			to := m.expand(n)
			if to == nil && len(prefix) > 0 && !n.IsInbox() {
				to = m.expand(prefix.Child(n...))
			}
			if to != nil {
				c.used["map"+m.rule.From]++
				return m, to, true
			}
			continue
		}
		captures, ok := m.from.match(n)
		if !ok && len(prefix) > 0 && !n.IsInbox() {
			captures, ok = m.from.match(prefix.Child(n...))
		}
		if ok {
			c.used["map"+m.rule.From]++
			return m, m.to.fill(captures), true
		}
	}
	return mapping{}, nil, false
}

// fill puts captures in the place of the stars; parts that come out empty are left out.
func (p pattern) fill(captures []mailbox.Name) mailbox.Name {
	var out mailbox.Name
	for _, part := range p.parts {
		if part.deep {
			out = append(out, captures[0]...)
			captures = captures[1:]
			continue
		}
		text := part.literals[0]
		for i, lit := range part.literals[1:] {
			text += captures[i][0] + lit
		}
		captures = captures[len(part.literals)-1:]
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}
