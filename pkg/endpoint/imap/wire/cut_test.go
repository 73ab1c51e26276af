package wire

import (
	"context"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
)

// Wherever the connection is cut, in either direction: what counts as stored is there, what counts as unsent is not.
//
//	Append ──▶ proxy that cuts after byte n ──▶ Dovecot ◀── another session counts
func TestVerdictsHoldWhereverTheConnectionIsCut(t *testing.T) {
	for name, capability := range map[string]string{"LITERAL+": "IMAP4rev1 UIDPLUS LITERAL+", "synchronizing": "IMAP4rev1 UIDPLUS",
		"MULTIAPPEND": "IMAP4rev1 UIDPLUS MULTIAPPEND LITERAL+"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := imaptest.Dovecot(t, imaptest.DovecotOptions{Capability: capability, NoFsync: true}).NewUser(t)
			proxy := imaptest.Proxy(t, a.Server.Addr(), imaptest.Faults{})
			through := account(a, Plaintext, "plain")
			through.Host, through.Port = proxy.Host, proxy.Port

			s := opened(t, through)
			before := proxy.Stats()
			verdicts := map[endpoint.Verdict]int{}
			appendSome(t, s, verdicts)
			whole := proxy.Stats()
			up, down := whole.Up-before.Up, whole.Down-before.Down

			for n := int64(1); n <= max(up, down); n += 3 {
				for _, f := range []imaptest.Faults{
					{Up: imaptest.Fault{After: before.Up + min(n, up)}},
					{Down: imaptest.Fault{After: before.Down + min(n, down)}},
				} {
					proxy.Set(imaptest.Faults{})
					s := opened(t, through)
					proxy.Set(f)
					appendSome(t, s, verdicts)
					s.Abandon()
				}
			}
			checkVerdicts(t, a, verdicts)
			if verdicts[endpoint.Unsent] == 0 && name == "synchronizing" { // only there a command leaves in parts
				t.Error(verdicts)
			}
		})
	}
}

// appendSome sends one message, or a batch where that is stored whole, and counts the verdicts.
func appendSome(t *testing.T, s *Session, verdicts map[endpoint.Verdict]int) {
	t.Helper()
	batch := []endpoint.Outgoing{outgoing(small)}
	if s.caps.Has("MULTIAPPEND") {
		batch = append(batch, outgoing("Subject: 2\r\n\r\n"), outgoing("Subject: 3\r\n\r\n"))
	}
	placed, err := s.Append(within(t, time.Minute), "INBOX", batch, AppendOptions{})
	for _, p := range placed {
		if (err == nil) != (p.Verdict == endpoint.Stored) || (err != nil && endpoint.ClassOf(err) != endpoint.Lost) || p.Verdict != placed[0].Verdict {
			t.Errorf("%+v, %v", placed, err)
		}
		verdicts[p.Verdict]++
	}
}

// checkVerdicts compares the sum of the verdicts with what is there, once the server has seen the end of all connections.
func checkVerdicts(t *testing.T, a imaptest.Account, verdicts map[endpoint.Verdict]int) {
	t.Helper()
	s := opened(t, account(a, Plaintext, "plain"))
	time.Sleep(500 * time.Millisecond)
	st, err := s.Status(context.Background(), "INBOX")
	stored, doubtful := verdicts[endpoint.Stored], verdicts[endpoint.InDoubt]
	n := int(st.Messages)
	if err != nil || n < stored || n > stored+doubtful {
		t.Errorf("%d messages are there after %v, %v", n, verdicts, err)
	}
	if whole := strings.HasSuffix(t.Name(), "MULTIAPPEND"); whole && n%3 != 0 {
		t.Errorf("%d messages are there: a batch of three was stored in part", n)
	}
	if stored == 0 || doubtful == 0 {
		t.Errorf("not every case came up: %v", verdicts)
	}
	t.Logf("stored %d, in doubt %d, unsent %d; %d are there", stored, doubtful, verdicts[endpoint.Unsent], st.Messages)
}
