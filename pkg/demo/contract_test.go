package demo_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"imapmigrate/pkg/demo"
	"imapmigrate/pkg/endpoint/endpointtest"
	"imapmigrate/pkg/mailbox"
)

// The account's whole contract, by the program's own IMAP layer: this package's server <- TLS -> endpoint/imap <- endpointtest.

func TestContractBelowAPrefix(t *testing.T) {
	endpointtest.Run(t, contract(t, demo.Options{Delimiter: ".", Prefix: "INBOX."}))
}

func TestContractWithoutAPrefix(t *testing.T) {
	endpointtest.Run(t, contract(t, demo.Options{}))
}

// The least that a migration can live with: all that can be left out is left out, but UIDPLUS, which removing needs.
func TestContractWithoutExtensions(t *testing.T) {
	var without []string
	for _, c := range demo.Offered() {
		if c != "UIDPLUS" {
			without = append(without, c)
		}
	}
	endpointtest.Run(t, contract(t, demo.Options{Without: without}))
}

func contract(t *testing.T, o demo.Options) endpointtest.Factory {
	t.Helper()
	s, err := demo.StartServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var users atomic.Int64
	return endpointtest.Factory{
		Facts: endpointtest.Facts{
			RefusesSubscribe: true,
			KeepsRole:        func(role mailbox.Role) bool { return role != mailbox.RoleAll && role != mailbox.RoleFlagged },
		},
		Open: func(t *testing.T) endpointtest.Account {
			user := fmt.Sprintf("user%d", users.Add(1))
			stored, err := s.AddUser(user, "pass")
			if err != nil {
				t.Fatal(err)
			}
			a := login(t, s.Host(), s.Port(), s.Roots(), user, "pass")
			return endpointtest.Account{Fetcher: a.Source(), Appender: a.Destination(), Expunger: a.Removal(), Flagger: a.Flags(),
				Deliver: func(tb testing.TB, w mailbox.Wire, content []byte) {
					n, _ := mailbox.Decode(w, stored.Mailboxes()[0].Delimiter)
					if _, err := stored.Append(n, demo.Mail{Content: content}); err != nil {
						tb.Fatal(err)
					}
				}}
		},
	}
}
