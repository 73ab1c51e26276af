package imap_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
)

// FuzzWholeClient lets a server say anything at all, from the greeting on, in answer to everything that a migration asks. Nothing may panic
// or hang, every error is one of ours, and a session that opens does not visit what was not asked for.
func FuzzWholeClient(f *testing.F) {
	for _, seed := range []string{
		"", "* LIST () \"/\" Box\r\n", "* LIST (\\Noselect) NIL {3}\r\nBox\r\n* STATUS Box (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n", "* SEARCH 3 1 2\r\n", "* 3 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 4]\r\n",
		"* BYE no\r\n", "+ go\r\n", "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n", "* OK [PERMANENTFLAGS (\\*)]\r\n* FLAGS (a b)\r\n", "zz OK\r\n", "* CAPABILITY IMAP4rev1 LITERAL+ MULTIAPPEND COMPRESS=DEFLATE\r\n", "* QUOTA \"\" (STORAGE 1 2)\r\n* QUOTAROOT INBOX \"\"\r\n",
		"* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Jan-2020 00:00:00 +0000\" RFC822.SIZE 3 BODY[] {3}\r\nabc)\r\n", "* ID (\"name\" \"x\")\r\n", "\xff\x00\r\n", "* PREAUTH hi\r\n", "* 1 EXPUNGE\r\n* 0 EXISTS\r\n", "* X {99999}\r\n",
	} {
		f.Add("ready", seed)
	}
	f.Add("[CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE QUOTA ID] hi", "* ESEARCH (TAG \"W9\") UID ALL 1:3\r\n")
	f.Add("[CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR MULTIAPPEND LITERAL- STATUS=SIZE UNSELECT] hi", "")
	f.Fuzz(func(t *testing.T, greeting, said string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		j := &journey{}
		j.travel(ctx, t, imap.Options{Connections: 1, Options: wire.Options{Host: "fuzz", Port: 143, Security: wire.Plaintext, Timeout: 100 * time.Millisecond, Account: "fuzz",
			Login: login("u", "p"), Dial: func(context.Context, string, string) (net.Conn, error) { return echo(greeting, said), nil }}})
		if j.account != nil {
			defer j.account.Close()
		}
		if ctx.Err() != nil {
			t.Error("it would not have ended")
		}
		if _, ours := errors.AsType[*endpoint.Error](j.err); j.err != nil && !ours {
			t.Errorf("%s: %v", j.step, j.err)
		}
		for uid, v := range j.fetched {
			if uid < 1 || uid > 3 || (v.Problem == "" && int64(len(v.content)) != v.Body.Size) {
				t.Errorf("UID %d: %d bytes of %d", uid, len(v.content), v.Body.Size)
			}
		}
	})
}

// echo is a connection to a server that says the same to everything, and then OK.
func echo(greeting, said string) net.Conn {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		_, _ = io.WriteString(server, "* OK "+greeting+"\r\n")
		lines := bufio.NewScanner(server)
		for lines.Scan() {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			reply := said
			if verb, _, _ := strings.Cut(command, " "); verb == "CAPABILITY" {
				reply = "* CAPABILITY IMAP4rev1 UIDPLUS\r\n" + said
			}
			if _, err := io.WriteString(server, reply+tag+" OK done\r\n"); err != nil {
				return
			}
		}
	}()
	return client
}
