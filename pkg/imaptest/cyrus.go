package imaptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rootsEnv names the folder in which install.sh unpacks the servers that cannot be installed side by side.
const rootsEnv = "IMAPMIGRATE_SERVERS"

// Cyrus gives the running Cyrus 3.6 of this test binary: "/" between the parts of a name, no prefix, and Drafts,
// Sent, Trash, Junk and Archive with their attributes from an account's first login on.
func Cyrus(tb testing.TB) *Server {
	tb.Helper()
	return pool.use(tb, "cyrus", cyrusMissing, startCyrus)
}

// privateRoot is where install.sh has unpacked a server.
func privateRoot(name string) string {
	roots := os.Getenv(rootsEnv)
	if roots == "" {
		roots = "/var/cache/imapmigrate/servers"
	}
	return filepath.Join(roots, name)
}

// privateLibraries is the LD_LIBRARY_PATH of a private root.
func privateLibraries(root string) string {
	folders, _ := filepath.Glob(root + "/usr/lib/*-linux-gnu")
	return strings.Join(append(folders, root+"/usr/lib"), ":")
}

func cyrusBin() string { return filepath.Join(privateRoot("cyrus"), "usr/lib/cyrus/bin") }

func cyrusMissing() string { return missing("Cyrus", cyrusBin()+"/master", cyrusBin()+"/imapd") }

func startCyrus() (*Server, error) {
	s, err := newServer("cyrus")
	if err != nil {
		return s, err
	}
	mail, err := mailCredential()
	if err != nil {
		return s, err
	}
	if err := writeCyrus(s, mail); err != nil {
		return s, err
	}
	logins, err := serveLogins(filepath.Join(s.dir, "mux"), answerSASL)
	if err != nil {
		return s, err
	}
	syslog, err := serveSyslog(s.dir)
	if err != nil {
		return s, err
	}
	s.services = append(s.services, logins, syslog)
	if err := ownedFolder(s.dir, mail); err != nil {
		return s, err
	}
	s.process, err = start(command{
		args:    []string{"/bin/sh", s.dir + "/start"},
		env:     []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CYRUS_USER=mail", "LD_LIBRARY_PATH=" + privateLibraries(privateRoot("cyrus"))},
		dir:     s.dir,
		logFile: filepath.Join(s.dir, "log"),
	})
	if err != nil {
		return s, err
	}
	return s, s.process.ready(s.Addr(), filepath.Base(s.dir))
}

// writeCyrus writes the configuration and makes the folders that the server expects.
func writeCyrus(s *Server, mail *credential) error {
	for _, folder := range []string{"conf", "conf/db", "conf/socket", "dev", "proc", "lock", "socket", "mail"} {
		if err := os.Mkdir(filepath.Join(s.dir, folder), 0o755); err != nil {
			return err
		}
	}
	if err := authority.serverFiles(s.dir, false); err != nil {
		return err
	}
	uid, gid := mail.ids()
	values := strings.NewReplacer("$DIR", s.dir, "$NAME", filepath.Base(s.dir), "$BIN", cyrusBin(),
		"$UID", fmt.Sprint(uid), "$GID", fmt.Sprint(gid), "$PORT", fmt.Sprint(s.Port), "$TLSPORT", fmt.Sprint(s.TLSPort))
	for name, text := range map[string]string{"imapd.conf": imapdConf, "cyrus.conf": cyrusConf, "start": cyrusScript} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(values.Replace(text)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
