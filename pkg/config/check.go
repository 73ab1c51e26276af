package config

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"imapmigrate/pkg/config/strict"
)

// checker adds the faults that need more than a type to be seen.
type checker struct{ d *strict.Document }

// add says of the value at path what is wrong with it; "what; next step".
func (k checker) add(path, text string) {
	text, next, _ := strings.Cut(text, "; ")
	k.d.Add(path, "`"+path+"` "+text, next)
}

// sound reports whether there is a value at path that may be looked at.
func (k checker) sound(path string) bool { return k.d.Has(path) && !k.d.Faulty(path) }

func (k checker) config(c *Config) {
	if k.sound("version") && c.Version != Version {
		k.add("version", fmt.Sprintf("is %d, and this imapmigrate reads version %d; use the imapmigrate that wrote the file, or a newer one", c.Version, Version))
	}
	if k.sound("name") {
		k.name(c.Name)
	}
	k.account("source", c.Source)
	k.account("destination", c.Destination)
	k.twoAccounts(c)
	k.mailboxes(c.Mailboxes)
	k.messages(c.Messages)
	k.copy(c.Copy)
	k.approvers(c.Approvers)
}

var (
	migrationName = regexp.MustCompile(`^[a-z0-9_-][a-z0-9._-]*$`)
	notInNames    = regexp.MustCompile(`[^a-z0-9._-]+`)
)

// longestName leaves room for what is put behind it in file names.
const longestName = 100

// ValidName reports whether name may name a migration, and files.
func ValidName(name string) bool { return migrationName.MatchString(name) && len(name) <= longestName }

func (k checker) name(name string) {
	if ValidName(name) {
		return
	}
	next := "write one like acme-alice"
	if like := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-."); ValidName(like) {
		next = "write it like " + like
	}
	k.add("name", fmt.Sprintf("may hold a-z, 0-9, dot, underscore and hyphen only, may not begin with a dot, and has %d characters at most; %s", longestName, next))
}

// twoAccounts refuses to copy an account into itself: a purge would then remove the only copy.
func (k checker) twoAccounts(c *Config) {
	for _, side := range []string{"source", "destination"} {
		for _, key := range []string{"host", "port", "user"} {
			if k.d.Faulty(side + "." + key) {
				return
			}
		}
	}
	if s, d := c.Source, c.Destination; strings.EqualFold(s.Host, d.Host) && s.Port == d.Port && s.User == d.User {
		k.add("destination.user", fmt.Sprintf("is the account of the source again (%s, port %d); name another host or user", d, d.Port))
	}
}

func (k checker) mailboxes(m Mailboxes) {
	k.patterns("mailboxes.include", m.Include)
	k.patterns("mailboxes.exclude", m.Exclude)
	if k.sound("mailboxes.include") && len(m.Include) == 0 {
		k.add("mailboxes.include", "is empty, so nothing would be copied; write [\"**\"] for everything, or remove the line")
	}
	k.d.Choice("mailboxes.roles", m.Roles, Match, Names)
	first := map[string]int{}
	for i, rule := range m.Map {
		path := fmt.Sprintf("mailboxes.map[%d]", i)
		if k.target(path, rule); k.d.Faulty(path) {
			continue
		}
		if before, twice := first[rule.From]; twice {
			line, _ := k.d.Position(fmt.Sprintf("mailboxes.map[%d].from", before))
			k.add(path+".from", fmt.Sprintf("is the same as in line %d, and the first one counts; keep one of the two", line))
			continue
		}
		first[rule.From] = i
	}
}

// target checks a rule's two sides, each by itself and against the other.
func (k checker) target(path string, rule Mapping) {
	from := k.pattern(path+".from", rule.From)
	var err error
	switch to := path + ".to"; {
	case strings.HasPrefix(rule.From, regular):
		if k.sound(to) {
			err = groups(rule.From, rule.To)
		}
	case strings.HasPrefix(rule.To, regular):
		err = errors.New("begins with re:, which has a meaning behind `from` only; write the name")
	default:
		if stars := k.pattern(to, rule.To); !k.d.Faulty(path) {
			err = fits(from, stars)
		}
	}
	if err != nil {
		k.add(path+".to", err.Error())
	}
}

func (k checker) patterns(path string, patterns []string) {
	for i, p := range patterns {
		k.pattern(fmt.Sprintf("%s[%d]", path, i), p)
	}
}

func (k checker) pattern(path, pattern string) []bool {
	if !k.sound(path) {
		return nil
	}
	found, err := stars(pattern)
	if err != nil {
		k.add(path, err.Error())
	}
	return found
}

func (k checker) messages(m Messages) {
	if !k.d.Faulty("messages.since") && !k.d.Faulty("messages.before") && !m.Since.IsZero() && !m.Before.IsZero() && !m.Since.Before(m.Before.Time) {
		k.add("messages.before", "is not after `messages.since`, so nothing would be copied; correct one of the two")
	}
}

func (k checker) copy(c Copy) {
	k.atLeast("copy.memory", c.Memory, 16<<20)
	k.atLeast("copy.batch_bytes", c.BatchBytes, 64<<10)
	k.between("copy.batch_messages", c.BatchMessages, 1, 1000)
	if !k.d.Faulty("copy.memory") && !k.d.Faulty("copy.batch_bytes") && c.BatchBytes > c.Memory {
		k.add("copy.batch_bytes", fmt.Sprintf("is larger than `copy.memory` (%v); write a smaller one", c.Memory))
	}
	if k.sound("copy.bandwidth") && c.Bandwidth > 0 && c.Bandwidth < 1<<10 {
		k.add("copy.bandwidth", "is less than 1KiB/s, and servers would give the connection up; write a larger one")
	}
	k.d.Choice("copy.compress", c.Compress, Auto, On, Off)
	k.d.Choice("copy.existing", c.Existing, Match, Ignore)
}

