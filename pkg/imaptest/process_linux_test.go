package imaptest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childEnv makes this test binary start servers, say where they are, and wait for the end of its input.
const childEnv = "IMAPTEST_CHILD"

func TestChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("runs only as another test's child process")
	}
	for _, get := range []func() *Server{
		func() *Server { return Dovecot(t, DovecotOptions{}) },
		func() *Server { return Cyrus(t) },
		func() *Server { return Courier(t) },
	} {
		s := get()
		s.User(t, "alice")
		fmt.Fprintf(os.Stderr, "child %s %s %d %s\n", s.Name, s.Addr(), s.process.cmd.Process.Pid, s.dir)
	}
	fmt.Fprintln(os.Stderr, "child ready")
	io.Copy(io.Discard, os.Stdin)
}

// started is a server as a child process tells of it.
type started struct {
	name, addr, dir string
	pid             int
}

// child is another test binary with servers of its own.
type child struct {
	cmd     *exec.Cmd
	input   io.Closer
	servers []started
}

func startChild(t *testing.T) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], "-test.run=^TestChild$")}
	c.cmd.Env = append(os.Environ(), childEnv+"=1")
	input, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.input = input
	output, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.input.Close()
		c.cmd.Wait()
	})
	for lines := bufio.NewScanner(output); lines.Scan() && lines.Text() != "child ready"; {
		var s started
		if _, err := fmt.Sscanf(lines.Text(), "child %s %s %d %s", &s.name, &s.addr, &s.pid, &s.dir); err == nil {
			c.servers = append(c.servers, s)
		}
	}
	if len(c.servers) == 0 {
		skip(t, "the child process has started no server")
	}
	return c
}

// gone waits until neither a server's port answers nor a process of its group is left.
func (s started) gone() error {
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, dialed := net.Dial("tcp", s.addr)
		if dialed == nil {
			conn.Close()
			err = fmt.Errorf("%s still listens at %s", s.name, s.addr)
			continue
		}
		if err = syscall.Kill(-s.pid, 0); err == syscall.ESRCH {
			return nil
		}
		err = fmt.Errorf("%s: processes of group %d: %v", s.name, s.pid, err)
	}
	return err
}

func TestProcessesDoNotDisturbOneAnother(t *testing.T) {
	first, second := startChild(t), startChild(t)
	for i, s := range first.servers {
		a, b := dialStarted(t, s), dialStarted(t, second.servers[i])
		a.Append("INBOX", "", "", []byte(mail(1)))
		if got := b.FetchAll("INBOX"); len(got) != 0 {
			t.Errorf("%s: a message to one process arrived at the other", s.name)
		}
		if got := a.FetchAll("INBOX"); len(got) != 1 {
			t.Errorf("%s: %d messages", s.name, len(got))
		}
	}
	first.input.Close()
	if err := first.cmd.Wait(); err != nil {
		t.Errorf("the first process: %v", err)
	}
	for i, s := range first.servers {
		if err := s.gone(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.dir); err == nil {
			t.Errorf("%s is still there", s.dir)
		}
		dialStarted(t, second.servers[i])
	}
}

func dialStarted(t *testing.T, s started) *Client {
	t.Helper()
	c := DialAddr(t, s.addr)
	c.Login("alice", Password)
	return c
}

func TestServersGoAwayWithKilledProcess(t *testing.T) {
	c := startChild(t)
	for _, s := range c.servers {
		dialStarted(t, s)
	}
	c.cmd.Process.Signal(syscall.SIGKILL)
	c.cmd.Wait()
	for _, s := range c.servers {
		if err := s.gone(); err != nil {
			t.Error(err)
		}
		os.RemoveAll(s.dir) // nobody else can, after SIGKILL
	}
}

func TestStopLeavesNothing(t *testing.T) {
	dovecot := func() (*Server, error) { return startDovecot(DovecotOptions{}.withDefaults()) }
	t.Run("dovecot", func(t *testing.T) { stopLeavesNothing(t, dovecotMissing(), dovecot) })
	t.Run("cyrus", func(t *testing.T) { stopLeavesNothing(t, cyrusMissing(), startCyrus) })
	t.Run("courier", func(t *testing.T) { stopLeavesNothing(t, courierMissing(), startCourier) })
}

func stopLeavesNothing(t *testing.T, missing string, start func() (*Server, error)) {
	if missing != "" {
		skip(t, missing)
	}
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	s.NewUser(t).Dial(t).MustCmd("EXAMINE INBOX")
	began := time.Now()
	s.Stop()
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	s.Stop()
	if err := (started{name: s.Name, addr: s.Addr(), pid: s.process.cmd.Process.Pid}).gone(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Errorf("%s is still there", s.dir)
	}
}

func TestStartSaysWhyNot(t *testing.T) {
	if missing := dovecotMissing(); missing != "" {
		skip(t, missing)
	}
	s, err := startDovecot(DovecotOptions{ExtraConfig: "no_such_setting = 1"}.withDefaults())
	s.Stop()
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("Dovecot with a wrong setting: %v", err)
	}
}
