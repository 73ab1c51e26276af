package plan

import (
	"testing"

	"imapmigrate/pkg/mailbox"
)

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		name     mailbox.Name
		want     bool
	}{
		{nil, mailbox.Name{"Sent"}, true},
		{[]string{"Sent"}, mailbox.Name{"Sent"}, true},
		{[]string{"Sent"}, mailbox.Name{"Sent", "2019"}, true},
		{[]string{"Sent/2019"}, mailbox.Name{"Sent"}, false},
		{[]string{"Sent"}, mailbox.Name{"Sentiment"}, false},
		{[]string{"INBOX", "**/2019"}, mailbox.Name{"a", "b", "2019"}, true},
		{[]string{"*"}, mailbox.Name{"a", "b"}, true},
		{[]string{`a\/b`}, mailbox.Name{"a", "b"}, false},
		{[]string{`a\/b`}, mailbox.Name{"a/b"}, true},
	} {
		takes, err := Select("mailbox", c.patterns)
		if err != nil || takes(c.name) != c.want {
			t.Errorf("%q takes %q: want %v (%v)", c.patterns, c.name, c.want, err)
		}
	}
	if _, err := Select("mailbox", []string{"a//b"}); err == nil {
		t.Error("a pattern with an empty part was read")
	}
}
