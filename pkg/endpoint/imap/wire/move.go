package wire

import (
	"context"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Move takes exactly the messages of set from the selected mailbox to w by UID MOVE (RFC 6851 section 3.1), and says where they are now, as
// far as the server says so by COPYUID (RFC 4315 section 3). Its caller has looked whether the server has both, and at the set.
func (s *Session) Move(ctx context.Context, set mailbox.UIDSet, w mailbox.Wire) (moved endpoint.Moved, err error) {
	op := Op{Mailbox, named("move messages to mailbox", w)}
	if err := checkName(w); err != nil {
		return moved, s.refuse(op, err)
	}
	take := func(answer status) {
		if answer.code == "COPYUID" && moved.UIDs == nil {
			moved = copyUIDs(answer.args, set)
		}
	}
	err = s.Do(ctx, op, func(x *Exchange) error {
		answer, err := x.run(verb("UID MOVE "+set.String()+" ").name(w), func(r *response) error {
			if _, name := r.untagged(); isStatus(name) {
				take(parseStatus(r.line())) // section 4.3: it comes before the EXPUNGE, untagged
			}
			return nil
		})
		if err != nil {
			return err
		}
		take(answer)
		return x.refusal(answer)
	})
	return moved, err
}

// copyUIDs reads "uidvalidity uids uids", of which the first named there is the first named here. What names a message that was not asked
// for, or does not come out even, says nothing at all. A set is never counted out beyond what was asked for.
func copyUIDs(args string, asked mailbox.UIDSet) endpoint.Moved {
	words := strings.Fields(args)
	if len(words) != 3 || nonZero(words[0]) == 0 {
		return endpoint.Moved{}
	}
	from, to := countOut(words[1], asked.Len()), countOut(words[2], asked.Len())
	if len(from) == 0 || len(from) != len(to) {
		return endpoint.Moved{}
	}
	uids := make(map[mailbox.UID]mailbox.UID, len(from))
	for i, uid := range from {
		if _, twice := uids[uid]; twice || !asked.Contains(uid) {
			return endpoint.Moved{}
		}
		uids[uid] = to[i]
	}
	return endpoint.Moved{Validity: mailbox.UIDValidity(nonZero(words[0])), UIDs: uids}
}

// countOut lists a set in its own order; nil when it cannot be read or has more than most numbers.
func countOut(text string, most int) []mailbox.UID {
	var uids []mailbox.UID
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, ":")
		low, high := nonZero(first), nonZero(first)
		if isRange {
			high = nonZero(last)
		}
		if low == 0 || high < low || uint64(high-low) >= uint64(most-len(uids)) {
			return nil
		}
		for u := uint64(low); u <= uint64(high); u++ {
			uids = append(uids, mailbox.UID(u))
		}
	}
	return uids
}
