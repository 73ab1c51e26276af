package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// exchange runs one conversation: start's response, then each challenge and the response wanted for it.
func exchange(t *testing.T, c sasl.Client, mechanism, first string, steps ...string) {
	t.Helper()
	name, ir, err := c.Start()
	if err != nil || name != mechanism || string(ir) != first {
		t.Fatalf("Start() = %s, %q, %v; want %s, %q", name, ir, err, mechanism, first)
	}
	if (ir == nil) != (first == "") {
		t.Errorf("the initial response is %#v, and nil is not empty", ir)
	}
	for i := 0; i+1 < len(steps); i += 2 {
		got, err := c.Next([]byte(steps[i]))
		if err != nil || string(got) != steps[i+1] {
			t.Fatalf("Next(%q) = %q, %v; want %q", steps[i], got, err, steps[i+1])
		}
		if got == nil {
			t.Errorf("Next(%q) = nil; an empty line is meant", steps[i])
		}
	}
	if got, err := c.Next([]byte("and what else?")); err == nil {
		t.Errorf("the client goes on after its last word: %q", got)
	}
}

func TestPlainRFC4616(t *testing.T) {
	exchange(t, &plainClient{"tim", NewSecret("tanstaaftanstaaf")}, "PLAIN", "\x00tim\x00tanstaaftanstaaf")
}

func TestLoginTakesAnyPrompt(t *testing.T) {
	for _, prompts := range [][2]string{{"Username:", "Password:"}, {"User Name\x00", "Password\x00"}, {"", ""}} {
		exchange(t, &loginClient{user: "tim", secret: NewSecret("tanstaaf")}, "LOGIN", "", prompts[0], "tim", prompts[1], "tanstaaf")
	}
}

func TestCramMD5RFC2195(t *testing.T) {
	exchange(t, &cramMD5{user: "tim", secret: NewSecret("tanstaaftanstaaf")}, "CRAM-MD5", "",
		"<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890")
	if got, err := (&cramMD5{user: "tim", secret: NewSecret("x")}).Next(nil); err == nil {
		t.Errorf("an empty challenge is answered: %q", got)
	}
}

// TestXOAuth2AsDocumented uses the example of Google's and Microsoft's pages, and the failure they document: JSON, answered by an empty line.
func TestXOAuth2AsDocumented(t *testing.T) {
	exchange(t, &xoauth2{user: "someuser@example.com", token: NewSecret("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")}, "XOAUTH2",
		"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01",
		`{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}`, "")
}

func TestOAuthBearerRFC7628(t *testing.T) {
	exchange(t, &oauthBearer{user: "user@example.com", token: NewSecret("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="), server: Server{"server.example.com", 143}}, "OAUTHBEARER",
		"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01",
		`{"status":"invalid_token","scope":"example_scope"}`, "\x01")
}

func TestOAuthBearerEscapesTheUser(t *testing.T) {
	_, ir, err := (&oauthBearer{user: "a=b,c", token: NewSecret("t")}).Start()
	if err != nil || string(ir) != "n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01" {
		t.Errorf("%q, %v", ir, err)
	}
}

