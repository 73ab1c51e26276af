package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/mailbox"
)

func TestSeedIsTheSameForTheSameSeed(t *testing.T) {
	if a, b := seeded(t, 1), seeded(t, 1); a != b {
		t.Error("one seed gives two accounts")
	}
	if a, b := seeded(t, 1), seeded(t, 2); a == b {
		t.Error("two seeds give one account")
	}
}

// seeded is everything in both accounts, as text.
func seeded(t *testing.T, seed uint64) string {
	t.Helper()
	now := func() time.Time { t.Error("the clock was asked"); return noon }
	source, destination := newAccount(layout{".", "INBOX."}, 1, now), newAccount(layout{"/", ""}, 1, now)
	must(t, Seed(source, destination, seed))
	var b strings.Builder
	for _, a := range []*Account{source, destination} {
		for _, m := range a.Mailboxes() {
			fmt.Fprintf(&b, "%q %v %+v\n", m.Wire, m.Role, m.Status)
			if m.Selectable {
				all, err := a.Messages(m.Name)
				must(t, err)
				for _, mail := range all {
					fmt.Fprintf(&b, "%d %s %q %q\n", mail.UID, mail.InternalDate, mail.Flags, mail.Content)
				}
			}
		}
	}
	return b.String()
}

func TestSeedHasWhatTheDemoShows(t *testing.T) {
	now := func() time.Time { return noon }
	source, destination := newAccount(layout{".", "INBOX."}, 1, now), newAccount(layout{"/", ""}, 1, now)
	must(t, Seed(source, destination, 1))
	count, roles := 0, make(map[mailbox.Role]string)
	var noselect, empty, hidden, slash bool
	for _, m := range source.Mailboxes() {
		roles[m.Role] = m.Name.String()
		noselect = noselect || !m.Selectable
		if m.Selectable {
			count += int(m.Status.Messages)
			empty = empty || m.Status.Messages == 0
			hidden = hidden || !m.Subscribed
			slash = slash || strings.Contains(m.Name[len(m.Name)-1], "/")
			all, err := source.Messages(m.Name)
			must(t, err)
			for _, mail := range all {
				if (&message{flags: mail.Flags}).has(mailbox.Deleted) {
					t.Errorf("%q UID %d is marked \\Deleted", m.Name, mail.UID)
				}
			}
		}
	}
	if count < 300 || count > 600 {
		t.Errorf("%d messages, want a few hundred", count)
	}
	if !noselect || !empty || !hidden || !slash {
		t.Errorf("noselect %v, empty %v, not subscribed %v, the other delimiter inside %v", noselect, empty, hidden, slash)
	}
	for role, want := range map[mailbox.Role]string{mailbox.RoleSent: "INBOX/Sent", mailbox.RoleJunk: "INBOX/Spam", mailbox.RoleArchive: "INBOX/Archive"} {
		if roles[role] != want {
			t.Errorf("%s is %q, want %q", role, roles[role], want)
		}
	}
	for _, m := range destination.Mailboxes() {
		if want := map[string]mailbox.Role{"INBOX": mailbox.RoleInbox, "Sent Items": mailbox.RoleSent, "Junk": mailbox.RoleJunk, "Drafts": mailbox.RoleDrafts, "Deleted Items": mailbox.RoleTrash}[m.Name.String()]; m.Role != want {
			t.Errorf("destination %q has role %q, want %q", m.Name, m.Role, want)
		}
	}
}

func TestPrepareLeavesWhatItSays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "demo")
	s, err := Prepare(dir, nil)
	must(t, err)
	defer s.Close()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		names = append(names, e.Name())
		if strings.HasSuffix(e.Name(), ".password") && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", e.Name(), info.Mode())
		}
	}
	same(t, "files", names, []string{"destination.password", "destination.pem", "migration.yaml", "source.password", "source.pem"})
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	config, err := os.ReadFile(s.Config)
	must(t, err)
	for _, end := range []string{"source", "destination"} {
		secret, err := os.ReadFile(filepath.Join(dir, end+".password"))
		must(t, err)
		if strings.Contains(string(config), strings.TrimSpace(string(secret))) {
			t.Error("the configuration holds a password")
		}
	}
	for _, want := range []string{"name: demo\n", fmt.Sprintf("port: %d\n", s.Source.Port()), fmt.Sprintf("port: %d\n", s.Destination.Port()), `ca_file: "source.pem"`} {
		if !strings.Contains(string(config), want) {
			t.Errorf("migration.yaml lacks %q:\n%s", want, config)
		}
	}
	if _, err := Prepare(dir, nil); err == nil || !strings.Contains(err.Error(), "choose an empty folder") {
		t.Errorf("prepared twice in one folder: %v", err)
	}
	must(t, s.Close())
	must(t, s.Close())
}

func TestPrepareFailsWithoutALeak(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "destination.password"), nil, 0o600))
	if _, err := Prepare(dir, nil); err == nil || !strings.Contains(err.Error(), "destination.password") {
		t.Errorf("a file was written over: %v", err)
	}
}
