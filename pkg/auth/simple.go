package auth

import (
	"crypto/hmac"
	"crypto/md5" // the M of CRAM-MD5
	"encoding/hex"
	"errors"
	"strings"

	"github.com/emersion/go-sasl"
)

// plainClient is PLAIN (RFC 4616). Like all clients here it holds a Secret and not text, as go-sasl's would, so that no %+v of it shows any.
type plainClient struct {
	user   string
	secret Secret
}

func (c *plainClient) Start() (string, []byte, error) {
	return sasl.NewPlainClient("", c.user, c.secret.Reveal()).Start()
}

func (c *plainClient) Next([]byte) ([]byte, error) { return nil, errOrder }

// loginClient is LOGIN (draft-murchison-sasl-login). go-sasl's insists on the prompt "Password:" and on an initial response; servers differ
// in the first and need not take the second. The order of the prompts is the same everywhere.
type loginClient struct {
	user   string
	secret Secret
	step   int
}

func (c *loginClient) Start() (string, []byte, error) { return sasl.Login, nil, nil }

func (c *loginClient) Next([]byte) ([]byte, error) {
	c.step++
	switch c.step {
	case 1:
		return []byte(c.user), nil
	case 2:
		return []byte(c.secret.Reveal()), nil
	}
	return nil, errOrder
}

// cramMD5 is CRAM-MD5 (RFC 2195).
type cramMD5 struct {
	user   string
	secret Secret
	done   bool
}

func (c *cramMD5) Start() (string, []byte, error) { return "CRAM-MD5", nil, nil }

func (c *cramMD5) Next(challenge []byte) ([]byte, error) {
	if c.done {
		return nil, errOrder
	}
	c.done = true
	if len(challenge) == 0 {
		// Whoever may choose the challenge could look the answer up in a table.
		return nil, errors.New("the server's CRAM-MD5 challenge is empty")
	}
	mac := hmac.New(md5.New, []byte(c.secret.Reveal()))
	mac.Write(challenge)
	return []byte(c.user + " " + hex.EncodeToString(mac.Sum(nil))), nil
}

// xoauth2 is XOAUTH2 as Google and Microsoft document it.
type xoauth2 struct {
	user   string
	token  Secret
	failed bool
}

func (c *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + c.user + "\x01auth=Bearer " + c.token.Reveal() + "\x01\x01"), nil
}

// Next gets the failure as JSON; the server waits for an empty answer and says NO then.
func (c *xoauth2) Next([]byte) ([]byte, error) {
	if c.failed {
		return nil, errOrder
	}
	c.failed = true
	return []byte{}, nil
}

// oauthBearer is OAUTHBEARER (RFC 7628). go-sasl's client aborts at a failure; the answer of section 3.2.3 lets the server say NO in its words.
type oauthBearer struct {
	user   string
	token  Secret
	server Server
	failed bool
}

// saslName escapes a user name inside a GS2 header (RFC 5801 section 4), which go-sasl leaves to us.
var saslName = strings.NewReplacer("=", "=3D", ",", "=2C")

func (c *oauthBearer) Start() (string, []byte, error) {
	return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{
		Username: saslName.Replace(c.user), Token: c.token.Reveal(), Host: c.server.Host, Port: c.server.Port,
	}).Start()
}

func (c *oauthBearer) Next([]byte) ([]byte, error) {
	if c.failed {
		return nil, errOrder
	}
	c.failed = true
	return []byte{0x01}, nil
}
