package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/testdata/message"
)

// TestWholeWayOnRealServers runs the commands of README's "first migration" between two real servers, and then looks at both with a client
// that shares no code with the program.
//
//	imapmigrate --TLS or STARTTLS--> Dovecot | Cyrus | Courier
//	imaptest.Client --plain text--> the same
func TestWholeWayOnRealServers(t *testing.T) {
	maildir := func(t *testing.T) *imaptest.Server {
		return imaptest.Dovecot(t, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX.", NoFsync: true})
	}
	sdbox := func(t *testing.T) *imaptest.Server {
		return imaptest.Dovecot(t, imaptest.DovecotOptions{Storage: "sdbox", NoFsync: true})
	}
	cyrus := func(t *testing.T) *imaptest.Server { return imaptest.Cyrus(t) }
	courier := func(t *testing.T) *imaptest.Server { return imaptest.Courier(t) }
	for _, c := range []struct {
		name     string
		from, to func(*testing.T) *imaptest.Server
		security string
	}{
		{"Dovecot to Dovecot", maildir, sdbox, "tls"},
		{"Dovecot to Cyrus", sdbox, cyrus, "starttls"},
		{"Cyrus to Courier", cyrus, courier, "tls"},
		{"Courier to Dovecot", courier, maildir, "tls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJourney(t, c.from(t).NewUser(t), c.to(t).NewUser(t), c.security)
			j.fill()
			j.run(cli.Done, "check")
			j.run(cli.Done, "plan")
			time.Sleep(1100 * time.Millisecond) // until its first message Courier takes the UIDVALIDITY of a mailbox from the clock
			j.run(cli.Done, "copy")
			if out := j.run(cli.Done, "copy"); out != "nothing new\n" {
				t.Errorf("a second copy says %q", out)
			}
			j.run(cli.Done, "verify")
			j.arrived()
			j.run(cli.NoFile, "purge")
			j.run(cli.Done, "checkpoint")
			j.run(cli.NotApproved, "purge")
			j.run(cli.Done, "approve", j.checkpointFile(), "--phrase", j.phrase())
			j.left(len(j.sent))
			j.run(cli.Done, "purge", "--max-messages", "3")
			j.left(len(j.sent) - 3)
			j.run(cli.Done, "purge")
			j.left(0)
			j.run(cli.Done, "purge")
			j.run(cli.Done, "status")
			j.run(cli.Done, "report", "--json")
			j.arrived()
		})
	}
}

// journey is one migration between two accounts.
type journey struct {
	t        *testing.T
	from, to imaptest.Account
	config   string
	sent     []imaptest.RawMessage
}