// The example of RFC 7677 section 3.
const (
	clientNonce = "rOprNGfwEbeRWgbNEkqO"
	clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	clientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

func newTestScram() *scramClient {
	return newScram("user", NewSecret("pencil"), func() string { return clientNonce }).(*scramClient)
}

func TestScramRFC7677(t *testing.T) {
	c := newTestScram()
	exchange(t, c, "SCRAM-SHA-256", clientFirst, serverFirst, clientFinal, serverFinal, "")
	if c.proven() == nil {
		t.Error("a conversation that went on after its end counts as proven")
	}
	c = newTestScram()
	for _, step := range []string{"", serverFirst, serverFinal} {
		if step == "" {
			_, _, _ = c.Start()
		} else if _, err := c.Next([]byte(step)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.proven(); err != nil {
		t.Errorf("the server's right signature does not count: %v", err)
	}
}

func TestScramServerThatCannotProveItself(t *testing.T) {
	for name, final := range map[string]string{
		"wrong signature": "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
		"error":           "e=invalid-proof",
		"nothing":         "",
		"noise":           "\x1b[2J\x00",
		"none of it":      "-", // the tagged OK comes at once
	} {
		c := newTestScram()
		if _, _, err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Next([]byte(serverFirst)); err != nil {
			t.Fatal(err)
		}
		if final != "-" {
			_, err := c.Next([]byte(final))
			if err == nil {
				t.Errorf("%s: Next takes it", name)
			} else if strings.ContainsAny(err.Error(), "\x1b\x00") {
				t.Errorf("%s: the error holds the server's raw text: %q", name, err)
			}
		}
		if c.proven() == nil {
			t.Errorf("%s: counts as proven", name)
		}
	}
}

func TestScramBounds(t *testing.T) {
	const head = "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ=="
	for name, first := range map[string]string{
		"too few iterations":  head + ",i=4095",
		"too many iterations": head + ",i=1000001",
		"count overflows":     head + ",i=99999999999999999999",
		"count negative":      head + ",i=-4096",
		"no count":            head,
		"count elsewhere":     "i=4096," + head,
		"two counts":          head + ",i=99999999,i=4096",
		"extension":           "m=x," + head + ",i=4096",
		"another nonce":       "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"salt not base64":     "r=rOprNGfwEbeRWgbNEkqOx,s=***,i=4096",
		"empty":               "",
		"too long":            head + strings.Repeat("A", 5000) + ",i=4096",
	} {
		c := newTestScram()
		if _, _, err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Next([]byte(first)); err == nil {
			t.Errorf("%s: answered %q", name, got)
		}
	}
}

// TestScramAgainstALibraryServer has names and passwords that need escaping and preparing.
func TestScramAgainstALibraryServer(t *testing.T) {
	for _, who := range [][2]string{{"user", "pencil"}, {"a=b,c", "p=a,s"}, {"user", "I\u00adX"}, {"üser", "paßwörd"}, {"user", "\U0001F600"}} {
		stored, err := storedKey(who[0], who[1])
		if err != nil {
			t.Fatal(err)
		}
		server, err := scram.SHA256.NewServer(func(name string) (scram.StoredCredentials, error) {
			if name != who[0] {
				return stored, errors.New("unknown user")
			}
			return stored, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := converse(newScram(who[0], NewSecret(who[1]), nil).(*scramClient), server.NewConversation()); err != nil {
			t.Errorf("%q with %q: %v", who[0], who[1], err)
		}
	}
}

func storedKey(user, pass string) (scram.StoredCredentials, error) {
	client, err := scram.SHA256.NewClient(user, pass, "")
	if err != nil {
		client, _ = scram.SHA256.NewClientUnprepped(user, pass, "")
	}
	return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "0123456789abcdef", Iters: 4096})
}

func converse(c *scramClient, server *scram.ServerConversation) error {
	_, response, err := c.Start()
	for err == nil && !server.Done() {
		var challenge string
		if challenge, err = server.Step(string(response)); err == nil {
			response, err = c.Next([]byte(challenge))
		}
	}
	if err != nil {
		return err
	}
	return c.proven()
}

func FuzzScramServer(f *testing.F) {
	f.Add(serverFirst, serverFinal)
	f.Add("r=rOprNGfwEbeRWgbNEkqO,s=,i=4096", "e=other")
	f.Add("r=,s=000=,i=4096", "v=") // the library takes it for a proof
	f.Add(",,", ",")
	f.Fuzz(func(t *testing.T, first, final string) {
		c := newTestScram()
		if _, _, err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(first, "i=") && !strings.Contains(first, "i=4096") {
			return // counting is slow, and bounded by a test of its own
		}
		_, _ = c.Next([]byte(first))
		_, _ = c.Next([]byte(final))
		if c.proven() == nil && first != serverFirst {
			t.Errorf("proven by %q, %q", first, final)
		}
	})
}
