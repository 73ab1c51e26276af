package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cost is what one process took.
type cost struct {
	wall, cpu time.Duration
	rss       int64 // bytes, the most that were resident
	stopped   bool  // at the limit: wall is a lower bound
	err       error
}

// run waits for the command, at most until the limit.
//
// The peak is read from /proc while it runs: what wait4 gives as ru_maxrss begins with the memory of the process that started it.
func run(cmd *exec.Cmd, limit time.Duration) (c cost) {
	var said bytes.Buffer
	cmd.Stderr = &said
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	began := time.Now()
	if c.err = cmd.Start(); c.err != nil {
		return c
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	stop := time.After(limit)
	for running := true; running; {
		select {
		case c.err = <-done:
			running = false
		case <-stop:
			c.stopped = true
			_ = cmd.Process.Kill()
		case <-time.After(10 * time.Millisecond):
			c.rss = max(c.rss, peak(cmd.Process.Pid))
		}
	}
	c.wall = time.Since(began)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	c.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	if c.err != nil {
		text := said.String()
		c.err = fmt.Errorf("%w: %s", c.err, text[max(0, len(text)-2000):])
	}
	return c
}

// peak is VmHWM in bytes, 0 when the process is gone.
func peak(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, _ := strconv.ParseInt(number, 10, 64)
	return kib << 10
}
