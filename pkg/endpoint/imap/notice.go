package imap

import (
	"bytes"
	"strings"
)

// notice is what Courier sends instead of a message whose file it cannot open, because another client has expunged it or because it has
// too many files open itself: with a size to match, the present as date, and an OK. (Courier-IMAP, imap/fetch: unavailable[]; seen with
// 5.0.13.) A migration that took it for mail would copy it.
const notice = "From: System Administrator <root@localhost>\nSubject: message unavailable\n\nThis message is no longer available on the server.\n"

const (
	noticeMost    = 2 * len(notice)
	noticeProblem = "the server gives a notice (\"message unavailable\") instead of the message"
)

func isNotice(content []byte) bool {
	return len(content) <= noticeMost && strings.TrimSpace(string(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))) == strings.TrimSpace(notice)
}
