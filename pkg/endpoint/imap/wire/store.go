package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// StoreFlags adds flags to, or takes flags from, the messages of set in the selected mailbox: UID STORE +FLAGS.SILENT or -FLAGS.SILENT
// (RFC 9051 section 6.4.6), with UNCHANGEDSINCE where modseq is not 0 and the open mailbox keeps mod-sequences (RFC 7162 section 3.1.3).
// modified are the messages that the server left out because of that. The answer is read by our tolerant reader, because what other
// clients change meanwhile comes along, in whatever form. It never sends \Deleted; its caller has checked the flags and the set's size.
func (s *Session) StoreFlags(ctx context.Context, set mailbox.UIDSet, add bool, flags []mailbox.Flag, modseq uint64) (modified mailbox.UIDSet, err error) {
	op := Op{Mailbox, "change flags"}
	text, err := storeText(set, add, flags, modseq, s.modSeq)
	if err != nil {
		return nil, s.refuse(op, err)
	}
	err = s.Do(ctx, op, func(x *Exchange) error {
		answer, err := x.run(verb(text), nil)
		if err != nil {
			return err
		}
		if answer.code == "MODIFIED" { // with OK, or with NO when not one message was left to change
			modified = modifiedSet(answer.args, set)
			return nil
		}
		return x.refusal(answer)
	})
	return modified, err
}

func storeText(set mailbox.UIDSet, add bool, flags []mailbox.Flag, modseq uint64, condstore bool) (string, error) {
	words := make([]string, len(flags))
	for i, f := range flags {
		if f.Equal(mailbox.Deleted) || !f.System() && !f.Keyword() {
			return "", fmt.Errorf("flag %.100q is not one that may be changed", string(f))
		}
		words[i] = string(f)
	}
	if len(set) == 0 || len(flags) == 0 {
		return "", errors.New("a change of flags without messages or without flags")
	}
	condition, sign := "", "-"
	if modseq != 0 && condstore {
		condition = fmt.Sprintf("(UNCHANGEDSINCE %d) ", modseq)
	}
	if add {
		sign = "+"
	}
	return fmt.Sprintf("UID STORE %s %s%sFLAGS.SILENT (%s)", set, condition, sign, strings.Join(words, " ")), nil
}

// modifiedSet is what of set the server says it left out; all of it when that cannot be read.
func modifiedSet(args string, set mailbox.UIDSet) mailbox.UIDSet {
	said, err := mailbox.ParseUIDSet(strings.TrimSpace(args))
	if err != nil {
		return set
	}
	var out []mailbox.UID
	for uid := range set.All {
		if said.Contains(uid) {
			out = append(out, uid)
		}
	}
	return mailbox.SetOf(out...)
}

// FetchFlags reads flags and, where the open mailbox keeps them, MODSEQ of those messages of set that exist; with a since other than 0,
// and mod-sequences, of those only that were changed after it (CHANGEDSINCE, RFC 7162 section 3.1.4.1). All else is as with FetchMeta;
// Size is -1 and the date zero.
func (s *Session) FetchFlags(ctx context.Context, set mailbox.UIDSet, since uint64) ([]mailbox.Message, error) {
	if len(set) == 0 {
		return nil, nil
	}
	text := "UID FETCH " + set.String() + " (UID FLAGS)"
	switch {
	case s.modSeq && since > 0:
		text = fmt.Sprintf("UID FETCH %s (UID FLAGS MODSEQ) (CHANGEDSINCE %d)", set, since)
	case s.modSeq:
		text = "UID FETCH " + set.String() + " (UID FLAGS MODSEQ)"
	}
	found, flags := map[mailbox.UID]*mailbox.Message{}, 0
	err := s.Do(ctx, Op{Words: "fetch the flags of messages"}, func(x *Exchange) error {
		return x.ask(verb(text), func(r *response) error { return noteMeta(found, &flags, set, r) })
	})
	if err != nil {
		return nil, err
	}
	return inOrder(found), nil
}
