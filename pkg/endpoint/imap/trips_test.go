package imap_test

import (
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// What each step of a mailbox costs in round trips: on a link of 40 ms nothing else costs as much.
func TestRoundTrips(t *testing.T) {
	account := dovecotB(t).NewUser(t)
	account.Dial(t).MustCmd("EXAMINE INBOX")
	proxy := imaptest.Proxy(t, account.Server.Addr(), imaptest.Faults{RoundTrip: 20 * time.Millisecond})
	o := options(account)
	o.Host, o.Port, o.Connections, o.Security = proxy.Host, proxy.Port, 1, wire.Plaintext
	a, err := imap.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	trips := func(name string, most int64, f func() error) {
		t.Helper()
		before := proxy.Stats().Waits
		if err := f(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := proxy.Stats().Waits - before
		t.Logf("%-40s %d", name, n)
		if n > most {
			t.Errorf("%s: %d round trips, want %d at most", name, n, most)
		}
	}
	var r endpoint.Reader
	var to endpoint.Target
	examine := func() (err error) { r, err = a.Source().Examine(t.Context(), "INBOX"); return err }
	trips("CREATE", 1, func() error { _, err := a.Destination().Create(t.Context(), "Box", mailbox.RoleNone); return err })
	trips("SELECT", 1, func() (err error) { to, err = a.Destination().Target(t.Context(), "INBOX"); return err })
	trips("a batch", 1, func() error { _, err := to.Append(t.Context(), threeTexts(), nil); return err })
	trips("leave it", 0, func() error { return to.Close() })
	trips("STATUS after it", 1, func() error { _, err := a.Source().Status(t.Context(), "INBOX"); return err })
	trips("EXAMINE", 1, examine)
	trips("scan", 1, func() error {
		return r.Scan(t.Context(), r.State().Everything(), func(mailbox.Message) error { return nil })
	})
	trips("fetch", 1, func() error {
		return r.Fetch(t.Context(), r.State().Everything(), func(endpoint.Body) error { return nil })
	})
	trips("leave it", 0, func() error { return r.Close() })
	trips("EXAMINE of the next", 1, examine)
	trips("leave it", 0, func() error { return r.Close() })
	trips("NAMESPACE", 1, func() error { _, err := a.Source().Namespaces(t.Context()); return err })
	trips("NAMESPACE again", 0, func() error { _, err := a.Source().Namespaces(t.Context()); return err })
	trips("LIST", 1, func() error { _, err := a.Source().List(t.Context()); return err })
}