func (k checker) atLeast(path string, size, least Size) {
	if k.sound(path) && size < least {
		k.add(path, fmt.Sprintf("is less than %v; write a larger one, or remove the line", least))
	}
}

func (k checker) between(path string, n, least, most int) {
	if k.sound(path) && (n < least || n > most) {
		k.add(path, fmt.Sprintf("must be from %d to %d; correct it, or remove the line", least, most))
	}
}

// text refuses what cannot be meant in a line of text; the value is not quoted.
func (k checker) text(path, value string) {
	switch {
	case !k.sound(path):
	case value == "":
		k.add(path, "is empty; fill it in")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		k.add(path, "holds a control character; remove it")
	case strings.TrimSpace(value) != value:
		k.add(path, "begins or ends with a space; remove it")
	case len(value) > 500:
		k.add(path, "is longer than 500 bytes; shorten it")
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$`)

// host refuses what is not a host alone. What stands there is not quoted: a URL may hold a password.
func (k checker) host(path, host string) {
	k.text(path, host)
	if !k.sound(path) {
		return
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	switch {
	case strings.Contains(host, "://"):
		k.add(path, "must be the server's name alone; leave the scheme out, and write the port as `port`")
	case strings.ContainsAny(host, "/@"):
		k.add(path, "must be the server's name alone; leave all but the name out, and write the user as `user`")
	case strings.HasPrefix(host, "["):
		k.add(path, "is an address in brackets; write it without them")
	case strings.Contains(host, ":"):
		k.add(path, "must be the server's name alone; write the port as `port`")
	case strings.ContainsFunc(host, func(r rune) bool { return r > 0x7f }):
		k.add(path, "holds letters beyond ASCII; write the name in its xn-- form")
	case len(host) > 253 || !hostName.MatchString(host):
		k.add(path, "is no host name; write it like imap.example.org")
	}
}

func (k checker) account(side string, a Account) {
	k.host(side+".host", a.Host)
	k.between(side+".port", a.Port, 1, 65535)
	k.d.Choice(side+".security", a.Security, TLS, StartTLS, Plaintext)
	if k.sound(side+".security") && a.Security == Plaintext && !a.AllowPlaintext && !k.d.Faulty(side+".allow_plaintext") {
		k.add(side+".security", fmt.Sprintf("plaintext shows the password and all mail to whoever is in between; use tls or starttls, or add `allow_plaintext: true` to `%s`", side))
	}
	if a.CAFile != "" {
		k.path(side+".ca_file", a.CAFile)
	}
	if a.ServerName != "" {
		k.host(side+".server_name", a.ServerName)
	}
	k.pin(side, a)
	k.text(side+".user", a.User)
	k.d.Choice(side+".auth.mechanism", a.Auth.Mechanism, Mechanisms...)
	k.source(side+".auth.password", a.Auth.Password)
	k.between(side+".connections", a.Connections, 1, 64)
	if path := side + ".timeout"; k.sound(path) && (a.Timeout < time.Second || a.Timeout > time.Hour) {
		k.add(path, "must be from 1s to 1h; correct it, or remove the line")
	}
}

// path refuses what a shell would turn into something else, and we do not.
func (k checker) path(path, file string) {
	k.text(path, file)
	switch {
	case !k.sound(path):
	case strings.HasPrefix(file, "~"):
		k.add(path, "begins with ~, which means nothing here; write the whole path")
	case strings.HasPrefix(file, "$"):
		k.add(path, "begins with $, and variables mean nothing here; write the whole path")
	case strings.HasSuffix(file, "/") || strings.HasSuffix(file, string(filepath.Separator)):
		k.add(path, "names a folder; name a file")
	}
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,199}$`)

// source wants exactly one. Nothing that stands in it is quoted.
func (k checker) source(path string, s PasswordSource) {
	if !k.sound(path) {
		return
	}
	var given []string
	for _, key := range []string{"env", "file", "command", "keyring", "prompt"} {
		if k.d.Has(path + "." + key) {
			given = append(given, key)
		}
	}
	switch {
	case len(given) == 0:
		k.add(path, "names no source; "+oneSource)
		return
	case len(given) > 1:
		k.add(path, "names "+strings.Join(given, " and ")+", and only one can count; keep one of them")
		return
	}
	path += "." + given[0]
	switch given[0] {
	case "env":
		if !variable.MatchString(s.Env) {
			k.add(path, "must be the name of an environment variable; write the name alone, without $, and never the password itself")
		}
	case "file":
		k.path(path, s.File)
	case "command":
		k.command(path, s.Command)
	case "keyring":
		k.text(path+".service", s.Keyring.Service)
		k.text(path+".user", s.Keyring.User)
	case "prompt":
		if !s.Prompt {
			k.add(path, "can only be true; write true, or name another source")
		}
	}
}

func (k checker) command(path string, command []string) {
	if len(command) == 0 {
		k.add(path, "is empty; write the program and its arguments as a list")
		return
	}
	k.text(path+"[0]", command[0])
	for i, argument := range command {
		if strings.ContainsRune(argument, 0) {
			k.add(fmt.Sprintf("%s[%d]", path, i), "holds a NUL; remove it")
		}
	}
}
