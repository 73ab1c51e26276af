package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// eachServer runs a test against a fresh account on every server.
func eachServer(t *testing.T, f func(t *testing.T, a imaptest.Account)) {
	for name, server := range map[string]func(testing.TB) *imaptest.Server{
		"dovecot, maildir": func(tb testing.TB) *imaptest.Server {
			return imaptest.Dovecot(tb, imaptest.DovecotOptions{Prefix: "INBOX."})
		},
		"dovecot, sdbox": func(tb testing.TB) *imaptest.Server {
			return imaptest.Dovecot(tb, imaptest.DovecotOptions{Storage: "sdbox"})
		},
		"cyrus":   imaptest.Cyrus,
		"courier": imaptest.Courier,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, server(t).NewUser(t))
		})
	}
}

func TestServersLogIn(t *testing.T) {
	eachServer(t, func(t *testing.T, a imaptest.Account) {
		for _, security := range []string{Plaintext, STARTTLS, TLS} {
			s, err := Open(within(t, time.Minute), account(a, security, "auto"))
			if err != nil {
				t.Errorf("%s: %v", security, err)
				continue
			}
			if (s.Identity().Key != "") != (security != Plaintext) || s.Identity().User != a.User {
				t.Errorf("%s: identity %+v", security, s.Identity())
			}
			if err := s.Guard(within(t, time.Minute), op, noop); err != nil {
				t.Error(err)
			}
			s.Close()
		}
		wrong := account(imaptest.Account{Server: a.Server, User: a.User, Password: "wrong-word"}, TLS, "auto")
		if e := fails(t, wrong); e.Class != endpoint.LoginRefused || strings.Contains(e.Error(), "wrong-word") {
			t.Error(e)
		}
		o := account(a, TLS, "auto")
		o.TLS = nil
		if e := fails(t, o); e.Class != endpoint.Untrusted || !strings.Contains(e.Hint, "ca_file") {
			t.Error(e)
		}
		o = account(a, TLS, "auto")
		o.TLS.ServerName = "imap.other.example"
		if e := fails(t, o); e.Class != endpoint.Untrusted || !strings.Contains(e.Hint, "server_name") {
			t.Error(e)
		}
	})
}

func TestDovecotMechanisms(t *testing.T) {
	a := imaptest.Dovecot(t, imaptest.DovecotOptions{OAuth2: true}).NewUser(t)
	token := a
	token.Password = imaptest.Token(a.User)
	for mechanism, a := range map[string]imaptest.Account{
		"plain": a, "login": a, "cram-md5": a, "scram-sha-256": a, "xoauth2": token, "oauthbearer": token,
	} {
		for _, security := range []string{Plaintext, STARTTLS, TLS} {
			s, err := Open(within(t, time.Minute), account(a, security, mechanism))
			if err != nil {
				t.Errorf("%s, %s: %v", mechanism, security, err)
				continue
			}
			s.Close()
		}
		wrong := a
		wrong.Password = "wrong-word-or-token"
		if e := fails(t, account(wrong, TLS, mechanism)); e.Class != endpoint.LoginRefused || strings.Contains(e.Error(), "wrong-word") {
			t.Errorf("%s: %v", mechanism, e)
		}
	}
	s := opened(t, loginCommand(a))
	if err := s.Guard(within(t, time.Minute), op, noop); err != nil {
		t.Error(err)
	}
}

// loginCommand logs in without SASL.
func loginCommand(a imaptest.Account) Options {
	o := account(a, TLS, "auto")
	o.Login = func(endpoint.Capabilities, bool) (auth.Login, error) {
		return auth.Login{User: a.User, Password: auth.NewSecret(a.Password)}, nil
	}
	return o
}

func TestDovecotExpiredCertificate(t *testing.T) {
	a := imaptest.Dovecot(t, imaptest.DovecotOptions{ExpiredCert: true}).NewUser(t)
	for _, security := range []string{STARTTLS, TLS} {
		if e := fails(t, account(a, security, "auto")); e.Class != endpoint.Untrusted || !strings.Contains(e.Error(), "valid from") {
			t.Error(e)
		}
	}
}

// nasty are parts of names; a server may refuse what it does not like.
var nasty = []string{
	`say "hi"`, `back\slash`, "100%", "st*r", "R&D", "Entwürfe", "下書き", "emoji 😀", " blanks ", "a.b", "a/b", "(paren)", "{5}", "[Gmail]", "~home",
	"#shared", "NIL", "x]y", "tr;ck", strings.Repeat("long", 20),
}

