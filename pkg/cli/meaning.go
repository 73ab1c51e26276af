package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
	"imapmigrate/pkg/view"
)

// meaning says in plain words what two accounts are like and what that means for a migration from one to the other. It is pure.
func meaning(source, destination *survey.Survey) []view.Account {
	return []view.Account{
		{Side: "source", Identity: source.Identity, Capabilities: source.Capabilities, Findings: slices.Concat(
			[]view.Finding{protection(source), holds(source), hierarchy(source, destination)}, others(source), distance(source), []view.Finding{roles(source, destination), sizes(source), purgeable(source)}, views(source), unreadable(source))},
		{Side: "destination", Identity: destination.Identity, Capabilities: destination.Capabilities, Findings: slices.Concat(
			[]view.Finding{protection(destination), holds(destination), delimiter(destination)}, distance(destination), []view.Finding{appending(destination), placing(destination), specialUse(destination), limit(destination)}, quota(source, destination))},
	}
}

func holds(s *survey.Survey) view.Finding {
	messages, bytes := s.Totals()
	fact := view.Plural(len(s.Mailboxes), "mailbox")
	if messages >= 0 {
		fact += ", " + view.Plural(messages, "message")
	}
	if bytes >= 0 {
		fact += ", " + view.Bytes(bytes)
	}
	return view.Finding{Topic: "holds", Fact: fact, Meaning: "what was here when it was looked at; nothing was opened, so nothing was changed"}
}

func shown(delimiter string) string {
	if delimiter == "" {
		return "none"
	}
	return fmt.Sprintf("%q", delimiter)
}

func delimiter(s *survey.Survey) view.Finding {
	f := view.Finding{Topic: "names", Fact: "delimiter " + shown(s.Delimiter()), Meaning: "mailboxes are made with it"}
	if prefix := s.Namespaces.Personal[0].Prefix; prefix != "" {
		f.Fact += fmt.Sprintf(", all below %q", string(prefix))
		f.Meaning = "mailboxes are made with it, below that prefix"
	}
	if s.Delimiter() == "" {
		f.Meaning, f.Grave = "this server has no hierarchy: mailboxes inside mailboxes cannot keep their place", true
	}
	return f
}

func hierarchy(source, destination *survey.Survey) view.Finding {
	f := delimiter(source)
	switch from, to := source.Delimiter(), destination.Delimiter(); {
	case to == "":
		f.Meaning = "the destination has no hierarchy: read in the plan what becomes of nested mailboxes"
	case from != to:
		f.Meaning = fmt.Sprintf("names are translated to the destination's %s; a %s inside a name is replaced, and the plan says so", shown(to), shown(to))
	default:
		f.Meaning = "the destination has the same delimiter"
	}
	return f
}

// others are mailboxes of other users and shared ones.
func others(s *survey.Survey) []view.Finding {
	n := len(s.Namespaces.Others) + len(s.Namespaces.Shared)
	if n == 0 {
		return nil
	}
	var prefixes []string
	for _, space := range slices.Concat(s.Namespaces.Others, s.Namespaces.Shared) {
		prefixes = append(prefixes, fmt.Sprintf("%q", string(space.Prefix)))
	}
	return []view.Finding{{Topic: "others", Fact: "shared or other users' mailboxes below " + strings.Join(prefixes, ", "),
		Meaning: "they are not this account's and are skipped"}}
}

func roles(source, destination *survey.Survey) view.Finding {
	f := view.Finding{Topic: "special uses"}
	have := rolesOf(destination)
	var facts, missing []string
	for _, m := range source.Mailboxes {
		if m.Role == mailbox.RoleNone || m.Role == mailbox.RoleInbox {
			continue
		}
		facts = append(facts, fmt.Sprintf("%s is %s", m.Role, m.Name))
		if have[m.Role] == nil {
			missing = append(missing, string(m.Role))
		}
	}
	switch {
	case len(facts) == 0:
		f.Fact, f.Meaning = "none", "the server does not say which mailbox is for sent mail, drafts and so on; well-known names are recognised, read them in the plan"
	case len(missing) == 0:
		f.Meaning = "the destination has a mailbox for each; with `roles: match` their messages go there"
	case destination.Capabilities.Has("CREATE-SPECIAL-USE"):
		f.Meaning = "the destination has none with " + strings.Join(missing, ", ") + " yet; they are made with that use"
	default:
		f.Meaning = "the destination has none with " + strings.Join(missing, ", ") + " and cannot be told; read in the plan where they go"
	}
	if len(facts) > 0 {
		f.Fact = strings.Join(facts, ", ")
	}
	return f
}

