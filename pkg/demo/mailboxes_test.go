package demo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"imapmigrate/pkg/mailbox"
	sample "imapmigrate/testdata/message"
)

func TestSpecialUse(t *testing.T) {
	s, a := start(t, Options{})
	must(t, a.Create(mailbox.Name{"Sent Items"}, mailbox.RoleSent))
	c := client(t, s, nil)
	must(t, c.Create("Spam", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttrJunk}}).Wait())
	for _, taken := range []imap.MailboxAttr{imap.MailboxAttrSent, imap.MailboxAttrAll, imap.MailboxAttrFlagged, `\Odd`} {
		err := c.Create("Other", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{taken}}).Wait()
		wantRefused(t, err, imap.StatusResponseTypeNo, "USEATTR")
	}
	found, err := c.List("", "*", &imap.ListOptions{SelectSpecialUse: true}).Collect()
	must(t, err)
	var got []string
	for _, m := range found {
		got = append(got, fmt.Sprint(m.Mailbox, m.Attrs))
	}
	same(t, "LIST (SPECIAL-USE)", got, []string{`Sent Items[\HasNoChildren \Sent]`, `Spam[\HasNoChildren \Junk]`})
	must(t, c.Delete("Spam").Wait())
	must(t, c.Create("Junk", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{`\JUNK`}}).Wait())
	same(t, "plain LIST shows it too", rawClient(t, s).ok(`LIST "" Junk`), []string{`* LIST (\HasNoChildren \Junk) "/" "Junk"`})
}

func TestNamespacePrefixAndDelimiter(t *testing.T) {
	s, a := start(t, Options{Delimiter: ".", Prefix: "INBOX."})
	r := rawClient(t, s)
	same(t, "NAMESPACE", r.ok("NAMESPACE"), []string{`* NAMESPACE (("INBOX." ".")) NIL NIL`})
	same(t, `LIST "" ""`, r.ok(`LIST "" ""`), []string{`* LIST (\Noselect) "." ""`})
	r.refused("CREATE Outside", "NO [CANNOT]")
	r.refused("CREATE INBOX", "NO [ALREADYEXISTS]")
	r.refused("CREATE inbox.", "NO [ALREADYEXISTS]")
	r.refused("CREATE INBOX..x", "NO [CANNOT]")
	r.refused("CREATE INBOX."+strings.Repeat("x", 1000), "NO [LIMIT]")
	r.ok("CREATE inbox.AC/DC.Live")
	same(t, "LIST", r.ok(`LIST "" *`), []string{
		`* LIST (\HasChildren) "." INBOX`,
		`* LIST (\Noselect \HasChildren) "." "INBOX.AC/DC"`,
		`* LIST (\HasNoChildren) "." "INBOX.AC/DC.Live"`,
	})
	same(t, "LIST %", r.ok(`LIST "" %`), []string{`* LIST (\HasChildren) "." INBOX`})
	same(t, "LIST below a reference", r.ok(`LIST INBOX. %`), []string{`* LIST (\Noselect \HasChildren) "." "INBOX.AC/DC"`})
	same(t, "LIST inbox", r.ok(`LIST "" inbox`), []string{`* LIST (\HasChildren) "." INBOX`})
	same(t, "Account.Name", a.Name("Sent", "2019").String(), "INBOX/Sent/2019")
	same(t, "Account.Name of INBOX", a.Name("inbox").String(), "inbox")
}

func TestParentsAreNoselectAndGoWithTheirLastChild(t *testing.T) {
	s, _ := start(t, Options{})
	r := rawClient(t, s)
	r.ok("CREATE a/b/c")
	r.ok("CREATE a/x")
	for _, command := range []string{"SELECT a", "EXAMINE a/b", "STATUS a (MESSAGES)"} {
		r.refused(command, "NO [NONEXISTENT]")
	}
	r.refused("APPEND a {1+}\r\nx", "NO [TRYCREATE]")
	r.refused("DELETE a/b", "NO [HASCHILDREN]")
	r.ok("CREATE a/b")
	r.ok("SELECT a/b")
	r.ok("UNSELECT")
	r.ok("DELETE a/b")
	same(t, "a deleted mailbox with children", r.ok("LIST a %"), []string{`* LIST (\Noselect \HasChildren) "/" "a/b"`, `* LIST (\HasNoChildren) "/" "a/x"`})
	r.ok("DELETE a/b/c")
	same(t, "its last child gone", r.ok("LIST a *"), []string{`* LIST (\HasNoChildren) "/" "a/x"`})
	r.ok("RENAME a/x y/z")
	same(t, "all", r.ok(`LIST "" *`), []string{`* LIST (\HasNoChildren) "/" INBOX`, `* LIST (\Noselect \HasChildren) "/" "y"`, `* LIST (\HasNoChildren) "/" "y/z"`})
	r.refused("DELETE INBOX", "NO [CANNOT]")
	r.refused("DELETE nothing", "NO [NONEXISTENT]")
}

