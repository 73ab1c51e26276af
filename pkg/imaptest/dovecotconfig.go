package imaptest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// config is dovecot.conf. Limits are far above what a test needs, waiting after a wrong password is off.
func (o DovecotOptions) config(s *Server, mail *credential) string {
	uid, gid := mail.ids()
	values := strings.NewReplacer(
		"$DIR", s.dir,
		"$NAME", filepath.Base(s.dir),
		"$PORT", fmt.Sprint(s.Port),
		"$TLSPORT", fmt.Sprint(s.TLSPort),
		"$MECHANISMS", o.Mechanisms,
		"$UID", fmt.Sprint(uid),
		"$GID", fmt.Sprint(gid),
		"$LOCATION", o.Storage+":~/"+o.Storage,
		"$FSYNC", map[bool]string{true: "never", false: "optimized"}[o.NoFsync],
		"$SEPARATOR", quoted(o.Separator),
		"$PREFIX", quoted(o.Prefix),
	)
	parts := []string{dovecotConfig, o.plugins(), o.specialUse(), o.tokens()}
	if o.Capability != "" {
		parts = append(parts, "imap_capability = "+o.Capability+"\n")
	}
	return values.Replace(strings.Join(parts, "")) + o.ExtraConfig + "\n"
}

const dovecotConfig = `
base_dir = $DIR/base
state_dir = $DIR/base
instance_name = $NAME
login_greeting = $NAME ready
log_path = $DIR/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <$DIR/cert.pem
ssl_key = <$DIR/key.pem
disable_plaintext_auth = no
auth_mechanisms = $MECHANISMS
auth_failure_delay = 0
mail_location = $LOCATION
mail_fsync = $FSYNC
mail_uid = $UID
mail_gid = $GID
first_valid_uid = 1
mail_max_userip_connections = 200
default_vsz_limit = 1G
default_client_limit = 2000
default_process_limit = 300
service imap-login {
  inet_listener imap {
    port = $PORT
  }
  inet_listener imaps {
    port = $TLSPORT
    ssl = yes
  }
  service_count = 0
  process_min_avail = 1
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
namespace inbox {
  inbox = yes
  separator = $SEPARATOR
  prefix = $PREFIX
}
passdb {
  driver = static
  args = password=pass
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 digest-md5
}
userdb {
  driver = static
  args = uid=$UID gid=$GID home=$DIR/mail/%u allow_all_users=yes
}
`

// plugins are loaded as needed. With listescape a name may hold the separator of the file system.
func (o DovecotOptions) plugins() string {
	all, imap, settings := []string{"listescape"}, []string{}, ""
	if o.QuotaBytes > 0 || o.MaxMailSize > 0 {
		all, imap = append(all, "quota"), append(imap, "imap_quota")
		settings = "  quota = count:User quota\n  quota_vsizes = yes\n  quota_grace = 0\n"
		if o.QuotaBytes > 0 {
			settings += fmt.Sprintf("  quota_rule = *:bytes=%d\n", o.QuotaBytes)
		}
		if o.MaxMailSize > 0 {
			settings += fmt.Sprintf("  quota_max_mail_size = %d\n", o.MaxMailSize)
		}
	}
	if o.Compress {
		imap = append(imap, "imap_zlib")
	}
	names := strings.Join(all, " ")
	return fmt.Sprintf("mail_plugins = %s\nprotocol imap {\n  mail_plugins = %s %s\n}\nplugin {\n%s}\n",
		names, names, strings.Join(imap, " "), settings)
}

func (o DovecotOptions) specialUse() string {
	var b strings.Builder
	b.WriteString("namespace inbox {\n")
	for _, name := range slices.Sorted(maps.Keys(o.SpecialUse)) {
		fmt.Fprintf(&b, "  mailbox %s {\n    special_use = %s\n    auto = subscribe\n  }\n", quoted(name), o.SpecialUse[name])
	}
	b.WriteString("}\n")
	return b.String()
}

func (o DovecotOptions) tokens() string {
	if !o.OAuth2 {
		return ""
	}
	return "auth_mechanisms = $MECHANISMS xoauth2 oauthbearer\n" +
		"passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = $DIR/oauth2.conf\n}\n"
}
