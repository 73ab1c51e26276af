package imaptest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xdg-go/scram"
)

func TestDovecotNamesAsTold(t *testing.T) {
	for _, o := range []DovecotOptions{
		{Separator: ".", Prefix: "INBOX."},
		{Separator: "/"},
		{Separator: "/", Storage: "sdbox"},
		{Separator: "^", Prefix: "Mail^", Storage: "sdbox"},
	} {
		c := Dovecot(t, o).NewUser(t).Dial(t)
		c.Create(o.Prefix + "a" + o.Separator + "b")
		want := fmt.Sprintf(`* LIST (\HasNoChildren) %s %sa%sb`, Quote(o.Separator), o.Prefix, o.Separator)
		if got := c.MustCmd(`LIST "" *`); !slices.Contains(got, want) {
			t.Errorf("%+v: %q, want %q among them", o, got, want)
		}
	}
}

func TestDovecotSpecialUse(t *testing.T) {
	o := DovecotOptions{Separator: "/", Storage: "sdbox", SpecialUse: map[string]string{"Sent Items": `\Sent`, "Junk": `\Junk`}}
	c := Dovecot(t, o).NewUser(t).Dial(t)
	for _, command := range []string{`LIST (SPECIAL-USE) "" *`, `LIST (SUBSCRIBED) "" * RETURN (SPECIAL-USE)`} {
		got := strings.Join(c.MustCmd(command), "\n")
		for _, want := range []string{`\Sent) "/" "Sent Items"`, `\Junk) "/" Junk`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s:\n%s\nwant %s", command, got, want)
			}
		}
	}
}

func TestDovecotLimits(t *testing.T) {
	c := Dovecot(t, DovecotOptions{QuotaBytes: 5000, MaxMailSize: 3000}).NewUser(t).Dial(t)
	big := []byte(mail(1) + strings.Repeat("x", 2500) + "\r\n")
	if tagged := c.Append("INBOX", "", "", append(big, big...)); !strings.HasPrefix(tagged, "NO") {
		t.Errorf("a message above MaxMailSize: %s", tagged)
	}
	if tagged := c.Append("INBOX", "", "", big); !strings.HasPrefix(tagged, "OK") {
		t.Errorf("a first message: %s", tagged)
	}
	if tagged := c.Append("INBOX", "", "", big); !strings.HasPrefix(tagged, "NO [OVERQUOTA]") {
		t.Errorf("a message above QuotaBytes: %s", tagged)
	}
}

func TestDovecotCapabilities(t *testing.T) {
	c := Dovecot(t, DovecotOptions{Compress: true}).NewUser(t).Dial(t)
	if got := c.MustCmd("CAPABILITY")[0]; !strings.Contains(got, "COMPRESS=DEFLATE") {
		t.Errorf("with Compress: %s", got)
	}
	c = Dovecot(t, DovecotOptions{Capability: "IMAP4rev1 NAMESPACE"}).NewUser(t).Dial(t)
	if got := c.MustCmd("CAPABILITY")[0]; got != "* CAPABILITY IMAP4rev1 NAMESPACE" {
		t.Errorf("with Capability: %s", got)
	}
}

func TestDovecotExtraConfig(t *testing.T) {
	o := DovecotOptions{ExtraConfig: "imap_id_send = name flaky"}
	c := Dovecot(t, o).NewUser(t).Dial(t)
	if got := strings.Join(c.MustCmd("ID NIL"), ""); !strings.Contains(got, "flaky") {
		t.Errorf("ID: %s", got)
	}
}

func TestDovecotExpiredCertificate(t *testing.T) {
	s := Dovecot(t, DovecotOptions{ExpiredCert: true})
	_, err := tls.Dial("tcp", s.TLSAddr(), ClientTLS("localhost"))
	if invalid := new(x509.CertificateInvalidError); !errors.As(err, invalid) || invalid.Reason != x509.Expired {
		t.Errorf("dialing: %v, want a certificate that has expired", err)
	}
}

