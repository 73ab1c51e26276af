package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/view"
)

func (a *app) approveCommand() *cobra.Command {
	var phrase, note string
	c := a.command(manual{
		use: "approve FILE [--phrase PHRASE] [--note TEXT]", short: "Say yes to a checkpoint, by typing what will happen",
		examples: `
  imapmigrate approve plans/acme.checkpoint.yaml
  imapmigrate approve plans/acme.checkpoint.yaml --phrase 'purge 1234 messages from alice@old.example at imap.old.example'`,
		long: `
Shows what a purge will do and what cannot be undone, and asks for a phrase that names both; a plain yes does not exist. The approval is
written beside the checkpoint, says who gave it, holds for seven days, and is bound to the exact messages by the checkpoint's digest. Where
nobody can be asked (--no-input, --json, no terminal) and no --phrase is given, the phrase is printed and the exit code is 10.`,
		exits: []Code{NotApproved, Stale, NoFile, BadConfig},
	}, 1, 1, func(cmd *cobra.Command, args []string) error {
		c, err := readCheckpoint(args[0])
		if err != nil {
			return err
		}
		return a.approve(cmd.Context(), args[0], c, phrase, note)
	})
	c.Flags().StringVar(&phrase, "phrase", "", "the `PHRASE`, for scripts")
	c.Flags().StringVar(&note, "note", "", "a remark (`TEXT`) that is kept with the approval")
	return c
}

func (a *app) approve(ctx context.Context, file string, c *checkpoint.Checkpoint, phrase, note string) error {
	var err error
	if a.json {
		err = view.CheckpointJSON(a.Out, file, c)
	} else {
		err = view.ApproveScreen(a.Out, file, c, a.outWidth())
	}
	if err != nil {
		return err
	}
	subject := c.Subject()
	if phrase == "" && subject.Messages > 0 {
		if phrase, err = a.askPhrase(ctx, subject); err != nil {
			return err
		}
	}
	given, err := approval.Give(subject, phrase, person(), note, a.now())
	if err != nil {
		return err
	}
	text, err := given.Encode()
	if err != nil {
		return err
	}
	if err := writeFile(approvalOf(file), text); err != nil {
		return err
	}
	a.note("approved by %s, until %s; written to %s; next: `imapmigrate purge`", given.By, given.Expires().Format(time.RFC3339), approvalOf(file))
	return nil
}

// askPhrase has a person type it. Where nobody can be asked it says which phrase is wanted.
func (a *app) askPhrase(ctx context.Context, s approval.Subject) (string, error) {
	if !a.asks() {
		return "", &approval.NotApprovedError{Subject: s, Reason: "nobody can be asked here; --phrase gives the phrase"}
	}
	_, _ = fmt.Fprintf(a.Err, "\nTo approve, type: %s\n> ", view.Visible(s.Phrase()))
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1) // a reader that nobody waits for any more stays behind until the process ends
	go func() {
		line, err := bufio.NewReader(a.In).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case got := <-answers:
		if got.err != nil && !errors.Is(got.err, io.EOF) {
			return "", got.err
		}
		return strings.TrimSpace(got.line), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// person is who sits here, as far as the system knows.
func person() approval.Person {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "an unnamed machine"
	}
	p := approval.Person{User: fmt.Sprintf("uid %d", os.Getuid()), Host: host}
	if u, err := user.Current(); err == nil {
		p.User, p.Name = u.Username, u.Name
	}
	return p
}

// approvalOf is where the approval of a checkpoint file lies.
func approvalOf(file string) string { return strings.TrimSuffix(file, ".yaml") + ".approval.yaml" }
