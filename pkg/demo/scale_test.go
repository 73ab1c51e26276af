package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/mailbox"
	sample "imapmigrate/testdata/message"
)

// A mailbox of 20,000 messages must not be a reason to wait.
func TestTwentyThousandMessages(t *testing.T) {
	const n = 20_000
	s, a := start(t, Options{})
	began := time.Now()
	for l := range sample.Generate(1, n, sample.MinLetter) {
		_, err := a.Append(inbox, Mail{mailbox.Message{InternalDate: l.Date}, l.Bytes})
		must(t, err)
	}
	r, other := rawClient(t, s), rawClient(t, s)
	r.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	if got := r.ok("UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)"); len(got) != n {
		t.Errorf("%d responses, want %d", len(got), n)
	}
	var odd strings.Builder
	for uid := 1; uid <= n; uid += 2 {
		fmt.Fprintf(&odd, ",%d", uid)
		if odd.Len() > 30_000 || uid+2 > n {
			r.ok(`UID STORE ` + odd.String()[1:] + ` +FLAGS.SILENT (\Deleted)`)
			r.ok(`UID EXPUNGE ` + odd.String()[1:])
			odd.Reset()
		}
	}
	if got := other.ok("NOOP"); len(got) != n/2 {
		t.Errorf("the other client is told of %d changes, want %d", len(got), n/2)
	}
	got := other.ok("UID SEARCH ALL")[0]
	if !strings.HasPrefix(got, "* SEARCH 2 4 6 ") || strings.Count(got, " ") != n/2+1 {
		t.Errorf("UID SEARCH ALL: %.60s, %d numbers", got, strings.Count(got, " ")-1)
	}
	for i := range 500 { // one more in a large mailbox costs no more than in a small one
		other.ok(fmt.Sprintf("APPEND INBOX {4+}\r\n%04d", i))
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %s", took)
	}
}
