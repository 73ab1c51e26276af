package purge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// evidence is what both sides gave for one window, a moment ago and in this process.
type evidence struct {
	whole     bool                             // the bytes were read; otherwise size and date have to do, as the checkpoint says
	copies    map[mailbox.UID]endpoint.Reading // by UID where they stay
	copied    map[mailbox.UID]mailbox.Message  // the same, without bytes
	originals map[mailbox.UID]endpoint.Reading // by UID where they go
	now       map[mailbox.UID]mailbox.Message  // flags and MODSEQ of those that go, asked for last
}

// check looks at both copies of every row again; whole reads their bytes. It gives those that are still as they were approved, with the
// highest MODSEQ seen; the others stay, with the reason. Bytes that changed under a UID stop the whole mailbox: that server's UIDs cannot be
// believed.
func (b *box) check(ctx context.Context, rows []ledger.Row, whole bool) (good []ledger.Row, modseq uint64, err error) {
	e, err := b.gather(ctx, rows, whole)
	if err != nil {
		return nil, 0, err
	}
	reasons := make([]string, len(rows))
	for i, r := range rows {
		if reasons[i], err = b.judge(r, e); err != nil {
			return nil, 0, err
		}
	}
	for i, r := range rows {
		if reasons[i] == "" {
			good = append(good, r)
			modseq = max(modseq, e.now[b.goes(r)].ModSeq)
			continue
		}
		drop := b.leave
		if m, there := e.now[b.goes(r)]; there && r.Removal == b.begun && containsFlag(m.Flags, mailbox.Deleted) {
			drop = func(rows []ledger.Row, reason string) error { return b.unflag(ctx, rows, reason) }
		}
		if err := drop([]ledger.Row{r}, reasons[i]); err != nil {
			return nil, 0, err
		}
	}
	return good, modseq, nil
}

func (b *box) gather(ctx context.Context, rows []ledger.Row, whole bool) (e evidence, err error) {
	e = evidence{whole: whole, copied: map[mailbox.UID]mailbox.Message{}}
	if whole {
		if e.copies, err = endpoint.Digests(ctx, b.other, b.keepers(rows)); err != nil {
			return e, err
		}
	}
	err = b.other.Scan(ctx, b.keepers(rows), func(m mailbox.Message) error {
		e.copied[m.UID] = m
		return nil
	})
	if err != nil {
		return e, err
	}
	if whole {
		if e.originals, err = endpoint.Digests(ctx, b.from, b.losers(rows)); err != nil {
			return e, err
		}
	}
	e.now, err = b.look(ctx, rows)
	return e, err
}

// judge says why a message must stay, empty when nothing speaks against its removal. The error stops the mailbox.
func (b *box) judge(r ledger.Row, e evidence) (reason string, err error) {
	for _, look := range []func(ledger.Row, evidence) (string, error){b.unproved, b.judgeCopy, b.judgeOriginal} {
		if reason, err = look(r, e); reason != "" || err != nil {
			return reason, err
		}
	}
	return "", nil
}

// judgeCopy looks at the message that stays.
func (b *box) judgeCopy(r ledger.Row, e evidence) (string, error) {
	uid := b.stays(r)
	read, there := e.copies[uid]
	m, listed := e.copied[uid]
	switch {
	case !listed || e.whole && !there:
		return "its copy is not on the other account any more", nil
	case e.whole && read.Problem != "":
		return fmt.Sprintf("the other account does not give the bytes of its copy: %.200q", read.Problem), nil
	case e.whole && read.Digest != r.Digest:
		return "", b.stale(b.keeping(), fmt.Sprintf("message %d, the copy of message %d, has other bytes than were recorded", uid, b.goes(r)), "nothing of this batch was removed; verify again")
	case containsFlag(m.Flags, mailbox.Deleted):
		return `its copy is marked \Deleted on the other account`, nil
	case !e.whole:
		return differs("its copy", r, m), nil
	}
	return "", nil
}

