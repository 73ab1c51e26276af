package ledger_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
)

// TestRecognise keeps a new certificate, over the end of the process, and never another account.
func TestRecognise(t *testing.T) {
	o := ledger.Options{Command: "test", Now: time.Now}
	path := filepath.Join(t.TempDir(), "a.ledger")
	old := ledger.Facts{Name: "a", Source: endpoint.Identity{Host: "old", User: "alice", Key: "aa"}, Destination: endpoint.Identity{Host: "new", User: "alice"}}
	l, err := ledger.Create(path, old, o)
	if err != nil {
		t.Fatal(err)
	}
	created := l.Facts().Created
	renewed := old.Source
	renewed.Key, renewed.Server = "bb", "Dovecot 2.4"
	if err := l.Recognise(renewed, old.Destination); err != nil || l.Facts().Source != renewed {
		t.Errorf("%v: %+v", err, l.Facts())
	}
	if err := l.Recognise(endpoint.Identity{Host: "old", User: "bob"}, old.Destination); err == nil {
		t.Error("another account was taken for this one")
	} else if _, ok := errors.AsType[*ledger.ForeignError](err); !ok {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(path, o); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if f := l.Facts(); f.Source != renewed || f.Destination != old.Destination || f.Name != "a" || f.Format != ledger.Format || !f.Created.Equal(created) {
		t.Errorf("%+v", f)
	}
}
