package verify_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/copier"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
	"imapmigrate/pkg/verify"
)

func TestMain(m *testing.M) { imaptest.Main(m) }

func login(t *testing.T, a imaptest.Account) *imap.Account {
	t.Helper()
	account, err := imap.Open(t.Context(), imap.Options{Connections: 1, Options: wire.Options{
		Host: "localhost", Port: a.Server.TLSPort, Security: wire.TLS, TLS: imaptest.ClientTLS("localhost"), Timeout: 30 * time.Second, Account: a.User + " at " + a.Server.Name,
		Login: func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
			return auth.Choose("auto", a.User, auth.NewSecret(a.Password), auth.Server{Host: "localhost"}, caps, encrypted)
		}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { account.Close() })
	return account
}

// awkward is mail that some servers change without a word; servers.md of the project's evidence says which.
var awkward = []struct{ name, text string }{
	{"plain", "Subject: plain\r\n\r\nbody\r\n"},
	{"8-bit header", "Subject: gr\xfc\xdfe\r\n\r\nbody\r\n"},
	{"8-bit body", "Subject: body\r\n\r\ngr\xfc\xdfe\r\n"},
	{"no final line end", "Subject: end\r\n\r\nbody"},
	{"bare CR", "Subject: cr\r\n\r\nbo\rdy\r\n"},
	{"long line", "Subject: long\r\n\r\n" + strings.Repeat("x", 20000) + "\r\n"},
}

// TestRealServersThatChangeMail copies awkward mail from Dovecot and wants each copy that is not the same bytes to be found and named, and all
// others to be proved.
func TestRealServersThatChangeMail(t *testing.T) {
	for name, c := range map[string]struct {
		server func(testing.TB) *imaptest.Server
		words  map[string]string // of the altered ones
	}{
		"dovecot": {func(tb testing.TB) *imaptest.Server {
			return imaptest.Dovecot(tb, imaptest.DovecotOptions{Storage: "sdbox", NoFsync: true})
		}, nil},
		"cyrus":   {imaptest.Cyrus, map[string]string{"8-bit header": "only 8-bit characters"}},
		"courier": {imaptest.Courier, map[string]string{"no final line end": "the end of the message", "bare CR": "only line ends"}},
	} {
		t.Run(name, func(t *testing.T) {
			from := imaptest.Dovecot(t, imaptest.DovecotOptions{NoFsync: true}).NewUser(t)
			client := from.Dial(t)
			for _, a := range awkward {
				if tagged := client.Append("INBOX", `\Seen $label1`, "31-Mar-2019 02:30:00 +0100", []byte(a.text)); !strings.HasPrefix(tagged, "OK") {
					t.Fatal(tagged)
				}
			}
			source, destination := login(t, from), login(t, c.server(t).NewUser(t))
			l := move(t, source, destination)
			r, err := verify.Run(t.Context(), verify.Job{Ledger: l, Source: source.Source(), Destination: destination.Source(), Sink: event.Discard, Now: time.Now, Settle: verify.Settle{Tries: 1, Wait: time.Millisecond}})
			if err != nil || r.Err() != nil || r.Totals.MetadataDifferences != 0 {
				t.Fatalf("%+v %+v %v %v", r.Totals, r.Differences, err, r.Err())
			}
			found := map[string]string{}
			for _, d := range r.Differences {
				found[awkward[d.UID-1].name] = d.Reason
				if d.Kind != verify.Altered {
					t.Errorf("%+v", d)
				}
			}
			for what, reason := range found {
				if words, expected := c.words[what]; !expected || !strings.Contains(reason, words) {
					t.Errorf("%s: %s", what, reason)
				}
			}
			if len(found) != len(c.words) || r.Totals.Proved != int64(len(awkward)-len(c.words)) {
				t.Errorf("%d proved, differences %v, want %v", r.Totals.Proved, found, c.words)
			}
		})
	}
}

func move(t *testing.T, source, destination *imap.Account) *ledger.Ledger {
	t.Helper()
	ctx := t.Context()
	src, err := survey.Take(ctx, source.Source(), event.Discard, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	dst, err := survey.Take(ctx, destination.Destination(), event.Discard, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(src, dst, plan.Rules{Name: "test", Tool: "test"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state", "test.ledger")
	l, err := ledger.Create(path, ledger.Facts{Name: "test", Source: src.Identity, Destination: dst.Identity}, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if _, err := copier.Run(ctx, copier.Job{Plan: p, Ledger: l, Source: source.Source(), Destination: destination.Destination(), Workers: 1, Memory: 64 << 20,
		BatchMessages: 100, BatchBytes: 4 << 20, SpoolDir: filepath.Dir(path), Sink: event.Discard, Now: time.Now, Settling: 50 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	return l
}
