package purge

import (
	"context"
	"fmt"
	"slices"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Command is what a run would send to change something.
type Command struct {
	Mailbox mailbox.Wire `json:"-"`
	Name    string       `json:"mailbox"` // the mailbox for people: a stranger's text, quoted
	Text    string       `json:"command"` // without its tag; the name of a mailbox in it is quoted
}

// Rehearsal gives the right to remove from an account, and removes nothing: every command that would change something is given to tell,
// and from then on everything looks as if the server had obeyed. It holds no right but to read, so that it cannot change anything even by
// mistake; that is why its Job needs no approval. The Job that uses it needs a copy of the ledger, which is believed by nobody afterwards.
func Rehearsal(over endpoint.Fetcher, tell func(Command)) endpoint.Expunger {
	return &rehearsal{Fetcher: over, tell: tell, boxes: map[mailbox.Wire]*pretence{}}
}

type rehearsal struct {
	endpoint.Fetcher
	tell  func(Command)
	boxes map[mailbox.Wire]*pretence
}

// pretence is what a mailbox is said to look like.
type pretence struct{ marked, gone map[mailbox.UID]bool }

func (r *rehearsal) Select(ctx context.Context, w mailbox.Wire) (endpoint.Remover, error) {
	reader, err := r.Examine(ctx, w)
	if err != nil {
		return nil, err
	}
	p := r.boxes[w]
	if p == nil {
		p = &pretence{map[mailbox.UID]bool{}, map[mailbox.UID]bool{}}
		r.boxes[w] = p
	}
	return &actor{Reader: reader, pretence: p, rehearsal: r}, nil
}

// actor is one opened mailbox of a rehearsal.
type actor struct {
	endpoint.Reader
	*pretence
	rehearsal *rehearsal
	deleted   []mailbox.UID // those that really carry \Deleted
	searched  bool
}

func (a *actor) say(format string, args ...any) {
	w := a.Reader.State().Wire
	a.rehearsal.tell(Command{Mailbox: w, Name: fmt.Sprintf("%+q", string(w)), Text: fmt.Sprintf(format, args...)})
}

func (a *actor) State() endpoint.State {
	s := a.Reader.State()
	s.ReadOnly = false // whether it would be so is not known before it is opened in earnest
	s.Messages -= uint32(len(a.gone))
	return s
}

func (a *actor) Scan(ctx context.Context, set mailbox.UIDSet, visit func(mailbox.Message) error) error {
	return a.Reader.Scan(ctx, set, a.dressed(visit))
}

func (a *actor) ScanFlags(ctx context.Context, set mailbox.UIDSet, since uint64, visit func(mailbox.Message) error) error {
	return a.Reader.ScanFlags(ctx, set, since, a.dressed(visit))
}

// dressed shows messages as they would be.
func (a *actor) dressed(visit func(mailbox.Message) error) func(mailbox.Message) error {
	return func(m mailbox.Message) error {
		if a.gone[m.UID] {
			return nil
		}
		if a.marked[m.UID] {
			m.Flags = append(slices.Clone(m.Flags), mailbox.Deleted)
		}
		return visit(m)
	}
}

func (a *actor) Fetch(ctx context.Context, set mailbox.UIDSet, visit func(endpoint.Body) error) error {
	return a.Reader.Fetch(ctx, set, func(b endpoint.Body) error {
		if a.gone[b.UID] {
			return nil
		}
		return visit(b)
	})
}

func (a *actor) MarkDeleted(_ context.Context, set mailbox.UIDSet, modseq uint64) error {
	condition := ""
	if modseq != 0 && a.Reader.State().ModSeq != 0 {
		condition = fmt.Sprintf("(UNCHANGEDSINCE %d) ", modseq)
	}
	a.say(`UID STORE %s %s+FLAGS.SILENT (\Deleted)`, set, condition)
	for uid := range set.All {
		a.marked[uid] = true
	}
	return nil
}

func (a *actor) Unmark(_ context.Context, set mailbox.UIDSet) error {
	a.say(`UID STORE %s -FLAGS.SILENT (\Deleted)`, set)
	for uid := range set.All {
		delete(a.marked, uid)
	}
	return nil
}

// Deleted looks once: what somebody else marks while we rehearse, the run itself will see.
func (a *actor) Deleted(ctx context.Context) (mailbox.UIDSet, error) {
	if !a.searched {
		err := a.Reader.ScanFlags(ctx, a.Reader.State().Everything(), 0, func(m mailbox.Message) error {
			if containsFlag(m.Flags, mailbox.Deleted) {
				a.deleted = append(a.deleted, m.UID)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		a.searched = true
	}
	all := slices.DeleteFunc(slices.Clone(a.deleted), func(uid mailbox.UID) bool { return a.gone[uid] })
	for uid := range a.marked {
		if !a.gone[uid] {
			all = append(all, uid)
		}
	}
	return mailbox.SetOf(all...), nil
}

func (a *actor) Expunge(_ context.Context, set mailbox.UIDSet) error {
	a.say("UID EXPUNGE %s", set)
	for uid := range set.All {
		if a.marked[uid] || slices.Contains(a.deleted, uid) {
			a.gone[uid] = true
		}
	}
	return nil
}

// Move pretends that the messages got UIDs nobody has; the ledger of a rehearsal is thrown away.
func (a *actor) Move(_ context.Context, set mailbox.UIDSet, w mailbox.Wire) (endpoint.Moved, error) {
	a.say("UID MOVE %s %+q", set, string(w))
	moved := endpoint.Moved{UIDs: map[mailbox.UID]mailbox.UID{}}
	for uid := range set.All {
		a.gone[uid] = true
		moved.UIDs[uid] = uid
	}
	return moved, nil
}
