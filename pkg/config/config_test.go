package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const smallest = `version: 1
name: acme-alice
source:
  host: imap.old.example
  user: alice@old.example
  auth: {password: {env: OLD_PASSWORD}}
destination:
  host: imap.new.example
  user: alice@new.example
  auth: {password: {command: ["pass", "mail/new"]}}
`

func TestSmallestConfiguration(t *testing.T) {
	got, err := Parse("/home/alice/migration.yaml", []byte(smallest))
	if err != nil {
		t.Fatal(err)
	}
	account := Account{Port: 993, Security: TLS, Auth: Auth{Mechanism: Auto}, Connections: 4, Timeout: time.Minute}
	want := &Config{
		Version: 1, Name: "acme-alice", Source: account, Destination: account,
		Mailboxes: Mailboxes{Include: []string{"**"}, Roles: Match},
		Copy:      Copy{Memory: 128 << 20, BatchMessages: 200, BatchBytes: 8 << 20, Compress: Auto, Existing: Match},
		Approvers: Approvers{Needed: 1},
		File:      "/home/alice/migration.yaml", Dir: "/home/alice",
	}
	want.Source.Host, want.Source.User, want.Source.Auth.Password.Env = "imap.old.example", "alice@old.example", "OLD_PASSWORD"
	want.Destination.Host, want.Destination.User, want.Destination.Auth.Password.Command = "imap.new.example", "alice@new.example", []string{"pass", "mail/new"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := got.Source.String(); s != "alice@old.example at imap.old.example" {
		t.Errorf("String() = %q", s)
	}
}

// everything has all keys, none at its default.
const everything = `version: 1
name: x.1_y-z
source:
  host: 127.0.0.1
  port: 1143
  security: plaintext
  allow_plaintext: true
  ca_file: pki/ca.pem
  server_name: imap.old.example
  user: alice
  auth:
    mechanism: cram-md5
    password: {file: old.secret}
  connections: 1
  timeout: 2m
destination:
  host: "::1"
  security: starttls
  ca_file: /etc/ca.pem
  user: alice
  auth:
    mechanism: xoauth2
    password: {keyring: {service: imap, user: alice}}
mailboxes:
  include: [INBOX, "Projects/**"]
  exclude: ["**/Spam", 'a\/b']
  roles: names
  prefix: 'Old/a\/b'
  map:
    - {from: "Old Stuff", to: "Archive/Old"}
    - {from: "Projects/*", to: "Work/*"}
messages: {since: 2015-01-01, before: 2016-01-01T00:00:00+01:00, max_size: 50MB}
copy: {memory: 1GiB, batch_messages: 50, batch_bytes: 65536, compress: off, bandwidth: 10MB/s, existing: ignore}
approvers: {needed: 2, keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXl5G2ZoWi0OjznhJ3HG2LFqQWszy77qH80iO8AIJ/A alice", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG576/xdR0FpgZUGl3CE/mdHBDuLxneZkBu9q+bmCmsD bob"]}
`

func TestEverythingSet(t *testing.T) {
	got, err := Parse("m/migration.yaml", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Version: 1, Name: "x.1_y-z",
		Source: Account{
			Host: "127.0.0.1", Port: 1143, Security: Plaintext, AllowPlaintext: true, CAFile: "m/pki/ca.pem", ServerName: "imap.old.example", User: "alice",
			Auth: Auth{"cram-md5", PasswordSource{File: "m/old.secret"}}, Connections: 1, Timeout: 2 * time.Minute,
		},
		Destination: Account{
			Host: "::1", Port: 143, Security: StartTLS, CAFile: "/etc/ca.pem", User: "alice",
			Auth: Auth{"xoauth2", PasswordSource{Keyring: &Keyring{"imap", "alice"}}}, Connections: 4, Timeout: time.Minute,
		},
		Mailboxes: Mailboxes{
			Include: []string{"INBOX", "Projects/**"}, Exclude: []string{"**/Spam", `a\/b`}, Roles: Names, Prefix: Name{"Old", "a/b"},
			Map: []Mapping{{"Old Stuff", "Archive/Old"}, {"Projects/*", "Work/*"}},
		},
		Messages:  Messages{Date{time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)}, Date{time.Date(2016, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))}, 50_000_000},
		Copy:      Copy{1 << 30, 50, 65536, Off, 10_000_000, Ignore},
		Approvers: Approvers{2, []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXl5G2ZoWi0OjznhJ3HG2LFqQWszy77qH80iO8AIJ/A alice", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG576/xdR0FpgZUGl3CE/mdHBDuLxneZkBu9q+bmCmsD bob"}},
		File:      "m/migration.yaml", Dir: "m",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyTextIsTheDefaultWhereTheContractShowsIt(t *testing.T) {
	text := strings.Replace(smallest, "  user: alice@old", "  ca_file: \"\"\n  server_name: \"\"\n  user: alice@old", 1) +
		"mailboxes: {include: [\"*\"], exclude: [], prefix: \"\", map: []}\nmessages: {since: \"\", before: \"\", max_size: \"\"}\ncopy: {bandwidth: \"\"}\n"
	got, err := Parse("migration.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got.Source.CAFile != "" || got.Mailboxes.Prefix != nil || !got.Messages.Since.IsZero() || got.Messages.MaxSize != 0 || got.Copy.Bandwidth != 0 || got.Dir != "." {
		t.Errorf("%+v", got)
	}
}

