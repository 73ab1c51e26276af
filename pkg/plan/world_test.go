package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is one account as a test writes it down.
type world struct {
	host, delimiter, prefix, server string
	without                         []string // capabilities
	namespaces                      *endpoint.Namespaces
	boxes                           []string // wire name, then words: \Sent \Noselect \NonExistent \NoInferiors subscribed, a number of messages, no-status no-validity
	quota                           []endpoint.Quota
	limit                           int64
	roundTrip                       time.Duration
	contents                        map[mailbox.Wire]*survey.Contents
}

var everything = []string{"IMAP4REV1", "UIDPLUS", "NAMESPACE", "SPECIAL-USE", "CREATE-SPECIAL-USE", "STATUS=SIZE", "QUOTA", "LITERAL+", "MULTIAPPEND"}

func (w world) survey() *survey.Survey {
	s := &survey.Survey{Taken: noon, Identity: endpoint.Identity{Host: w.host, Port: 993, User: "alice", Server: w.server, Key: "00"}, AppendLimit: -1, Quota: w.quota, RoundTrip: w.roundTrip, Contents: w.contents}
	if w.limit > 0 {
		s.AppendLimit = w.limit
	}
	var caps []string
	for _, c := range everything {
		if !strings.Contains(" "+strings.Join(w.without, " ")+" ", " "+c+" ") {
			caps = append(caps, c)
		}
	}
	s.Capabilities = endpoint.NewCapabilities(caps...)
	s.Namespaces = endpoint.Namespaces{Personal: []endpoint.Namespace{{Prefix: mailbox.Wire(w.prefix), Delimiter: w.delimiter}}}
	if w.namespaces != nil {
		s.Namespaces = *w.namespaces
	}
	for i, line := range w.boxes {
		s.Mailboxes = append(s.Mailboxes, info(line, w.delimiter, i))
	}
	return s
}

func info(line, delimiter string, i int) mailbox.Info {
	name, rest := line, ""
	if i := strings.LastIndex(line, " | "); i >= 0 {
		name, rest = line[:i], line[i+3:]
	}
	m := mailbox.Info{Wire: mailbox.Wire(name), Delimiter: delimiter, Selectable: true, Status: &mailbox.Status{UIDValidity: mailbox.UIDValidity(1000 + i), UIDNext: 1, AppendLimit: -1}}
	m.Name, m.Exact = mailbox.Decode(m.Wire, delimiter)
	if strings.EqualFold(name, "INBOX") {
		m.Name, m.Role = mailbox.Name{"INBOX"}, mailbox.RoleInbox
	}
	for _, word := range strings.Fields(rest) {
		switch {
		case word == `\Noselect`, word == `\NonExistent`:
			m.Selectable, m.Status, m.NonExistent = false, nil, word == `\NonExistent`
		case word == `\NoInferiors`:
			m.NoInferiors = true
		case word == "subscribed":
			m.Subscribed = true
		case word == "no-status":
			m.Status, m.Problem = nil, "NO not today"
		case word == "no-validity":
			m.Status.UIDValidity = 0
		case word[0] == '\\':
			m.Role = mailbox.RoleOf(word)
		default:
			for _, digit := range word {
				m.Status.Messages = m.Status.Messages*10 + uint32(digit-'0')
			}
			m.Status.Size = int64(m.Status.Messages) * 1000
		}
	}
	return m
}

// from and to are the two ends of a test: what is not said is a plain server with "/" and no prefix.
func from(delimiter, prefix string, boxes ...string) world {
	return world{host: "imap.old.example", delimiter: delimiter, prefix: prefix, boxes: boxes}
}

func to(delimiter, prefix string, boxes ...string) world {
	return world{host: "imap.new.example", delimiter: delimiter, prefix: prefix, boxes: boxes}
}

func build(tb testing.TB, source, destination world, r Rules) *Plan {
	tb.Helper()
	if r.Name == "" {
		r.Name = "test"
	}
	p, err := Build(source.survey(), destination.survey(), r, noon)
	if err != nil {
		tb.Fatalf("Build: %v", err)
	}
	return p
}

// line is an entry as the tables of the tests write it: `action To` or, when skipped, `skip`.
func line(e *Entry) string {
	if e == nil {
		return "(not in the plan)"
	}
	if e.Action == Skip {
		return "skip"
	}
	return string(e.Action) + " " + e.To.String()
}

// sentence is a change as the tests write it.
func sentence(c Change) string {
	who := "plan"
	if len(c.Mailbox) > 0 {
		who = c.Mailbox.String()
	}
	return fmt.Sprintf("%s %s: %q -> %q (%t)", who, c.What, c.Old, c.New, c.Meaning)
}
