package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// Who talks to whom here:
//
//	every command of imapmigrate --plain text--> recorder --> Dovecot | Cyrus
//
// The recorder keeps every byte that goes to a server. Whatever removes mail, or could, fails the test, unless it is one of the two commands
// of an approved purge, on the source, with UIDs that the approved checkpoint lists.

// recorder is a way to a server on which everything is heard.
type recorder struct {
	port int
	mu   sync.Mutex
	all  []*bytes.Buffer // one a connection
}

func record(t *testing.T, to string) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	r := &recorder{port: listener.Addr().(*net.TCPAddr).Port}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go r.carry(c, to)
		}
	}()
	return r
}

func (r *recorder) carry(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	heard := &bytes.Buffer{}
	r.mu.Lock()
	r.all = append(r.all, heard)
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		r.mu.Lock()
		heard.Write(buffer[:n])
		r.mu.Unlock()
		if n > 0 {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

var (
	commandLine = regexp.MustCompile(`(?i)^[A-Za-z0-9]+ ((?:UID )?[A-Z]+)\b(.*)$`)
	removing    = regexp.MustCompile(`(?i)^(UID )?(STORE|EXPUNGE|MOVE|REPLACE)$|^(CLOSE|DELETE|RENAME)$`)
	marking     = regexp.MustCompile(`^ (\S+) (?:\(UNCHANGEDSINCE \d+\) )?[+-]FLAGS\.SILENT \(\\Deleted\)$`)
	expunging   = regexp.MustCompile(`^ (\S+)$`)
)

// dangerous are the commands heard so far that remove mail or could, each with the mailbox that was selected, and forgets what it heard.
func (r *recorder) dangerous() (found [][3]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, heard := range r.all {
		selected := ""
		for line := range strings.SplitSeq(heard.String(), "\r\n") {
			m := commandLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			verb := strings.ToUpper(m[1])
			if verb == "SELECT" || verb == "EXAMINE" {
				selected = strings.Trim(strings.Fields(m[2])[0], `"`)
			}
			if removing.MatchString(verb) {
				found = append(found, [3]string{selected, verb, m[2]})
			}
		}
	}
	return found
}

// recorded is a migration between two recorded servers.
type recorded struct {
	t        *testing.T
	config   string
	from, to *recorder
	said     bytes.Buffer
}

func newRecorded(t *testing.T, from, to imaptest.Account) *recorded {
	t.Helper()
	s := &recorded{t: t, from: record(t, from.Server.Addr()), to: record(t, to.Server.Addr()), config: filepath.Join(t.TempDir(), "migration.yaml")}
	text := "version: 1\nname: law\n"
	for _, side := range []struct {
		name    string
		account imaptest.Account
		port    int
	}{{"source", from, s.from.port}, {"destination", to, s.to.port}} {
		variable := "LAW_" + strings.ToUpper(side.name)
		t.Setenv(variable, side.account.Password)
		text += fmt.Sprintf("%s: {host: 127.0.0.1, port: %d, security: plaintext, allow_plaintext: true, user: %q, auth: {password: {env: %s}}}\n", side.name, side.port, side.account.User, variable)
	}
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *recorded) path(name string) string { return filepath.Join(filepath.Dir(s.config), name) }

func (s *recorded) run(args ...string) Code {
	s.t.Helper()
	s.said.Reset()
	return Run(context.WithoutCancel(s.t.Context()), append([]string{"-c", s.config}, args...), Streams{In: strings.NewReader(""), Out: &s.said, Err: &s.said})
}

func (s *recorded) must(want Code, args ...string) {
	s.t.Helper()
	if code := s.run(args...); code != want {
		s.t.Fatalf("imapmigrate %v: code %d, want %d\n%s", args, code, want, s.said.String())
	}
}

// everyCommand is what each command is called with; nil is a command that has nothing to do with these two servers.
func (s *recorded) everyCommand() map[string][][]string {
	plan, list := s.path("plans/law.plan.yaml"), s.path("plans/law.checkpoint.yaml")
	return map[string][][]string{
		"check": {{}}, "plan": {{}, {"--json"}}, "diff": {{plan, plan}}, "copy": {{}}, "verify": {{"--depth", "counts"}, {"--depth", "metadata"}, {}},
		"checkpoint": {{}, {"--recheck", "metadata", "--grace", "1d"}, {}}, "approve": {{list, "--no-input"}, {list, "--phrase", "yes"}},
		"purge": {{}, {"--dry-run"}, {"--dry-run", "--to-trash"}, {"--to-trash"}}, "rollback": {{}},
		"status": {{}, {"--json"}}, "report": {{}, {"--json"}}, "ledger": {{"check"}, {"export"}},
		"init": nil, "demo": nil, "version": nil, "completion": nil, "help": nil,
	}
}

// everything runs every command that the program has, in the order of its help. Their exit codes are not the matter here.
func (s *recorded) everything() {
	s.t.Helper()
	calls := s.everyCommand()
	for _, c := range (&app{}).root().Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			continue
		}
		with, known := calls[c.Name()]
		if !known {
			s.t.Errorf("nobody has listened to what %q sends: name it in this test", c.Name())
		}
		for _, args := range with {
			s.run(append([]string{c.Name()}, args...)...)
		}
	}
}

