package endpoint_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"imapmigrate/pkg/endpoint"
)

func TestEveryClassHasAName(t *testing.T) {
	seen := make(map[string]bool)
	for c := endpoint.Unclassified; c <= endpoint.Protocol; c++ {
		if name := c.String(); name == "" || seen[name] {
			t.Errorf("class %d is called %q", c, name)
		} else {
			seen[name] = true
		}
	}
}

func TestErrorIsOneSentence(t *testing.T) {
	for want, e := range map[string]*endpoint.Error{
		`alice at old.example: open mailbox "Sent": the server says "[NOPERM] not \x1b[31myours\r\n"; ask its owner`: {
			Class: endpoint.BadMailbox, Account: "alice at old.example", Op: `open mailbox "Sent"`, Code: "NOPERM", Text: "not \x1b[31myours\r\n", Hint: "ask its owner"},
		`log in: the server says "[LIMIT] "`: {Op: "log in", Code: "LIMIT"},
		`a: log in: connection lost`:         {Class: endpoint.Lost, Account: "a", Op: "log in"},
		`a: log in: EOF`:                     {Class: endpoint.Lost, Account: "a", Op: "log in", Err: io.EOF},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestErrorIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, e := range []*endpoint.Error{{Op: "log in", Text: long}, {Op: "log in", Code: long}} {
		if n := len(e.Error()); n > 500 {
			t.Errorf("%d bytes", n)
		}
	}
}

func TestClassOf(t *testing.T) {
	quota := &endpoint.Error{Class: endpoint.OverQuota, Err: io.EOF}
	for _, err := range []error{quota, fmt.Errorf("mailbox: %w", quota), errors.Join(io.ErrClosedPipe, quota)} {
		if c := endpoint.ClassOf(err); c != endpoint.OverQuota {
			t.Errorf("%v is of class %s", err, c)
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%v hides its cause", err)
		}
	}
	for _, err := range []error{nil, io.EOF} {
		if c := endpoint.ClassOf(err); c != endpoint.Unclassified {
			t.Errorf("%v is of class %s", err, c)
		}
	}
}
