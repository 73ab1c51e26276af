package endpointtest

import (
	"slices"
	"testing"

	"imapmigrate/pkg/endpoint"
)

// testRights: what an interface does not say cannot be had by asking for it.
func testRights(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Rights")
	r, s, target := b.examine(w), b.remover(w), b.target(w)
	b.denied("Fetcher", b.Fetcher, may[endpoint.Appender], may[endpoint.Expunger])
	b.denied("Appender", b.Appender, may[endpoint.Expunger])
	b.denied("Expunger", b.Expunger, may[endpoint.Appender])
	b.denied("Reader", r, may[endpoint.Target], may[endpoint.Remover])
	b.denied("Remover", s, may[endpoint.Target])
	b.denied("Target", target, may[endpoint.Reader], may[endpoint.Remover])
}

func may[Right any](v any) bool {
	_, ok := v.(Right)
	return ok
}

func (b *bench) denied(name string, v any, rights ...func(any) bool) {
	b.Helper()
	for i, has := range rights {
		if has(v) {
			b.Errorf("%s (%T) has a right that is not its own (number %d)", name, v, i)
		}
	}
}

// testLister: identity, capabilities, list with roles, subscription and status.
func testLister(t *testing.T, f Factory) {
	b := f.open(t)
	if id := b.Fetcher.Identity(); id.Host == "" || id.User == "" || !id.Same(b.Appender.Identity()) || !id.Same(b.Expunger.Identity()) {
		t.Errorf("identity %+v", id)
	}
	caps := b.Fetcher.Capabilities()
	if !caps.Has("IMAP4REV1") && !caps.Has("IMAP4REV2") || !slices.IsSorted(caps) {
		t.Errorf("capabilities %q", caps)
	}
	if _, err := b.Fetcher.Quota(b.ctx); err != nil {
		t.Errorf("quota: %v", err)
	}
	t.Run("inbox", func(t *testing.T) { b.with(t).listsInbox() })
	t.Run("status", func(t *testing.T) { b.with(t).listsStatus() })
	t.Run("subscribed", func(t *testing.T) { b.with(t).listsSubscribed() })
}

// with is b reporting to a sub-test.
func (b *bench) with(t *testing.T) *bench {
	c := *b
	c.T = t
	return &c
}
