package plan

import (
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// sum is a number of messages and the mailboxes they are in.
type sum struct {
	messages int64
	in       []mailbox.Name
}

func (s *sum) add(n int64, name mailbox.Name) {
	if n > 0 {
		s.messages += n
		s.in = append(s.in, name)
	}
}

// tell warns when there is something to warn of. format has a %s for the count and one for the mailboxes.
func (s sum) tell(add adder, number int, next, format string) {
	if s.messages > 0 {
		add(number, next, format, count(s.messages, "message"), names(s.in))
	}
}

// aboutContents says what will be refused and what is lost on the way, from what was found in the mailboxes.
func (b *builder) aboutContents(p *Plan, add adder) {
	var large, dates, flags, keyworded sum
	var unread []mailbox.Name
	var keywords []string
	for i, pl := range b.all {
		e := &p.Mailboxes[i]
		if !e.Action.Copies() {
			continue
		}
		c := b.src.survey.Contents[pl.Wire]
		if c != nil && c.Problem != "" {
			unread = append(unread, e.Source)
		}
		if e.Holds == nil {
			continue
		}
		large.add(e.Holds.TooLarge, e.Source)
		dates.add(e.Holds.OddDates, e.Source)
		flags.add(e.Holds.OddFlags, e.Source)
		keyworded.add(e.Holds.Keyworded, e.Source)
		for _, k := range c.Keywords {
			if !slices.ContainsFunc(keywords, func(o string) bool { return strings.EqualFold(o, string(k)) }) {
				keywords = append(keywords, string(k))
			}
		}
	}
	large.tell(add, TooLarge, "they are not sent, and listed in the report; ask for a higher limit before, or save them by other means",
		"%s in %s: larger than the destination takes, which is "+size(max(0, b.dst.side.AppendLimit)))
	dates.tell(add, DatesLost, "they are sent as they are; what is refused is listed in the report, with the server's words", "%s in %s: the internal date is missing, before 1971 or after 2037, and not every server takes that")
	flags.tell(add, FlagsLost, "nothing to do: the message itself arrives whole", "%s in %s: a flag of theirs breaks IMAP's rules and cannot be given to any server")
	if !b.keeps() {
		keyworded.tell(add, KeywordsUnsure, "`imapmigrate check --trial` shows whether the destination keeps keywords", "%s in %s: marked with keywords ("+listing(keywords)+"), and the destination does not say yet whether it keeps them")
	}
	listed{{NotLookedInto, unread, "nobody could look into %s", "the numbers of this plan leave them out; the copy tries them all the same"}}.add(add)
}

// keeps reports whether the destination is known to keep any keyword.
func (b *builder) keeps() bool {
	server := strings.ToLower(b.dst.side.Identity.Server)
	return slices.ContainsFunc([]string{"dovecot", "cyrus", "courier"}, func(s string) bool { return strings.Contains(server, s) })
}

// listing is the first few words of many.
func listing(all []string) string {
	slices.Sort(all)
	var out []string
	for _, w := range all[:min(len(all), listedNames)] {
		out = append(out, words(w))
	}
	if more := len(all) - listedNames; more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.ReplaceAll(strings.Join(out, ", "), "%", "%%")
}