func newJourney(t *testing.T, from, to imaptest.Account, security string) *journey {
	t.Helper()
	dir := t.TempDir()
	text := "version: 1\nname: journey\n"
	for _, side := range []struct {
		name    string
		account imaptest.Account
	}{{"source", from}, {"destination", to}} {
		port := side.account.Server.TLSPort
		if security == "starttls" {
			port = side.account.Server.Port
		}
		variable := "JOURNEY_" + strings.ToUpper(side.name)
		t.Setenv(variable, side.account.Password)
		text += fmt.Sprintf("%s: {host: localhost, port: %d, security: %s, ca_file: %q, user: %q, auth: {password: {env: %s}}}\n",
			side.name, port, security, side.account.Server.CAFile, side.account.User, variable)
	}
	config := filepath.Join(dir, "migration.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &journey{t: t, from: from, to: to, config: config}
}

// run is one command; it gives stdout.
func (j *journey) run(want cli.Code, args ...string) string {
	j.t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(context.WithoutCancel(j.t.Context()), append([]string{"-c", j.config}, args...), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	if code != want {
		j.t.Fatalf("imapmigrate %s: code %d (%s), want %d\n%s%s", strings.Join(args, " "), code, code.Meaning(), want, out.String(), errs.String())
	}
	return out.String()
}

// fill puts letters into INBOX that every server keeps as they are, with flags, keywords and dates over many years, one of them twice.
func (j *journey) fill() {
	j.t.Helper()
	i := 0
	for letter := range message.Generate(7, 60, 2000) {
		flags := [][]string{{`\Seen`}, {`\Flagged`, "$Forwarded"}, nil, {`\Seen`, `\Answered`, "NonJunk"}}[i%4]
		j.sent = append(j.sent, imaptest.RawMessage{Flags: flags, Date: letter.Date, Body: letter.Bytes})
		i++
	}
	j.sent = append(j.sent, j.sent[5])
	j.from.Dial(j.t).Fill("INBOX", j.sent)
}

// arrived holds the destination to what was sent: bytes, instants, flags, order.
func (j *journey) arrived() {
	j.t.Helper()
	have := j.to.Dial(j.t).FetchAll("INBOX")
	if diff := cmp.Diff(summary(j.sent), summary(have)); diff != "" {
		j.t.Errorf("the destination does not have what was sent (-sent +there):\n%s", diff)
	}
}

// left holds the source to the number of messages that are to be there still.
func (j *journey) left(want int) {
	j.t.Helper()
	if have := j.from.Dial(j.t).FetchAll("INBOX"); len(have) != want {
		j.t.Errorf("the source has %d messages, want %d", len(have), want)
	}
}

func summary(all []imaptest.RawMessage) []string {
	var lines []string
	for _, m := range all {
		flags := slices.DeleteFunc(slices.Clone(m.Flags), func(f string) bool { return strings.EqualFold(f, `\Recent`) })
		slices.Sort(flags)
		lines = append(lines, fmt.Sprintf("%s %q %q", m.Date.UTC().Format(time.RFC3339), flags, m.Body))
	}
	return lines
}

func (j *journey) checkpointFile() string {
	return filepath.Join(filepath.Dir(j.config), "plans", "journey.checkpoint.yaml")
}

func (j *journey) phrase() string {
	j.t.Helper()
	text, err := os.ReadFile(j.checkpointFile())
	if err != nil {
		j.t.Fatal(err)
	}
	c, err := checkpoint.Read(j.checkpointFile(), text)
	if err != nil {
		j.t.Fatal(err)
	}
	return c.Subject().Phrase()
}

// TestWhatCannotBeCopiedIsNamed: a message over the server's limit and a mailbox that it does not make stop nothing else, and the report has
// the server's words and the next step for each.
func TestWhatCannotBeCopiedIsNamed(t *testing.T) {
	from := imaptest.Dovecot(t, imaptest.DovecotOptions{NoFsync: true, Storage: "sdbox"})
	to := imaptest.Dovecot(t, imaptest.DovecotOptions{NoFsync: true, MaxMailSize: 50_000})
	j := newJourney(t, from.NewUser(t), to.NewUser(t), "tls")
	j.fill()
	client := j.from.Dial(t)
	client.Fill("INBOX", []imaptest.RawMessage{{Body: message.Attachment(100_000)}})
	client.Create("Odd")
	client.Fill("Odd", j.sent[:1])
	client.Create("Plain")
	client.Fill("Plain", j.sent[:1])
	j.run(cli.Done, "plan")

	plan := filepath.Join(filepath.Dir(j.config), "plans", "journey.plan.yaml")
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plan, bytes.Replace(text, []byte(`to: "Odd"`), []byte(`to: "`+strings.Repeat("odd", 100)+`"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out := j.run(cli.Attention, "copy")
	if !strings.Contains(out, "not finished: Odd: ") {
		t.Errorf("copy does not name the mailbox that could not be made:\n%s", out)
	}
	j.arrived()
	if have := j.to.Dial(t).FetchAll("Plain"); len(have) != 1 {
		t.Errorf("Plain has %d messages, want 1: a mailbox after the bad one was not copied", len(have))
	}
	j.run(cli.Attention, "copy")
	out = j.run(cli.Attention, "report")
	for _, want := range []string{"need attention", "run copy", "the server says"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not hold %q:\n%s", want, out)
		}
	}
	j.run(cli.Attention, "report", "--json")
	j.run(cli.Done, "status")
}
