package imaptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Courier gives the running Courier-IMAP 5 of this test binary: "." between the parts of a name, everything below
// "INBOX.", no LITERAL+, no MULTIAPPEND.
func Courier(tb testing.TB) *Server {
	tb.Helper()
	return pool.use(tb, "courier", courierMissing, startCourier)
}

func courierMissing() string {
	if reason := namespacesAllowed(); unsupported() == "" && reason != "" {
		return "Courier cannot be started: " + reason
	}
	root := privateRoot("courier")
	return missing("Courier", root+"/usr/bin/imapd", root+"/usr/bin/couriertls",
		root+"/usr/sbin/couriertcpd", root+"/usr/lib/courier/courier/imaplogin")
}

func startCourier() (*Server, error) {
	s, err := newServer("courier")
	if err != nil {
		return s, err
	}
	mail, err := mailCredential()
	if err != nil {
		return s, err
	}
	if err := writeCourier(s, mail); err != nil {
		return s, err
	}
	logins, err := serveLogins(filepath.Join(s.dir, "auth", "socket"), answerCourier(filepath.Join(s.dir, "mail"), mail))
	if err != nil {
		return s, err
	}
	s.services = append(s.services, logins)
	s.addUser = func(user string) error { return makeMaildir(filepath.Join(s.dir, "mail", user), mail) }
	s.process, err = start(command{
		args:    []string{"/bin/sh", filepath.Join(s.dir, "start")},
		env:     courierEnvironment(s.dir),
		dir:     s.dir,
		logFile: filepath.Join(s.dir, "log"),
	})
	if err != nil {
		return s, err
	}
	return s, s.process.ready(s.Addr(), "Courier")
}

// writeCourier makes the folders and the script that becomes process 1 of the server's private namespace.
func writeCourier(s *Server, mail *credential) error {
	if err := ownedFolder(filepath.Join(s.dir, "mail"), mail); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(s.dir, "auth"), 0o755); err != nil {
		return err
	}
	if err := authority.serverFiles(s.dir, false); err != nil {
		return err
	}
	if err := writeUsers(filepath.Join(s.dir, "passwd"), mail); err != nil {
		return err
	}
	root := privateRoot("courier")
	script := strings.NewReplacer("$DIR", s.dir, "$ROOT", root,
		"$PORT", fmt.Sprint(s.Port), "$TLSPORT", fmt.Sprint(s.TLSPort)).Replace(courierScript)
	return os.WriteFile(filepath.Join(s.dir, "start"), []byte(script), 0o755)
}

// writeUsers writes the machine's users and one more: STARTTLS runs as "courier", a compiled-in name.
func writeUsers(path string, mail *credential) error {
	users, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return err
	}
	uid, gid := mail.ids()
	line := fmt.Sprintf("courier:x:%d:%d::/nonexistent:/usr/sbin/nologin\n", uid, gid)
	return os.WriteFile(path, append([]byte(line), users...), 0o644)
}

// courierScript: the path of the login socket, /run/courier/authdaemon/socket, is compiled in. The mounts are seen by
// this server alone, so any number of them run side by side and the machine's /run stays as it is.
const courierScript = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/courier/authdaemon
mount --bind $DIR/auth /run/courier/authdaemon
mount --bind $DIR/passwd /etc/passwd
tcpd='$ROOT/usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=500 -maxperip=500 -nodnslookup -noidentlookup'
login='$ROOT/usr/lib/courier/courier/imaplogin $ROOT/usr/bin/imapd Maildir'
IMAP_TLS=1 $tcpd $TLSPORT $ROOT/usr/bin/couriertls -server -tcpd $login &
$tcpd $PORT $login &
wait -n 2>/dev/null || wait
exit 1
`

// courierEnvironment: imapd locks with the help of gamin, whose server listens on a socket of the whole machine, named by
// user and GAM_CLIENT_ID. Shared with another Courier, it would end with that one, and logins would hang.
func courierEnvironment(dir string) []string {
	root := privateRoot("courier")
	const capability = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
	return []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LD_LIBRARY_PATH=" + privateLibraries(root),
		"AUTHMODULES=authdaemon",
		"IMAP_CAPABILITY=" + capability + " AUTH=PLAIN",
		"IMAP_CAPABILITY_TLS=" + capability + " AUTH=PLAIN",
		"IMAP_KEYWORDS=1",
		"IMAP_ACL=1",
		"IMAP_PROXY=0",
		"IMAP_IDLE_TIMEOUT=60",
		"IMAP_MAILBOX_SANITY_CHECK=1",
		"IMAP_CHECK_ALL_FOLDERS=0",
		"IMAP_OBSOLETE_CLIENT=0",
		"IMAP_USELOCKS=1",
		"IMAP_ENHANCEDIDLE=0",
		"GAM_CLIENT_ID=" + filepath.Base(dir),
		"IMAP_TRASHFOLDERNAME=Trash",
		"IMAP_EMPTYTRASH=",
		"IMAP_MOVE_EXPUNGE_TO_TRASH=0",
		"IMAP_STARTTLS=YES",
		"IMAP_TLS_REQUIRED=0",
		"COURIERTLS=" + root + "/usr/bin/couriertls",
		"TLS_CERTFILE=" + dir + "/both.pem",
		"TLS_VERIFYPEER=NONE",
		"MAILDIRPATH=Maildir",
	}
}

// makeMaildir makes an empty account; one that is there already stays as it is.
func makeMaildir(home string, mail *credential) error {
	if _, err := os.Stat(home); err == nil {
		return nil
	}
	for _, folder := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(home, "Maildir", folder), 0o700); err != nil {
			return err
		}
	}
	return ownedFolder(home, mail)
}
