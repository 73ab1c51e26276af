package plan

import (
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// StaleError: the accounts are no longer those that the plan was made for.
type StaleError struct {
	Plan   string
	Causes []*endpoint.StaleError // all of them
}

// told is how many causes Error names before it counts the rest.
const told = 5

// Error is one sentence with the first causes and the next step; Causes has them all.
func (e *StaleError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan %q no longer fits the accounts: ", e.Plan)
	for i, c := range e.Causes[:min(len(e.Causes), told)] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Error())
	}
	if more := len(e.Causes) - told; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	b.WriteString("; nothing was changed, make a new plan with `imapmigrate plan` and look at it")
	return b.String()
}

// Unwrap gives all causes.
func (e *StaleError) Unwrap() []error {
	out := make([]error, len(e.Causes))
	for i, c := range e.Causes {
		out[i] = c
	}
	return out
}

// Check compares the plan with the accounts as they are now; the error is a [*StaleError] with every reason. made are the destination
// mailboxes that this migration has made or written to so far, with their UIDVALIDITY then (0 when it is not known): they may be there.
//
// Stale are: another account; another delimiter or prefix; a source mailbox that is gone, cannot be opened, or has another UIDVALIDITY; a
// destination that was there and is gone or has another UIDVALIDITY; one that was to be made and is there with messages that are not ours.
// A UIDVALIDITY counts only where there was a message: Courier makes up another one each time it is asked about an empty mailbox.
// New mail is not stale, and new mailboxes are not: see Unplanned. Skipped mailboxes and those without messages of their own are not looked at.
func (p *Plan) Check(source, destination *survey.Survey, made map[mailbox.Wire]mailbox.UIDValidity) error {
	c := &comparison{made: made, source: index(source), destination: index(destination)}
	c.side(p.Source, source)
	c.side(p.Destination, destination)
	if len(c.causes) == 0 { // with another account every mailbox would be another one
		for i := range p.Mailboxes {
			if e := &p.Mailboxes[i]; e.Action.Copies() {
				c.from(source.Identity, e)
				c.to(destination.Identity, e)
			}
		}
	}
	if len(c.causes) == 0 {
		return nil
	}
	return &StaleError{Plan: p.Name, Causes: c.causes}
}

// comparison collects what no longer fits.
type comparison struct {
	made                map[mailbox.Wire]mailbox.UIDValidity
	source, destination map[mailbox.Wire]*mailbox.Info
	causes              []*endpoint.StaleError
}

func index(s *survey.Survey) map[mailbox.Wire]*mailbox.Info {
	m := make(map[mailbox.Wire]*mailbox.Info, len(s.Mailboxes))
	for i := range s.Mailboxes {
		m[s.Mailboxes[i].Wire] = &s.Mailboxes[i]
	}
	return m
}

func (c *comparison) say(account endpoint.Identity, name mailbox.Name, format string, args ...any) {
	stale := &endpoint.StaleError{Account: account.String(), Reason: fmt.Sprintf(format, args...)}
	if len(name) > 0 {
		stale.Mailbox = name.String()
	}
	c.causes = append(c.causes, stale)
}

func (c *comparison) side(planned Side, now *survey.Survey) {
	personal := now.Namespaces.Personal[0]
	switch {
	case !planned.Identity.Same(now.Identity):
		c.say(now.Identity, nil, "the plan was made for %s, port %d", planned.Identity, planned.Identity.Port)
	case planned.Delimiter != personal.Delimiter:
		c.say(now.Identity, nil, "names are parted by %q now, by %q when the plan was made", personal.Delimiter, planned.Delimiter)
	case planned.Prefix.String() != prefixName(personal).String():
		c.say(now.Identity, nil, "mailboxes are below %q now, below %q when the plan was made", prefixName(personal), planned.Prefix)
	}
}

func (c *comparison) from(account endpoint.Identity, e *Entry) {
	now := c.source[e.SourceWire]
	switch {
	case now == nil || now.NonExistent:
		c.say(account, e.Source, "it is no longer there")
	case !now.Selectable:
		c.say(account, e.Source, `it can no longer be opened (\Noselect)`)
	case e.Messages != 0 && changed(e.Validity, now):
		c.say(account, e.Source, "its uidvalidity is %d, it was %d when the plan was made: it was made anew or restored", now.Status.UIDValidity, e.Validity)
	}
}

func (c *comparison) to(account endpoint.Identity, e *Entry) {
	now := c.destination[e.ToWire]
	validity, ours := c.made[e.ToWire]
	if validity == 0 {
		validity = e.ToValidity
	}
	switch there := now != nil && now.Selectable; {
	case e.To.IsInbox() && !there:
	case !there && e.ToValidity != 0:
		c.say(account, e.To, "it is no longer there")
	case !there:
	case !ours && e.ToMessages == 0 && now.Status != nil && now.Status.Messages == 0: // nothing was there, nothing is
	case changed(validity, now):
		c.say(account, e.To, "its uidvalidity is %d, it was %d when it was seen last: it was made anew or restored", now.Status.UIDValidity, validity)
	case e.Action == Create && !ours && (now.Status == nil || now.Status.Messages > 0):
		c.say(account, e.To, "it was to be made, and is there with mail in it now")
	}
}

// changed reports whether both UIDVALIDITYs are known and differ.
func changed(planned mailbox.UIDValidity, now *mailbox.Info) bool {
	return planned != 0 && now.Status != nil && now.Status.UIDValidity != 0 && now.Status.UIDValidity != planned
}

// Unplanned are the mailboxes of the source that the plan does not speak of: made since. They are no reason not to run it.
func (p *Plan) Unplanned(source *survey.Survey) []mailbox.Info {
	known := make(map[mailbox.Wire]bool, len(p.Mailboxes))
	for _, e := range p.Mailboxes {
		known[e.SourceWire] = true
	}
	return slices.DeleteFunc(slices.Clone(source.Mailboxes), func(m mailbox.Info) bool { return known[m.Wire] })
}
