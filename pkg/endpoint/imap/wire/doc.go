// Package wire owns one IMAP connection: it is opened by hand, lent to go-imap, and taken back for what go-imap cannot do safely.
// It will not decide anything about mail: no retry, no pool, no plan. An error says what the server said, or how the connection ended.
//
//	Open        dial, TLS or STARTTLS, greeting, capabilities, login, capabilities again, ID
//	Guard       go-imap on this connection, behind a made-up "* PREAUTH" greeting (typed commands, streaming FETCH)
//	Do          the same connection taken exclusively while go-imap is idle: names as exact bytes, APPEND, answers go-imap cannot parse
//
// Beneath both lies one conn. A single goroutine reads the network into a bounded buffer; a scanner that knows literals follows both
// directions, so that the conn knows which commands are unanswered, where a response ends, and what a BYE said; the only deadline is
// one of progress, and it runs only while an answer is owed to us. Cancelling is closing.
//
// A Session belongs to one goroutine at a time.
package wire
