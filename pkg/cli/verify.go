package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/config"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/verify"
	"imapmigrate/pkg/view"
)

func (a *app) verifyCommand() *cobra.Command {
	depth := verify.Content.String()
	c := a.command(manual{
		use: "verify [--depth counts|metadata|content]", short: "Prove that the destination has what was copied",
		examples: `
  imapmigrate verify                       # reads every copied message back and compares its SHA-256
  imapmigrate verify --depth counts        # in seconds; proves little`,
		long: `
Changes nothing on either side. What is proved is recorded; only messages proved by content can ever be purged.`,
		exits: []Code{Attention, Differences, Stale, Locked, NoFile, Unreachable, ComeBack, Refused, BadConfig},
	}, 0, 0, func(cmd *cobra.Command, _ []string) error {
		d, err := verify.ParseDepth(depth)
		if err != nil {
			return usagef("%v", err)
		}
		conf, err := a.config()
		if err != nil {
			return err
		}
		return a.verify(cmd.Context(), conf, d)
	})
	c.Flags().StringVar(&depth, "depth", depth, "how closely (`DEPTH`): counts, metadata, or content")
	return c
}

func (a *app) verify(ctx context.Context, conf *config.Config, depth verify.Depth) error {
	limitMemory(conf)
	l, err := a.openLedger(conf, "verify")
	if err != nil {
		return err
	}
	defer l.Close()
	planned, err := a.planned(conf, l)
	if err != nil {
		return err
	}
	sink := a.live()
	defer sink.Close()
	both, err := a.connect(ctx, conf)
	if err != nil {
		return err
	}
	defer both.Close()
	result, err := verify.Run(ctx, verify.Job{
		Ledger: l, Source: both.source.Source(), Destination: both.destination.Source(), Depth: depth, Planned: planned, Workers: workers(conf),
		Sink: sink, Now: a.now, Patience: endpoint.DefaultPatience,
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	text := func(w io.Writer) error { return view.Verify(w, verified(result), a.outWidth()) }
	if err := a.result(sink, result, text); err != nil {
		return err
	}
	return a.judge(result)
}

// planned are the mailboxes of the plan that ran last, so that one which copy never came to is missed. Another plan says nothing about that.
func (a *app) planned(conf *config.Config, l *ledger.Ledger) (map[mailbox.Wire]mailbox.Name, error) {
	last, err := l.LastPlan()
	if err != nil {
		return nil, err
	}
	p, err := readPlan(a.files(conf.Name).plan)
	if err != nil || p.Sum() != last {
		a.note("the plan that was copied last is not at %s: a mailbox that the copy never came to would not be missed", a.files(conf.Name).plan)
		return nil, nil
	}
	return copies(p), nil
}

// copies are the source mailboxes whose messages a plan copies.
func copies(p *plan.Plan) map[mailbox.Wire]mailbox.Name {
	all := map[mailbox.Wire]mailbox.Name{}
	for _, e := range p.Mailboxes {
		if e.Action.Copies() {
			all[e.SourceWire] = e.Source
		}
	}
	return all
}

// judge turns what verify found into an exit code: differences first, because they are about mail.
func (a *app) judge(r *verify.Result) error {
	switch {
	case r.Different() > 0:
		return &outcome{Differences, fmt.Sprintf("%s; `imapmigrate report` names them, with the next step", view.Plural(r.Different(), "difference"))}
	case r.Err() != nil:
		return r.Err()
	case r.Totals.Attention > 0:
		return &outcome{Attention, fmt.Sprintf("what was copied is there, but %s not copied: `imapmigrate report` names them", areOr(r.Totals.Attention))}
	}
	a.note("next, only if messages are to leave the source: `imapmigrate checkpoint`")
	return nil
}

func areOr(n int64) string {
	if n == 1 {
		return "1 message is"
	}
	return view.Plural(n, "message") + " are"
}

// verified is a verification as view shows it.
func verified(r *verify.Result) view.Verification {
	v := view.Verification{
		Depth: r.Depth, Proved: r.Totals.Proved, Bytes: r.Totals.Bytes, Different: r.Different(), More: r.More, NewOnSource: r.Totals.NewOnSource,
		LeftSource: r.Totals.LeftSource, FlagsChanged: r.Totals.FlagsChanged, Dropped: r.Totals.Dropped, Unlocated: r.Totals.Unlocated, Attention: r.Totals.Attention,
	}
	for _, m := range r.Mailboxes {
		v.Mailboxes = append(v.Mailboxes, view.VerifiedMailbox{Mailbox: m.Name, To: m.Dest, Present: m.Totals.Present, Proved: m.Totals.Proved,
			Different: m.Totals.ContentDifferences + m.Totals.MetadataDifferences, Problem: m.Problem})
	}
	for _, d := range r.Differences {
		v.Differences = append(v.Differences, view.Difference{Mailbox: d.Mailbox, UID: uint32(d.UID), Kind: string(d.Kind), Reason: d.Reason})
	}
	return v
}
