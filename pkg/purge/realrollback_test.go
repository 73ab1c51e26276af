package purge_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/purge"
)

// rollback turns a pair that was copied into one whose copies may be taken back.
func (p *pair) rollback() {
	p.t.Helper()
	built, err := checkpoint.Build(p.ledger, checkpoint.Options{Kind: approval.Rollback, Now: time.Now(), Tool: "test"})
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := built.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	if p.checkpoint, err = checkpoint.Read("test.yaml", text); err != nil {
		p.t.Fatal(err)
	}
	s := p.checkpoint.Subject()
	if p.approval, err = approval.Give(s, s.Phrase(), approval.Person{User: "alice", Host: "here"}, "", time.Now()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) runRollback(most int64) *purge.Result {
	p.t.Helper()
	r, err := purge.Run(p.t.Context(), purge.Job{Ledger: p.ledger, Checkpoint: p.checkpoint, Approval: p.approval, Loses: p.destination.Removal(), Keeps: p.source.Source(), Unmakes: p.destination.Unmaking(),
		MaxMessages: most, Sink: event.Discard, Now: time.Now, Patience: patience})
	if err != nil {
		p.t.Fatal(err)
	}
	p.lawOfRollback()
	return r
}

var (
	storeCommand   = regexp.MustCompile(`^UID STORE (\S+) (?:\(UNCHANGEDSINCE \d+\) )?[+-]FLAGS\.SILENT \(\\Deleted\)$`)
	expungeCommand = regexp.MustCompile(`^UID EXPUNGE (\S+)$`)
	deleteCommand  = regexp.MustCompile(`^DELETE "?([^"]*)"?$`)
)

// lawOfRollback reads every command that went to either account: nothing that changes anything to the source, and to the destination only
// STORE of \Deleted and UID EXPUNGE of listed UIDs, and DELETE of listed mailboxes.
func (p *pair) lawOfRollback() {
	p.t.Helper()
	for _, line := range p.sourceTap.commands() {
		if !harmless.MatchString(line) {
			p.t.Errorf("this went to the source: %q", line)
		}
	}
	approved, unmade := map[string]mailbox.UIDSet{}, map[string]bool{}
	for _, m := range p.checkpoint.Mailboxes {
		approved[string(m.Wire)] = m.UIDs.Set()
	}
	for _, u := range p.checkpoint.Unmake {
		unmade[string(u.Wire)] = true
	}
	var selected string
	for _, line := range p.destTap.commands() {
		m := storeCommand.FindStringSubmatch(line)
		if m == nil {
			m = expungeCommand.FindStringSubmatch(line)
		}
		removed := deleteCommand.FindStringSubmatch(line)
		switch {
		case m != nil:
			set, err := mailbox.ParseUIDSet(m[1])
			if err != nil {
				p.t.Errorf("%q: %v", line, err)
			}
			for uid := range set.All {
				if !approved[selected].Contains(uid) {
					p.t.Errorf("%q in %s names a message that nobody approved", line, selected)
				}
			}
		case removed != nil:
			if !unmade[removed[1]] {
				p.t.Errorf("%q names a mailbox that nobody approved", line)
			}
		case strings.HasPrefix(line, "SELECT "):
			selected = strings.Trim(strings.Fields(line)[1], `"`)
		case !harmless.MatchString(line):
			p.t.Errorf("this went to the destination: %q", line)
		}
	}
}

// TestRealRollback takes back what was copied, and leaves what users have done since.
func TestRealRollback(t *testing.T) {
	for name, way := range servers() {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, way.from(t), way.to(t), way.work)
			p.rollback()
			// Cyrus gives its users a mailbox for each special use, which are empty and were made too.
			i := slices.IndexFunc(p.checkpoint.Unmake, func(u checkpoint.Unmake) bool { return u.Next > 1 })
			if i < 0 || p.checkpoint.Messages != inboxMessages+7 {
				t.Fatalf("%+v", p.checkpoint.Unmake)
			}
			work := string(p.checkpoint.Unmake[i].Wire)
			before := digests(p.from.Dial(t).FetchAll("INBOX"))
			c := p.to.Dial(t)
			copied := c.FetchAll("INBOX")
			c.MustCmd(`SELECT INBOX`)
			c.MustCmd(fmt.Sprintf(`UID STORE %d +FLAGS (\Draft)`, copied[40].UID))
			p.append(c, "INBOX", "", 6000)
			r := p.runRollback(0)
			if r.Err() != nil || r.Gone != inboxMessages+7-1 || r.Remaining() != 1 || len(r.Unmade) != len(p.checkpoint.Unmake) || len(r.Standing) != 0 {
				t.Fatalf("%+v %v", r, r.Err())
			}
			left := p.to.Dial(t).FetchAll("INBOX")
			if len(left) != 2 || left[0].UID != copied[40].UID || slices.Contains(left[0].Flags, `\Deleted`) {
				t.Errorf("%d messages are left", len(left))
			}
			listed, _ := p.to.Dial(t).Cmd(`LIST "" "` + work + `"`)
			if text := strings.Join(listed, "\n"); strings.Contains(text, "LIST (") && !strings.Contains(text, `\No`) {
				t.Errorf("%s is still there: %s", work, text)
			}
			if after := digests(p.from.Dial(t).FetchAll("INBOX")); !slices.Equal(after, before) {
				t.Error("the source is not what it was")
			}
			again := p.runRollback(0)
			if again.Gone != 0 || again.Before != inboxMessages+7-1 || again.Remaining() != 1 || again.Err() != nil {
				t.Errorf("the second run: %+v %v", again, again.Err())
			}
		})
	}
}

