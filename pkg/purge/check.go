package purge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// evidence is what both sides gave for one window, a moment ago and in this process.
type evidence struct {
	copies    map[mailbox.UID]endpoint.Reading // by UID on the destination
	copyFlags map[mailbox.UID][]mailbox.Flag
	originals map[mailbox.UID]endpoint.Reading // by UID on the source
	now       map[mailbox.UID]mailbox.Message  // flags and MODSEQ on the source, asked for last
}

// check reads both copies of every row again. It gives those that are still as they were approved, with the highest MODSEQ seen; the others
// stay on the source, with the reason. Bytes that changed under a UID stop the whole mailbox: that server's UIDs cannot be believed.
func (b *box) check(ctx context.Context, rows []ledger.Row) (good []ledger.Row, modseq uint64, err error) {
	e, err := b.gather(ctx, rows)
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
			modseq = max(modseq, e.now[r.UID].ModSeq)
			continue
		}
		drop := b.leave
		if m, there := e.now[r.UID]; there && r.Removal == ledger.Purging && slices.ContainsFunc(m.Flags, mailbox.Deleted.Equal) {
			drop = func(rows []ledger.Row, reason string) error { return b.unflag(ctx, rows, reason) }
		}
		if err := drop([]ledger.Row{r}, reasons[i]); err != nil {
			return nil, 0, err
		}
	}
	return good, modseq, nil
}

func (b *box) gather(ctx context.Context, rows []ledger.Row) (e evidence, err error) {
	if e.copies, err = endpoint.Digests(ctx, b.dest, destSet(rows)); err != nil {
		return e, err
	}
	e.copyFlags = map[mailbox.UID][]mailbox.Flag{}
	err = b.dest.Scan(ctx, destSet(rows), func(m mailbox.Message) error {
		e.copyFlags[m.UID] = m.Flags
		return nil
	})
	if err != nil {
		return e, err
	}
	if e.originals, err = endpoint.Digests(ctx, b.source, sourceSet(rows)); err != nil {
		return e, err
	}
	e.now, err = b.look(ctx, rows)
	return e, err
}

// judge says why a message must stay, empty when nothing speaks against its removal. The error stops the mailbox.
func (b *box) judge(r ledger.Row, e evidence) (reason string, err error) {
	if reason, err := b.unproved(r); reason != "" || err != nil {
		return reason, err
	}
	copied, there := e.copies[r.Dest]
	flags, listed := e.copyFlags[r.Dest]
	switch {
	case !there || !listed:
		return "its copy is not on the destination any more", nil
	case copied.Problem != "":
		return fmt.Sprintf("the destination does not give the bytes of its copy: %.200q", copied.Problem), nil
	case copied.Digest != r.Digest:
		return "", b.stale(b.Destination.Identity(), fmt.Sprintf("message %d, the copy of source message %d, has other bytes than when it was verified", r.Dest, r.UID), "nothing of this batch was removed; verify again")
	case slices.ContainsFunc(flags, mailbox.Deleted.Equal):
		return `its copy is marked \Deleted on the destination`, nil
	}
	original, there := e.originals[r.UID]
	now, listed := e.now[r.UID]
	switch {
	case !there || !listed:
		return "it is not on the source any more", nil
	case original.Problem != "":
		return fmt.Sprintf("the source does not give its bytes: %.200q", original.Problem), nil
	case original.Digest != r.Digest:
		return "", b.stale(b.Source.Identity(), fmt.Sprintf("message %d has other bytes than when it was copied: the server's UIDs cannot be believed", r.UID), "nothing of this batch was removed; find out what this server does with UIDs")
	case r.Removal == ledger.Purging && !sameBut(r.Flags, now.Flags, mailbox.Deleted), r.Removal != ledger.Purging && !mailbox.SameFlags(r.Flags, now.Flags):
		return fmt.Sprintf("its flags were changed since it was copied: %s then, %s now", flagText(r.Flags), flagText(now.Flags)), nil
	}
	return "", nil
}

// unproved is what the ledger itself has against a removal.
func (b *box) unproved(r ledger.Row) (string, error) {
	switch {
	case !r.Outcome.Present() || r.Proof != ledger.ProvedContent:
		return fmt.Sprintf("its copy is not verified any more: %s, %s", r.Outcome, r.Proof), nil
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
		err := b.dest.Scan(ctx, destSet(page), func(m mailbox.Message) error {
			there[m.UID] = true
			return nil
		})
		for _, r := range page {
			if !there[r.Dest] {
				if missing++; missing == 1 {
					first = r
				}
			}
		}
		page = page[:0]
		return err
	}
	err := b.Ledger.Each(b.mailbox, func(r ledger.Row) error {
		if !b.set.Contains(r.UID) || r.UID < b.next || r.Removal == ledger.Gone || r.Proof != ledger.ProvedContent {
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
	return b.stale(b.Destination.Identity(), fmt.Sprintf("%d of the copies are not there any more, the first is message %d, the copy of source message %d", missing, first.Dest, first.UID),
		"nothing was removed here; find out who removed them, then run verify, which records it, and purge again: it will leave them out")
}

// sameBut reports whether a and b hold the same flags, \Recent and one other aside.
func sameBut(a, b []mailbox.Flag, aside mailbox.Flag) bool {
	without := func(flags []mailbox.Flag) []mailbox.Flag {
		return slices.DeleteFunc(mailbox.Flags(flags...), aside.Equal)
	}
	return mailbox.SameFlags(without(a), without(b))
}

// flagText shows flags, a stranger's text, bounded and visible.
func flagText(flags []mailbox.Flag) string {
	texts := make([]string, 0, len(flags))
	for _, f := range mailbox.Flags(flags...) {
		texts = append(texts, string(f))
	}
	return fmt.Sprintf("%.200q", strings.Join(texts, " "))
}
