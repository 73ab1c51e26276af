package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"imapmigrate/pkg/endpoint"
)

// The mechanisms, as the configuration names them.
const (
	Auto        = "auto"
	Plain       = "plain"
	LoginWord   = "login" // AUTHENTICATE LOGIN, or the LOGIN command where that is not offered
	CramMD5     = "cram-md5"
	ScramSHA256 = "scram-sha-256"
	XOAuth2     = "xoauth2"     // the secret is an access token
	OAuthBearer = "oauthbearer" // the secret is an access token
)

// Login is one login attempt. Its Client has the state of one conversation: choose a new Login for each connection.
type Login struct {
	Client   sasl.Client // nil: use the IMAP LOGIN command (RFC 9051 section 6.2.3) with User and Password
	User     string
	Password Secret
}

// Proven is to be asked after the server's tagged OK, before anything else is believed or sent: an error means that the server owes a proof
// that it knows the password and has not given it (SCRAM, RFC 5802 section 3). The connection must be closed then.
func (l Login) Proven() error {
	if p, ok := l.Client.(interface{ proven() error }); ok {
		return p.proven()
	}
	return nil
}

// Server is whom the client means to talk to (OAUTHBEARER says it, RFC 7628 section 3.1).
type Server struct {
	Host string
	Port int
}

// Choose picks how to log in. mechanism is one of the constants above; caps are those that the server listed last before login, after
// STARTTLS if there was one. Auto takes the best that is offered: SCRAM-SHA-256; over TLS then PLAIN, LOGIN, and CRAM-MD5 only for want of
// these; in clear text, which the caller has been allowed, CRAM-MD5 before these; at last the LOGIN command, unless LOGINDISABLED
// (RFC 9051 section 6.2.3). It never takes a token mechanism, for the secret is then not a password. Any other mechanism is that one or nothing.
//
// The error is an [*endpoint.Error] of Class LoginRefused that lists what is offered.
func Choose(mechanism, user string, secret Secret, server Server, caps endpoint.Capabilities, encrypted bool) (Login, error) {
	a := attempt{mechanism, user, secret, server, caps, encrypted}
	if err := a.check(); err != nil {
		return Login{}, err
	}
	for _, m := range a.candidates() {
		if login, ok := a.with(m); ok {
			return login, nil
		}
	}
	return Login{}, a.refused()
}

// attempt is Choose's arguments.
type attempt struct {
	mechanism string
	user      string
	secret    Secret
	server    Server
	caps      endpoint.Capabilities
	encrypted bool
}

// command stands among the candidates for the LOGIN command.
const command = "LOGIN command"

// candidates are the mechanisms that may be tried, best first.
func (a attempt) candidates() []string {
	switch a.mechanism {
	case Auto:
		switch {
		case !a.encrypted:
			return []string{"SCRAM-SHA-256", "CRAM-MD5", sasl.Plain, sasl.Login, command}
		case !preparable(a.user, a.secret):
			return []string{sasl.Plain, sasl.Login, "SCRAM-SHA-256", "CRAM-MD5", command}
		}
		return []string{"SCRAM-SHA-256", sasl.Plain, sasl.Login, "CRAM-MD5", command}
	case LoginWord:
		return []string{sasl.Login, command}
	}
	return []string{strings.ToUpper(a.mechanism)}
}

// with is the login by that mechanism; ok is false when the server does not offer it.
func (a attempt) with(mechanism string) (login Login, ok bool) {
	login = Login{User: a.user, Password: a.secret}
	if mechanism == command {
		return login, !a.caps.Has("LOGINDISABLED")
	}
	if !a.caps.Has("AUTH=" + mechanism) {
		return Login{}, false
	}
	switch mechanism {
	case "SCRAM-SHA-256":
		login.Client = newScram(a.user, a.secret, nil)
	case sasl.Plain:
		login.Client = &plainClient{user: a.user, secret: a.secret}
	case sasl.Login:
		login.Client = &loginClient{user: a.user, secret: a.secret}
	case "CRAM-MD5":
		login.Client = &cramMD5{user: a.user, secret: a.secret}
	case "XOAUTH2":
		login.Client = &xoauth2{user: a.user, token: a.secret}
	case sasl.OAuthBearer:
		login.Client = &oauthBearer{user: a.user, token: a.secret, server: a.server}
	default:
		return Login{}, false
	}
	return login, true
}

// check refuses what no mechanism can carry without meaning something else.
func (a attempt) check() error {
	known := []string{Auto, Plain, LoginWord, CramMD5, ScramSHA256, XOAuth2, OAuthBearer}
	token := a.mechanism == XOAuth2 || a.mechanism == OAuthBearer
	switch text := a.secret.Reveal(); {
	case !slices.Contains(known, a.mechanism):
		return a.fail("mechanism %q is not known", "name one of "+strings.Join(known, ", "), a.mechanism)
	case a.user == "" || strings.ContainsFunc(a.user, control):
		return a.fail("the user's name is empty or holds a control character", "correct `user`")
	case text == "":
		return a.fail("the password is empty", "see where it comes from")
	case strings.ContainsAny(text, "\x00\r\n"):
		return a.fail("the password holds a NUL or a line break", "see that its source gives one line")
	case token && strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return a.fail("the token holds a character that no token has", "see that its source gives the access token alone")
	}
	return nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// refused says why nothing could be chosen.
func (a attempt) refused() error {
	if a.mechanism == Auto {
		hint := "see what the provider says about IMAP logins"
		if a.caps.Has("AUTH=XOAUTH2") || a.caps.Has("AUTH=OAUTHBEARER") {
			hint = "it takes access tokens: name mechanism xoauth2 or oauthbearer, with a token where the password stands"
		} else if !a.encrypted {
			hint = "it may offer more over TLS: use security tls or starttls"
		}
		return a.fail("no login with a password is offered; the server offers %s", hint, a.offers())
	}
	return a.fail("mechanism %s is not offered; the server offers %s", "use mechanism auto, or one of these", a.mechanism, a.offers())
}

// offers lists the server's mechanisms. They are a stranger's text.
func (a attempt) offers() string {
	const most = 20
	var names []string
	for _, c := range a.caps {
		if name, ok := strings.CutPrefix(c, "AUTH="); ok && len(names) < most {
			names = append(names, fmt.Sprintf("%.40q", name))
		}
	}
	if !a.caps.Has("LOGINDISABLED") {
		names = append(names, "the LOGIN command")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (a attempt) fail(format, hint string, args ...any) error {
	return &endpoint.Error{
		Class: endpoint.LoginRefused, Account: endpoint.Identity{Host: a.server.Host, User: a.user}.String(), Op: "log in",
		Err: fmt.Errorf(format, args...), Hint: hint,
	}
}

// errOrder is for a server that goes on asking when a mechanism has nothing more to say.
var errOrder = errors.New("the server asks for more than the mechanism has to give")
