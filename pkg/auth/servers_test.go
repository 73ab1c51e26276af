package auth_test

import (
	"slices"
	"strings"
	"testing"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/imaptest"
)

// login runs one attempt over TLS, as the connection will do it, and gives the server's tagged answer.
//
//	Choose --> sasl.Client <--> imaptest.Client <--> Dovecot | Cyrus | Courier
func login(t *testing.T, server *imaptest.Server, mechanism, user, secret string) (tagged string, l auth.Login) {
	t.Helper()
	c := server.DialTLS(t)
	defer c.Close()
	var words []string
	for _, line := range c.MustCmd("CAPABILITY") {
		words = append(words, strings.Fields(line)...)
	}
	l, err := auth.Choose(mechanism, user, auth.NewSecret(secret), auth.Server{Host: "localhost", Port: server.TLSPort}, endpoint.NewCapabilities(words...), true)
	if err != nil {
		return err.Error(), l
	}
	if l.Client == nil {
		_, tagged = c.Cmd("LOGIN " + imaptest.Quote(l.User) + " " + imaptest.Quote(l.Password.Reveal()))
		return tagged, l
	}
	name, first, err := l.Client.Start()
	if err != nil {
		t.Fatal(err)
	}
	prompted := first != nil && !slices.Contains(words, "SASL-IR")
	initial := string(first)
	if prompted {
		initial = ""
	}
	return c.Authenticate(name, initial, func(challenge string) string {
		if prompted {
			prompted = false
			return string(first)
		}
		response, err := l.Client.Next([]byte(challenge))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return string(response)
	}), l
}

// passwordLogins are those that a server is expected to offer.
func passwordLogins(t *testing.T, server *imaptest.Server, mechanisms ...string) {
	account := server.NewUser(t)
	for _, m := range mechanisms {
		tagged, l := login(t, server, m, account.User, account.Password)
		if !strings.HasPrefix(tagged, "OK") {
			t.Errorf("%s: %s", m, tagged)
		} else if err := l.Proven(); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
	m := mechanisms[len(mechanisms)-1]
	if tagged, l := login(t, server, m, account.User, "not "+account.Password); !strings.HasPrefix(tagged, "NO") {
		t.Errorf("%s with a wrong password: %s", m, tagged)
	} else if strings.HasPrefix(m, "scram") && l.Proven() == nil {
		t.Errorf("%s with a wrong password counts as proven", m)
	}
}

func TestLoginsOfDovecot(t *testing.T) {
	passwordLogins(t, imaptest.Dovecot(t, imaptest.DovecotOptions{}), auth.Auto, auth.Plain, auth.LoginWord, auth.CramMD5, auth.ScramSHA256)
}

func TestLoginsOfCyrus(t *testing.T) {
	passwordLogins(t, imaptest.Cyrus(t), auth.Auto, auth.Plain)
}

func TestLoginsOfCourier(t *testing.T) {
	passwordLogins(t, imaptest.Courier(t), auth.Auto, auth.LoginWord)
}

func TestTokensOfDovecot(t *testing.T) {
	server := imaptest.Dovecot(t, imaptest.DovecotOptions{OAuth2: true})
	account := server.NewUser(t)
	for _, m := range []string{auth.XOAuth2, auth.OAuthBearer} {
		if tagged, _ := login(t, server, m, account.User, imaptest.Token(account.User)); !strings.HasPrefix(tagged, "OK") {
			t.Errorf("%s: %s", m, tagged)
		}
		if tagged, _ := login(t, server, m, account.User, "bad"); !strings.HasPrefix(tagged, "NO") {
			t.Errorf("%s with a bad token: %s", m, tagged)
		}
	}
}
