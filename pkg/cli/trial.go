package cli

import (
	"fmt"
	"strings"

	"imapmigrate/pkg/trial"
	"imapmigrate/pkg/view"
)

// outcomes says in plain words what a trial has shown. problem is what ended it early, nil when nothing did.
func outcomes(r *trial.Result, problem error) []view.Finding {
	var out []view.Finding
	for _, m := range r.Messages {
		out = append(out, outcomeOf(m))
	}
	if problem != nil {
		out = append(out, view.Finding{Topic: "trial", Fact: "it came to no end: " + problem.Error(), Meaning: "run it again", Grave: true})
	}
	if r.Stays != "" {
		out = append(out, view.Finding{Topic: "trial", Fact: fmt.Sprintf("mailbox %q is still there: %s", string(r.Mailbox), r.Stays), Meaning: "look into it, and delete it by hand", Grave: true})
	}
	return out
}

// outcomeOf is one message. Only a message that vanishes is grave: what is refused or changed is recorded by a copy, and found by verify.
func outcomeOf(m trial.Message) view.Finding {
	f := view.Finding{Topic: "trial", Fact: m.What + ": "}
	switch {
	case m.Refused != "":
		f.Fact += "refused, " + m.Refused
		f.Meaning = "messages like it will be refused too; the report lists each, and nothing else stops"
	case m.Missing:
		f.Fact += "taken, and not there"
		f.Meaning, f.Grave = "this server loses messages that it says it has stored: do not migrate to it before that is understood", true
	case m.Kept():
		f.Fact += "came back as it was sent"
		f.Meaning = "bytes, date and flags are kept"
	default:
		var changes []string
		for _, change := range []struct{ what, how string }{{"bytes", m.Bytes}, {"date", m.Date}, {"flags", m.Flags}} {
			if change.how != "" {
				changes = append(changes, change.what+": "+change.how)
			}
		}
		f.Fact += strings.Join(changes, "; ")
		f.Meaning = "messages like it arrive changed in this way; verify says so, and purge leaves altered ones at the source"
	}
	return f
}
