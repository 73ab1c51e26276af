package demo

import (
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// refuse is a tagged NO. Texts are ASCII: names go in by %+q.
func refuse(code imap.ResponseCode, format string, args ...any) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: fmt.Sprintf(format, args...)}
}

// reject is a tagged BAD: the command itself is wrong, or not offered.
func reject(format string, args ...any) error {
	return &imap.Error{Type: imap.StatusResponseTypeBad, Text: fmt.Sprintf(format, args...)}
}

func notThere(key string) error {
	return refuse(imap.ResponseCodeNonExistent, "there is no mailbox %+q", key)
}

// codeUseAttr is RFC 6154 section 3; go-imap has no name for it.
const codeUseAttr = imap.ResponseCode("USEATTR")
