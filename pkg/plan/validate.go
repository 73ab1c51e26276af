package plan

import (
	"fmt"
	"slices"

	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/mailbox"
)

// validation goes over a plan that was read and says with its place what makes no sense.
type validation struct {
	d    *strict.Document
	file *planFile
	plan *Plan
	// outside are destinations that are there, but not below the account's prefix: something may be below them too.
	outside []mailbox.Name
}

func (v *validation) head() {
	p := v.plan
	if !migrationName.MatchString(p.Name) {
		v.d.Add("name", fmt.Sprintf("the name %q may hold a-z, 0-9, dot, underscore and hyphen only", p.Name), "write the name that stands in migration.yaml")
	}
	if !digestText.MatchString(p.Digest) {
		v.d.Add("digest", "this is no digest of a plan", "leave it as the planner wrote it, also when you change the plan: it tells that the plan was changed")
	}
	if since, before := p.Messages.Since, p.Messages.Before; !since.IsZero() && !before.IsZero() && !since.Before(before) {
		v.d.Add("messages.before", "no message is both before this date and not before `since`", "make the plan anew with other dates in migration.yaml")
	}
	if p.Messages.MaxSize < 0 {
		v.d.Add("messages.max_size", "a size cannot be negative", "write a number of bytes, or remove the line")
	}
	for key, s := range map[string]Side{"source": p.Source, "destination": p.Destination} {
		if s.Identity.Port < 1 || s.Identity.Port > 65535 {
			v.d.Add(key+".port", fmt.Sprintf("%d is no port", s.Identity.Port), "leave it as the planner wrote it")
		}
		if s.AppendLimit < Unknown {
			v.d.Add(key+".append_limit", "a limit cannot be negative", "leave it as the planner wrote it")
		}
	}
}

// places notes which destinations are there.
func (v *validation) places() {
	s := v.plan.Destination
	for _, e := range v.plan.Mailboxes {
		if e.There && len(e.To) > 0 && !s.absolute(e.To).Equal(e.To) {
			v.outside = append(v.outside, e.To)
		}
	}
}

// entry checks one mailbox and fills its exact names in.
func (v *validation) entry(i int) {
	at := fmt.Sprintf("mailboxes[%d]", i)
	if v.d.Faulty(at) {
		return
	}
	e, f := &v.plan.Mailboxes[i], &v.file.Mailboxes[i]
	v.d.Choice(at+".action", string(e.Action), string(Create), string(Merge), string(Structure), string(Skip))
	e.SourceWire = v.wire(at+".source_wire", "source", f.SourceWire, e.Source, v.plan.Source)
	switch {
	case len(e.To) == 0 && e.Action != Skip:
		v.d.Add(at+".to", fmt.Sprintf("%q has the action %s, but no place to go: `to` is missing", e.Source, e.Action), "write a name behind to:, or the action skip")
		return
	case len(e.To) == 0:
		return
	}
	if _, err := mailbox.Encode(e.To, v.plan.Destination.Delimiter); err != nil && f.ToWire == nil {
		v.d.Add(at+".to", fmt.Sprintf("the destination cannot have this name: %v", err), "write another name, its parts with / between them")
		return
	}
	e.ToWire = v.wire(at+".to_wire", "to", f.ToWire, e.To, v.plan.Destination)
	if e.Action != Skip && !v.d.Faulty(at) {
		v.target(at, e)
	}
}

// wire is the exact name of n: the one in the file, if it is still n's, or else what n encodes to.
func (v *validation) wire(at, key string, written *exact, n mailbox.Name, s Side) mailbox.Wire {
	if written == nil {
		w, err := mailbox.Encode(n, s.Delimiter)
		if err != nil {
			v.d.Add(at, fmt.Sprintf("the exact name of %q is missing: %v", n, err), "leave "+key+"_wire as the planner wrote it")
		}
		return w
	}
	w := mailbox.Wire(*written)
	for _, delimiter := range s.delimiters() {
		if decoded, _ := mailbox.Decode(w, delimiter); readable(decoded).Equal(n) {
			return w
		}
	}
	next := "remove the " + key + "_wire line if you want another name behind " + key + ":"
	if key == "source" {
		next = "leave both as the planner wrote them"
	}
	v.d.Add(at, fmt.Sprintf("this is not the exact name of %q, which stands behind %s:", n, key), next)
	return w
}

