package imaptest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is one server's main process, in a process group of its own.
type process struct {
	cmd     *exec.Cmd
	logFile string
	done    chan struct{} // closed when it has ended and was waited for
}

// command says how a server is started.
type command struct {
	args    []string
	env     []string // whole; nothing is inherited
	dir     string
	logFile string
}

// credential is the user that a server runs as, or keeps mail as.
type credential struct{ syscall.Credential }

func (c *credential) ids() (uid, gid int) { return int(c.Uid), int(c.Gid) }

// mailCredential is Debian's user "mail", which every installation has.
func mailCredential() (*credential, error) {
	u, err := user.Lookup("mail")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &credential{syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, err
}

// unsupported says why no server can be started here, or nothing.
func unsupported() string {
	if os.Geteuid() != 0 {
		return "it needs root"
	}
	return ""
}

// namespaces keep a server's processes and mounts to itself: its main process becomes number 1 there, and nothing of it
// outlives that.
const namespaces = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS

// namespacesAllowed says why namespaces cannot be had, as in a container with few rights, or nothing.
var namespacesAllowed = sync.OnceValue(func() string {
	c := exec.Command("/bin/true")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if err := c.Run(); err != nil {
		return fmt.Sprintf("it needs mounts of its own (CAP_SYS_ADMIN): %v", err)
	}
	return ""
})

// start runs the command. When this test binary dies, however it dies, the kernel ends the server's
// main process, which takes its children along.
func start(c command) (*process, error) {
	log, err := os.OpenFile(c.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(c.args[0], c.args[1:]...), logFile: c.logFile, done: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir = c.env, c.dir
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if namespacesAllowed() == "" {
		p.cmd.SysProcAttr.Cloneflags = namespaces
		p.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // number 1 ignores SIGTERM unless it asked for it
	}
	started := make(chan error)
	go p.run(started)
	return p, <-started
}

// run starts the process and waits for it, on one thread of its own: the signal at the parent's death is
// bound to the thread that started the child, not to the process.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	// Its children go with it. While the process is dead but not yet waited for, the group's number is
	// still its own and cannot hit a stranger.
	for unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
	p.cmd.Wait()
}

// stop ends the process and its children. Nothing of theirs is worth an orderly end.
func (p *process) stop() {
	if p.cmd.Process != nil {
		p.cmd.Process.Kill()
		<-p.done
	}
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *process) log() string {
	b, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// ready waits until addr greets with a line that contains want, as long as the process lives.
func (p *process) ready(addr, want string) error {
	deadline := time.Now().Add(20 * time.Second)
	var greeting string
	var err error
	for pause := 2 * time.Millisecond; time.Now().Before(deadline); pause = min(2*pause, 50*time.Millisecond) {
		if !p.alive() {
			return fmt.Errorf("it ended at once; its log ends:\n%s", tail(p.log(), 20))
		}
		greeting, err = greetingOf(addr)
		if err == nil && strings.HasPrefix(greeting, "* OK") && strings.Contains(greeting, want) {
			return nil
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("%s does not greet (%q, %v); the log ends:\n%s", addr, greeting, err, tail(p.log(), 20))
}

func greetingOf(addr string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	line := make([]byte, 4096)
	n, err := conn.Read(line)
	return string(line[:n]), err
}

// ownedFolder makes a folder for a server that runs with other rights.
func ownedFolder(path string, user *credential) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	uid, gid := user.ids()
	return filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
}