func TestRename(t *testing.T) {
	s, a := start(t, Options{})
	r := rawClient(t, s)
	r.ok("CREATE old/child")
	r.ok("CREATE older")
	put(t, a, mailbox.Name{"old", "child"}, "x")
	before := a.Mailboxes()
	r.ok("RENAME old new")
	r.refused("RENAME nothing x", "NO [NONEXISTENT]")
	r.refused("RENAME new older", "NO [ALREADYEXISTS]")
	r.refused("RENAME new new/below", "NO [CANNOT]")
	r.refused("RENAME INBOX x", "NO [CANNOT]")
	var names []string
	for _, m := range a.Mailboxes() {
		names = append(names, m.Name.String())
	}
	same(t, "names", names, []string{"INBOX", "new", "new/child", "older"})
	after := a.Mailboxes()
	same(t, "UIDVALIDITY stays", fmt.Sprint(after[2].Status.UIDValidity), fmt.Sprint(before[2].Status.UIDValidity))
}

func TestAMailboxMadeAgainHasAnotherUIDValidity(t *testing.T) {
	s, a := start(t, Options{FirstValidity: 500})
	r := rawClient(t, s)
	var seen []string
	for range 3 {
		r.ok("CREATE x")
		seen = append(seen, r.ok("STATUS x (UIDVALIDITY)")[0])
		must(t, a.Delete(mailbox.Name{"x"}))
	}
	same(t, "UIDVALIDITY", seen, []string{`* STATUS "x" (UIDVALIDITY 501)`, `* STATUS "x" (UIDVALIDITY 502)`, `* STATUS "x" (UIDVALIDITY 503)`})
}

func TestSubscriptions(t *testing.T) {
	s, a := start(t, Options{})
	r := rawClient(t, s)
	r.refused("SUBSCRIBE nothing", "NO [NONEXISTENT]")
	r.ok("CREATE box")
	r.ok("CREATE other")
	r.ok("SUBSCRIBE box")
	same(t, "LSUB", r.ok(`LSUB "" *`), []string{`* LSUB (\HasNoChildren \Subscribed) "/" INBOX`, `* LSUB (\HasNoChildren \Subscribed) "/" "box"`})
	r.ok("DELETE box")
	same(t, "LIST (SUBSCRIBED)", r.ok(`LIST (SUBSCRIBED) "" *`), []string{`* LIST (\HasNoChildren \Subscribed) "/" INBOX`, `* LIST (\NonExistent \Subscribed) "/" "box"`})
	same(t, "LIST", r.ok(`LIST "" * RETURN (SUBSCRIBED)`), []string{`* LIST (\HasNoChildren \Subscribed) "/" INBOX`, `* LIST (\HasNoChildren) "/" "other"`})
	r.ok("UNSUBSCRIBE box")
	r.ok("UNSUBSCRIBE INBOX")
	same(t, "LSUB", r.ok(`LSUB "" *`), []string(nil))
	for _, m := range a.Mailboxes() {
		if m.Subscribed || m.NonExistent {
			t.Errorf("%v", m)
		}
	}
}

func TestListStatusAndSizes(t *testing.T) {
	s, a := start(t, Options{FirstValidity: 7})
	must(t, a.Create(mailbox.Name{"p", "q"}, mailbox.RoleNone))
	put(t, a, inbox, "12345", mailbox.Seen)
	put(t, a, inbox, "123", mailbox.Deleted)
	must(t, a.Remove(inbox, mailbox.SetOf(1)))
	put(t, a, inbox, "1234567890")
	r := rawClient(t, s)
	same(t, "LIST-STATUS", r.ok(`LIST "" * RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE))`), []string{
		`* LIST (\HasNoChildren) "/" INBOX`,
		`* STATUS INBOX (MESSAGES 2 UIDNEXT 4 UIDVALIDITY 7 UNSEEN 2 DELETED 1 SIZE 13)`,
		`* LIST (\Noselect \HasChildren) "/" "p"`,
		`* LIST (\HasNoChildren) "/" "p/q"`,
		`* STATUS "p/q" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 8 UNSEEN 0 DELETED 0 SIZE 0)`,
	})
	same(t, "STATUS inbox", r.ok("STATUS inbox (RECENT SIZE)"), []string{"* STATUS INBOX (SIZE 13 RECENT 0)"})
}

