package plan

import (
	"fmt"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// entry is the plan's line for p.
func (b *builder) entry(p *placement) Entry {
	e := Entry{Source: p.Name, SourceWire: p.Wire, Role: p.role, Noselect: !p.Selectable, Action: Skip}
	if p.Role != mailbox.RoleNone {
		e.Role = p.Role
	}
	if p.Selectable {
		e.Messages, e.Bytes = survey.Counts(p.Info)
		e.look(b.src.survey.Contents[p.Wire])
	}
	if p.Status != nil {
		e.Validity = p.Status.UIDValidity
	}
	if !p.skip {
		b.fill(p, &e)
	}
	e.Reason = strings.Join(append(p.reasons, p.changed...), "; ")
	return e
}

// look takes over what a scan has found. Its counts are exact, those of STATUS are the server's word; half a scan is none.
func (e *Entry) look(c *survey.Contents) {
	if !c.Complete() {
		return
	}
	e.Messages = c.Messages
	if c.Unsized == 0 {
		e.Bytes = c.Bytes
	}
	second := func(t time.Time) time.Time {
		if t = t.UTC().Truncate(time.Second); t.Year() < 1 || t.Year() > 9999 { // no file can hold it (RFC 3339)
			return time.Time{}
		}
		return t
	}
	e.Holds = &Contents{Oldest: second(c.Oldest), Newest: second(c.Newest), Unseen: c.Unseen, Wanted: c.Wanted, WantedBytes: c.WantedBytes,
		TooLarge: c.TooLarge, OddDates: c.OddDates, OddFlags: c.OddFlags, Keyworded: c.Keyworded}
}

func (b *builder) fill(p *placement, e *Entry) {
	e.To, e.ToRole, e.Subscribe = p.to, p.wish, p.Subscribed
	var err error
	if e.ToWire, err = mailbox.Encode(p.to, b.dst.side.Delimiter); err != nil && p.target == nil {
		p.say("the destination can have no such name: %v", err)
		*e = Entry{Source: e.Source, SourceWire: e.SourceWire, Validity: e.Validity, Messages: e.Messages, Bytes: e.Bytes, Role: e.Role, Holds: e.Holds, Noselect: e.Noselect, Action: Skip}
		return
	}
	open := p.to.IsInbox()
	if open && p.target == nil {
		e.There, e.ToMessages = true, Unknown
	}
	if p.target != nil {
		open = open || p.target.Selectable
		p.describe(e)
	}
	switch {
	case !p.Selectable:
		e.Action = Structure
		p.say("it holds no messages itself")
	case p.shared:
		e.Action = Merge
		p.say("shared with other mailboxes of the source, as the map says")
	case open:
		e.Action = Merge
	default:
		e.Action = Create
	}
}

// describe says what is at the destination already.
func (p *placement) describe(e *Entry) {
	t := p.target
	e.ToWire, e.There = t.Wire, true
	if t.role != mailbox.RoleNone {
		e.ToRole = t.role
	}
	if t.Role != mailbox.RoleNone {
		e.ToRole = t.Role
	}
	if p.asked.String() != t.Name.String() {
		p.say("the destination spells it %q", t.Name)
	}
	if !t.Selectable {
		if p.Selectable {
			p.say(`there it is a name without messages (\Noselect) so far`)
		}
		return
	}
	e.ToMessages, _ = survey.Counts(t.Info)
	if t.Status != nil {
		e.ToValidity = t.Status.UIDValidity
	}
	switch {
	case e.ToMessages == Unknown:
		p.say("it is there; what it holds is not known")
	case e.ToMessages == 0:
		p.say("it is there, empty")
	default:
		p.say("it is there and holds %s", count(e.ToMessages, "message"))
	}
}

// count is a number with its noun.
func count(n int64, noun string) string {
	switch {
	case n == Unknown:
		return "an unknown number of " + noun + "s"
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "x"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
