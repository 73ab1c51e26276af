package wire

import (
	"encoding/base64"
	"errors"
	"strings"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
)

// maxChallenges bounds a SASL exchange; SCRAM has two, with an empty one before where there is no initial response.
const maxChallenges = 6

// logIn logs in, once: after a refusal the password is not tried by any other way. Nothing is sent behind the login before its answer is
// there (Courier's login process would read it and lose it). What was listed before login is forgotten.
func (s *Session) logIn(x *Exchange) error {
	login, err := s.options.Login(s.caps, s.options.encrypted())
	if err != nil {
		return s.cannotLogIn(x.op, err)
	}
	s.identity.User = login.User
	before := s.caps
	s.caps = nil
	answer, err := s.present(x, login, before)
	if err != nil {
		return err
	}
	if answer.kind != "OK" {
		return x.refusal(answer)
	}
	if err := login.Proven(); err != nil {
		return s.cannotLogIn(x.op, err)
	}
	s.caps = volunteered(answer)
	return nil
}

// cannotLogIn is a login that fails on our side.
func (s *Session) cannotLogIn(op Op, err error) error {
	if e, ok := errors.AsType[*endpoint.Error](err); ok {
		return e
	}
	e := s.problem(op, err)
	e.Class = endpoint.LoginRefused
	return e
}

// present sends the login by command or by SASL. The answer holds none of the login's secrets, whatever the server repeats.
func (s *Session) present(x *Exchange, login auth.Login, caps endpoint.Capabilities) (status, error) {
	c := &credentials{exchange: x, caps: caps}
	s.conn.knowUser(login.User)
	c.hide(login.Password.Reveal())
	var answer status
	var err error
	if login.Client == nil {
		answer, err = c.command(login)
	} else {
		answer, err = c.authenticate(login)
	}
	answer.text = c.redact(answer.text)
	s.conn.hideFarewell(c.redact)
	return answer, err
}

// credentials is one login on its way, and everything of it that must not be seen again.
type credentials struct {
	exchange *Exchange
	caps     endpoint.Capabilities // before login
	secrets  []string
}

// shortestSecret is the least that is looked for in a server's words; less would be found everywhere.
const shortestSecret = 4

func (c *credentials) hide(secret string) {
	if len(secret) >= shortestSecret {
		c.secrets = append(c.secrets, secret)
		c.exchange.conn.hide(secret)
	}
}

func (c *credentials) redact(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// command is LOGIN (RFC 9051 section 6.2.3).
func (c *credentials) command(login auth.Login) (status, error) {
	x := c.exchange
	if c.caps.Has("LOGINDISABLED") {
		e := x.session.problem(x.op, errors.New("the server forbids the LOGIN command"))
		e.Class, e.Hint = endpoint.LoginRefused, "choose a mechanism that the server offers, or security tls"
		return status{}, e
	}
	for _, argument := range []string{login.User, login.Password.Reveal()} {
		if checkArgument(argument) != nil { // whose words would show it
			return status{}, x.session.cannotLogIn(x.op, errors.New("user or password contains a line end or NUL"))
		}
	}
	x.session.caps = c.caps // what is true of literals before login
	defer func() { x.session.caps = nil }()
	return x.run(verb("LOGIN ").astring(login.User).and(" ").astring(login.Password.Reveal()), nil)
}

// authenticate is AUTHENTICATE (RFC 9051 section 6.2.2), with the initial response at once where SASL-IR allows it (RFC 4959).
func (c *credentials) authenticate(login auth.Login) (status, error) {
	x := c.exchange
	mechanism, first, err := login.Client.Start()
	if err != nil {
		return status{}, x.session.cannotLogIn(x.op, err)
	}
	tag := x.tag()
	line := tag + " AUTHENTICATE " + mechanism
	if first != nil && c.caps.Has("SASL-IR") {
		line += " " + c.initial(first)
		first = nil
	}
	if err := x.write(line + "\r\n"); err != nil {
		return status{}, err
	}
	return c.converse(tag, login, first)
}

// converse answers challenges until the tagged answer. first is the initial response where the command could not carry it.
func (c *credentials) converse(tag string, login auth.Login, first []byte) (status, error) {
	x := c.exchange
	var ours error
	for range maxChallenges {
		challenge, answer, err := c.challenge(tag)
		if err != nil {
			return status{}, err
		}
		if answer.isText {
			if ours != nil {
				return status{}, x.session.cannotLogIn(x.op, ours)
			}
			return answer, nil
		}
		reply := first
		if first == nil {
			reply, ours = c.next(login, challenge, ours)
		}
		first = nil
		if err := c.reply(reply, ours); err != nil {
			return status{}, err
		}
	}
	return status{}, x.violated("one challenge after the other")
}

// next asks the mechanism. An earlier failure stays.
func (c *credentials) next(login auth.Login, challenge string, failed error) ([]byte, error) {
	if failed != nil {
		return nil, failed
	}
	decoded, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		return nil, errors.New("the server's challenge cannot be read")
	}
	return login.Client.Next(decoded)
}

// reply sends the mechanism's answer; "*" gives the login up (RFC 9051 section 6.2.2).
func (c *credentials) reply(reply []byte, failed error) error {
	if failed != nil {
		return c.line("*")
	}
	encoded := base64.StdEncoding.EncodeToString(reply)
	c.hide(encoded)
	return c.line(encoded)
}

func (c *credentials) line(text string) error {
	if err := c.exchange.conn.continueWith(text); err != nil {
		return c.exchange.failed(err)
	}
	return nil
}

// initial is a response as an argument: an empty one is "=".
func (c *credentials) initial(response []byte) string {
	if len(response) == 0 {
		return "="
	}
	encoded := base64.StdEncoding.EncodeToString(response)
	c.hide(encoded)
	return encoded
}

// challenge reads to the next "+" or to the tagged answer.
func (c *credentials) challenge(tag string) (text string, answer status, err error) {
	x := c.exchange
	for {
		r, err := x.read(nil)
		if err != nil {
			return "", status{}, err
		}
		first, rest, _ := strings.Cut(r.line(), " ")
		switch first {
		case "+":
			return strings.TrimSpace(rest), status{}, nil
		case tag:
			s := parseStatus(r.line())
			if !s.isText {
				return "", s, x.violated("an answer to the login that is neither OK nor NO nor BAD")
			}
			return "", s, nil
		}
	}
}
