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
	"imapmigrate/pkg/mailbox"
)

// FuzzFetchAnswer lets a server say anything at all in answer to FETCH. Nothing may panic, hang, or visit what was not asked for; a body
// that is given is as long as it claims.
func FuzzFetchAnswer(f *testing.F) {
	honest := truth(1, box(1)[0], true)
	for _, seed := range []string{
		honest, honest + honest, "", "* 1 FETCH ()\r\n", "* 1 FETCH (UID 1)\r\n", "* 1 FETCH (UID 1 BODY[] NIL)\r\n", "* 1 FETCH (BODY[] {3}\r\nabc UID 1)\r\n",
		strings.Replace(honest, `(\Seen)`, "(a]b OIB-Seen-[Gmail]/All Mail)", 1), strings.Replace(honest, `"`+boxDate+`"`, "NIL", 1),
		strings.Replace(honest, "BODY[] {", "BODY[] ~{", 1), "* BYE gone\r\n", "* 1 EXPUNGE\r\n", "* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc", "+ \r\n", "W1 OK\r\nT1 OK\r\n",
		"* 1 FETCH (UID 1 FLAGS (\\Seen) INTERNALDATE \"03-Jul-2021 14:05:06 +0200\" RFC822.SIZE 5 BODY[] \"quoted\")\r\n", "* 1 FETCH (UID 4294967296 MODSEQ (1))\r\n", "* " + strings.Repeat("(", 200) + "\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		a, err := imap.Open(ctx, imap.Options{Connections: 1, Options: wire.Options{Host: "fuzz", Port: 143, Security: wire.Plaintext, Timeout: 300 * time.Millisecond, Account: "fuzz",
			Login: login("u", "p"), Dial: func(context.Context, string, string) (net.Conn, error) { return parrot(said), nil }}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		r, err := a.Source().Examine(ctx, "Box")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		visits := 0
		err = r.Fetch(ctx, mailbox.SetOf(1, 2, 3), func(b endpoint.Body) error {
			if visits++; visits > 3 || b.UID < 1 || b.UID > 3 {
				t.Errorf("visit %d, UID %d", visits, b.UID)
			}
			if b.Problem != "" {
				return nil
			}
			if n, err := io.Copy(io.Discard, b.Content); err == nil && n != b.Size {
				t.Errorf("%d bytes of %d", n, b.Size)
			}
			return nil
		})
		if _, ours := errors.AsType[*endpoint.Error](err); err != nil && !ours {
			t.Errorf("%v", err)
		}
	})
}

// parrot is a connection to a server that says the same to every FETCH.
func parrot(said string) net.Conn {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		_, _ = io.WriteString(server, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
		lines := bufio.NewScanner(server)
		for lines.Scan() {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			reply := ""
			switch verb, _, _ := strings.Cut(command, " "); verb {
			case "LOGIN", "CAPABILITY":
				reply = "* CAPABILITY IMAP4rev1\r\n"
			case "EXAMINE":
				reply = "* 3 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 4]\r\n"
			case "UID":
				reply = said
			}
			if _, err := io.WriteString(server, reply+tag+" OK done\r\n"); err != nil {
				return
			}
		}
	}()
	return client
}
