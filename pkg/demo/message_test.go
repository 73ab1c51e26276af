package demo

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/mailbox"
	sample "imapmigrate/testdata/message"
)

// appendOne sends a message as go-imap's client does: a synchronizing literal when it is longer than 4096 bytes.
func appendOne(t testing.TB, c *imapclient.Client, name string, content []byte, o *imap.AppendOptions) (*imap.AppendData, error) {
	t.Helper()
	cmd := c.Append(name, int64(len(content)), o)
	_, writing := cmd.Write(content)
	if err := cmd.Close(); err != nil && writing == nil {
		writing = err
	}
	data, err := cmd.Wait()
	if err == nil {
		err = writing
	}
	return data, err
}

func TestEverySampleComesBackByteForByte(t *testing.T) {
	s, a := start(t, Options{})
	c := client(t, s, nil)
	all := append(sample.Samples(), sample.Sample{Name: "attachment of 25 MB", Bytes: sample.Attachment(25 << 20)})
	for i, m := range all {
		data, err := appendOne(t, c, "INBOX", m.Bytes, &imap.AppendOptions{Time: noon})
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if data.UID != imap.UID(i+1) || data.UIDValidity != 1 {
			t.Errorf("%s: APPENDUID %d %d, want 1 %d", m.Name, data.UIDValidity, data.UID, i+1)
		}
	}
	stored, err := a.Messages(inbox)
	must(t, err)
	_, err = c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	must(t, err)
	for i, m := range all {
		set := imap.UIDSetNum(imap.UID(i + 1))
		got, err := c.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
		must(t, err)
		body := got[0].FindBodySection(&imap.FetchItemBodySection{Peek: true})
		if !bytes.Equal(body, m.Bytes) || !bytes.Equal(stored[i].Content, m.Bytes) {
			t.Errorf("%s came back changed", m.Name)
		}
		if got[0].RFC822Size != int64(len(m.Bytes)) {
			t.Errorf("%s: RFC822.SIZE %d, want %d", m.Name, got[0].RFC822Size, len(m.Bytes))
		}
	}
}

// A raw socket, LITERAL+, all messages sent before the first answer is read: no byte of a body may run as a command.
func TestPipelinedAppendOfEverySample(t *testing.T) {
	s, a := start(t, Options{})
	must(t, a.Create(mailbox.Name{"Archive"}, mailbox.RoleNone))
	r := rawClient(t, s)
	all := sample.Samples()
	go func() {
		for i, m := range all {
			fmt.Fprintf(r.conn, "p%d APPEND INBOX (\\Seen $X) {%d+}\r\n%s\r\n", i, len(m.Bytes), m.Bytes)
		}
	}()
	for i := range all {
		if got, want := r.line(), fmt.Sprintf("p%d OK [APPENDUID 1 %d] ", i, i+1); !strings.HasPrefix(got, want) {
			t.Fatalf("%s: got %q, want %q", all[i].Name, got, want)
		}
	}
	stored, err := a.Messages(inbox)
	must(t, err)
	for i, m := range all {
		if !bytes.Equal(stored[i].Content, m.Bytes) {
			t.Errorf("%s arrived changed", m.Name)
		}
	}
	r.ok("STATUS Archive (MESSAGES)")
}

func TestEveryItemOfEverySampleCanBeAskedFor(t *testing.T) {
	s, a := start(t, Options{})
	for _, m := range sample.Samples() {
		put(t, a, inbox, string(m.Bytes))
	}
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	for i, m := range sample.Samples() {
		for _, item := range []string{"ENVELOPE", "BODYSTRUCTURE", "BODY", "FULL", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]",
			"BODY.PEEK[HEADER.FIELDS (Message-ID Subject)]", "BODY.PEEK[HEADER.FIELDS.NOT (Received)]", "BODY.PEEK[]<3.10>", "RFC822", "BINARY.PEEK[1]"} {
			if untagged, tagged := r.do(fmt.Sprintf("UID FETCH %d %s", i+1, item)); !strings.HasPrefix(tagged, "OK") || len(untagged) == 0 {
				t.Errorf("%s: %s: %q, %d responses", m.Name, item, tagged, len(untagged))
			}
		}
	}
}

func TestSectionsAreCutFromTheBytes(t *testing.T) {
	s, a := start(t, Options{})
	put(t, a, inbox, "Subject: one\r\n two\r\nX-A: b\r\nsubject: three\r\n\r\nbody\r\n\r\nmore")
	r := rawClient(t, s)
	r.ok("EXAMINE INBOX")
	for item, want := range map[string]string{
		"BODY.PEEK[HEADER]":                      "Subject: one\r\n two\r\nX-A: b\r\nsubject: three\r\n\r\n",
		"BODY.PEEK[TEXT]":                        "body\r\n\r\nmore",
		"BODY.PEEK[HEADER.FIELDS (SUBJECT)]":     "Subject: one\r\n two\r\nsubject: three\r\n\r\n",
		"BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]": "X-A: b\r\n\r\n",
		"BODY.PEEK[]<0.7>":                       "Subject",
		"BODY.PEEK[TEXT]<8.100>":                 "more",
		"BODY.PEEK[TEXT]<99.5>":                  "",
	} {
		if got := r.ok("FETCH 1 " + item)[0]; !strings.HasSuffix(got, fmt.Sprintf("{%d}\r\n%s)", len(want), want)) {
			t.Errorf("%s: %q", item, got)
		}
	}
}

