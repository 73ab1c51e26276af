package config

import (
	"path/filepath"
	"time"

	"imapmigrate/pkg/config/strict"
	"imapmigrate/pkg/mailbox"
)

// Fault is one thing that is wrong, with its place.
type Fault = strict.Fault

// Faults are all that is wrong with a file. It is the error of [Load] and [Parse] when the file was read and makes no configuration.
type Faults = strict.Faults

// Version is the number of the file format that this package reads.
const Version = 1

// The words of the configuration.
const (
	TLS       = "tls"       // security: TLS from the first byte
	StartTLS  = "starttls"  // security: TLS before the login, or no login
	Plaintext = "plaintext" // security: none; needs allow_plaintext

	Match  = "match"  // roles: \Sent goes to \Sent; existing: a message that the destination has already counts as copied
	Names  = "names"  // roles: names are kept
	Ignore = "ignore" // existing: what the destination has already is not looked at

	Auto = "auto" // mechanism: the best offered; compress: where the server offers it and the link is slower than compressing
	On   = "on"   // compress: wherever the server offers it
	Off  = "off"  // compress: never
)

// Mechanisms are the ways to log in that can be named.
var Mechanisms = []string{Auto, "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"}

// Config is one migration.
type Config struct {
	Version     int       `yaml:"version" strict:"required" example:"version: 1"`
	Name        string    `yaml:"name" strict:"required" example:"name: acme-alice"` // [a-z0-9._-]+, not beginning with "."; names files
	Source      Account   `yaml:"source" strict:"required"`
	Destination Account   `yaml:"destination" strict:"required"`
	Mailboxes   Mailboxes `yaml:"mailboxes"`
	Messages    Messages  `yaml:"messages"`
	Copy        Copy      `yaml:"copy"`
	Approvers   Approvers `yaml:"approvers"`

	File string `yaml:"-"` // where it was read from, as it was named
	Dir  string `yaml:"-"` // its folder, which relative paths in it start from; absolute after Load
}

// Account is one end.
type Account struct {
	Host           string        `yaml:"host" strict:"required" example:"host: imap.example.org"`
	Port           int           `yaml:"port"` // 993 with tls, 143 otherwise
	Security       string        `yaml:"security"`
	AllowPlaintext bool          `yaml:"allow_plaintext"`
	CAFile         string        `yaml:"ca_file"`     // PEM; resolved against Dir, "" for the system's authorities alone
	ServerName     string        `yaml:"server_name"` // the name to verify; "" is Host
	Pin            Pin           `yaml:"pin_sha256"`  // the one key to trust
	User           string        `yaml:"user" strict:"required" example:"user: alice@example.org"`
	Auth           Auth          `yaml:"auth" strict:"required" example:"auth: {password: {env: OLD_PASSWORD}}"`
	Connections    int           `yaml:"connections"` // at a time, at most
	Timeout        time.Duration `yaml:"timeout"`     // silence, while an answer is owed, after which a connection is given up
}

// String is the account as messages name it.
func (a Account) String() string { return a.User + " at " + a.Host }

// Auth is how to log in.
type Auth struct {
	Mechanism string         `yaml:"mechanism"`
	Password  PasswordSource `yaml:"password" strict:"required" example:"password: {env: OLD_PASSWORD}"` // of the access token, with xoauth2 and oauthbearer
}

// PasswordSource is where a password or token comes from: exactly one of its fields is set.
type PasswordSource struct {
	Env     string   `yaml:"env"`
	File    string   `yaml:"file"` // resolved against Dir
	Command []string `yaml:"command"`
	Keyring *Keyring `yaml:"keyring"`
	Prompt  bool     `yaml:"prompt"`
}

// Expects keeps strict from quoting what stands here: it may be the password.
func (PasswordSource) Expects() (must, next string) {
	return "must say where the password comes from, and never be the password itself", oneSource
}

const oneSource = "write one of {env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]}, {keyring: {service: NAME, user: NAME}}, {prompt: true}"

// Keyring is an entry of the desktop's keyring.
type Keyring struct {
	Service string `yaml:"service" strict:"required" example:"service: imapmigrate"`
	User    string `yaml:"user" strict:"required" example:"user: alice@example.org"`
}

