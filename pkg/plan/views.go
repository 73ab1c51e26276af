package plan

import (
	"fmt"

	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// Ask says what of the source has to be looked into before Build can say all it could: every mailbox that these rules copy, views first.
// Ask, survey.Scan and Build are to be given the same surveys and rules. The error is that of Build.
func Ask(source, destination *survey.Survey, rules Rules) (survey.Question, error) {
	b, err := newBuilder(source, destination, rules)
	if err != nil {
		return survey.Question{}, &RulesError{err}
	}
	b.evidence = false
	b.place()
	q := survey.Question{Since: rules.Messages.Since, Before: rules.Messages.Before, MaxSize: rules.Messages.MaxSize}
	var homes []survey.Asked
	for _, role := range []mailbox.Role{mailbox.RoleAll, mailbox.RoleFlagged} { // what \All keeps is a home for what \Flagged shows
		for _, p := range b.all {
			if b.copied(p) && p.Role == role && !b.named(p.box) {
				q.Mailboxes = append(q.Mailboxes, survey.Asked{Wire: p.Wire, Limit: b.dst.side.AppendLimit, View: true})
			}
		}
	}
	for _, p := range b.all {
		if b.copied(p) && (!virtual(p.Role) || b.named(p.box)) {
			homes = append(homes, survey.Asked{Wire: p.Wire, Limit: b.dst.side.AppendLimit})
		}
	}
	q.Mailboxes = append(q.Mailboxes, homes...)
	return q, nil
}

func (b *builder) copied(p *placement) bool { return !p.skip && p.Selectable }

// shows says why a view need not be copied, "" when it has to be. That each of its messages has a like elsewhere is taken from a scan; it
// counts only if all that the scan took for a home is copied under these rules too, and never against somebody who names the view.
func (b *builder) shows(x *box) string {
	if !virtual(x.Role) || !b.evidence || b.named(x) {
		return ""
	}
	c := b.src.survey.Contents[x.Wire]
	if !c.Complete() || c.Homeless != 0 || !b.homesStay() {
		return ""
	}
	if c.Messages == 0 {
		return fmt.Sprintf("a view of other mailboxes (%s), and empty", x.Role)
	}
	return fmt.Sprintf("a view of other mailboxes (%s): each of its %s has its like, in size, date and flags, in a mailbox that is copied", x.Role, count(c.Messages, "message"))
}

// homesStay reports whether every mailbox that was looked into, views aside, is copied.
func (b *builder) homesStay() bool {
	for _, x := range b.src.boxes {
		if c := b.src.survey.Contents[x.Wire]; c != nil && !(virtual(x.Role) && !b.named(x)) && (!x.Selectable || b.whySkip(x) != "") {
			return false
		}
	}
	return true
}

// aboutViews says of each view what was decided, and what it rests on.
func (b *builder) aboutViews(add adder) {
	for _, p := range b.all {
		if !virtual(p.Role) || p.foreign != "" {
			continue
		}
		c := b.src.survey.Contents[p.Wire]
		switch {
		case p.viewed:
			add(ViewSkipped, "name it under include, or map it, to copy it all the same; or look through it at the source before you close the account",
				"%q is left out as a view of other mailboxes: its %s were compared by size, date and flags, not by content", p.Name, count(c.Messages, "message"))
		case p.skip:
		case b.named(p.box):
			add(View, "leave its name out of include and map if each of its messages is in another mailbox too; otherwise they arrive twice", "%q shows messages that live in other mailboxes as well, and is copied because its name is written out", p.Name)
		case c.Complete() && c.Homeless > 0:
			add(View, "exclude it if those can be done without; else they are copied, and the others arrive twice",
				"%q shows messages that live in other mailboxes as well, but not all of its %s have their like there (%d without), so it is copied", p.Name, count(c.Messages, "message"), c.Homeless)
		default:
			add(View, "exclude it if each of its messages is in another mailbox too; otherwise they arrive twice", "%q shows messages that live in other mailboxes as well; whether all of them do is not known", p.Name)
		}
	}
}
