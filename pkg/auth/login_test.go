package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
)

var everything = endpoint.NewCapabilities("IMAP4rev1", "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5", "AUTH=SCRAM-SHA-256", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER")

// chosen is the mechanism of a login, as it would go over the wire.
func chosen(t *testing.T, l Login) string {
	t.Helper()
	if l.Client == nil {
		return "LOGIN command"
	}
	name, _, err := l.Client.Start()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestChoose(t *testing.T) {
	tests := []struct {
		mechanism string
		caps      string
		clear     bool
		want      string // of the error when it holds a space before a word in lower case
	}{
		{"auto", "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256", false, "SCRAM-SHA-256"},
		{"auto", "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5", false, "PLAIN"},
		{"auto", "AUTH=LOGIN AUTH=CRAM-MD5", false, "LOGIN"},
		{"auto", "AUTH=CRAM-MD5", false, "CRAM-MD5"},
		{"auto", "AUTH=XOAUTH2 AUTH=OAUTHBEARER", false, "LOGIN command"},
		{"auto", "", false, "LOGIN command"},
		{"auto", "LOGINDISABLED AUTH=PLAIN", false, "PLAIN"},
		{"auto", "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256", true, "SCRAM-SHA-256"},
		{"auto", "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5", true, "CRAM-MD5"},
		{"auto", "AUTH=PLAIN AUTH=LOGIN", true, "PLAIN"},
		{"auto", "", true, "LOGIN command"},
		{"plain", "AUTH=PLAIN AUTH=SCRAM-SHA-256", false, "PLAIN"},
		{"login", "AUTH=PLAIN AUTH=LOGIN", false, "LOGIN"},
		{"login", "AUTH=PLAIN", false, "LOGIN command"},
		{"cram-md5", "AUTH=PLAIN AUTH=CRAM-MD5", false, "CRAM-MD5"},
		{"scram-sha-256", "AUTH=SCRAM-SHA-256", false, "SCRAM-SHA-256"},
		{"xoauth2", "AUTH=XOAUTH2 AUTH=PLAIN", false, "XOAUTH2"},
		{"oauthbearer", "AUTH=OAUTHBEARER AUTH=PLAIN", false, "OAUTHBEARER"},

		{"auto", "LOGINDISABLED", false, `alice at imap.old.example: log in: no login with a password is offered; the server offers none; see what the provider says about IMAP logins`},
		{"auto", "LOGINDISABLED", true, `alice at imap.old.example: log in: no login with a password is offered; the server offers none; it may offer more over TLS: use security tls or starttls`},
		{"auto", "LOGINDISABLED AUTH=XOAUTH2", false, `alice at imap.old.example: log in: no login with a password is offered; the server offers "XOAUTH2"; it takes access tokens: name mechanism xoauth2 or oauthbearer, with a token where the password stands`},
		{"plain", "AUTH=LOGIN AUTH=CRAM-MD5", false, `alice at imap.old.example: log in: mechanism plain is not offered; the server offers "CRAM-MD5", "LOGIN", the LOGIN command; use mechanism auto, or one of these`},
		{"login", "LOGINDISABLED AUTH=PLAIN", false, `alice at imap.old.example: log in: mechanism login is not offered; the server offers "PLAIN"; use mechanism auto, or one of these`},
		{"scram-sha-256", "LOGINDISABLED AUTH=\x1b[2JSCRAM-SHA-1", false, `alice at imap.old.example: log in: mechanism scram-sha-256 is not offered; the server offers "\x1b[2JSCRAM-SHA-1"; use mechanism auto, or one of these`},
		{"kerberos", "", false, `alice at imap.old.example: log in: mechanism "kerberos" is not known; name one of auto, plain, login, cram-md5, scram-sha-256, xoauth2, oauthbearer`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.mechanism, " of ", tt.caps, tt.clear), func(t *testing.T) {
			login, err := Choose(tt.mechanism, "alice", NewSecret("secret"), Server{"imap.old.example", 993}, endpoint.NewCapabilities(strings.Fields(tt.caps)...), !tt.clear)
			if err != nil {
				if err.Error() != tt.want {
					t.Errorf("got  %s\nwant %s", err, tt.want)
				}
				if endpoint.ClassOf(err) != endpoint.LoginRefused {
					t.Errorf("class %v", endpoint.ClassOf(err))
				}
				return
			}
			if got := chosen(t, login); got != tt.want {
				t.Errorf("chose %s, want %s", got, tt.want)
			}
			if login.User != "alice" || login.Password.Reveal() != "secret" {
				t.Errorf("the login is for %q", login.User)
			}
		})
	}
}

func TestChooseRefusesWhatWouldMeanSomethingElse(t *testing.T) {
	for _, tt := range []struct{ mechanism, user, secret, want string }{
		{"auto", "", "x", "the user's name is empty or holds a control character"},
		{"plain", "alice\x00bob", "x", "the user's name is empty or holds a control character"},
		{"xoauth2", "alice\x01auth=Bearer x", "x", "the user's name is empty or holds a control character"},
		{"auto", "alice", "", "the password is empty"},
		{"plain", "alice", "hush\x00hush", "the password holds a NUL or a line break"},
		{"auto", "alice", "hush\r\nhush", "the password holds a NUL or a line break"},
		{"xoauth2", "alice", "hush hush", "the token holds a character that no token has"},
		{"oauthbearer", "alice", "hush\x01host=evil", "the token holds a character that no token has"},
	} {
		_, err := Choose(tt.mechanism, tt.user, NewSecret(tt.secret), Server{}, everything, true)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s as %q: %v, want %s", tt.mechanism, tt.user, err, tt.want)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

// TestAutoOverTLSPrefersPlainForPasswordsThatCannotBePrepared because the server's stored key was then made from who knows what bytes.
func TestAutoOverTLSPrefersPlainForPasswordsThatCannotBePrepared(t *testing.T) {
	login, err := Choose(Auto, "alice", NewSecret("pass\U0001F600word"), Server{}, everything, true)
	if err != nil || chosen(t, login) != "PLAIN" {
		t.Errorf("%v, %v", login, err)
	}
	login, err = Choose(ScramSHA256, "alice", NewSecret("pass\U0001F600word"), Server{}, everything, true)
	if err != nil || chosen(t, login) != "SCRAM-SHA-256" {
		t.Errorf("%v, %v", login, err)
	}
}

func TestProvenIsOwedByScramOnly(t *testing.T) {
	for _, mechanism := range []string{Plain, LoginWord, CramMD5, XOAuth2, OAuthBearer} {
		login, err := Choose(mechanism, "alice", NewSecret("secret"), Server{}, everything, true)
		if err != nil || login.Proven() != nil {
			t.Errorf("%s: %v, %v", mechanism, err, login.Proven())
		}
	}
	if err := (Login{}).Proven(); err != nil {
		t.Errorf("LOGIN command: %v", err)
	}
	login, err := Choose(ScramSHA256, "alice", NewSecret("secret"), Server{}, everything, true)
	if err != nil || login.Proven() == nil {
		t.Errorf("a SCRAM conversation that was not held counts as proven: %v", err)
	}
}

func TestChooseErrorIsAnEndpointError(t *testing.T) {
	_, err := Choose(Plain, "alice", NewSecret("x"), Server{Host: "h"}, nil, true)
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || e.Account != "alice at h" || e.Hint == "" {
		t.Errorf("%#v", err)
	}
}