// TestRealRollbackLostAnswers cuts the connection right behind a command, and in front of it.
func TestRealRollbackLostAnswers(t *testing.T) {
	for name, way := range servers() {
		if !strings.HasPrefix(name, "dovecot to ") {
			continue // where it comes from makes no difference to what is cut
		}
		t.Run(name, func(t *testing.T) {
			p := newPair(t, way.from(t), way.to(t), way.work)
			p.rollback()
			for _, pattern := range []string{"UID STORE", "UID EXPUNGE"} {
				for _, before := range []bool{false, true} {
					p.toProxy.Set(imaptest.Faults{Up: imaptest.Fault{Pattern: pattern, Before: before}, Times: 1})
					if r := p.runRollback(20); r.Err() != nil || r.Gone != 20 {
						t.Errorf("%s: %+v %v", pattern, r, r.Err())
					}
				}
			}
			p.toProxy.Set(imaptest.Faults{Up: imaptest.Fault{Pattern: "DELETE ", Before: false}, Times: 1})
			if r := p.runRollback(0); r.Remaining() != 0 || r.Err() != nil || len(r.Unmade) != len(p.checkpoint.Unmake) {
				t.Errorf("%+v %v", r, r.Err())
			}
			if n := len(p.to.Dial(t).FetchAll("INBOX")); n != 0 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

// TestRollbackKilledAnywhere ends the process at every call to the destination, before its effect and after it, opens the ledger again, and
// lets another process finish: what we appended is gone, what others have there is not, and the source was never touched.
func TestRollbackKilledAnywhere(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 4
	}
	for _, verb := range append(slices.Clone(verbs), memory.Delete) {
		for n := 1; ; n += step {
			reached := false
			for _, done := range []bool{false, true} {
				p := made(t)
				own := p.to.Deliver("INBOX", []byte("Subject: mine\r\n\r\n"), day)
				p.to.Inject(func(c memory.Call) memory.Fault {
					if reached = reached || c.Verb == verb && c.Nth == n; reached { // the dead do not call again
						return memory.Fault{Err: &endpoint.Error{Class: endpoint.LoginRefused, Err: errKilled}, Done: done && c.Verb == verb && c.Nth == n}
					}
					return memory.Fault{}
				})
				_, err := purge.Run(context.Background(), p.unmakingJob())
				if !reached {
					p.ledger.Close()
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatalf("call %d of %s: %v", n, verb, err)
				}
				p.heal()
				p.open()
				r, err := purge.Run(context.Background(), p.unmakingJob())
				if err != nil || r.Err() != nil || r.Remaining() != 0 || p.has("Work") || p.has("Work/2019") || p.arrived("INBOX") != mailbox.SetOf(own).String() || p.arrived("Gesendet") != "" {
					t.Errorf("killed at call %d of %s, done %v: %+v %v %v", n, verb, done, r, err, p.to.Mailboxes())
				}
				if h := p.source.History(); len(h) != 0 {
					t.Errorf("killed at call %d of %s: the source was changed: %v", n, verb, h)
				}
				p.rolledBack()
				p.ledger.Close()
				reached = done
			}
			if !reached {
				break
			}
		}
	}
}

// rolledBack holds the ledger to the truth.
func (p *proved) rolledBack() {
	p.t.Helper()
	all, err := p.ledger.Mailboxes()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range all {
		if m.Made != m.Unmade {
			p.t.Errorf("%q: made %v, removed %v", m.Name, m.Made, m.Unmade)
		}
		err := p.ledger.Each(m, func(r ledger.Row) error {
			if r.Outcome != ledger.RolledBack || r.Removal != ledger.Kept {
				p.t.Errorf("message %d of %q is %s, %s", r.UID, m.Name, r.Outcome, r.Removal)
			}
			return nil
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}
