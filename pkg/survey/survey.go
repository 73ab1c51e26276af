// Package survey owns what one account looks like at one moment: its mailboxes, their counts, and what the server can do and allows.
// It decides nothing and changes nothing: it needs no more than an endpoint.Lister, and an endpoint.Fetcher to look into mailboxes.
package survey

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
)

// Stage is the name under which a survey's events are told.
const Stage = "survey"

// Survey is one account at one moment. It is plain data.
type Survey struct {
	Taken        time.Time
	Identity     endpoint.Identity
	Capabilities endpoint.Capabilities
	Namespaces   endpoint.Namespaces // Personal has at least one member
	Derived      bool                // Namespaces were not stated but read from the mailbox list; see derive
	Mailboxes    []mailbox.Info      // in the server's order, each Wire once
	Quota        []endpoint.Quota
	QuotaProblem string                     // why Quota could not be asked; empty when it could
	RoundTrip    time.Duration              // of a question and its answer, the shortest of a few; 0: not measured, see Time
	Contents     map[mailbox.Wire]*Contents // of the mailboxes that were scanned; nil before Scan
	AppendLimit  int64                      // bytes a message may have at most (RFC 7889), the smallest that is stated anywhere; -1 when none is
}

// Take looks at the account behind l. It reads only, so it may be repeated: nothing is retried in here, see [endpoint.Patience].
// A mailbox without STATUS is in the survey without counts and told as a warning; a refused quota is noted. Any other error ends it.
func Take(ctx context.Context, l endpoint.Lister, sink event.Sink, clock func() time.Time) (*Survey, error) {
	start := clock()
	s := &Survey{Taken: start, Identity: l.Identity(), Capabilities: l.Capabilities()}
	sink.Emit(event.StageStarted{Stage: Stage})
	var err error
	if s.Namespaces, err = l.Namespaces(ctx); err != nil {
		return nil, fmt.Errorf("survey of %s: %w", s.Identity, err)
	}
	listed, err := l.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("survey of %s: %w", s.Identity, err)
	}
	s.Mailboxes = once(listed)
	if err := s.askQuota(ctx, l); err != nil {
		return nil, fmt.Errorf("survey of %s: %w", s.Identity, err)
	}
	s.derive()
	s.AppendLimit = smallestLimit(s.Capabilities.AppendLimit(), s.Mailboxes)
	s.tell(sink, clock().Sub(start))
	return s, nil
}

// questions is how often Time asks.
const questions = 4

// Time measures how long the server takes to answer a small question. The first answer may have to wait for a login, so the shortest counts.
func (s *Survey) Time(ctx context.Context, l endpoint.Lister, clock func() time.Time) error {
	for range questions {
		start := clock()
		if _, err := l.Status(ctx, mailbox.Inbox); err != nil {
			if passing(err) || ctx.Err() != nil {
				return fmt.Errorf("survey of %s: %w", s.Identity, err)
			}
			return nil // it answered, but not to this; the forecast does without
		}
		if took := clock().Sub(start); s.RoundTrip == 0 || took < s.RoundTrip {
			s.RoundTrip = took
		}
	}
	return nil
}

// Delimiter of the personal namespace, "" when the account has no hierarchy.
func (s *Survey) Delimiter() string { return s.Namespaces.Personal[0].Delimiter }

// Find is the mailbox of that wire name, nil if it is not there. The pointer is into s.
func (s *Survey) Find(w mailbox.Wire) *mailbox.Info {
	for i := range s.Mailboxes {
		if s.Mailboxes[i].Wire == w {
			return &s.Mailboxes[i]
		}
	}
	return nil
}

// Totals are the messages and bytes of all mailboxes that can be opened; -1 when one of them did not say.
func (s *Survey) Totals() (messages, bytes int64) {
	for _, m := range s.Mailboxes {
		if !m.Selectable {
			continue
		}
		n, size := Counts(m)
		messages, bytes = plus(messages, n), plus(bytes, size)
	}
	return messages, bytes
}

// Counts are a mailbox's messages and their bytes, -1 for what the server did not say. An empty mailbox has 0 bytes whether the server
// counts bytes or not.
func Counts(m mailbox.Info) (messages, bytes int64) {
	switch {
	case m.Status == nil:
		return -1, -1
	case m.Status.Messages == 0:
		return 0, 0
	}
	return int64(m.Status.Messages), m.Status.Size
}

func plus(sum, n int64) int64 {
	if sum < 0 || n < 0 {
		return -1
	}
	return sum + n
}

// once drops repeated lines: a mailbox that is planned twice would be copied twice.
func once(listed []mailbox.Info) []mailbox.Info {
	seen := make(map[mailbox.Wire]bool, len(listed))
	out := make([]mailbox.Info, 0, len(listed))
	for _, m := range listed {
		if !seen[m.Wire] {
			seen[m.Wire] = true
			out = append(out, m)
		}
	}
	return out
}

// askQuota takes a refusal for an answer, and everything that makes the rest of the survey doubtful for an error.
func (s *Survey) askQuota(ctx context.Context, l endpoint.Lister) error {
	var err error
	if s.Quota, err = l.Quota(ctx); err == nil {
		return nil
	}
	if passing(err) || ctx.Err() != nil {
		return err
	}
	s.Quota, s.QuotaProblem = nil, err.Error()
	return nil
}

// derive sees to it that there is a personal namespace. A server without NAMESPACE (RFC 2342) that lists mailboxes below INBOX and none
// beside it keeps the account's mailboxes there: names are made below "INBOX." on such servers, and refused elsewhere.
func (s *Survey) derive() {
	stated := s.Capabilities.Has("NAMESPACE") && len(s.Namespaces.Personal) > 0
	if len(s.Namespaces.Personal) == 0 {
		s.Namespaces.Personal = []endpoint.Namespace{{Delimiter: s.anyDelimiter()}}
	}
	s.Namespaces.Personal = slices.Clone(s.Namespaces.Personal) // it is the endpoint's
	personal := &s.Namespaces.Personal[0]
	if stated || personal.Prefix != "" || personal.Delimiter == "" {
		return
	}
	below := mailbox.Inbox + personal.Delimiter
	found := false
	for _, m := range s.Mailboxes {
		switch {
		case m.Name.IsInbox():
		case strings.HasPrefix(string(m.Wire), below):
			found = true
		default:
			return
		}
	}
	if found {
		personal.Prefix, s.Derived = mailbox.Wire(below), true
	}
}

func (s *Survey) anyDelimiter() string {
	for _, m := range s.Mailboxes {
		if m.Delimiter != "" {
			return m.Delimiter
		}
	}
	return ""
}

func smallestLimit(limit int64, mailboxes []mailbox.Info) int64 {
	for _, m := range mailboxes {
		if m.Status != nil && m.Status.AppendLimit >= 0 && (limit < 0 || m.Status.AppendLimit < limit) {
			limit = m.Status.AppendLimit
		}
	}
	return limit
}

func (s *Survey) tell(sink event.Sink, took time.Duration) {
	for _, m := range s.Mailboxes {
		if m.Problem != "" {
			sink.Emit(event.Warning{Stage: Stage, Text: fmt.Sprintf("%s: mailbox %q does not say what it holds: %q", s.Identity, m.Name, m.Problem)})
		}
	}
	if s.QuotaProblem != "" {
		sink.Emit(event.Warning{Stage: Stage, Text: "the quota is not known: " + s.QuotaProblem})
	}
	messages, bytes := s.Totals()
	sink.Emit(event.StageDone{Stage: Stage, Messages: max(messages, 0), Bytes: max(bytes, 0), Took: took})
}
