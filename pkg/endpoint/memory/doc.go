// Package memory owns an IMAP account that lives in this process: the seam of package endpoint over maps, with UIDVALIDITY, UIDNEXT and
// MODSEQ kept as RFC 9051 and RFC 7162 say, faults on request, and everything that happened written down.
// It speaks no protocol and never saves a thing; it exists for tests.
//
// An [Account] is the server's side: tests look at its truth, act as another client and plan faults there. [Account.Source],
// [Account.Destination] and [Account.Removal] are fresh logins that hold one right each:
//
//	a := memory.New(memory.Options{Delimiter: ".", Prefix: "INBOX."})
//	uid := a.Deliver("INBOX", []byte("Subject: hi\r\n\r\nhello\r\n"), time.Now(), mailbox.Seen)
//	r, err := a.Source().Examine(ctx, "INBOX")
package memory
