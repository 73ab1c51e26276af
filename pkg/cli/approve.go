package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/sshsig"
	"imapmigrate/pkg/view"
)

// yes is what somebody says to a checkpoint.
type yes struct {
	phrase, note, name string
	key                string // agent, or the file of a key; empty for the agent when a signature is wanted
}

func (a *app) approveCommand() *cobra.Command {
	var y yes
	c := a.command(manual{
		use: "approve FILE [--phrase PHRASE] [--note TEXT] [--name NAME] [--sign agent|KEYFILE]", short: "Say yes to a checkpoint, by typing what will happen",
		examples: `
  imapmigrate approve plans/acme.checkpoint.yaml
  imapmigrate approve plans/acme.checkpoint.yaml --phrase 'purge 1234 messages from alice@old.example at imap.old.example'
  imapmigrate approve plans/acme.checkpoint.yaml --sign ~/.ssh/id_ed25519 --note 'ticket 4711'`,
		long: `
Shows what a removal will do and what cannot be undone, and asks for a phrase that names both; a plain yes does not exist. The approval is
written beside the checkpoint, says who gave it, holds for seven days, and is bound to the exact messages by the checkpoint's digest. Where
nobody can be asked (--no-input, --json, no terminal) and no --phrase is given, the phrase is printed and the exit code is 10.

Where the configuration names approvers, a yes counts only with the signature of one of their SSH keys, made by the agent
(SSH_AUTH_SOCK) or with a key file; a .pub file names a key that the agent holds. When two have to sign, each runs this command; until
both have, the exit code is 10. The text that was signed stands in the file, as` + " `ssh-keygen -Y verify -n imapmigrate` " + `takes it.`,
		exits: []Code{NotApproved, Stale, NoFile, BadConfig},
	}, 1, 1, func(cmd *cobra.Command, args []string) error {
		c, err := readCheckpoint(args[0])
		if err != nil {
			return err
		}
		return a.approve(cmd.Context(), args[0], c, y)
	})
	c.Flags().StringVar(&y.phrase, "phrase", "", "the `PHRASE`, for scripts")
	c.Flags().StringVar(&y.note, "note", "", "a remark (`TEXT`) that is kept with the approval")
	c.Flags().StringVar(&y.name, "name", "", "your `NAME`, where the system does not know it")
	c.Flags().StringVar(&y.key, "sign", "", "sign through the SSH `agent`, or with the key in this file")
	return c
}

func (a *app) approve(ctx context.Context, file string, c *checkpoint.Checkpoint, y yes) error {
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
	if y.phrase == "" && subject.Messages > 0 {
		if y.phrase, err = a.askPhrase(ctx, subject); err != nil {
			return err
		}
	}
	given, err := approval.Give(subject, y.phrase, person(y.name), y.note, a.now())
	if err != nil {
		return err
	}
	if subject.Approvers.Wanted() {
		if err := a.sign(ctx, given, subject, y.key); err != nil {
			return err
		}
	} else if y.key != "" {
		return usagef("the checkpoint asks for no signature; name approvers in the configuration and make a new checkpoint, or leave --sign out")
	}
	return a.keepApproval(file, given, subject)
}

// keepApproval writes a yes beside the checkpoint, behind those that others have given to it.
func (a *app) keepApproval(file string, given *approval.Approval, s approval.Subject) error {
	earlier, err := readApproval(approvalOf(file))
	if err == nil {
		given.Join(earlier)
	} else {
		a.caution("%v; it is replaced", err)
	}
	text, err := given.Encode()
	if err != nil {
		return err
	}
	if err := writeFile(approvalOf(file), text); err != nil {
		return err
	}
	own := given.Given[len(given.Given)-1]
	a.note("approved by %s, until %s; written to %s", own.By, own.Expires().Format(time.RFC3339), approvalOf(file))
	if missing := s.Approvers.Needed - given.Signed(s); s.Approvers.Wanted() && missing > 0 {
		return &outcome{NotApproved, fmt.Sprintf("%s still to come: another approver has to run `imapmigrate approve %s`", view.Plural(int64(missing), "signature"), file)}
	}
	a.note("next: `imapmigrate %s`", s.Kind)
	return nil
}

// sign adds the signature of the person who sits here.
func (a *app) sign(ctx context.Context, given *approval.Approval, s approval.Subject, key string) error {
	signer, err := a.signer(ctx, s, key)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		return &approval.NotApprovedError{Subject: s, Reason: "it has to be signed, and that did not work: " + err.Error()}
	}
	return given.Sign(s, signer)
}

// largestKey is more than any key file needs, in bytes.
const largestKey = 64 << 10

func (a *app) signer(ctx context.Context, s approval.Subject, key string) (*sshsig.Signer, error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if key == "" || key == "agent" {
		return sshsig.OfAgent(ctx, approval.Namespace, socket, func(f string) bool { return slices.Contains(s.Approvers.Keys, f) })
	}
	f, err := os.Open(key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, largestKey))
	if err != nil {
		return nil, err
	}
	if _, err := sshsig.Fingerprint(string(text)); err == nil {
		return sshsig.OfAgentKey(ctx, approval.Namespace, socket, text)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read the key file %s; take that right away (chmod 600)", key)
	}
	return sshsig.OfKey(approval.Namespace, text, func() ([]byte, error) {
		if !a.asks() {
			return nil, errors.New("the key has a passphrase, and nobody can be asked here; use the agent")
		}
		secret, err := a.Secret(ctx, "passphrase of "+view.Visible(key))
		return []byte(secret.Reveal()), err
	})
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

// person is who sits here, as far as the system knows; name is what the person says.
func person(name string) approval.Person {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "an unnamed machine"
	}
	p := approval.Person{User: fmt.Sprintf("uid %d", os.Getuid()), Host: host}
	if u, err := user.Current(); err == nil {
		p.User, p.Name = u.Username, u.Name
	}
	if name != "" {
		p.Name = name
	}
	return p
}

// approvalOf is where the approval of a checkpoint file lies.
func approvalOf(file string) string { return strings.TrimSuffix(file, ".yaml") + ".approval.yaml" }

// policy is what the configuration asks of an approval, and how signatures are looked at.
func policy(conf *config.Config) approval.Policy {
	p := approval.Policy{Verify: func(statement []byte, signature string) (string, error) {
		return sshsig.Verify(approval.Namespace, statement, signature)
	}}
	if keys := conf.Approvers.Fingerprints(); len(keys) > 0 {
		p.Approvers = approval.Approvers{Needed: conf.Approvers.Needed, Keys: keys}
	}
	return p
}
