// Package demo owns two small IMAP servers with sample mail, embedded in this process: what the demo command migrates between, and a
// well-behaved pair for tests. It decides nothing about a migration and holds no mail but in memory.
//
// The protocol is go-imap's imapserver; the store beneath is this package's own, because go-imap's imapmemserver lower-cases keywords,
// drops special uses, knows one delimiter and lets EXAMINE write. What a client appended comes back byte for byte. A real server does
// more and behaves worse: tests that need to know what Dovecot, Cyrus or Courier do ask those.
//
// Known limits, all of go-imap's parser: the keywords $Forwarded, $MDNSent, $Junk, $NotJunk, $Phishing and $Important come back in that
// spelling, all others as they were first given; LITERAL- is listed beside LITERAL+; an APPEND whose arguments do not parse leaves a
// non-synchronizing literal on the wire, to be read as commands, as Dovecot 2.3 does; there is no MULTIAPPEND, ID, QUOTA or CONDSTORE.
package demo