func TestDatesAndFlagsComeBack(t *testing.T) {
	s, _ := start(t, Options{})
	c := client(t, s, nil)
	var dates []time.Time
	var flags [][]mailbox.Flag
	for _, d := range sample.Dates() {
		for _, f := range sample.FlagSets() {
			_, err := appendOne(t, c, "INBOX", []byte("x"), &imap.AppendOptions{Time: d.Time, Flags: convert[imap.Flag](f.Set)})
			must(t, err)
			dates, flags = append(dates, d.Time), append(flags, convert[mailbox.Flag](f.Set))
		}
	}
	_, err := c.Select("INBOX", nil).Wait()
	must(t, err)
	all, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true, InternalDate: true}).Collect()
	must(t, err)
	if len(all) != len(dates) {
		t.Fatalf("%d messages, want %d", len(all), len(dates))
	}
	for i, m := range all {
		if got, want := m.InternalDate.Format(time.RFC3339), dates[i].Format(time.RFC3339); got != want {
			t.Errorf("internal date %s, want %s", got, want)
		}
		got, want := storeFlags(m.Flags), mailbox.Flags(flags[i]...)
		slices.Sort(got)
		slices.Sort(want)
		same(t, "flags", got, want)
	}
}

func TestWithoutADateTheClockCounts(t *testing.T) {
	s, a := start(t, Options{})
	_, err := appendOne(t, client(t, s, nil), "INBOX", []byte("x"), nil)
	must(t, err)
	all, err := a.Messages(inbox)
	must(t, err)
	if !all[0].InternalDate.Equal(noon) {
		t.Errorf("internal date %s, want %s", all[0].InternalDate, noon)
	}
}

func TestKeywordsKeepTheirCase(t *testing.T) {
	s, a := start(t, Options{})
	put(t, a, inbox, "x")
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	same(t, "STORE answers", r.ok(`UID STORE 1 +FLAGS (MyKeyword nonJunk \seen)`), []string{`* 1 FETCH (UID 1 FLAGS (\Seen MyKeyword nonJunk))`})
	same(t, "another case is the same keyword", r.ok(`UID STORE 1 +FLAGS (MYKEYWORD)`), []string{`* 1 FETCH (UID 1 FLAGS (\Seen MyKeyword nonJunk))`})
	same(t, "and is removed so", r.ok(`UID STORE 1 -FLAGS (mykeyword)`), []string{`* 1 FETCH (UID 1 FLAGS (\Seen nonJunk))`})
	same(t, "replaced", r.ok(`UID STORE 1 FLAGS (A b)`), []string{`* 1 FETCH (UID 1 FLAGS (A b))`})
	same(t, "silent", r.ok(`UID STORE 1 FLAGS.SILENT (C)`), []string(nil))
	r.refused(`UID STORE 1 +FLAGS (\Recent)`, "BAD")
	r.refused(`UID STORE 1 +FLAGS (\Foo)`, "BAD")
	untagged := strings.Join(r.ok("SELECT INBOX"), "\n")
	for _, want := range []string{`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft C)`, `[PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft C \*)]`, "* OK [UNSEEN 1]"} {
		if !strings.Contains(untagged, want) {
			t.Errorf("SELECT lacks %s:\n%s", want, untagged)
		}
	}
}

func TestRefusedAppendsLeaveTheConnectionInStep(t *testing.T) {
	s, a := start(t, Options{})
	r := rawClient(t, s)
	for _, c := range []struct{ arguments, want string }{
		{`Missing {4+}`, "NO [TRYCREATE]"},
		{`INBOX (\Recent) {4+}`, "BAD"},
		{`INBOX (\Foo) {4+}`, "BAD"},
	} {
		r.refused("APPEND "+c.arguments+"\r\nzz N", c.want)
	}
	if got := uidsOf(t, a, inbox); len(got) != 0 {
		t.Errorf("a refused message was stored: %v", got)
	}
	r.ok("NOOP")
}

func TestAMessageIsStoredWhenItsCommandEnds(t *testing.T) {
	s, a := start(t, Options{})
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	r.send("c1 APPEND INBOX {4}\r\n")
	r.line()
	r.send("full")
	other := rawClient(t, s)
	same(t, "without the last CRLF", other.ok("STATUS INBOX (MESSAGES UIDNEXT)"), []string{"* STATUS INBOX (MESSAGES 0 UIDNEXT 1)"})
	_, before := other.do("APPEND INBOX {5+}\r\nfirst")
	same(t, "another comes first", before, "OK [APPENDUID 1 1] APPEND completed")
	r.send("\r\n")
	same(t, "told", r.line(), "* 2 EXISTS")
	same(t, "the UID of its turn", r.line(), "c1 OK [APPENDUID 1 2] APPEND completed")
	for _, cut := range []string{"{1000+}\r\nSubject: half", "{4+}\r\nfull", "{0+}\r\n"} {
		r := rawClient(t, s)
		r.send("c2 APPEND INBOX " + cut)
		must(t, r.conn.Close())
	}
	must(t, s.Close())
	same(t, "stored", uidsOf(t, a, inbox), []mailbox.UID{1, 2})
}