// delimiters are all that names of the account can have been decoded with.
func (s Side) delimiters() []string {
	out := []string{s.Delimiter, ""}
	for _, f := range s.Foreign {
		out = append(out, f.Delimiter)
	}
	return out
}

// target checks that what is to happen can happen to that destination.
func (v *validation) target(at string, e *Entry) {
	s := v.plan.Destination
	switch {
	case e.Action.Copies() && e.Noselect:
		v.d.Add(at+".action", fmt.Sprintf(`%q cannot be opened at the source (\Noselect), so there is nothing to %s`, e.Source, e.Action), "write structure or skip")
	case e.Action == Create && e.To.IsInbox():
		v.d.Add(at+".action", "INBOX is there in every account and cannot be made", "write merge")
	case e.Action == Create && e.There && e.ToValidity > 0:
		v.d.Add(at+".action", fmt.Sprintf("%q is at the destination already", e.To), "write merge, or another name behind to:")
	case !s.absolute(e.To).Equal(e.To) && !slices.ContainsFunc(v.outside, e.To.HasPrefix):
		v.d.Add(at+".to", fmt.Sprintf("%q is outside of the account: its mailboxes are below %q", e.To, s.Prefix), fmt.Sprintf("write %q", s.absolute(e.To)))
	}
}

// collisions finds sources that are there twice, and destinations that several sources share without saying so.
func (v *validation) collisions() {
	skipped := v.skipped()
	sources := make(map[mailbox.Wire]bool, len(v.plan.Mailboxes))
	holders := make(map[string][]*Entry, len(v.plan.Mailboxes))
	for i := range v.plan.Mailboxes {
		e, at := &v.plan.Mailboxes[i], fmt.Sprintf("mailboxes[%d]", i)
		if v.d.Faulty(at) {
			continue
		}
		if sources[e.SourceWire] {
			v.d.Add(at+".source", fmt.Sprintf("%q is in the plan twice, and would be copied twice", e.Source), "remove one of the two")
		}
		sources[e.SourceWire] = true
		if e.Action == Skip {
			continue
		}
		if above := skipped.above(e); above != nil {
			v.d.Add(at+".to", fmt.Sprintf("%q goes below %q, which would have to be made for it, but %q is skipped", e.Source, above.To, above.Source),
				"write the action structure for "+fmt.Sprintf("%q", above.Source)+", which makes the name and copies nothing, or another name here")
		}
		if !e.Action.Copies() {
			continue
		}
		key := fold(e.To)
		if k := slices.IndexFunc(holders[key], func(o *Entry) bool { return clash(e, o) }); k >= 0 {
			v.d.Add(at+".to", clashText(e, holders[key][k]), "write another name, or the action merge for both")
		}
		holders[key] = append(holders[key], e)
	}
}

// dropped are the destinations that somebody has taken out of the plan by writing skip, and that nothing else makes, by name. The planner
// itself writes no destination behind a mailbox that it skips.
type dropped map[string]*Entry

func (v *validation) skipped() dropped {
	d := dropped{}
	for i := range v.plan.Mailboxes {
		if e := &v.plan.Mailboxes[i]; e.Action == Skip && len(e.To) > 0 && !e.There {
			d[e.To.String()] = e
		}
	}
	for i := range v.plan.Mailboxes {
		if e := &v.plan.Mailboxes[i]; e.Action != Skip && len(d) > 0 {
			delete(d, e.To.String())
		}
	}
	return d
}

// above is a dropped destination that e's own would lie below, nil when there is none.
func (d dropped) above(e *Entry) *Entry {
	if len(d) == 0 {
		return nil
	}
	for up := e.To.Parent(); len(up) > 0; up = up.Parent() {
		if found := d[up.String()]; found != nil {
			return found
		}
	}
	return nil
}

// clash reports whether two entries with the same fold cannot both be: they share a name and do not both say merge, or their names
// differ in a way that some servers do not see, and it is not known that this one does.
func clash(e, o *Entry) bool {
	if e.Action == Merge && o.Action == Merge {
		return false
	}
	return e.ToWire == o.ToWire || !e.There || !o.There
}

func clashText(e, o *Entry) string {
	if e.To.Equal(o.To) {
		return fmt.Sprintf("%q and %q would both go to %q", o.Source, e.Source, e.To)
	}
	return fmt.Sprintf("%q goes to %q and %q to %q, which are one name on some servers", o.Source, o.To, e.Source, e.To)
}
