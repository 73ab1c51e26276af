package cli_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"imapmigrate/pkg/cli"
	"imapmigrate/pkg/demo"
	"imapmigrate/pkg/imaptest"
)

var transcriptLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ ([CS]:|-) [ -~]*$`)

// TestTranscriptOfAMigration: what a whole copy says to its servers is in the file, and nothing in it that is nobody's business.
func TestTranscriptOfAMigration(t *testing.T) {
	dir := t.TempDir()
	scene, err := demo.Prepare(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	var said bytes.Buffer
	run := func(args ...string) {
		t.Helper()
		if code := cli.Run(t.Context(), append([]string{"-c", scene.Config}, args...), cli.Streams{In: strings.NewReader(""), Out: &said, Err: &said}); code != cli.Done {
			t.Fatalf("%v: code %d\n%s", args, code, said.String())
		}
	}
	file := filepath.Join(dir, "wire.txt")
	run("plan")
	run("copy", "--transcript", file)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !transcriptLine.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Fatalf("a line of its own kind: %q", line)
		}
	}
	for _, want := range []string{" 1 - TLS 1.3 to ", " 2 C: W1 ", "<credentials>", " UID FETCH ", " APPEND ", "<literal ", "APPENDUID", "LOGOUT"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the transcript", want)
		}
	}
	private := []string{"@old.example", "@new.example", "Subject", "Message-ID", "Received:"}
	for _, side := range []string{"source", "destination"} {
		password, err := os.ReadFile(filepath.Join(dir, side+".password"))
		if err != nil {
			t.Fatal(err)
		}
		secret := strings.TrimSpace(string(password))
		private = append(private, secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("\x00alice@old.example\x00"+secret)))
	}
	for _, word := range private {
		if strings.Contains(string(text), word) {
			t.Errorf("%q is in the transcript", word)
		}
	}
	run("status", "--transcript", filepath.Join(dir, "none.txt"))
	if _, err := os.Stat(filepath.Join(dir, "none.txt")); err == nil {
		t.Error("a command that talks to nobody has made a transcript")
	}
	if code := cli.Run(t.Context(), []string{"-c", scene.Config, "verify", "--transcript", scene.Config}, cli.Streams{In: strings.NewReader(""), Out: &said, Err: &said}); code != cli.Usage {
		t.Errorf("a file that is there is taken for the transcript: code %d\n%s", code, said.String())
	}
}

// TestLastLinesAreShownWithV: a connection that ends for good leaves its last lines, with -v, redacted.
func TestLastLinesAreShownWithV(t *testing.T) {
	server := imaptest.Serve(t, imaptest.Rules{TLS: true, On: []imaptest.Rule{{Pattern: "LOGIN|AUTHENTICATE .*", Answer: func(c *imaptest.Conversation) {
		if strings.HasPrefix(c.Line, "AUTHENTICATE") && !strings.Contains(strings.TrimPrefix(c.Line, "AUTHENTICATE "), " ") {
			c.Send("+ ")
			_, _ = c.ReadLine()
		}
		c.Send("* OK this is what you sent: the-password, "+base64.StdEncoding.EncodeToString([]byte("the-password")), "zz OK what", "* OK never read")
	}}}})
	t.Setenv("THE_PASSWORD", "the-password")
	config := filepath.Join(t.TempDir(), "migration.yaml")
	side := ": {host: localhost, port: " + strings.Split(server.Addr(), ":")[1] + ", ca_file: " + server.CAFile + ", auth: {password: {env: THE_PASSWORD}}, user: "
	if err := os.WriteFile(config, []byte("version: 1\nname: a\nsource"+side+"a@old.example}\ndestination"+side+"b@new.example}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verbose := range []bool{false, true} {
		var said bytes.Buffer
		args := []string{"-c", config, "check"}
		if verbose {
			args = append(args, "-v")
		}
		if code := cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: &said, Err: &said}); code == cli.Done {
			t.Fatal("it went well")
		}
		if got := strings.Contains(said.String(), "<credentials>") && strings.Contains(said.String(), "S: zz OK what"); got != verbose {
			t.Errorf("-v %v: the last lines are shown: %v\n%s", verbose, got, said.String())
		}
		if strings.Contains(said.String(), "the-password") || strings.Contains(said.String(), "dGhlLXBhc3N3b3Jk") {
			t.Errorf("the password is in:\n%s", said.String())
		}
	}
}
