package endpoint_test

import (
	"slices"
	"testing"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func TestIdentitySame(t *testing.T) {
	id := endpoint.Identity{Host: "mail.example", Port: 993, User: "alice", Server: "Dovecot", Key: "aa"}
	for what, c := range map[string]struct {
		change func(*endpoint.Identity)
		same   bool
	}{
		"software": {func(o *endpoint.Identity) { o.Server = "Cyrus" }, true},
		"key":      {func(o *endpoint.Identity) { o.Key = "bb" }, true},
		"case":     {func(o *endpoint.Identity) { o.Host = "MAIL.example" }, true},
		"host":     {func(o *endpoint.Identity) { o.Host = "other.example" }, false},
		"port":     {func(o *endpoint.Identity) { o.Port = 143 }, false},
		"user":     {func(o *endpoint.Identity) { o.User = "Alice" }, false},
	} {
		o := id
		c.change(&o)
		if id.Same(o) != c.same || o.Same(id) != c.same {
			t.Errorf("another %s: same is %v", what, !c.same)
		}
	}
}

func TestCapabilities(t *testing.T) {
	c := endpoint.NewCapabilities("uidplus", "IMAP4rev1", "APPENDLIMIT=100", "Auth=Plain", "UIDPLUS")
	if !slices.Equal(c, endpoint.Capabilities{"APPENDLIMIT=100", "AUTH=PLAIN", "IMAP4REV1", "UIDPLUS"}) {
		t.Errorf("%q", c)
	}
	if !c.Has("UIDPLUS") || c.Has("UIDPLU") || c.Has("APPENDLIMIT") {
		t.Errorf("has %q", c)
	}
	if v, ok := c.Value("AUTH"); v != "PLAIN" || !ok {
		t.Errorf("AUTH is %q, %v", v, ok)
	}
	if _, ok := c.Value("UIDPLUS"); ok {
		t.Error("UIDPLUS has no value")
	}
}

func TestAppendLimit(t *testing.T) {
	for capability, want := range map[string]int64{
		"APPENDLIMIT=35651584": 35651584, "APPENDLIMIT=0": 0, "APPENDLIMIT": -1, "APPENDLIMIT=": -1, "APPENDLIMIT=-5": -1, "APPENDLIMIT=99999999999999999999": -1, "UIDPLUS": -1,
	} {
		if got := endpoint.NewCapabilities(capability).AppendLimit(); got != want {
			t.Errorf("%s: %d, want %d", capability, got, want)
		}
	}
}

func TestEverything(t *testing.T) {
	for next, want := range map[mailbox.UID]string{0: "1:4294967295", 1: "", 2: "1", 10: "1:9", 1<<32 - 1: "1:4294967294"} {
		if got := (endpoint.State{UIDNext: next}).Everything().String(); got != want {
			t.Errorf("UIDNEXT %d: %q, want %q", next, got, want)
		}
	}
}
