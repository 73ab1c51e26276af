package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// edit replaces a line of the smallest configuration, or, when old is empty, puts text behind it.
func edit(old, text string) string {
	if old == "" {
		return smallest + text
	}
	if !strings.Contains(smallest, old) {
		panic("nothing to edit: " + old)
	}
	return strings.Replace(smallest, old, text, 1)
}

// TestFaults has one fault each. Lines of the smallest configuration: 1 version, 2 name, 3 source, 4 host, 5 user, 6 auth, 7 destination, 8, 9, 10.
func TestFaults(t *testing.T) {
	const next = "; write one of {env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]}, {keyring: {service: NAME, user: NAME}}, {prompt: true}"
	host, user, auth := "imap.old.example", "alice@old.example", "{password: {env: OLD_PASSWORD}}"
	tests := []struct{ old, text, want string }{
		{smallest, "", "1:1: the file is empty; write one with `imapmigrate init`"},
		{smallest, "imap", "1:1: the file must hold keys with values, not text; write one with `imapmigrate init`"},
		{"version: 1\n", "", "1:1: `version` is missing; add a line like `version: 1`"},
		{"version: 1", "version: 2", "1:10: `version` is 2, and this imapmigrate reads version 1; use the imapmigrate that wrote the file, or a newer one"},
		{"name: acme-alice\n", "", "1:1: `name` is missing; add a line like `name: acme-alice`"},
		{"acme-alice", "Acme/Alice B", "2:7: `name` may hold a-z, 0-9, dot, underscore and hyphen only, may not begin with a dot, and has 100 characters at most; write it like acme-alice-b"},
		{"acme-alice", "..", "2:7: `name` may hold a-z, 0-9, dot, underscore and hyphen only, may not begin with a dot, and has 100 characters at most; write one like acme-alice"},
		{"acme-alice", "\"\"", "2:7: `name` may hold a-z, 0-9, dot, underscore and hyphen only, may not begin with a dot, and has 100 characters at most; write one like acme-alice"},
		{"acme-alice", strings.Repeat("a", 101), "2:7: `name` may hold a-z, 0-9, dot, underscore and hyphen only, may not begin with a dot, and has 100 characters at most; write one like acme-alice"},
		{"acme-alice", "2026", "2:7: `name` must be text, not a number; put it in quotes"},

		{"  host: " + host + "\n", "", "3:1: `source.host` is missing; add a line like `host: imap.example.org`"},
		{host, "\"\"", "4:9: `source.host` is empty; fill it in"},
		{host, "imaps://" + host, "4:9: `source.host` must be the server's name alone; leave the scheme out, and write the port as `port`"},
		{host, host + ":993", "4:9: `source.host` must be the server's name alone; write the port as `port`"},
		{host, "alice:hush@" + host, "4:9: `source.host` must be the server's name alone; leave all but the name out, and write the user as `user`"},
		{host, "\"[::1]\"", "4:9: `source.host` is an address in brackets; write it without them"},
		{host, "imap.müller.example", "4:9: `source.host` holds letters beyond ASCII; write the name in its xn-- form"},
		{host, "imap old", "4:9: `source.host` is no host name; write it like imap.example.org"},
		{host, "-imap", "4:9: `source.host` is no host name; write it like imap.example.org"},
		{host, "\"imap\\n\"", "4:9: `source.host` holds a control character; remove it"},
		{user, user + "\n  server_name: https://x", "6:16: `source.server_name` must be the server's name alone; leave the scheme out, and write the port as `port`"},
		{"  user: " + user + "\n", "", "3:1: `source.user` is missing; add a line like `user: alice@example.org`"},
		{user, "\" alice\"", "5:9: `source.user` begins or ends with a space; remove it"},
		{user, "\"alice\\0\"", "5:9: `source.user` holds a control character; remove it"},
		{user, strings.Repeat("a", 501), "5:9: `source.user` is longer than 500 bytes; shorten it"},
		{user, user + "\n  port: 0", "6:9: `source.port` must be from 1 to 65535; correct it, or remove the line"},
		{user, user + "\n  port: 65536", "6:9: `source.port` must be from 1 to 65535; correct it, or remove the line"},
		{user, user + "\n  port: imaps", "6:9: `source.port` must be a number, not text; write it in digits"},
		{user, user + "\n  prot: 993", "6:3: unknown key `prot` in `source`; did you mean `port`?"},
		{user, user + "\n  security: ssl", "6:13: `source.security` cannot be `ssl`; write tls, starttls or plaintext"},
		{user, user + "\n  security: plain", "6:13: `source.security` cannot be `plain`; write tls, starttls or plaintext"},
		{user, user + "\n  security: plaintext", "6:13: `source.security` plaintext shows the password and all mail to whoever is in between; use tls or starttls, or add `allow_plaintext: true` to `source`"},
		{user, user + "\n  security: plaintext\n  allow_plaintext: false", "6:13: `source.security` plaintext shows the password and all mail to whoever is in between; use tls or starttls, or add `allow_plaintext: true` to `source`"},
		{user, user + "\n  ca_file: ~/ca.pem", "6:12: `source.ca_file` begins with ~, which means nothing here; write the whole path"},
		{user, user + "\n  ca_file: pki/", "6:12: `source.ca_file` names a folder; name a file"},
		{user, user + "\n  connections: 0", "6:16: `source.connections` must be from 1 to 64; correct it, or remove the line"},
		{user, user + "\n  timeout: 60", "6:12: `source.timeout` must be a time span with its unit; write it like 90s, 5m or 1h30m"},
		{user, user + "\n  timeout: 10ms", "6:12: `source.timeout` must be from 1s to 1h; correct it, or remove the line"},
		{"  auth: " + auth + "\n", "", "3:1: `source.auth` is missing; add a line like `auth: {password: {env: OLD_PASSWORD}}`"},
		{auth, "{}", "6:3: `source.auth.password` is missing; add a line like `password: {env: OLD_PASSWORD}`"},
		{auth, "{mechanism: plian, password: {env: X}}", "6:21: `source.auth.mechanism` cannot be `plian`; did you mean `plain`?"},
		{auth, "{mechanism: gssapi, password: {env: X}}", "6:21: `source.auth.mechanism` cannot be `gssapi`; write auto, plain, login, cram-md5, scram-sha-256, xoauth2 or oauthbearer"},
		{user, user + "\n  password: {env: hush}", "6:3: unknown key `password` in `source`; it belongs in `source.auth`"},

		{auth, "{password: hush}", "6:20: `source.auth.password` must say where the password comes from, and never be the password itself" + next},
		{auth, "{password: 12345}", "6:20: `source.auth.password` must say where the password comes from, and never be the password itself" + next},
		{auth, "{password: [hush]}", "6:20: `source.auth.password` must say where the password comes from, and never be the password itself" + next},
		{auth, "{password: }", "6:20: `source.auth.password` must say where the password comes from, and never be the password itself" + next},
		{auth, "{password: {}}", "6:20: `source.auth.password` names no source" + next},
		{auth, "{password: {hush}}", "6:21: unknown key in `source.auth.password`" + next},
		{auth, "{password: {value: hush}}", "6:21: unknown key in `source.auth.password`" + next},
		{auth, "{password: {evn: hush}}", "6:21: unknown key in `source.auth.password`; did you mean `env`?"},
		{auth, "{password: {env: X, file: y}}", "6:20: `source.auth.password` names env and file, and only one can count; keep one of them"},
		{auth, "{password: {prompt: true, keyring: {service: a, user: b}}}", "6:20: `source.auth.password` names keyring and prompt, and only one can count; keep one of them"},
		{auth, "{password: {env: $HUSH}}", "6:26: `source.auth.password.env` must be the name of an environment variable; write the name alone, without $, and never the password itself"},
		{auth, "{password: {env: \"hush hush\"}}", "6:26: `source.auth.password.env` must be the name of an environment variable; write the name alone, without $, and never the password itself"},
		{auth, "{password: {file: ~/hush}}", "6:27: `source.auth.password.file` begins with ~, which means nothing here; write the whole path"},
		{auth, "{password: {file: $HOME/hush}}", "6:27: `source.auth.password.file` begins with $, and variables mean nothing here; write the whole path"},
		{auth, "{password: {command: pass mail}}", "6:30: `source.auth.password.command` must be a list, not text; write it as [one, two]"},
		{auth, "{password: {command: []}}", "6:30: `source.auth.password.command` is empty; write the program and its arguments as a list"},
		{auth, "{password: {command: [\"\"]}}", "6:31: `source.auth.password.command[0]` is empty; fill it in"},
		{auth, "{password: {command: [pass, \"hush\\0\"]}}", "6:37: `source.auth.password.command[1]` holds a NUL; remove it"},
		{auth, "{password: {command: [pass, 1]}}", "6:37: `source.auth.password.command[1]` must be text, not a number; put it in quotes"},
		{auth, "{password: {keyring: hush}}", "6:30: `source.auth.password.keyring` must name an entry of the keyring; write {service: NAME, user: NAME}"},
		{auth, "{password: {keyring: {service: a}}}", "6:21: `source.auth.password.keyring.user` is missing; add a line like `user: alice@example.org`"},
		{auth, "{password: {keyring: {service: a, user: \"\"}}}", "6:49: `source.auth.password.keyring.user` is empty; fill it in"},
		{auth, "{password: {prompt: false}}", "6:29: `source.auth.password.prompt` can only be true; write true, or name another source"},
		{auth, "{password: *hush}", "6:3: an alias (`*`) stands here, and files of this kind have none; put text that begins with `*` in quotes"},
		{auth, "{password: !hush x}", "6:20: a tag (`!`) stands here, and files of this kind have none; remove it, or put text that begins with `!` in quotes"},
		{auth, "{password: &hush x}", "6:20: an anchor (`&`) stands here, and files of this kind have none; remove it, or put text that begins with `&` in quotes"},
		{auth, "{password: @hush}", "6:3: text cannot begin with this character; put the text in quotes"},

		{"  host: imap.new.example\n  user: alice@new.example", "  host: IMAP.old.example\n  user: alice@old.example",
			"9:9: `destination.user` is the account of the source again (alice@old.example at IMAP.old.example, port 993); name another host or user"},

		{"", "mailboxes: {include: []}\n", "11:22: `mailboxes.include` is empty, so nothing would be copied; write [\"**\"] for everything, or remove the line"},
		{"", "mailboxes: {include: INBOX}\n", "11:22: `mailboxes.include` must be a list, not text; write it as [one, two]"},
		{"", "mailboxes: {include: [\"\"]}\n", "11:23: `mailboxes.include[0]` is empty; write a mailbox name, or ** for all"},
		{"", "mailboxes: {include: [a, /b]}\n", "11:26: `mailboxes.include[1]` has an empty part; write names as Parent/Child, without a slash at either end"},
		{"", "mailboxes: {exclude: [a//b]}\n", "11:23: `mailboxes.exclude[0]` has an empty part; write names as Parent/Child, without a slash at either end"},
		{"", "mailboxes: {exclude: [a/]}\n", "11:23: `mailboxes.exclude[0]` has an empty part; write names as Parent/Child, without a slash at either end"},
		{"", "mailboxes: {exclude: [a**]}\n", "11:23: `mailboxes.exclude[0]` has ** beside other text; ** stands for whole parts, * for text within one"},
		{"", "mailboxes: {exclude: ['a\\b']}\n", "11:23: `mailboxes.exclude[0]` holds a lone backslash; write \\\\ for a backslash, \\/ for a slash inside a part, \\* for a star that is meant"},
		{"", "mailboxes: {exclude: [\"a\\tb\"]}\n", "11:23: `mailboxes.exclude[0]` holds a control character; remove it"},
		{"", "mailboxes: {roles: name}\n", "11:20: `mailboxes.roles` cannot be `name`; did you mean `names`?"},
		{"", "mailboxes: {prefix: /Old}\n", "11:21: `mailboxes.prefix`: mailbox name \"/Old\" has an empty part"},
		{"", "mailboxes: {prefix: \"a\\tb\"}\n", "11:21: `mailboxes.prefix`: mailbox \"a\\tb\": part \"a\\tb\" contains a control character (U+0009)"},
		{"", "mailboxes: {map: {a: b}}\n", "11:18: `mailboxes.map` must be a list, not keys with values; write it as [one, two]"},
		{"", "mailboxes: {map: [{from: a}]}\n", "11:19: `mailboxes.map[0].to` is missing; add a line like `to: Archive/Old`"},
		{"", "mailboxes: {map: [{from: a, to: \"\"}]}\n", "11:33: `mailboxes.map[0].to` is empty; write a mailbox name, or ** for all"},
		{"", "mailboxes: {map: [{from: a, to: b/*}]}\n", "11:33: `mailboxes.map[0].to` has more stars than `from`, so nothing is there for them to stand for; use as many at most"},
		{"", "mailboxes: {map: [{from: a/*, to: b/**}]}\n", "11:35: `mailboxes.map[0].to` has star 1 unlike that of `from`; both must be *, or both **"},
		{"", "mailboxes:\n  map:\n  - {from: a, to: b}\n  - {from: a, to: c}\n", "14:12: `mailboxes.map[1].from` is the same as in line 13, and the first one counts; keep one of the two"},
		{"", "mailboxes: {compress: off}\n", "11:13: unknown key `compress` in `mailboxes`; it belongs in `copy`"},

		{"", "messages: {since: yesterday}\n", "11:19: `messages.since`: this is no date; write it like 2015-01-31 (its first moment in UTC) or 2015-01-31T20:00:00+01:00"},
		{"", "messages: {since: 2015-02-30}\n", "11:19: `messages.since`: this is no date; write it like 2015-01-31 (its first moment in UTC) or 2015-01-31T20:00:00+01:00"},
		{"", "messages: {since: 2016-01-01, before: 2016-01-01}\n", "11:39: `messages.before` is not after `messages.since`, so nothing would be copied; correct one of the two"},
		{"", "messages: {max_size: big}\n", "11:22: `messages.max_size`: this is no size; write a whole number of bytes, or with a unit like 8MiB (times 1024) or 20MB (times 1000)"},
		{"", "messages: {max_size: 8M}\n", "11:22: `messages.max_size`: this is no size; write a whole number of bytes, or with a unit like 8MiB (times 1024) or 20MB (times 1000)"},
		{"", "messages: {max_size: 99999999999TB}\n", "11:22: `messages.max_size`: this size is too large; write a smaller one"},
		{"", "messages: {max_size: [1]}\n", "11:22: `messages.max_size` must be a single value, not a list; write one value"},

		{"", "copy: {memory: 1MiB}\n", "11:16: `copy.memory` is less than 16MiB; write a larger one, or remove the line"},
		{"", "copy: {batch_bytes: 1KiB}\n", "11:21: `copy.batch_bytes` is less than 64KiB; write a larger one, or remove the line"},
		{"", "copy: {batch_bytes: 256MiB}\n", "11:21: `copy.batch_bytes` is larger than `copy.memory` (128MiB); write a smaller one"},
		{"", "copy: {batch_messages: 0}\n", "11:24: `copy.batch_messages` must be from 1 to 1000; correct it, or remove the line"},
		{"", "copy: {compress: yes}\n", "11:18: `copy.compress` cannot be `yes`; write auto, on or off"},
		{"", "copy: {bandwidth: 10MB}\n", "11:19: `copy.bandwidth`: this is no bandwidth; write a size per second, like 10MB/s"},
		{"", "copy: {bandwidth: 10B/s}\n", "11:19: `copy.bandwidth` is less than 1KiB/s, and servers would give the connection up; write a larger one"},
		{"", "approvers: {keys: [alice]}\n", "11:20: `approvers.keys[0]` does not count: this is no SSH public key; write the line of the .pub file, like ssh-ed25519 AAAA... alice"},
		{"", "approvers:\n  keys:\n    - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXl5G2ZoWi0OjznhJ3HG2LFqQWszy77qH80iO8AIJ/A a\n    - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXl5G2ZoWi0OjznhJ3HG2LFqQWszy77qH80iO8AIJ/A b\n", "14:7: `approvers.keys[1]` is the same key as in line 13; one person cannot sign for two"},
		{"", "approvers:\n  keys: [no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXl5G2ZoWi0OjznhJ3HG2LFqQWszy77qH80iO8AIJ/A]\n", "12:10: `approvers.keys[0]` does not count: options do not belong here; write only the line of the .pub file"},
		{"", "approvers: {needed: 2, keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXl5G2ZoWi0OjznhJ3HG2LFqQWszy77qH80iO8AIJ/A]}\n", "11:21: `approvers.needed` is 2, and 1 keys are listed; add keys, or write a smaller number"},
		{"", "approvers: {needed: 0}\n", "11:21: `approvers.needed` must be 1 at least; remove the line, or remove the keys when no signature is wanted"},
		{"", "copy: {existing: macth}\n", "11:18: `copy.existing` cannot be `macth`; did you mean `match`?"},
		{"", "copy: ~\n", "11:7: `copy` has no value; give it a value, or remove the line"},
		{"", "destinatoin: {}\n", "11:1: unknown key `destinatoin`; did you mean `destination`?"},
		{"", "name: other\n", "11:1: the same key stands in line 2 already; keep one of the two"},
		{"", "---\nversion: 1\n", "11:1: a second document begins here (`---`); keep one document in a file"},
		{"", "\tx: 1\n", "11:1: a tab stands in the indentation; replace it by spaces"},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i, " ", tt.text), func(t *testing.T) {
			c, err := Parse("migration.yaml", []byte(edit(tt.old, tt.text)))
			if err == nil {
				t.Fatalf("no fault: %+v", c)
			}
			if err.Error() != "migration.yaml:"+tt.want {
				t.Errorf("got  %s\nwant migration.yaml:%s", err, tt.want)
			}
			if strings.Contains(strings.ToLower(err.Error()), "hush") {
				t.Errorf("the fault shows what may be a secret: %v", err)
			}
			if c != nil {
				t.Error("a configuration comes with the fault")
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	const text = `version: 1
name: Acme
source:
  host: imaps://imap.old.example
  prot: 993
  security: plaintext
  user: 12
  auth:
    mechanism: pain
    password: {env: A, prompt: true}
  timeout: 60
destination:
  host: imap.new.example
  auth: {password: swordfish}
  security: starttsl
mailboxes:
  include: "*"
  map:
    - {from: "a/*", to: b, too: c}
    - {from: "", to: "b/*"}
messages: {since: 2016-01-01, before: 2015-01-01, max_size: huge}
copy: {memory: 1, memory: 2, bandwith: 1MB/s}
`
	want := []string{
		"2:7: `name` may hold", "4:9: `source.host` must be", "5:3: unknown key `prot` in `source`; did you mean `port`?", "6:13: `source.security` plaintext",
		"7:9: `source.user` must be text, not a number", "9:16: `source.auth.mechanism` cannot be `pain`; did you mean `plain`?", "10:15: `source.auth.password` names env and prompt",
		"11:12: `source.timeout` must be", "12:1: `destination.user` is missing", "14:20: `destination.auth.password` must say", "15:13: `destination.security` cannot be `starttsl`; did you mean `starttls`?",
		"17:12: `mailboxes.include` must be a list", "19:28: unknown key `too` in `mailboxes.map[0]`", "20:14: `mailboxes.map[1].from` is empty",
		"21:39: `messages.before` is not after", "21:61: `messages.max_size`: this is no size", "22:19: the same key", "22:30: unknown key `bandwith` in `copy`; did you mean `bandwidth`?",
	}
	_, err := Parse("migration.yaml", []byte(text))
	faults, ok := errors.AsType[Faults](err)
	if !ok {
		t.Fatalf("%T: %v", err, err)
	}
	for i := range max(len(faults), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("too much: %v", faults[i])
		case i >= len(faults):
			t.Errorf("missing: %s", want[i])
		case !strings.HasPrefix(faults[i].Error(), "migration.yaml:"+want[i]):
			t.Errorf("got  %v\nwant %s", faults[i], want[i])
		}
		if i < len(faults) && faults[i].Next == "" {
			t.Errorf("no next step: %v", faults[i])
		}
	}
	if strings.Contains(err.Error(), "swordfish") {
		t.Error("the faults show the password")
	}
}
