package cli

import (
	"context"
	"maps"
	"slices"

	"imapmigrate/pkg/config"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/report"
	"imapmigrate/pkg/subject"
)

// mostSubjects is how many messages are named by their subjects; it bounds what a server can make us hold.
const mostSubjects = 10_000

// box is one mailbox of the source as the report names it.
type box struct {
	wire     mailbox.Wire
	validity mailbox.UIDValidity
}

// subjects asks the source for the subjects of the messages that the report names. A mailbox that does not give them is said; the report goes on
// without.
func (a *app) subjects(ctx context.Context, conf *config.Config, r *report.Report) error {
	wanted, order, more := named(r)
	if len(order) == 0 {
		return nil
	}
	if more > 0 {
		a.caution("only the first %d messages are named by their subjects, %d are not", mostSubjects, more)
	}
	account, err := a.dial(ctx, conf, conf.Source)
	if err != nil {
		return err
	}
	defer account.Close()
	for _, b := range order {
		if err := a.subjectsOf(ctx, account.Source(), b, wanted[b]); err != nil {
			return err
		}
	}
	return nil
}

// named are the messages that the report lists, by mailbox, in the order in which they stand there.
func named(r *report.Report) (wanted map[box]map[mailbox.UID]*report.Message, order []box, more int) {
	wanted = map[box]map[mailbox.UID]*report.Message{}
	count := 0
	for _, list := range [][]report.Message{r.Problems, r.Notes} {
		for i := range list {
			if count++; count > mostSubjects {
				more++
				continue
			}
			m := &list[i]
			b := box{m.Wire, m.Validity}
			if wanted[b] == nil {
				wanted[b] = map[mailbox.UID]*report.Message{}
				order = append(order, b)
			}
			wanted[b][m.UID] = m
		}
	}
	return wanted, order, more
}

func (a *app) subjectsOf(ctx context.Context, from endpoint.Fetcher, b box, messages map[mailbox.UID]*report.Message) error {
	uids := slices.Collect(maps.Keys(messages))
	found, err := subject.Read(ctx, from, b.wire, b.validity, mailbox.SetOf(uids...))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		a.caution("%v", err)
	}
	for uid, text := range found {
		messages[uid].Subject = text
	}
	return nil
}
