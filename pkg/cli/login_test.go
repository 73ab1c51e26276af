package cli_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/imaptest"
)

// Every way to log in that migration.yaml knows, with the real commands on a real server; a refused secret is 77 and is not shown.
func TestEveryMechanismLogsIn(t *testing.T) {
	server := imaptest.Dovecot(t, imaptest.DovecotOptions{OAuth2: true, NoFsync: true})
	from, to := server.NewUser(t), server.NewUser(t)
	for _, mechanism := range []string{"auto", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"} {
		t.Run(mechanism, func(t *testing.T) {
			j := newJourney(t, from, to, "tls")
			secret := imaptest.Password
			if mechanism == "xoauth2" || mechanism == "oauthbearer" {
				secret = imaptest.Token(from.User)
			}
			t.Setenv("JOURNEY_SOURCE", secret)
			config, err := os.ReadFile(j.config)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(string(config), "auth: {", "auth: {mechanism: "+mechanism+", ", 1) // the source's
			if err := os.WriteFile(j.config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			j.run(cli.Done, "check")
			t.Setenv("JOURNEY_SOURCE", "no such secret")
			var said bytes.Buffer
			code := cli.Run(t.Context(), []string{"-c", j.config, "-v", "check"}, cli.Streams{In: strings.NewReader(""), Out: &said, Err: &said})
			if encoded := base64.StdEncoding.EncodeToString([]byte("no such secret")); code != cli.Refused || strings.Contains(said.String(), "no such secret") || strings.Contains(said.String(), encoded) {
				t.Errorf("code %d, want %d and no secret in:\n%s", code, cli.Refused, said.String())
			}
			if !strings.Contains(said.String(), "log in: ") {
				t.Errorf("it does not say what was refused:\n%s", said.String())
			}
		})
	}
}