// Expects is as [PasswordSource.Expects].
func (Keyring) Expects() (must, next string) {
	return "must name an entry of the keyring", "write {service: NAME, user: NAME}"
}

// Mailboxes says which mailboxes go where. Patterns are decoded names with / between the parts; * is one part or a piece of one, ** any
// number of parts; \*, \/ and \\ are meant literally.
type Mailboxes struct {
	Include []string  `yaml:"include"` // with all that lies below
	Exclude []string  `yaml:"exclude"` // stronger than Include
	Roles   string    `yaml:"roles"`
	Prefix  Name      `yaml:"prefix"`
	Map     []Mapping `yaml:"map"` // the first that fits counts
}

// Mapping sends the mailboxes that match From to To, whose stars stand for what those of From matched, in order.
type Mapping struct {
	From string `yaml:"from" strict:"required" example:"from: Old Stuff"`
	To   string `yaml:"to" strict:"required" example:"to: Archive/Old"`
}

// Messages says which messages are copied. Zero values set no limit.
type Messages struct {
	Since   Date `yaml:"since"`    // internal date at or after
	Before  Date `yaml:"before"`   // internal date before
	MaxSize Size `yaml:"max_size"` // larger ones are left out
}

// Copy says how the copy is done.
type Copy struct {
	Memory        Size   `yaml:"memory"` // for messages on their way
	BatchMessages int    `yaml:"batch_messages"`
	BatchBytes    Size   `yaml:"batch_bytes"`
	Compress      string `yaml:"compress"`
	Bandwidth     Rate   `yaml:"bandwidth"` // 0: no limit
	Existing      string `yaml:"existing"`
}

// Name is a mailbox name, written with / between its parts. The empty text is no name.
type Name mailbox.Name

// UnmarshalText reads the form of [mailbox.ParseName].
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = nil
		return nil
	}
	name, err := mailbox.ParseName(string(text))
	if err == nil {
		_, err = mailbox.Encode(name, "\x00")
	}
	*n = Name(name)
	return err
}

// defaults are what an empty configuration means. The ports follow from security, see [finish].
func defaults() *Config {
	account := Account{Security: TLS, Auth: Auth{Mechanism: Auto}, Connections: 4, Timeout: time.Minute}
	return &Config{
		Source: account, Destination: account,
		Mailboxes: Mailboxes{Include: []string{"**"}, Roles: Match},
		Copy:      Copy{Memory: 128 << 20, BatchMessages: 200, BatchBytes: 8 << 20, Compress: Auto, Existing: Match},
		Approvers: Approvers{Needed: 1},
	}
}

var format = strict.Format{Limit: 1 << 20, Remedy: "write one with `imapmigrate init`"}

// Load reads the configuration at path. A file that is not there is fs.ErrNotExist; what is wrong inside one is [Faults].
func Load(path string) (*Config, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	c := defaults()
	d, err := format.Load(path, c)
	if err != nil {
		return nil, err
	}
	return c.finish(d, path, dir)
}

// Parse reads a configuration that is in memory already. file is what faults call it; relative paths in it start from its folder.
func Parse(file string, data []byte) (*Config, error) {
	c := defaults()
	return c.finish(format.Decode(file, data, c), file, filepath.Dir(file))
}

// finish adds what follows from what is there, and all faults that the types alone do not show.
func (c *Config) finish(d *strict.Document, file, dir string) (*Config, error) {
	c.File, c.Dir = file, dir
	for side, a := range map[string]*Account{"source": &c.Source, "destination": &c.Destination} {
		switch {
		case d.Has(side + ".port"):
		case a.Security == TLS:
			a.Port = 993
		default:
			a.Port = 143
		}
	}
	checker{d}.config(c)
	if err := d.Err(); err != nil {
		return nil, err
	}
	for _, a := range []*Account{&c.Source, &c.Destination} {
		a.CAFile, a.Auth.Password.File = c.resolve(a.CAFile), c.resolve(a.Auth.Password.File)
	}
	return c, nil
}

func (c *Config) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}