func TestGroupWithAllLinesCommentedOut(t *testing.T) {
	want, err := Parse("migration.yaml", []byte(smallest))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("migration.yaml", []byte(smallest+"mailboxes:\n#  roles: names\nmessages:\ncopy:\n"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, got)
}

func TestPorts(t *testing.T) {
	for extra, want := range map[string]int{"": 993, "  security: tls\n": 993, "  security: starttls\n": 143, "  security: plaintext\n  allow_plaintext: true\n": 143, "  port: 65535\n": 65535, "  port: 1\n": 1} {
		got, err := Parse("migration.yaml", []byte(strings.Replace(smallest, "  user: alice@old", extra+"  user: alice@old", 1)))
		if err != nil || got.Source.Port != want || got.Destination.Port != 993 {
			t.Errorf("%q: %v, %v", extra, got, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "migration.yaml")
	text := strings.Replace(smallest, "{env: OLD_PASSWORD}", "{file: secrets/old}", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(dir))
	c, err := Load(filepath.Join(filepath.Base(dir), "migration.yaml"))
	if err != nil || c.Dir != dir || c.Source.Auth.Password.File != filepath.Join(dir, "secrets/old") {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("#", 1<<20+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || err.Error() != path+":1:1: the file is larger than 1048576 bytes; this cannot be the file you mean" {
		t.Errorf("large file: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"": 0, "0": 0, "1048576": 1 << 20, "8MiB": 8 << 20, "8 MiB": 8 << 20, "20MB": 20e6, "20mb": 20e6, "1kB": 1000, "1KB": 1000, "1KiB": 1024, "3GiB": 3 << 30, "2TB": 2e12, "7B": 7} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %d, %v", text, s, err)
		}
		back := s
		if out, err := s.MarshalText(); err != nil || back.UnmarshalText(out) != nil || back != s {
			t.Errorf("%q comes back as %q", text, out)
		}
	}
	for _, text := range []string{"-1", "1.5GiB", "8M", "MiB", "8 M iB", "0x10", "1_000", "9223372036854775808", "9223372036854775807kB", "8MiB/s", "１"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %d", text, s)
		}
	}
	for size, want := range map[Size]string{0: "0B", 1: "1B", 1 << 20: "1MiB", 128 << 20: "128MiB", 20e6: "20MB", 1e10: "10GB", 1536: "1536B", 1500: "1500B"} {
		if size.String() != want {
			t.Errorf("%d is written %s, want %s", int64(size), size, want)
		}
	}
	if Rate(10e6).String() != "10MB/s" || Rate(0).String() != "" {
		t.Errorf("%s", Rate(10e6))
	}
}

func same(t *testing.T, want, got *Config) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{smallest, everything, template, "", "source: {host: [", "version: 1\nname: &a x\nsource: *a\n", "source:\n  auth: {password: hunter2}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("migration.yaml", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err != nil {
			if faults, ok := errors.AsType[Faults](err); !ok || len(faults) == 0 || len(err.Error()) > 100_000 {
				t.Fatalf("%T with %d bytes", err, len(err.Error()))
			}
			return
		}
		if c.Version != 1 || !ValidName(c.Name) || strings.ContainsAny(c.Name, "/\\") {
			t.Errorf("name %q", c.Name)
		}
		for _, a := range []Account{c.Source, c.Destination} {
			if a.Host == "" || a.User == "" || a.Port < 1 || a.Port > 65535 || a.Security == Plaintext && !a.AllowPlaintext || a.Timeout < time.Second || a.Connections < 1 {
				t.Errorf("%+v", a)
			}
		}
	})
}
