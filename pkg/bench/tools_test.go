package bench

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"imapmigrate/pkg/imaptest"
)

// floor writes mailbox after mailbox, four at a time, each in its order.
func (s *stage) floor(t *testing.T, a *attempt) []step { return floorOf(t, a, false) }

// spread lets all connections write into the same mailbox, in no order.
func (s *stage) spread(t *testing.T, a *attempt) []step { return floorOf(t, a, true) }

func floorOf(t *testing.T, a *attempt, spread bool) []step {
	t.Helper()
	j := floorJob{From: local(a.fromPort), FromUser: a.from.User, To: local(a.toPort), ToUser: a.to.User, Boxes: a.boxes,
		Readers: 2, Writers: 4, Batch: a.batch, Spread: spread}
	for _, b := range a.boxes {
		j.Messages = append(j.Messages, len(b.sizes))
	}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), floorEnv+"="+string(text))
	return []step{{"copy", cmd, true}}
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// ours is the real program.
func (s *stage) ours(t *testing.T, a *attempt) []step {
	side := func(port int, user string) string {
		return fmt.Sprintf("  host: 127.0.0.1\n  port: %d\n  security: plaintext\n  allow_plaintext: true\n  user: %s\n  auth: {password: {env: BENCH_PASSWORD}}\n", port, user)
	}
	a.write(t, "migration.yaml", "version: 1\nname: bench\nsource:\n"+side(a.fromPort, a.from.User)+"destination:\n"+side(a.toPort, a.to.User))
	do := func(name string, copies bool, args ...string) step {
		cmd := exec.Command(s.program, args...)
		cmd.Env = append(os.Environ(), "BENCH_PASSWORD="+imaptest.Password)
		if s.program == os.Args[0] {
			file := "-"
			if *profile != "" {
				file = filepath.Join(*profile, fmt.Sprintf("%s-%s-%d.pprof", a.name, name, a.fromPort))
			}
			cmd.Env = append(cmd.Env, programEnv+"="+file)
		}
		cmd.Dir = a.dir
		return step{name, cmd, copies}
	}
	return []step{do("plan", false, "plan"), do("copy", true, "copy"), do("again", false, "copy"), do("verify", false, "verify"), do("status", false, "status")}
}

// mbsync as its manual suggests for a one-way copy.
func (s *stage) mbsync(t *testing.T, a *attempt) []step {
	account := func(name string, port int, user string) string {
		return fmt.Sprintf("IMAPAccount %[1]s\nHost 127.0.0.1\nPort %[2]d\nUser %[3]s\nPass %[4]s\nSSLType None\nAuthMechs LOGIN\nTimeout 600\n\nIMAPStore %[1]s\nAccount %[1]s\n\n",
			name, port, user, imaptest.Password)
	}
	file := a.write(t, "mbsyncrc", account("from", a.fromPort, a.from.User)+account("to", a.toPort, a.to.User)+
		"Channel all\nFar :from:\nNear :to:\nPatterns *\nCreate Near\nSync Pull\nExpunge None\nCopyArrivalDate yes\nSyncState "+a.dir+"/state-\n")
	do := func() *exec.Cmd { return exec.Command("mbsync", "-q", "-c", file, "-a") }
	return []step{{"copy", do(), true}, {"again", do(), false}}
}

// doveadm reads by IMAP and writes the destination's disk itself.
func (s *stage) doveadm(t *testing.T, a *attempt) []step {
	do := func() *exec.Cmd {
		return exec.Command("doveadm", "-c", s.destination.ConfigFile(), "-o", "mail_prefetch_count=20", "-o", "imapc_host=127.0.0.1", "-o", fmt.Sprintf("imapc_port=%d", a.fromPort),
			"-o", "imapc_user="+a.from.User, "-o", "imapc_password="+imaptest.Password, "-o", "imapc_list_prefix=INBOX", "backup", "-R", "-u", a.to.User, "imapc:")
	}
	return []step{{"copy", do(), true}, {"again", do(), false}}
}

// imapsync with what its own examples use, and no log file.
func (s *stage) imapsync(t *testing.T, a *attempt) []step {
	do := func() *exec.Cmd {
		cmd := exec.Command("imapsync", "--nolog", "--automap", "--nossl1", "--notls1", "--nossl2", "--notls2", "--noreleasecheck",
			"--host1", "127.0.0.1", "--port1", strconv.Itoa(a.fromPort), "--user1", a.from.User, "--password1", imaptest.Password,
			"--host2", "127.0.0.1", "--port2", strconv.Itoa(a.toPort), "--user2", a.to.User, "--password2", imaptest.Password)
		cmd.Dir = a.dir
		return cmd
	}
	return []step{{"copy", do(), true}, {"again", do(), false}}
}
