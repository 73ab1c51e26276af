package memory

import (
	"fmt"

	"imapmigrate/pkg/endpoint"
)

// operation words a call as errors name it.
func operation(c Call) string {
	if c.Mailbox == "" {
		return string(c.Verb)
	}
	return fmt.Sprintf("%s %q", c.Verb, string(c.Mailbox))
}

func (a *Account) fail(class endpoint.Class, c Call, code, text string) *endpoint.Error {
	return a.named(&endpoint.Error{Class: class, Code: code, Text: text}, c)
}

func (a *Account) noMailbox(c Call) *endpoint.Error {
	return a.fail(endpoint.NoMailbox, c, "NONEXISTENT", "no such mailbox")
}

// failed turns a possibly nil *endpoint.Error into an error, without the typed nil.
func failed(e *endpoint.Error) error {
	if e == nil {
		return nil
	}
	return e
}