func TestDovecotMechanisms(t *testing.T) {
	s := Dovecot(t, DovecotOptions{})
	account := s.NewUser(t)
	plain := "\x00" + account.User + "\x00" + account.Password
	for mechanism, login := range map[string]func(*Client) string{
		"PLAIN": func(c *Client) string { return c.Authenticate("PLAIN", plain, nil) },
		"LOGIN": func(c *Client) string {
			answers := []string{account.User, account.Password}
			return c.Authenticate("LOGIN", "", func(string) string {
				defer func() { answers = answers[1:] }()
				return answers[0]
			})
		},
		"CRAM-MD5": func(c *Client) string {
			return c.Authenticate("CRAM-MD5", "", func(challenge string) string {
				mac := hmac.New(md5.New, []byte(account.Password))
				mac.Write([]byte(challenge))
				return account.User + " " + hex.EncodeToString(mac.Sum(nil))
			})
		},
		"SCRAM-SHA-1":   func(c *Client) string { return scramLogin(t, c, "SCRAM-SHA-1", scram.SHA1, account) },
		"SCRAM-SHA-256": func(c *Client) string { return scramLogin(t, c, "SCRAM-SHA-256", scram.SHA256, account) },
	} {
		c := DialAddr(t, s.Addr())
		if tagged := login(c); !strings.HasPrefix(tagged, "OK") {
			t.Errorf("%s: %s", mechanism, tagged)
			continue
		}
		c.MustCmd("EXAMINE INBOX")
	}
}

func scramLogin(t *testing.T, c *Client, mechanism string, hash scram.HashGeneratorFcn, a Account) string {
	client, err := hash.NewClient(a.User, a.Password, "")
	if err != nil {
		t.Fatal(err)
	}
	conversation := client.NewConversation()
	first, _ := conversation.Step("")
	return c.Authenticate(mechanism, first, func(challenge string) string {
		response, err := conversation.Step(challenge)
		if err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
		return response
	})
}

func TestDovecotTokens(t *testing.T) {
	s := Dovecot(t, DovecotOptions{OAuth2: true})
	account := s.NewUser(t)
	login := func(mechanism, token string) string {
		first := fmt.Sprintf("user=%s\x01auth=Bearer %s\x01\x01", account.User, token)
		if mechanism == "OAUTHBEARER" {
			first = fmt.Sprintf("n,a=%s,\x01auth=Bearer %s\x01\x01", account.User, token)
		}
		c := DialAddr(t, s.Addr())
		tagged := c.Authenticate(mechanism, first, func(string) string { return "\x01" })
		if strings.HasPrefix(tagged, "OK") {
			c.MustCmd("EXAMINE INBOX")
		}
		return tagged
	}
	for _, mechanism := range []string{"XOAUTH2", "OAUTHBEARER"} {
		if tagged := login(mechanism, Token(account.User)); !strings.HasPrefix(tagged, "OK") {
			t.Errorf("%s with a good token: %s", mechanism, tagged)
		}
		for _, token := range []string{"bad", Token("somebody")} {
			if tagged := login(mechanism, token); !strings.HasPrefix(tagged, "NO") {
				t.Errorf("%s with %s: %s", mechanism, token, tagged)
			}
		}
	}
	if account.Dial(t).MustCmd("NOOP"); t.Failed() {
		t.Log(s.Log())
	}
}

func TestDovecotFillsFast(t *testing.T) {
	var all []RawMessage
	for i := range 10000 {
		all = append(all, RawMessage{Body: []byte(mail(i)), Flags: []string{`\Seen`}})
	}
	c := Dovecot(t, DovecotOptions{Storage: "sdbox", NoFsync: true}).NewUser(t).Dial(t)
	c.Fill("INBOX", all)
	if got := exists(c.MustCmd("EXAMINE INBOX")); got != len(all) {
		t.Errorf("%d messages, want %d", got, len(all))
	}
}
