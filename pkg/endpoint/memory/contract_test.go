package memory_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/endpointtest"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/mailbox"
)

func TestContract(t *testing.T) {
	plain := endpointtest.Facts{RefusesSubscribe: true, LargestMessage: 3 << 20, KeepsRole: func(r mailbox.Role) bool { return true }}
	courier := plain
	courier.Stored = func(content []byte) []byte {
		return bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	picky := plain
	picky.RefusesMessage = func(content []byte) bool { return bytes.IndexByte(content, 0) >= 0 }
	picky.RefusesDate = func(date time.Time) bool { return date.Year() < 1970 }
	picky.RefusesName = func(part, _ string) bool { return strings.ContainsAny(part, `%"\`) }
	refuse := func(_ mailbox.Wire, m memory.Message) *endpoint.Error {
		if picky.RefusesMessage(m.Content) || picky.RefusesDate(m.InternalDate) {
			return &endpoint.Error{Class: endpoint.BadMessage, Text: "not that"}
		}
		return nil
	}
	refuseName := func(w mailbox.Wire) *endpoint.Error {
		if picky.RefusesName(string(w), "") {
			return &endpoint.Error{Class: endpoint.BadMailbox, Text: "not there"}
		}
		return nil
	}
	for name, c := range map[string]struct {
		options memory.Options
		facts   endpointtest.Facts
	}{
		"generous": {memory.Options{}, plain},
		"dots":     {memory.Options{Delimiter: ".", Prefix: "INBOX.", Connections: 3}, plain},
		"flat":     {memory.Options{Flat: true}, plain},
		"bare":     {memory.Options{Without: []string{"UIDPLUS", "CONDSTORE", "SPECIAL-USE", "CREATE-SPECIAL-USE", "STATUS=SIZE", "QUOTA", "NAMESPACE", "MULTIAPPEND"}}, plain},
		"changing": {memory.Options{Change: courier.Stored}, courier},
		"picky":    {memory.Options{Refuse: refuse, RefuseName: refuseName}, picky},
	} {
		t.Run(name, func(t *testing.T) {
			endpointtest.Run(t, endpointtest.Factory{Facts: c.facts, Open: func(t *testing.T) endpointtest.Account { return account(memory.New(c.options)) }})
		})
	}
}

// account opens all rights on one login's worth of server.
func account(a *memory.Account) endpointtest.Account {
	return endpointtest.Account{
		Fetcher: a.Source(), Appender: a.Destination(), Expunger: a.Removal(), Flagger: a.Flags(), Unmaker: a.Unmaking(),
		Deliver: func(tb testing.TB, w mailbox.Wire, content []byte) { a.Deliver(w, content, time.Now()) },
	}
}
