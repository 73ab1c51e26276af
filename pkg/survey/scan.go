package survey

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
)

// ScanStage is the name under which a scan's events are told.
const ScanStage = "scan"

// Question says what a scan looks at.
type Question struct {
	Mailboxes []Asked
	Since     time.Time // with Before and MaxSize the filter of the migration; zero values take all
	Before    time.Time
	MaxSize   int64 // bytes
	Workers   int   // mailboxes open at a time; 0 is 1
	Patience  endpoint.Patience
}

// Asked is one mailbox to scan.
type Asked struct {
	Wire  mailbox.Wire
	Limit int64 // bytes that a message may have where it is to go, -1 for no limit
	View  bool  // views come first, and one that stays is a home for those behind it. It shows messages of other mailboxes (\All, \Flagged): look whether each has a home in those that are asked about and are no views
}

func (q *Question) wants(m mailbox.Message) bool {
	switch {
	case !q.Since.IsZero() && m.InternalDate.Before(q.Since), !q.Before.IsZero() && !m.InternalDate.IsZero() && !m.InternalDate.Before(q.Before):
		return false
	}
	return q.MaxSize == 0 || m.Size <= q.MaxSize
}

// Scan reads the metadata of every message in the mailboxes asked about (UID FETCH of size, date and flags, in windows) and keeps counters
// in s.Contents. It changes nothing: mailboxes are opened by EXAMINE. A mailbox that cannot be read has Contents.Problem and stops nothing
// else; a lost connection, or a server that asks to wait, is given q.Patience, and then ends the scan. Memory does not grow with the
// account, but for 16 bytes a message of a view.
func (s *Survey) Scan(ctx context.Context, f endpoint.Fetcher, q Question, sink event.Sink, clock func() time.Time) error {
	start := clock()
	x := &scan{fetcher: f, question: &q, sink: sink, survey: s}
	s.Contents = make(map[mailbox.Wire]*Contents, len(q.Mailboxes))
	total := x.expected()
	sink.Emit(event.StageStarted{Stage: ScanStage, Messages: total})
	var homes []Asked
	for _, a := range q.Mailboxes {
		if !a.View {
			homes = append(homes, a)
			continue
		}
		if err := x.mailbox(ctx, a); err != nil {
			return err
		}
	}
	if err := x.all(ctx, homes); err != nil {
		return err
	}
	for i, v := range x.views {
		s.Contents[v.wire].Homeless = v.homeless()
		for _, later := range x.views[i+1:] {
			later.lean(v)
		}
	}
	sink.Emit(event.StageDone{Stage: ScanStage, Messages: x.messages, Took: clock().Sub(start)})
	return nil
}

// scan is a Scan under way.
type scan struct {
	fetcher  endpoint.Fetcher
	question *Question
	sink     event.Sink
	survey   *Survey
	views    []*view

	mu       sync.Mutex // holds survey.Contents, messages and the views' counters
	messages int64
}

func (x *scan) expected() int64 {
	total := int64(0)
	for _, a := range x.question.Mailboxes {
		if m := x.survey.Find(a.Wire); m != nil && m.Status != nil {
			total += int64(m.Status.Messages)
		}
	}
	return total
}

// all scans several mailboxes at a time. The first error ends the others.
func (x *scan) all(ctx context.Context, asked []Asked) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan Asked)
	var workers sync.WaitGroup
	for range max(1, x.question.Workers) {
		workers.Go(func() {
			for a := range next {
				if err := x.mailbox(ctx, a); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	for _, a := range asked {
		select {
		case next <- a:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// mailbox scans one. What another try could read is tried again, from the beginning, because half a count is none.
func (x *scan) mailbox(ctx context.Context, a Asked) error {
	name := string(a.Wire)
	if m := x.survey.Find(a.Wire); m != nil {
		name = m.Name.String()
	}
	x.sink.Emit(event.MailboxStarted{Stage: ScanStage, Mailbox: name})
	told := int64(0) // a second try tells nothing twice
	var found *Contents
	var seen *sighting
	err := x.question.Patience.Do(ctx, func() (bool, error) {
		before := told
		found, seen = &Contents{Homeless: -1}, x.sighting(a)
		err := x.read(ctx, a, found, seen, &told, name)
		return told > before, err
	})
	if err != nil && (ctx.Err() != nil || passing(err)) {
		return fmt.Errorf("scan of mailbox %q: %w", name, err)
	}
	if err != nil {
		found.Problem = err.Error()
		x.sink.Emit(event.Warning{Stage: ScanStage, Text: fmt.Sprintf("mailbox %q could not be looked into: %v", name, err)})
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.survey.Contents[a.Wire] = found
	x.messages += found.Messages
	x.settle(a, found, seen)
	x.sink.Emit(event.MailboxDone{Stage: ScanStage, Mailbox: name, Messages: found.Messages, Bytes: found.Bytes, Problem: found.Problem})
	return nil
}

// passing reports whether err says something about the connection or the moment, not about the mailbox.
func passing(err error) bool {
	switch endpoint.ClassOf(err) {
	case endpoint.Lost, endpoint.Unreachable, endpoint.Temporary, endpoint.Throttled, endpoint.LoginRefused, endpoint.Untrusted:
		return true
	}
	return false
}

// step is how many messages are told at a time.
const step = 500

func (x *scan) read(ctx context.Context, a Asked, found *Contents, seen *sighting, told *int64, name string) (err error) {
	r, err := x.fetcher.Examine(ctx, a.Wire)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, r.Close()) }()
	tell := func(n int64) {
		if n > 0 {
			*told += n
			x.sink.Emit(event.Progress{Stage: ScanStage, Mailbox: name, Messages: n})
		}
	}
	err = r.Scan(ctx, r.State().Everything(), func(m mailbox.Message) error {
		found.count(m, x.question, a.Limit)
		seen.add(m)
		if found.Messages%step == 0 && found.Messages > *told {
			tell(found.Messages - *told)
		}
		return nil
	})
	tell(found.Messages - *told)
	return err
}
