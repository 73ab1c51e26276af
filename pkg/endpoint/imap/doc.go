// Package imap owns the real account: a pool of IMAP sessions, and the rights of package endpoint on top of it.
// It decides nothing about mail, retries nothing, and never sends EXPUNGE, CLOSE or a number that the caller did not name.
//
// Scan reads what servers say about messages with our own tolerant reader. Fetch streams bodies through go-imap, which gives a connection
// up over anything it cannot read; what it does not bring home whole is read again, one message at a time, by that tolerant reader.
package imap
