package arch_test

import (
	"strings"
	"testing"
)

// levels are the floors of the house, lowest first. A package imports only from floors below its own, and never from its own floor.
var levels = [][]string{
	{"pkg/mailbox", "pkg/event", "pkg/crash", "pkg/sshsig", "pkg/config/strict", "testdata/message"},
	{"pkg/endpoint"},
	{"pkg/config", "pkg/auth", "pkg/provider", "pkg/ledger"},
	{"pkg/approval", "pkg/endpoint/imap/wire", "pkg/survey"},
	{"pkg/endpoint/imap", "pkg/endpoint/memory", "pkg/endpoint/endpointtest", "pkg/report", "pkg/subject", "pkg/plan", "pkg/checkpoint", "pkg/demo", "pkg/imaptest"},
	{"pkg/copier", "pkg/verify", "pkg/purge", "pkg/trial", "pkg/view"},
	{"pkg/cli"},
	{"cmd/imapmigrate"},
}

// owners are all modules from outside and who alone may import them, with the reason. A module that is not listed may not be used at all.
var owners = []owner{
	{"github.com/emersion/go-imap/v2", "what the library lacks or gets wrong is mended in one place", []string{"pkg/endpoint/imap", "pkg/endpoint/imap/wire", "pkg/demo"}},
	{"github.com/emersion/go-sasl", "logging in is auth's knowledge, and wire speaks it", []string{"pkg/auth", "pkg/endpoint/imap/wire", "pkg/demo"}},
	{"github.com/emersion/go-message", "messages are carried, not read; only the demo's servers look into headers", []string{"pkg/demo"}},
	{"github.com/xdg-go/scram", "logging in is auth's knowledge", []string{"pkg/auth"}},
	{"github.com/zalando/go-keyring", "secrets are auth's", []string{"pkg/auth"}},
	{"golang.org/x/text", "text that is compared is prepared in one place, text that is shown in another", []string{"pkg/auth", "pkg/plan", "pkg/subject"}},
	{"go.etcd.io/bbolt", "the ledger is the only door to the state of a run", []string{"pkg/ledger"}},
	{"gopkg.in/yaml.v3", "it is archived: replacing it has to stay a small change", []string{"pkg/config", "pkg/config/strict", "pkg/plan", "pkg/checkpoint", "pkg/approval"}},
	{"github.com/cenkalti/backoff/v5", "patience with servers is one rule", []string{"pkg/endpoint"}},
	{"github.com/schollz/progressbar/v3", "view is the only place that shows things", []string{"pkg/view"}},
	{"github.com/rivo/uniseg", "view is the only place that shows things", []string{"pkg/view"}},
	{"github.com/spf13/cobra", "commands and flags are cli's", []string{"pkg/cli"}},
	{"github.com/spf13/pflag", "commands and flags are cli's", []string{"pkg/cli"}},
	{"golang.org/x/sys", "what differs between systems stays out of what decides", []string{"pkg/imaptest"}},
	{"golang.org/x/crypto", "keys and signatures of SSH are one package's knowledge", []string{"pkg/sshsig"}},
	{"golang.org/x/time", "how fast a connection may go is the connection's", []string{"pkg/endpoint/imap/wire"}},
	{"golang.org/x/term", "only cli knows terminals, and auth asks for a password on one", []string{"pkg/cli", "pkg/auth"}},
}

// testSupport holds the packages that only tests and other test support may import, so that no test server and no "testing" is linked into the program.
var testSupport = []string{"pkg/imaptest", "pkg/endpoint/endpointtest", "testing"}

// pure packages decide what happens to mail from data alone, so that a golden test can hold them.
var pure = []string{"pkg/mailbox", "pkg/event", "pkg/plan", "pkg/checkpoint"}

// impure is what they may not reach, not even through others.
var impure = []string{"net", "os/exec"}

// expungers may say the name of the right to remove: its contract, those that implement it, and the one package that uses it.
var expungers = []string{"pkg/endpoint", "pkg/endpoint/imap", "pkg/endpoint/memory", "pkg/endpoint/endpointtest", "pkg/purge"}

// leavers may end the process: main, and imaptest, whose Main is the door of TestMain.
var leavers = []string{"cmd/imapmigrate", "pkg/imaptest"}

// clockless packages decide something from the time, so they are given a clock.
var clockless = []string{"pkg/mailbox", "pkg/event", "pkg/plan", "pkg/checkpoint", "pkg/approval", "pkg/ledger", "pkg/copier", "pkg/verify", "pkg/purge", "pkg/report", "pkg/survey"}

// empty names say nothing about what a package owns; such packages grow without end.
var empty = []string{"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "shared"}

// TestArchitecture holds the house to the rules above.
func TestArchitecture(t *testing.T) {
	packages := load(t, "..")
	if len(packages) < 3 {
		t.Fatalf("only %d packages found: the rules would hold for nothing", len(packages))
	}
	for _, fault := range check(packages) {
		t.Error(fault)
	}
}

// TestEveryRuleNamesPackagesThatCanExist keeps the lists above free of slips: a rule for a package that stands on no floor would never apply.
func TestEveryRuleNamesPackagesThatCanExist(t *testing.T) {
	named := [][]string{pure, expungers, leavers, clockless}
	for _, o := range owners {
		named = append(named, o.by)
	}
	for _, list := range named {
		for _, path := range list {
			if floor(path) < 0 {
				t.Errorf("%s is named by a rule but stands on no floor", path)
			}
		}
	}
	for _, s := range testSupport {
		if strings.HasPrefix(s, "pkg/") && floor(s) < 0 {
			t.Errorf("%s is named as test support but stands on no floor", s)
		}
	}
}