func (s *recorded) harmless(when string) {
	s.t.Helper()
	for side, r := range map[string]*recorder{"source": s.from, "destination": s.to} {
		for _, c := range r.dangerous() {
			s.t.Errorf("%s: this went to the %s, in %q: %s%s", when, side, c[0], c[1], c[2])
		}
	}
}

// TestNothingIsRemovedWithoutAnApproval runs everything there is before anybody has approved anything; then an approved purge, which may send
// two commands with the UIDs of its checkpoint; then everything again, which sends nothing more.
func TestNothingIsRemovedWithoutAnApproval(t *testing.T) {
	dovecot := func(t *testing.T) *imaptest.Server {
		return imaptest.Dovecot(t, imaptest.DovecotOptions{NoFsync: true})
	}
	for name, way := range map[string]struct {
		from, to func(*testing.T) *imaptest.Server
	}{
		"dovecot to cyrus": {dovecot, func(t *testing.T) *imaptest.Server { return imaptest.Cyrus(t) }},
		"cyrus to dovecot": {func(t *testing.T) *imaptest.Server { return imaptest.Cyrus(t) }, dovecot},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "dovecot to cyrus" {
				t.Skip("one direction is enough here")
			}
			from, to := way.from(t).NewUser(t), way.to(t).NewUser(t)
			c := from.Dial(t)
			c.Create("Work")
			for i := range 5 {
				for _, w := range []string{"INBOX", "Work"} {
					if tagged := c.Append(w, `\Seen`, "31-Mar-2019 02:30:00 +0100", fmt.Appendf(nil, "Subject: %d in %s\r\n\r\nbody\r\n", i, w)); !strings.HasPrefix(tagged, "OK") {
						t.Fatal(tagged)
					}
				}
			}
			c.Close()
			s := newRecorded(t, from, to)
			s.everything()
			s.harmless("before an approval")
			s.must(Done, "verify")
			s.must(Done, "checkpoint")
			s.must(Done, "approve", s.path("plans/law.checkpoint.yaml"), "--phrase", s.phrase())
			s.harmless("before the purge")
			s.must(Done, "purge", "--max-messages", "3")
			s.must(Done, "purge")
			covered := len(s.from.dangerous())
			s.covered()
			s.everything()
			if n := len(s.from.dangerous()); n != covered || len(s.to.dangerous()) != 0 {
				t.Errorf("%d commands that remove were sent to the source after the purge, and to the destination %v", n-covered, s.to.dangerous())
			}
		})
	}
}

func (s *recorded) list() *checkpoint.Checkpoint {
	s.t.Helper()
	c, err := readCheckpoint(s.path("plans/law.checkpoint.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *recorded) phrase() string { return s.list().Subject().Phrase() }

// covered holds what was sent against the checkpoint.
func (s *recorded) covered() {
	s.t.Helper()
	approved := map[string]mailbox.UIDSet{}
	for _, m := range s.list().Mailboxes {
		approved[string(m.Wire)] = m.UIDs.Set()
	}
	expunged := map[string]int{}
	for _, c := range s.from.dangerous() {
		pattern := marking
		if c[1] == "UID EXPUNGE" {
			pattern = expunging
		} else if c[1] != "UID STORE" {
			s.t.Errorf("in %q: %s%s", c[0], c[1], c[2])
			continue
		}
		m := pattern.FindStringSubmatch(c[2])
		if m == nil {
			s.t.Errorf("in %q: %s%s", c[0], c[1], c[2])
			continue
		}
		set, err := mailbox.ParseUIDSet(m[1])
		if err != nil {
			s.t.Errorf("in %q: %s%s: %v", c[0], c[1], c[2], err)
		}
		for uid := range set.All {
			if !approved[c[0]].Contains(uid) {
				s.t.Errorf("in %q: %s%s names message %d, which nobody approved", c[0], c[1], c[2], uid)
			}
			if c[1] == "UID EXPUNGE" {
				expunged[c[0]]++
			}
		}
	}
	for w, set := range approved {
		if expunged[w] != set.Len() {
			s.t.Errorf("%d of %d messages of %q were expunged: the recorder does not hear", expunged[w], set.Len(), w)
		}
	}
}
