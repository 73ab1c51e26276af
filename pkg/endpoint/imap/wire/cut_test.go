package wire

import (
	"context"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
)

// Wherever the connection is cut, in either direction: what counts as stored is there, what counts as unsent is not.
//
//	Append ──▶ proxy that cuts after byte n ──▶ Dovecot ◀── another session counts
func TestVerdictsHoldWhereverTheConnectionIsCut(t *testing.T) {
	for name, capability := range map[string]string{"LITERAL+": "IMAP4rev1 UIDPLUS LITERAL+", "synchronizing": "IMAP4rev1 UIDPLUS"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := imaptest.Dovecot(t, imaptest.DovecotOptions{Capability: capability, NoFsync: true}).NewUser(t)
			proxy := imaptest.Proxy(t, a.Server.Addr(), imaptest.Faults{})
			through := account(a, Plaintext, "plain")
			through.Host, through.Port = proxy.Host, proxy.Port

			s := opened(t, through)
			before := proxy.Stats()
			verdicts := map[endpoint.Verdict]int{appendOnce(t, s): 1}
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
					verdicts[appendOnce(t, s)]++
					s.Abandon()
				}
			}
			checkVerdicts(t, a, verdicts)
			if (verdicts[endpoint.Unsent] > 0) != (name == "synchronizing") { // only there one knows that nothing has left
				t.Error(verdicts)
			}
		})
	}
}

func appendOnce(t *testing.T, s *Session) endpoint.Verdict {
	t.Helper()
	placed, err := s.Append(within(t, time.Minute), "INBOX", outgoing(small))
	if (err == nil) != (placed.Verdict == endpoint.Stored) || (err != nil && endpoint.ClassOf(err) != endpoint.Lost) {
		t.Errorf("%+v, %v", placed, err)
	}
	return placed.Verdict
}

// checkVerdicts compares the sum of the verdicts with what is there, once the server has seen the end of all connections.
func checkVerdicts(t *testing.T, a imaptest.Account, verdicts map[endpoint.Verdict]int) {
	t.Helper()
	s := opened(t, account(a, Plaintext, "plain"))
	time.Sleep(500 * time.Millisecond)
	st, err := s.Status(context.Background(), "INBOX")
	stored, doubtful := verdicts[endpoint.Stored], verdicts[endpoint.InDoubt]
	if n := int(st.Messages); err != nil || n < stored || n > stored+doubtful {
		t.Errorf("%d messages are there after %v, %v", n, verdicts, err)
	}
	if stored == 0 || doubtful == 0 {
		t.Errorf("not every case came up: %v", verdicts)
	}
	t.Logf("stored %d, in doubt %d, unsent %d; %d are there", stored, doubtful, verdicts[endpoint.Unsent], st.Messages)
}
