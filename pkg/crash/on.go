//go:build crashpoints

package crash

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What a test says: IMAPMIGRATE_CRASH_AT=NAME:N kills the process at the Nth time that it comes to NAME; IMAPMIGRATE_CRASH_TRACE=FILE
// has the name of every point written to FILE as it is passed; IMAPMIGRATE_CRASH_WAIT=DURATION is how long to wait where it would be longer.
var (
	mu      sync.Mutex
	passed  = map[string]int{}
	at, nth = target(os.Getenv("IMAPMIGRATE_CRASH_AT"))
	trace   = openTrace(os.Getenv("IMAPMIGRATE_CRASH_TRACE"))
)

// Point is a place at which a crash test may kill the program, named package.place.
func Point(name string) {
	mu.Lock()
	defer mu.Unlock()
	passed[name]++
	if trace != nil {
		if _, err := trace.WriteString(name + "\n"); err != nil {
			panic(err)
		}
	}
	if name == at && passed[name] == nth {
		die()
	}
}

// Wait is d, or what the test says if that is shorter.
func Wait(d time.Duration) time.Duration {
	if short, err := time.ParseDuration(os.Getenv("IMAPMIGRATE_CRASH_WAIT")); err == nil {
		return min(d, short)
	}
	return d
}

// die is the power cut: no deferred function runs, nothing is flushed.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		panic(err)
	}
	if err := self.Kill(); err != nil {
		panic(err)
	}
	select {}
}

func target(text string) (name string, n int) {
	if text == "" {
		return "", 0
	}
	name, number, ok := strings.Cut(text, ":")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 {
		panic("IMAPMIGRATE_CRASH_AT is NAME:N, not " + strconv.Quote(text))
	}
	return name, n
}

func openTrace(file string) *os.File {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	return f
}