func rolesOf(s *survey.Survey) map[mailbox.Role]*mailbox.Info {
	m := map[mailbox.Role]*mailbox.Info{}
	for i := range s.Mailboxes {
		m[s.Mailboxes[i].Role] = &s.Mailboxes[i]
	}
	return m
}

func specialUse(s *survey.Survey) view.Finding {
	f := view.Finding{Topic: "special uses"}
	var facts []string
	for _, m := range s.Mailboxes {
		if m.Role != mailbox.RoleNone && m.Role != mailbox.RoleInbox {
			facts = append(facts, fmt.Sprintf("%s is %s", m.Role, m.Name))
		}
	}
	f.Fact, f.Meaning = strings.Join(facts, ", "), "mailboxes are matched to these"
	if len(facts) == 0 {
		f.Fact, f.Meaning = "none", "mailboxes are matched to well-known names, where there are such"
	}
	if s.Capabilities.Has("CREATE-SPECIAL-USE") {
		f.Meaning += "; missing ones can be made with their use"
	} else {
		f.Meaning += "; missing ones are made as plain mailboxes"
	}
	return f
}

func sizes(s *survey.Survey) view.Finding {
	if _, bytes := s.Totals(); bytes >= 0 {
		return view.Finding{Topic: "sizes", Fact: "told", Meaning: "the plan and the progress bar know how many bytes lie ahead"}
	}
	return view.Finding{Topic: "sizes", Fact: "not told by STATUS", Meaning: "the plan cannot say how many bytes lie ahead; the copy is the same"}
}

func purgeable(s *survey.Survey) view.Finding {
	f := view.Finding{Topic: "purge", Fact: "UIDPLUS", Meaning: "verified messages can be removed one by one, later and only after an approval"}
	switch {
	case !s.Capabilities.Has("UIDPLUS") && !s.Capabilities.Has("IMAP4REV2"):
		f.Fact, f.Meaning = "no UIDPLUS", "copy and verify work; purge will refuse, because this server cannot remove exactly the messages it is told"
	case s.Capabilities.Has("CONDSTORE"):
		f.Fact += ", CONDSTORE"
		f.Meaning += "; the server itself refuses to flag a message that was changed meanwhile"
	}
	return f
}

// distance is how long the server takes to answer, where that was measured.
func distance(s *survey.Survey) []view.Finding {
	if s.RoundTrip == 0 {
		return nil
	}
	f := view.Finding{Topic: "round trip", Fact: rounded(s.RoundTrip).String(), Meaning: "opening a mailbox costs a few of these, so many small mailboxes take their time"}
	if s.RoundTrip < 5*time.Millisecond {
		f.Meaning = "near: waiting for answers will hardly show"
	}
	return []view.Finding{f}
}

// rounded is a measured time without digits that mean nothing.
func rounded(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond / 10)
}

// appending is how messages will be handed over, the fastest way that the server offers.
func appending(s *survey.Survey) view.Finding {
	caps := s.Capabilities
	literals := caps.Has("LITERAL+") || caps.Has("LITERAL-")
	switch {
	case caps.Has("MULTIAPPEND") && literals:
		return view.Finding{Topic: "appending", Fact: "MULTIAPPEND, " + literal(caps), Meaning: "messages go in batches, many in one command: the fastest way there is"}
	case caps.Has("MULTIAPPEND"):
		return view.Finding{Topic: "appending", Fact: "MULTIAPPEND", Meaning: "messages go in batches; the server is asked before each message, one round trip for each"}
	case literals:
		return view.Finding{Topic: "appending", Fact: literal(caps) + ", no MULTIAPPEND", Meaning: "messages go one by one, several on their way at a time; the server syncs its disk for each"}
	}
	return view.Finding{Topic: "appending", Fact: "neither MULTIAPPEND nor LITERAL+", Meaning: "messages go one by one, about two round trips for each: this is the slow way; several connections help"}
}

