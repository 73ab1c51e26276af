package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"imapmigrate/pkg/imaptest"
)

const who = "alice at imap.old.example"

// TestMain also is the program that command sources run: with the variable set, it does what its arguments say.
func TestMain(m *testing.M) {
	if os.Getenv("AUTH_TEST_PROGRAM") != "" {
		program(os.Args[1:])
		return
	}
	imaptest.Main(m)
}

func program(args []string) {
	switch args[0] {
	case "print":
		fmt.Print(args[1])
	case "env":
		fmt.Println(os.Getenv(args[1]) + ".")
	case "fail":
		fmt.Println("hush")
		fmt.Fprintf(os.Stderr, "gpg: no key for hush\x1b[31m%s\n", strings.Repeat("x", 1000))
		os.Exit(3)
	case "silent":
		fmt.Fprintln(os.Stderr, "nothing here")
	case "sleep":
		time.Sleep(time.Minute)
	case "flood":
		fmt.Print(strings.Repeat("x", largest+1))
	case "stdin":
		n, err := os.Stdin.Read(make([]byte, 1))
		fmt.Println(n, err)
	case "dir":
		dir, _ := os.Getwd()
		fmt.Println(dir)
	}
}

func runs(t *testing.T, args ...string) SourceSpec {
	t.Helper()
	t.Setenv("AUTH_TEST_PROGRAM", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return SourceSpec{For: who, Command: append([]string{self}, args...)}
}

// wants resolves spec and compares; want is the secret, or what the error must contain.
func wants(t *testing.T, spec SourceSpec, ask Prompter, want string, fault ...string) {
	t.Helper()
	secret, err := Resolve(context.Background(), spec, ask)
	if len(fault) == 0 {
		if err != nil || secret.Reveal() != want {
			t.Errorf("got %q, %v; want %q", secret.Reveal(), err, want)
		}
		return
	}
	if err == nil {
		t.Fatalf("got %q, want an error", secret.Reveal())
	}
	if e, ok := errors.AsType[*SourceError](err); !ok || e.For != spec.For {
		t.Errorf("%T for %q", err, e.For)
	}
	for _, f := range fault {
		if !strings.Contains(err.Error(), f) {
			t.Errorf("error  %s\nlacks  %s", err, f)
		}
	}
	if strings.Contains(err.Error(), "hush") || strings.ContainsRune(err.Error(), 0x1b) {
		t.Errorf("the error shows what it must not: %q", err)
	}
}

func TestFromEnv(t *testing.T) {
	t.Setenv("OLD_PASSWORD", " hush hush\t")
	wants(t, SourceSpec{Env: "OLD_PASSWORD"}, nil, " hush hush\t")
	t.Setenv("OLD_PASSWORD", "")
	wants(t, SourceSpec{Env: "OLD_PASSWORD", For: who}, nil, "", "password of alice at imap.old.example: environment variable OLD_PASSWORD is empty; set it to the password")
	wants(t, SourceSpec{Env: "NO_SUCH_VARIABLE", For: who}, nil, "",
		"password of alice at imap.old.example: environment variable NO_SUCH_VARIABLE is not set; set it in the shell that runs imapmigrate")
}

func write(t *testing.T, mode os.FileMode, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFromFile(t *testing.T) {
	for text, want := range map[string]string{"hush": "hush", "hush\n": "hush", "hush\r\n": "hush", " hush \n": " hush ", "hüsh": "hüsh"} {
		wants(t, SourceSpec{File: write(t, 0o600, text)}, nil, want)
		wants(t, SourceSpec{File: write(t, 0o400, text)}, nil, want)
	}
	for text, fault := range map[string]string{
		"": "is empty", "\n": "is empty", "hush\n\n": "holds more than one line", "hush\nuser: alice\n": "holds more than one line", "hu\x00sh": "holds more than one line",
		strings.Repeat("x", largest+1): "is larger than 65536 bytes",
	} {
		wants(t, SourceSpec{File: write(t, 0o600, text), For: who}, nil, "", "password of alice at imap.old.example: file /", fault)
	}
}

func TestFromCommand(t *testing.T) {
	for printed, want := range map[string]string{"hush": "hush", "hush\n": "hush", "hush\r\nuser: alice\n": "hush", " $HOME `x` \n": " $HOME `x` "} {
		wants(t, runs(t, "print", printed), nil, want)
	}
}

func TestCommandThatFails(t *testing.T) {
	wants(t, runs(t, "fail"), nil, "", "password of alice at imap.old.example: command ", `failed (exit status 3), it says "gpg: no key for ***\x1b[31mxxx`, "; run it by hand and see what it prints")
	wants(t, runs(t, "silent"), nil, "", `printed an empty first line, it says "nothing here"`)
	wants(t, runs(t, "print", "\nhush"), nil, "", `printed an empty first line;`)
	wants(t, runs(t, "flood"), nil, "", "printed more than 65536 bytes")
	wants(t, SourceSpec{Command: []string{"no-such-program-here", "hush"}}, nil, "", `command "no-such-program-here" cannot be run: executable file not found in $PATH`)
	wants(t, SourceSpec{Command: []string{"/no/such/program", "hush"}}, nil, "", `command "/no/such/program" cannot be run: no such file or directory`)
	_, err := Resolve(context.Background(), runs(t, "fail"), nil)
	if len(err.Error()) > 800 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

func TestCommandHasNoShell(t *testing.T) {
	wants(t, runs(t, "print", "$HOME; echo `id` | cat && *"), nil, "$HOME; echo `id` | cat && *")
}

func TestCommandGetsNoInputAndItsFolder(t *testing.T) {
	wants(t, runs(t, "stdin"), nil, "0 EOF")
	spec := runs(t, "dir")
	spec.Dir = t.TempDir()
	wants(t, spec, nil, spec.Dir)
}

func TestCommandDoesNotSeeOtherSecrets(t *testing.T) {
	t.Setenv("OLD_PASSWORD", "other")
	spec := runs(t, "env", "OLD_PASSWORD")
	wants(t, spec, nil, "other.")
	spec.Withhold = []string{"OLD_PASSWORD"}
	wants(t, spec, nil, ".")
}

func TestCommandIsNotWaitedForForever(t *testing.T) {
	spec := runs(t, "sleep")
	spec.Timeout = 50 * time.Millisecond
	wants(t, spec, nil, "", "did not finish within 50ms")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := Resolve(ctx, runs(t, "sleep"), nil)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "was stopped") {
		t.Errorf("%v", err)
	}
}

func TestFromKeyring(t *testing.T) {
	spec := SourceSpec{For: who, Keyring: &Keyring{"imapmigrate", "alice"}}
	keyring.MockInit()
	wants(t, spec, nil, "", `keyring (service "imapmigrate", user "alice") holds no such password; store it there`)
	if err := keyring.Set("imapmigrate", "alice", "hush"); err != nil {
		t.Fatal(err)
	}
	wants(t, spec, nil, "hush")
	keyring.MockInitWithError(errors.New("exec: \"dbus-launch\": not found\x1b"))
	wants(t, spec, nil, "", `cannot be asked: "exec: \"dbus-launch\": not found\x1b"; a machine without a desktop session has no keyring service (D-Bus): use command or file there`)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Resolve(ctx, spec, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestFromPrompt(t *testing.T) {
	spec := SourceSpec{Prompt: true, For: who}
	var asked string
	answer := func(text string, err error) Prompter {
		return func(_ context.Context, question string) (Secret, error) {
			asked = question
			return NewSecret(text), err
		}
	}
	wants(t, spec, answer("hush", nil), "hush")
	if asked != "password of "+who {
		t.Errorf("asked for %q", asked)
	}
	wants(t, spec, answer("", nil), "", "the prompt got an empty answer")
	wants(t, spec, answer("", errors.New("EOF")), "", "the prompt got no answer: EOF")
	wants(t, spec, nil, "", "password of alice at imap.old.example: the prompt cannot be shown: there is no terminal, or --no-input was given; use env, file, command or keyring where nobody can be asked")
}

func TestExactlyOneSource(t *testing.T) {
	wants(t, SourceSpec{}, nil, "", "the configuration names 0 sources; name one of env, file, command, keyring, prompt")
	wants(t, SourceSpec{Env: "A", Prompt: true}, nil, "", "the configuration names 2 sources")
}

func TestNothingIsResolvedAfterTheEnd(t *testing.T) {
	t.Setenv("OLD_PASSWORD", "hush")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if secret, err := Resolve(ctx, SourceSpec{Env: "OLD_PASSWORD"}, nil); !errors.Is(err, context.Canceled) || !secret.Empty() {
		t.Errorf("%v", err)
	}
}
