package imaptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	dovecotProgram = "/usr/sbin/dovecot"
	dovecotConf    = "dovecot.conf"
)

// DovecotOptions says what a Dovecot is like. The zero value is Dovecot's own: Maildir++ with "." between
// the parts of a name and no prefix.
type DovecotOptions struct {
	Separator string // "" is "." for maildir and "/" for sdbox
	Prefix    string // of the only namespace, with the separator at its end: "INBOX."
	Storage   string // "maildir" (default) or "sdbox"

	// SpecialUse maps a mailbox's name, without prefix, to its attribute: {"Sent Items": `\Sent`}. Those
	// mailboxes are there, and subscribed, from the first login on.
	SpecialUse map[string]string

	QuotaBytes  int64 // for each account; 0 is no quota
	MaxMailSize int64 // a larger message is refused; 0 is no limit
	NoFsync     bool  // mail_fsync=never: faster, and not a fair measure
	Compress    bool  // offer COMPRESS=DEFLATE

	Mechanisms  string // default "plain login cram-md5 scram-sha-1 scram-sha-256"
	OAuth2      bool   // XOAUTH2 and OAUTHBEARER too; see Token
	ExpiredCert bool   // a certificate that ended yesterday

	// Capability, if set, is all the server says it can do after login. It still can do the rest.
	Capability string

	ExtraConfig string // appended to dovecot.conf
}

// Dovecot gives a running Dovecot 2.3 with these options. Tests of one binary that ask for the same options
// share it.
func Dovecot(tb testing.TB, o DovecotOptions) *Server {
	tb.Helper()
	o = o.withDefaults()
	return pool.use(tb, fmt.Sprintf("dovecot %+v", o), dovecotMissing, func() (*Server, error) { return startDovecot(o) })
}

// Token is the access token that a Dovecot with OAuth2 takes for this user.
func Token(user string) string { return tokenPrefix + user }

func dovecotMissing() string {
	return missing("Dovecot", dovecotProgram, "/usr/lib/dovecot/imap", "/usr/lib/dovecot/imap-login")
}

func (o DovecotOptions) withDefaults() DovecotOptions {
	if o.Storage == "" {
		o.Storage = "maildir"
	}
	if o.Separator == "" {
		o.Separator = map[string]string{"maildir": ".", "sdbox": "/"}[o.Storage]
	}
	if o.Mechanisms == "" {
		o.Mechanisms = "plain login cram-md5 scram-sha-1 scram-sha-256"
	}
	return o
}

// startDovecot gives the server even with an error, for its files to be removed.
func startDovecot(o DovecotOptions) (*Server, error) {
	s, err := newServer("dovecot")
	if err != nil {
		return s, err
	}
	mail, err := mailCredential()
	if err != nil {
		return s, err
	}
	if err := ownedFolder(filepath.Join(s.dir, "mail"), mail); err != nil {
		return s, err
	}
	if err := authority.serverFiles(s.dir, o.ExpiredCert); err != nil {
		return s, err
	}
	if o.OAuth2 {
		if err := s.checkTokens(); err != nil {
			return s, err
		}
	}
	conf := s.ConfigFile()
	if err := os.WriteFile(conf, []byte(o.config(s, mail)), 0o644); err != nil {
		return s, err
	}
	s.process, err = start(command{
		args:    []string{dovecotProgram, "-F", "-c", conf},
		env:     []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		dir:     s.dir,
		logFile: filepath.Join(s.dir, "log"),
	})
	if err != nil {
		return s, err
	}
	// The greeting carries the folder's name, so that a stranger on the same port is noticed.
	return s, s.process.ready(s.Addr(), filepath.Base(s.dir))
}

// checkTokens starts what Dovecot asks about an access token.
func (s *Server) checkTokens() error {
	t, err := serveTokens()
	if err != nil {
		return err
	}
	s.services = append(s.services, t)
	conf := fmt.Sprintf("tokeninfo_url = http://%s/?access_token=\nusername_attribute = user\nactive_attribute = active\nactive_value = true\n", t.addr)
	return os.WriteFile(filepath.Join(s.dir, "oauth2.conf"), []byte(conf), 0o644)
}

// quoted is a value in dovecot.conf.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