func literal(caps endpoint.Capabilities) string {
	if caps.Has("LITERAL+") {
		return "LITERAL+"
	}
	return "LITERAL- (short messages only)"
}

// views are mailboxes that show what lives in others.
func views(s *survey.Survey) []view.Finding {
	var names []string
	for _, m := range s.Mailboxes {
		if m.Role == mailbox.RoleAll || m.Role == mailbox.RoleFlagged {
			names = append(names, fmt.Sprintf("%s is %s", m.Role, m.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []view.Finding{{Topic: "views", Fact: strings.Join(names, ", "), Meaning: "they show messages of other mailboxes; plan leaves one out only when each of its messages has its like in a mailbox that is copied"}}
}

// unreadable are mailboxes whose counts the server refused.
func unreadable(s *survey.Survey) []view.Finding {
	var out []view.Finding
	for _, m := range s.Mailboxes {
		if m.Selectable && m.Problem != "" {
			out = append(out, view.Finding{Topic: "mailbox", Fact: fmt.Sprintf("%s: the server says %q", m.Name, m.Problem),
				Meaning: "it may not be possible to copy it; the others go on", Grave: true})
		}
	}
	return out
}

func placing(s *survey.Survey) view.Finding {
	if s.Capabilities.Has("UIDPLUS") || s.Capabilities.Has("IMAP4REV2") {
		return view.Finding{Topic: "resuming", Fact: "UIDPLUS", Meaning: "the server says where it put each message; that is recorded, and verified later"}
	}
	return view.Finding{Topic: "resuming", Fact: "no UIDPLUS", Meaning: "the server does not say where it put a message; each is found again by UIDNEXT and its content: about two round trips more for each batch, and the message is read once more"}
}

func limit(s *survey.Survey) view.Finding {
	if s.AppendLimit < 0 {
		return view.Finding{Topic: "largest message", Fact: "not stated", Meaning: "a message that is too large is refused then; it is recorded with the server's words, the others go on"}
	}
	return view.Finding{Topic: "largest message", Fact: view.Bytes(s.AppendLimit), Meaning: "larger ones are not sent; they are recorded as oversize, the others go on"}
}

func quota(source, destination *survey.Survey) []view.Finding {
	if destination.QuotaProblem != "" {
		return []view.Finding{{Topic: "quota", Fact: "refused: " + destination.QuotaProblem, Meaning: "whether everything fits shows on the way"}}
	}
	if len(destination.Quota) == 0 {
		return []view.Finding{{Topic: "quota", Fact: "not told", Meaning: "whether everything fits shows on the way; a full account stops the copy, which goes on later"}}
	}
	messages, bytes := source.Totals()
	var out []view.Finding
	for _, q := range destination.Quota {
		out = append(out, room(q, messages, bytes))
	}
	return out
}

func room(q endpoint.Quota, messages, bytes int64) view.Finding {
	f := view.Finding{Topic: "quota"}
	free, need := q.Limit-q.Used, int64(-1)
	switch q.Resource {
	case "STORAGE":
		free, need = free*1024, bytes
		f.Fact = fmt.Sprintf("%s of %s used", view.Bytes(q.Used*1024), view.Bytes(q.Limit*1024))
	case "MESSAGE":
		need = messages
		f.Fact = fmt.Sprintf("%s of %s used", view.Count(q.Used), view.Plural(q.Limit, "message"))
	default:
		f.Fact = fmt.Sprintf("%s: %d of %d used", q.Resource, q.Used, q.Limit)
	}
	switch {
	case need < 0:
		f.Meaning = "whether everything fits shows on the way"
	case need > free:
		f.Meaning, f.Grave = "the source does not fit; get more room or leave mailboxes out, or the copy will stop when the account is full", true
	default:
		f.Meaning = "the source fits"
	}
	return f
}
