package plan

import (
	"fmt"
	"strconv"

	"imapmigrate/pkg/mailbox"
)

// Change is one difference between two plans.
type Change struct {
	Mailbox mailbox.Name // of the source; nil: the plan as a whole
	What    string       // "mailbox" when it is in one plan only; else the field's name in the file
	Old     string       // empty when the old plan has none
	New     string       // empty when the new plan has none
	Meaning bool         // another digest comes of it; otherwise it only tells
}

// Diff says what is different in new, in the order of the new plan, mailboxes that it lacks last. Reasons and warnings are not compared:
// they say in words what the other fields say.
func Diff(old, new *Plan) []Change {
	d := &differ{}
	d.meaning("name", old.Name, new.Name)
	d.side("source", old.Source, new.Source)
	d.side("destination", old.Destination, new.Destination)
	d.meaning("messages.since", instant(old.Messages.Since), instant(new.Messages.Since))
	d.meaning("messages.before", instant(old.Messages.Before), instant(new.Messages.Before))
	d.meaning("messages.max_size", limit(old.Messages.MaxSize), limit(new.Messages.MaxSize))
	before, now := old.index(), new.index()
	for i := range new.Mailboxes {
		e := &new.Mailboxes[i]
		d.mailbox = e.Source
		if o := before[e.SourceWire]; o != nil {
			d.entry(o, e)
		} else {
			d.meaning("mailbox", "", e.summary())
		}
	}
	for i := range old.Mailboxes {
		if e := &old.Mailboxes[i]; now[e.SourceWire] == nil {
			d.mailbox = e.Source
			d.meaning("mailbox", e.summary(), "")
		}
	}
	return d.changes
}

func (p *Plan) index() map[mailbox.Wire]*Entry {
	m := make(map[mailbox.Wire]*Entry, len(p.Mailboxes))
	for i := range p.Mailboxes {
		m[p.Mailboxes[i].SourceWire] = &p.Mailboxes[i]
	}
	return m
}

type differ struct {
	mailbox mailbox.Name
	changes []Change
}

func (d *differ) add(what, old, new string, meaning bool) {
	if old != new {
		d.changes = append(d.changes, Change{Mailbox: d.mailbox, What: what, Old: old, New: new, Meaning: meaning})
	}
}

func (d *differ) meaning(what, old, new string) { d.add(what, old, new, true) }
func (d *differ) telling(what, old, new string) { d.add(what, old, new, false) }

func (d *differ) side(which string, old, new Side) {
	account := func(s Side) string { return fmt.Sprintf("%s, port %d", s.Identity, s.Identity.Port) }
	d.add(which, account(old), account(new), !old.Identity.Same(new.Identity))
	d.meaning(which+".delimiter", old.Delimiter, new.Delimiter)
	d.meaning(which+".prefix", old.Prefix.String(), new.Prefix.String())
	d.meaning(which+".foreign", fmt.Sprintf("%q", old.Foreign), fmt.Sprintf("%q", new.Foreign))
	d.meaning(which+".append_limit", amount(old.AppendLimit).String(), amount(new.AppendLimit).String())
	d.telling(which+".server", old.Identity.Server, new.Identity.Server)
	d.telling(which+".tls_key", old.Identity.Key, new.Identity.Key)
}

func (d *differ) entry(old, new *Entry) {
	ran := old.Action != Skip || new.Action != Skip // of what both skip, nothing is in the digest
	d.meaning("action", string(old.Action), string(new.Action))
	d.add("to", old.To.String(), new.To.String(), ran)
	if old.To.String() == new.To.String() {
		d.add("to_wire", wireText(old.ToWire), wireText(new.ToWire), ran)
	}
	d.add("uidvalidity", validity(old.Validity), validity(new.Validity), ran)
	d.add("there", yes(old.There), yes(new.There), ran)
	d.add("there.uidvalidity", validity(old.ToValidity), validity(new.ToValidity), ran)
	d.add("to_role", string(old.ToRole), string(new.ToRole), wishes(old) != wishes(new))
	d.add("subscribe", yes(old.Subscribe), yes(new.Subscribe), ran)
	d.telling("role", string(old.Role), string(new.Role))
	d.telling("messages", amount(old.Messages).String(), amount(new.Messages).String())
	d.telling("bytes", amount(old.Bytes).String(), amount(new.Bytes).String())
	d.telling("there.messages", amount(old.ToMessages).String(), amount(new.ToMessages).String())
}

// wishes is the role that e asks the destination for.
func wishes(e *Entry) mailbox.Role {
	if e.Action != Create {
		return mailbox.RoleNone
	}
	return e.ToRole
}

func (e *Entry) summary() string {
	if len(e.To) == 0 {
		return string(e.Action)
	}
	return fmt.Sprintf("%s to %q", e.Action, e.To)
}

func limit(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func validity(v mailbox.UIDValidity) string {
	if v == 0 {
		return "unknown"
	}
	return strconv.FormatUint(uint64(v), 10)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
