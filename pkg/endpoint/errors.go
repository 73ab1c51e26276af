package endpoint

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says who has to do what about an error.
type Class int

// The classes.
const (
	Unclassified Class = iota
	Temporary          // the server asks to come back: UNAVAILABLE, INUSE, SERVERBUG
	Throttled          // like Temporary, because we are too much; Error.Wait may say for how long
	Lost               // the connection is gone; what was sent and not answered is in doubt
	Unreachable        // no connection could be made
	BadMessage         // this message is refused, now and later: TOOBIG, invalid header, BAD
	NoMailbox          // the mailbox is not there: NONEXISTENT, TRYCREATE
	BadMailbox         // this mailbox cannot be opened, made or written, now and later: NOPERM, CANNOT
	OverQuota          // the account is full; every further message would be refused
	LoginRefused       // user, password, token or permission
	Untrusted          // TLS could not be made, or not be trusted
	Unsupported        // the server lacks an extension that this needs
	Protocol           // the server breaks the protocol in a way that cannot be worked around
)

var classNames = [...]string{"error", "temporary", "throttled", "connection lost", "unreachable", "message refused", "no such mailbox", "mailbox refused",
	"over quota", "login refused", "not trusted", "unsupported", "protocol violation"}

func (c Class) String() string { return classNames[c] }

// Error is what a server, or the way to it, said no with.
type Error struct {
	Class   Class
	Account string        // "alice@old.example at imap.old.example"
	Op      string        // what was being done: "log in", "open mailbox \"Sent\""
	Code    string        // response code in upper case, without arguments: OVERQUOTA
	Text    string        // the server's words, raw: make them visible before showing them
	Wait    time.Duration // with Throttled: how long the server asked for, 0 if it did not
	Hint    string        // the next step, a clause for people
	Err     error         // the cause beneath, if the words are not a server's
	Last    []string      // the last lines of the connection that has ended, redacted, oldest first; not in Error
}

// Error is one sentence: account, what was done, the reason, the next step. The server's words are quoted with control characters visible.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Account != "" {
		b.WriteString(e.Account + ": ")
	}
	b.WriteString(e.Op + ": ")
	switch {
	case e.Text != "" || e.Code != "":
		words := e.Text
		if e.Code != "" {
			words = "[" + e.Code + "] " + words
		}
		if len(words) > 300 {
			words = words[:300] + "..."
		}
		fmt.Fprintf(&b, "the server says %q", words)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	default:
		b.WriteString(e.Class.String())
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap gives the cause beneath.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf is the class of err, Unclassified if it has none.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Unclassified
}