func TestServersNames(t *testing.T) {
	eachServer(t, func(t *testing.T, a imaptest.Account) {
		s := opened(t, account(a, TLS, "auto"))
		ctx := within(t, time.Minute)
		spaces, err := s.Namespaces(ctx)
		if err != nil || len(spaces.Personal) == 0 {
			t.Fatal(spaces, err)
		}
		personal := spaces.Personal[0]
		created := map[mailbox.Wire]bool{}
		for _, part := range nasty {
			name, err := mailbox.Encode(mailbox.Name{part}, personal.Delimiter)
			if err != nil {
				continue
			}
			w := personal.Prefix + name
			made, err := s.Create(ctx, w, mailbox.RoleNone)
			if err != nil && endpoint.ClassOf(err) != endpoint.BadMailbox {
				t.Fatalf("%q: %v", w, err)
			}
			if !made {
				t.Logf("%q is refused: %v", w, err)
				continue
			}
			if again, err := s.Create(ctx, w, mailbox.RoleNone); again || err != nil {
				t.Errorf("%q again: %v, %v", w, again, err)
			}
			if err := s.Subscribe(ctx, w); err != nil {
				t.Errorf("%q: %v", w, err)
			}
			created[w] = true
		}
		if len(created) < 10 {
			t.Errorf("only %d of %d names were taken", len(created), len(nasty))
		}
		checkListed(t, s, created)
	})
}

