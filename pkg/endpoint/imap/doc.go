// Package imap owns the real account: a pool of IMAP sessions, and the rights of package endpoint on top of it.
// It decides nothing about mail, retries nothing, and never sends EXPUNGE, CLOSE or a number that the caller did not name.
//
// Scan and Fetch read what servers say about messages with our own tolerant reader: go-imap gives a connection up over anything it cannot
// read. Fetch streams bodies straight from the connection; what does not come in the usual form is read again, one message at a time.
package imap