// Every awkward name goes in by CREATE, is listed by the very bytes that mailbox.Encode gives, and takes a message.
func TestAwkwardNamesOnBothDelimiters(t *testing.T) {
	for _, o := range []Options{{Delimiter: "."}, {Delimiter: "/"}, {Delimiter: ".", Prefix: "INBOX."}, {Delimiter: "\\"}} {
		s, a := start(t, o)
		c, r := client(t, s, nil), rawClient(t, s)
		for _, m := range sample.Mailboxes() {
			n := a.Name(m.Name...)
			wire, err := mailbox.Encode(n, o.Delimiter)
			if err != nil {
				continue // the delimiter is inside a part
			}
			key := strings.Join(n, o.Delimiter)
			if err := c.Create(key, nil).Wait(); err != nil {
				t.Errorf("CREATE %q: %v", n, err)
				continue
			}
			_, err = appendOne(t, c, key, []byte(key), nil)
			must(t, err)
			must(t, c.Subscribe(key).Wait())
			listed := r.ok(fmt.Sprintf(`LIST (SUBSCRIBED) "" {%d+}`+"\r\n%s", len(wire), wire))
			quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(wire)) + `"`
			if !slices.ContainsFunc(listed, func(line string) bool { return strings.HasSuffix(line, " "+quoted) }) {
				t.Errorf("LIST %q shows %q", wire, listed)
			}
			same(t, key, r.ok("STATUS "+quoted+" (MESSAGES)"), []string{"* STATUS " + quoted + " (MESSAGES 1)"})
			if all, err := a.Messages(n); err != nil || len(all) != 1 || string(all[0].Content) != key {
				t.Errorf("%q holds %v, %v", n, all, err)
			}
		}
	}
}

// What is left out is neither listed nor done.
func TestWithout(t *testing.T) {
	commands := map[string][]string{
		"UIDPLUS":            {"UID EXPUNGE 1"},
		"MOVE":               {"UID MOVE 1 INBOX"},
		"NAMESPACE":          {"NAMESPACE"},
		"CREATE-SPECIAL-USE": {`CREATE x (USE (\Sent))`},
		"SPECIAL-USE":        {`LIST (SPECIAL-USE) "" *`, `LIST "" * RETURN (SPECIAL-USE)`},
		"LIST-EXTENDED":      {`LIST "" * RETURN (SUBSCRIBED)`},
		"LIST-STATUS":        {`LIST "" * RETURN (STATUS (MESSAGES))`},
		"STATUS=SIZE":        {"STATUS INBOX (SIZE)", `LIST "" * RETURN (STATUS (SIZE))`},
	}
	for _, capability := range Offered() {
		s, a := start(t, Options{Without: []string{capability}})
		must(t, a.Create(mailbox.Name{"Sent"}, mailbox.RoleSent))
		put(t, a, inbox, "x")
		r := rawClient(t, s)
		listed := strings.Fields(r.ok("CAPABILITY")[0])
		for _, c := range Offered() {
			if slices.Contains(listed, c) == (c == capability) {
				t.Errorf("without %s: %s listed: %v", capability, c, c == capability)
			}
		}
		r.ok("SELECT INBOX")
		for _, command := range commands[capability] {
			r.refused(command, "BAD")
		}
		_, appended := r.do("APPEND INBOX {1}\r\nx")
		_, copied := r.do("COPY 1 INBOX")
		if told := strings.Contains(appended+copied, "UID "); told == (capability == "UIDPLUS") {
			t.Errorf("without %s: %q, %q", capability, appended, copied)
		}
		sent := r.ok(`LIST "" Sent`)[0]
		if strings.Contains(sent, `\Sent`) == (capability == "SPECIAL-USE") || strings.Contains(sent, "Children") == (capability == "CHILDREN") {
			t.Errorf("without %s: %s", capability, sent)
		}
	}
}