// checkListed looks for each mailbox in the listing, by the bytes of its name, and opens it.
func checkListed(t *testing.T, s *Session, created map[mailbox.Wire]bool) {
	t.Helper()
	ctx := within(t, time.Minute)
	all, err := s.List(ctx, ListOptions{Status: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, i := range all {
		if i.Selectable && (i.Status == nil || i.Status.UIDValidity == 0 || i.Problem != "") {
			t.Errorf("%q: status %+v, %q", i.Wire, i.Status, i.Problem)
		}
		if !created[i.Wire] {
			continue
		}
		seen++
		if !i.Subscribed || !i.Exact || !i.Selectable {
			t.Errorf("%+v", i)
		}
		state, err := s.Select(ctx, i.Wire, true)
		if err != nil || state.Validity != i.Status.UIDValidity || state.UIDNext != 1 || !state.ReadOnly {
			t.Errorf("%q: %+v, %v", i.Wire, state, err)
		}
		if st, err := s.Status(ctx, i.Wire); err != nil || st.UIDValidity != i.Status.UIDValidity {
			t.Errorf("%q: %+v, %v", i.Wire, st, err)
		}
	}
	if seen != len(created) {
		t.Errorf("%d of %d mailboxes are listed under their names", seen, len(created))
	}
	missing := inbox(t, s) + "no such mailbox"
	if _, err := s.Select(ctx, missing, true); endpoint.ClassOf(err) != endpoint.NoMailbox {
		t.Errorf("class %v: %v", endpoint.ClassOf(err), err)
	}
	if _, err := s.Status(ctx, missing); endpoint.ClassOf(err) != endpoint.NoMailbox {
		t.Errorf("class %v: %v", endpoint.ClassOf(err), err)
	}
}

// awkward are messages that servers have been seen to stumble over; all have CRLF line ends, which every server keeps.
var awkward = map[string]string{
	"plain":         "Subject: hi\r\n\r\nhello\r\n",
	"commands":      "Subject: hi\r\n\r\nzz DELETE Archive\r\nzz2 LOGOUT\r\n",
	"literal ends":  "Subject: {5}\r\n\r\n{10}\r\n{20+}\r\n)\r\n* OK hi\r\n",
	"8-bit body":    "Subject: hi\r\n\r\n\xff\xfe\x80 binary \x01\x02\r\n",
	"long lines":    "Subject: hi\r\n\r\n" + strings.Repeat("x", 20_000) + "\r\n",
	"only a header": "Subject: hi\r\n\r\n",
	"large":         "Subject: hi\r\n\r\n" + strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef\r\n", 60_000),
}

func TestServersKeepMessages(t *testing.T) {
	eachServer(t, func(t *testing.T, a imaptest.Account) {
		s := opened(t, account(a, TLS, "auto"))
		ctx := within(t, 2*time.Minute)
		archive := inbox(t, s) + "Archive"
		if _, err := s.Create(ctx, archive, mailbox.RoleNone); err != nil {
			t.Fatal(err)
		}
		state, err := s.Select(ctx, "INBOX", false)
		if err != nil || state.ReadOnly || state.UIDNext == 0 || state.Validity == 0 {
			t.Fatalf("%+v, %v", state, err)
		}
		when := time.Date(2012, 3, 25, 2, 30, 0, 0, time.FixedZone("", -3*3600-1800))
		expected := map[mailbox.UID]string{}
		for name, content := range awkward {
			m := endpoint.Outgoing{Content: text(content), InternalDate: when, Flags: []mailbox.Flag{`\Seen`, `\Flagged`, "$Forwarded", "NonJunk"}}
			placed, err := appendTo(s, ctx, "INBOX", m)
			if err != nil || placed.Verdict != endpoint.Stored || placed.Validity != state.Validity || placed.UID < state.UIDNext {
				t.Fatalf("%s: %+v, %v", name, placed, err)
			}
			expected[placed.UID] = content
		}
		checkKept(t, s, expected, when)
		if _, err := s.Select(ctx, archive, true); err != nil {
			t.Errorf("a message's line was run as a command: %v", err)
		}
	})
}

// inbox is the prefix of mailboxes beside or below INBOX.
func inbox(t *testing.T, s *Session) mailbox.Wire {
	t.Helper()
	spaces, err := s.Namespaces(within(t, time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return spaces.Personal[0].Prefix
}

// checkKept reads the messages back in three ways: by go-imap after a raw EXAMINE, and by the two tolerant readers.
func checkKept(t *testing.T, s *Session, expected map[mailbox.UID]string, when time.Time) {
	t.Helper()
	ctx := within(t, time.Minute)
	if _, err := s.Select(ctx, "INBOX", true); err != nil {
		t.Fatal(err)
	}
	got, err := bodies(ctx, s)
	if err != nil || len(got) != len(expected) {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	meta, err := s.FetchMeta(ctx, mailbox.UIDSet{{First: 1, Last: 100}})
	if err != nil || len(meta) != len(expected) {
		t.Fatalf("%+v, %v", meta, err)
	}
	for _, m := range meta {
		want := expected[m.UID]
		if got[m.UID] != sha256.Sum256([]byte(want)) {
			t.Errorf("uid %d has changed", m.UID)
		}
		if !m.InternalDate.Equal(when) || m.Size != int64(len(want)) || !mailbox.SameFlags(m.Flags, []mailbox.Flag{`\Seen`, `\Flagged`, "$forwarded", "NonJunk"}) {
			t.Errorf("%+v", m)
		}
		f, err := s.FetchTolerant(ctx, m.UID, func(int64) (io.Writer, error) { return &bytes.Buffer{}, nil })
		if err != nil || f.Problem != "" || f.Body.(*bytes.Buffer).String() != want || f.BodySize != int64(len(want)) || !f.InternalDate.Equal(when) {
			t.Errorf("uid %d: %+v, %v", m.UID, f.Message, err)
		}
	}
}

// bodies fetches all messages of the open mailbox through go-imap and hashes them.
func bodies(ctx context.Context, s *Session) (map[mailbox.UID]mailbox.Digest, error) {
	found := map[mailbox.UID]mailbox.Digest{}
	err := s.Guard(ctx, op, func(c *imapclient.Client) error {
		set := imap.UIDSet{{Start: 1, Stop: 1000}}
		fetch := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
		for m := fetch.Next(); m != nil; m = fetch.Next() {
			var uid mailbox.UID
			hash := sha256.New()
			for item := m.Next(); item != nil; item = m.Next() {
				switch item := item.(type) {
				case imapclient.FetchItemDataUID:
					uid = mailbox.UID(item.UID)
				case imapclient.FetchItemDataBodySection:
					if n, err := io.Copy(hash, item.Literal); err != nil || n != item.Literal.Size() {
						return errors.Join(fmt.Errorf("%d bytes", n), err)
					}
				}
			}
			found[uid] = mailbox.Digest(hash.Sum(nil))
		}
		return fetch.Close()
	})
	return found, err
}

func TestServersRefuseMessages(t *testing.T) {
	eachServer(t, func(t *testing.T, a imaptest.Account) {
		s := opened(t, account(a, TLS, "auto"))
		ctx := within(t, time.Minute)
		missing := inbox(t, s) + "not there"
		for _, content := range []string{small, strings.Repeat(small, 100_000)} {
			placed, err := appendTo(s, ctx, missing, outgoing(content))
			if err != nil || placed.Err == nil || placed.Err.Class != endpoint.NoMailbox {
				t.Errorf("%d bytes: %+v, %v", len(content), placed, err)
			}
		}
		placed, err := appendTo(s, ctx, "INBOX", outgoing(small)) // the connection is still good
		if err != nil || placed.Verdict != endpoint.Stored {
			t.Errorf("%+v, %v", placed, err)
		}
		if placed, err = appendTo(s, ctx, "INBOX", outgoing("")); err != nil || placed.Verdict == endpoint.InDoubt {
			t.Errorf("an empty message: %+v, %v", placed, err)
		}
		placed, err = appendTo(s, ctx, "INBOX", endpoint.Outgoing{Content: liar{100, func() io.Reader { return strings.NewReader("short") }}})
		if !errors.Is(err, errShort) || !s.Broken() {
			t.Errorf("%+v, %v", placed, err)
		}
		again := opened(t, account(a, TLS, "auto"))
		if st, err := again.Status(ctx, "INBOX"); err != nil || st.Messages > 2 {
			t.Errorf("after a short message: %+v, %v", st, err)
		}
	})
}

func TestDovecotLimits(t *testing.T) {
	a := imaptest.Dovecot(t, imaptest.DovecotOptions{QuotaBytes: 3_000_000, MaxMailSize: 2_000_000}).NewUser(t)
	s := opened(t, account(a, TLS, "auto"))
	ctx := within(t, time.Minute)
	message := func(n int) endpoint.Outgoing {
		return outgoing("Subject: hi\r\n\r\n" + strings.Repeat("x", n) + "\r\n")
	}
	for _, c := range []struct {
		size    int
		verdict endpoint.Verdict
		class   endpoint.Class
	}{
		{2_500_000, endpoint.Unsent, endpoint.BadMessage},
		{1_900_000, endpoint.Stored, 0},
		{900_000, endpoint.Stored, 0},
		{1_900_000, endpoint.Unsent, endpoint.OverQuota},
		{900_000, endpoint.Refused, endpoint.OverQuota},
		{1000, endpoint.Stored, 0},
	} {
		placed, err := appendTo(s, ctx, "INBOX", message(c.size))
		if err != nil || placed.Verdict != c.verdict || (placed.Err != nil && placed.Err.Class != c.class) {
			t.Errorf("%d bytes: %+v, %v", c.size, placed, err)
		}
	}
	quota, err := s.Quota(ctx)
	if err != nil || !slices.ContainsFunc(quota, func(q endpoint.Quota) bool { return q.Resource == "STORAGE" && q.Used > 2000 && q.Limit > 2000 }) {
		t.Errorf("%+v, %v", quota, err)
	}
}

func TestServersSpecialUse(t *testing.T) {
	dovecot := imaptest.Dovecot(t, imaptest.DovecotOptions{SpecialUse: map[string]string{"Sent Items": `\Sent`}}).NewUser(t)
	s := opened(t, account(dovecot, TLS, "auto"))
	checkRole(t, s, "Sent Items", mailbox.RoleSent)

	cyrus := imaptest.Cyrus(t).NewUser(t)
	s = opened(t, account(cyrus, STARTTLS, "auto"))
	made, err := s.Create(within(t, time.Minute), "My Important", mailbox.RoleImportant)
	if !made || err != nil {
		t.Fatal(made, err)
	}
	checkRole(t, s, "My Important", mailbox.RoleImportant)
	if made, err = s.Create(within(t, time.Minute), "Sent two", mailbox.RoleSent); !made || err != nil { // Sent has the attribute already
		t.Fatal(made, err)
	}
}

func checkRole(t *testing.T, s *Session, w mailbox.Wire, role mailbox.Role) {
	t.Helper()
	all, err := s.List(within(t, time.Minute), ListOptions{})
	i := slices.IndexFunc(all, func(i mailbox.Info) bool { return i.Wire == w })
	if err != nil || i < 0 || all[i].Role != role {
		t.Errorf("%q in %+v, %v", w, all, err)
	}
}
