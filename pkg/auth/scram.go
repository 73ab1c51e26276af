package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// Bounds on what a server may ask of SCRAM. RFC 7677 section 4 wants 4096 iterations at least: with fewer, whoever sits in between could
// guess passwords from the proof. A million take about a second; more would let a server keep us busy.
const (
	fewestIterations = 4096
	mostIterations   = 1_000_000
	longestChallenge = 4096
)

// scramClient is SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.
type scramClient struct {
	conversation *scram.ClientConversation
	step         int
	broken       bool // something was wrong: the library itself would go on, and take an empty signature for the one it never computed
}

// preparable reports whether SASLprep (RFC 4013) takes both.
func preparable(user string, secret Secret) bool {
	_, err := scram.SHA256.NewClient(user, secret.Reveal(), "")
	return err == nil
}

// newScram sends user and secret as SASLprep leaves them, and as they are when it refuses them: it knows Unicode 3.2 only, and RFC 5802
// section 2.2 allows newer characters. nonce is for tests; nil is random.
func newScram(user string, secret Secret, nonce func() string) sasl.Client {
	client, err := scram.SHA256.NewClient(user, secret.Reveal(), "")
	if err != nil {
		client, _ = scram.SHA256.NewClientUnprepped(user, secret.Reveal(), "")
	}
	client.WithMinIterations(fewestIterations)
	if nonce != nil {
		client.WithNonceGenerator(nonce)
	}
	return &scramClient{conversation: client.NewConversation()}
}

func (c *scramClient) Start() (string, []byte, error) {
	first, err := c.conversation.Step("")
	return "SCRAM-SHA-256", []byte(first), err
}

// Next answers the server's first message with the proof, and its last, when it is genuine, with nothing.
func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	answer, err := c.next(challenge)
	c.broken = c.broken || err != nil
	return answer, err
}

func (c *scramClient) next(challenge []byte) ([]byte, error) {
	c.step++
	switch {
	case c.broken || c.step > 2:
		return nil, errOrder
	case len(challenge) > longestChallenge:
		return nil, errors.New("the server's SCRAM message is too long")
	case c.step == 1:
		if err := checkIterations(string(challenge)); err != nil {
			return nil, err
		}
	}
	answer, err := c.conversation.Step(string(challenge))
	if err != nil {
		// The library's words may hold the server's.
		return nil, fmt.Errorf("SCRAM-SHA-256: %.200q", err.Error())
	}
	return []byte(answer), nil
}

// checkIterations looks before the library begins to count. The library takes the third field for the count, so it must be that one.
func checkIterations(first string) error {
	fields := strings.Split(first, ",")
	if len(fields) < 3 || !strings.HasPrefix(fields[2], "i=") {
		return errors.New("the server's SCRAM message has no iteration count")
	}
	n, err := strconv.Atoi(fields[2][2:])
	if err != nil || n < fewestIterations || n > mostIterations {
		return fmt.Errorf("the server asks for %.20q SCRAM iterations, which is not from %d to %d", fields[2][2:], fewestIterations, mostIterations)
	}
	return nil
}

func (c *scramClient) proven() error {
	if !c.broken && c.conversation.Valid() {
		return nil
	}
	return errors.New("the server has not proved that it knows the password (SCRAM-SHA-256), so it may not be the one it says")
}