// judgeOriginal looks at the message that goes.
func (b *box) judgeOriginal(r ledger.Row, e evidence) (string, error) {
	uid := b.goes(r)
	read, there := e.originals[uid]
	now, listed := e.now[uid]
	switch {
	case !listed || e.whole && !there:
		return "it is not there any more", nil
	case e.whole && read.Problem != "":
		return fmt.Sprintf("the server does not give its bytes: %.200q", read.Problem), nil
	case e.whole && read.Digest != r.Digest:
		return "", b.stale(b.losing(), fmt.Sprintf("message %d has other bytes than were recorded: the server's UIDs cannot be believed", uid), "nothing of this batch was removed; find out what this server does with UIDs")
	case r.Removal == b.begun && !sameBut(b.flags(r), now.Flags, mailbox.Deleted), r.Removal != b.begun && !mailbox.SameFlags(b.flags(r), now.Flags):
		return fmt.Sprintf("its flags were changed since it was copied: %s then, %s now", flagText(b.flags(r)), flagText(now.Flags)), nil
	case !e.whole:
		return differs("it", r, now), nil
	}
	return "", nil
}

// differs compares what can be had without the bytes. A server that does not tell sizes or dates as they are keeps its messages.
func differs(what string, r ledger.Row, m mailbox.Message) string {
	switch {
	case m.Size != r.Size:
		return fmt.Sprintf("%s has %d bytes as its server says, and %d were recorded; a checkpoint with recheck content looks at the bytes themselves", what, m.Size, r.Size)
	case !r.Date.IsZero() && !m.InternalDate.Equal(r.Date):
		return fmt.Sprintf("%s has the date %s, and %s was recorded", what, m.InternalDate.Format(time.RFC3339), r.Date.Format(time.RFC3339))
	}
	return ""
}

// unproved is what the ledger itself has against a removal.
func (b *box) unproved(r ledger.Row, _ evidence) (string, error) {
	switch {
	case b.proof(r) != "":
		return b.proof(r), nil
	case r.Dest == 0 || r.Digest == mailbox.Digest{}:
		return "the place of its copy is not known", nil
	case slices.ContainsFunc(r.Flags, mailbox.Deleted.Equal):
		return `it was marked \Deleted by somebody else before it was copied`, nil
	}
	id, uid, found, err := b.Ledger.Claimant(b.mailbox, r.Dest)
	if err == nil && (!found || id != b.mailbox.ID || uid != r.UID) {
		return "its copy stands for another message", nil
	}
	return "", err
}

// copiesThere looks, before the first mark, whether every message that may go has its copy. A destination that has lost some since they were
// verified is a reason for a person to look before anything is removed.
func (b *box) copiesThere(ctx context.Context) error {
	var missing int64
	var first ledger.Row
	var page []ledger.Row
	flush := func() error {
		there := map[mailbox.UID]bool{}
		err := b.other.Scan(ctx, b.keepers(page), func(m mailbox.Message) error {
			there[m.UID] = true
			return nil
		})
		for _, r := range page {
			if !there[b.stays(r)] {
				if missing++; missing == 1 {
					first = r
				}
			}
		}
		page = page[:0]
		return err
	}
	err := b.Ledger.Each(b.mailbox, func(r ledger.Row) error {
		if !b.set.Contains(b.goes(r)) || r.UID < b.next || b.ended(r) || b.proof(r) != "" {
			return nil
		}
		if page = append(page, r); len(page) < 1000 {
			return nil
		}
		return flush()
	})
	if err == nil && len(page) > 0 {
		err = flush()
	}
	if err != nil || missing == 0 {
		return err
	}
	return b.stale(b.keeping(), fmt.Sprintf("%d of the copies are not there any more, the first is message %d, the copy of message %d", missing, b.stays(first), b.goes(first)),
		"nothing was removed here; find out who removed them, then run verify, which records it, and "+b.stage+" again: it will leave them out")
}

// sameBut reports whether a and b hold the same flags, \Recent and one other aside.
func sameBut(a, b []mailbox.Flag, aside mailbox.Flag) bool {
	without := func(flags []mailbox.Flag) []mailbox.Flag {
		return slices.DeleteFunc(mailbox.Flags(flags...), aside.Equal)
	}
	return mailbox.SameFlags(without(a), without(b))
}

func containsFlag(flags []mailbox.Flag, f mailbox.Flag) bool {
	return slices.ContainsFunc(flags, f.Equal)
}

// flagText shows flags, a stranger's text, bounded and visible.
func flagText(flags []mailbox.Flag) string {
	texts := make([]string, 0, len(flags))
	for _, f := range mailbox.Flags(flags...) {
		texts = append(texts, string(f))
	}
	return fmt.Sprintf("%.200q", strings.Join(texts, " "))
}