func TestExamineCannotWrite(t *testing.T) {
	s, a := start(t, Options{})
	must(t, a.Create(mailbox.Name{"Other"}, mailbox.RoleNone))
	put(t, a, inbox, "x", mailbox.Deleted)
	r := rawClient(t, s)
	opened, tagged := r.do("EXAMINE INBOX")
	if !strings.HasPrefix(tagged, "OK [READ-ONLY]") || !strings.Contains(strings.Join(opened, "\n"), "[PERMANENTFLAGS ()]") {
		t.Errorf("EXAMINE says %q, %q", opened, tagged)
	}
	for _, command := range []string{`STORE 1 +FLAGS (\Seen)`, `UID STORE 1 -FLAGS.SILENT (\Deleted)`, "EXPUNGE", "UID EXPUNGE 1", "UID MOVE 1 Other", "MOVE 1 Other"} {
		r.refused(command, "NO [READ-ONLY]")
	}
	r.ok("FETCH 1 (BODY[] RFC822.TEXT)")
	r.ok("UID COPY 1 Other")
	r.ok("CLOSE")
	all, err := a.Messages(inbox)
	must(t, err)
	if len(all) != 1 || !mailbox.SameFlags(all[0].Flags, []mailbox.Flag{mailbox.Deleted}) {
		t.Errorf("EXAMINE changed the mailbox: %v", all)
	}
	r.ok("SELECT INBOX")
	if got := r.ok("FETCH 1 BODY[]"); !strings.Contains(got[0], `FLAGS (\Deleted \Seen)`) {
		t.Errorf("BODY[] in a selected mailbox does not set \\Seen: %q", got)
	}
	r.ok("CLOSE")
	same(t, "after CLOSE", uidsOf(t, a, inbox), []mailbox.UID{})
}

func TestUIDExpungeRemovesOnlyWhatItNames(t *testing.T) {
	s, a := start(t, Options{})
	for i := range 8 {
		flags := []mailbox.Flag{mailbox.Deleted}
		if i == 4 {
			flags = nil
		}
		put(t, a, inbox, fmt.Sprint(i), flags...)
	}
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	same(t, "UID EXPUNGE 2:5,99", r.ok("UID EXPUNGE 2:5,99"), []string{"* 4 EXPUNGE", "* 3 EXPUNGE", "* 2 EXPUNGE"})
	same(t, "left", uidsOf(t, a, inbox), []mailbox.UID{1, 5, 6, 7, 8})
	same(t, "EXPUNGE", r.ok("EXPUNGE"), []string{"* 5 EXPUNGE", "* 4 EXPUNGE", "* 3 EXPUNGE", "* 1 EXPUNGE"})
	same(t, "left", uidsOf(t, a, inbox), []mailbox.UID{5})
	same(t, "UIDs are not used again", put(t, a, inbox, "new"), mailbox.UID(9))
}

func TestCopyAndMoveSayWhereTo(t *testing.T) {
	s, a := start(t, Options{})
	must(t, a.Create(mailbox.Name{"Other"}, mailbox.RoleNone))
	for i := range 4 {
		put(t, a, inbox, fmt.Sprint(i), "Kw")
	}
	put(t, a, mailbox.Name{"Other"}, "first")
	r := rawClient(t, s)
	r.ok("SELECT INBOX")
	_, copied := r.do("UID COPY 1,3 Other")
	if !strings.HasPrefix(copied, "OK [COPYUID 2 1,3 2:3]") {
		t.Errorf("COPY says %q", copied)
	}
	same(t, "MOVE", r.ok("UID MOVE 2:3 Other"), []string{"* OK [COPYUID 2 2:3 4:5] COPY completed", "* 3 EXPUNGE", "* 2 EXPUNGE"})
	_, nothing := r.do("UID COPY 77 Other")
	same(t, "COPY of nothing", nothing, "OK COPY completed")
	r.refused("UID COPY 1 Missing", "NO [TRYCREATE]")
	_, onto := r.do("COPY 1 INBOX")
	same(t, "COPY into the same mailbox", onto, "OK [COPYUID 1 1 5] COPY completed")
	all, err := a.Messages(mailbox.Name{"Other"})
	must(t, err)
	if len(all) != 5 || string(all[4].Content) != "2" || !mailbox.SameFlags(all[4].Flags, []mailbox.Flag{"Kw"}) {
		t.Errorf("Other holds %v", all)
	}
}
