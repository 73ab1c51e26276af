package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"
)

// noTerminal skips, but fails where everything that is tested has to be there.
func noTerminal(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("IMAPMIGRATE_REQUIRE_SERVERS") == "1" {
		t.Fatalf("no pseudo terminals here: %v", err)
	}
	t.Skipf("no pseudo terminals here: %v", err)
}

// terminal is both ends of a pseudo terminal.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		noTerminal(t, err)
	}
	t.Cleanup(func() { person.Close() })
	var unlock, number int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		ioctl(t, person, request, value)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		noTerminal(t, err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// ioctl goes by SyscallConn, because Fd would end the deadlines of person.
func ioctl(t *testing.T, f *os.File, request uintptr, value *int32) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Control(func(fd uintptr) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value))); errno != 0 {
			noTerminal(t, errno)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTerminalAsksWithoutEcho(t *testing.T) {
	person, program := terminal(t)
	var out bytes.Buffer
	ask := Terminal(program, &out)
	if ask == nil {
		t.Fatal("a terminal is not known as one")
	}
	go func() {
		time.Sleep(50 * time.Millisecond) // until the echo is off
		_, _ = person.WriteString("hush hush\n")
	}()
	secret, err := ask(context.Background(), "password of alice")
	if err != nil || secret.Reveal() != "hush hush" {
		t.Fatalf("%q, %v", secret.Reveal(), err)
	}
	if out.String() != "password of alice: \n" {
		t.Errorf("printed %q", out.String())
	}
	if err := person.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	echo := make([]byte, 100)
	if n, _ := person.Read(echo); strings.Contains(string(echo[:n]), "hush") {
		t.Errorf("the terminal shows %q", echo[:n])
	}
}

func TestTerminalIsLeftAsItWas(t *testing.T) {
	_, program := terminal(t)
	before, err := term.GetState(int(program.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := Terminal(program, &bytes.Buffer{})(ctx, "password"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	after, err := term.GetState(int(program.Fd()))
	if err != nil || *before != *after {
		t.Errorf("the terminal's state changed: %v, %v, %v", before, after, err)
	}
}

func TestNoTerminalNoPrompter(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if Terminal(null, &bytes.Buffer{}) != nil {
		t.Error("/dev/null can be asked")
	}
}
