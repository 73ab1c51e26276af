// Package mailbox owns the words of the trade as types: names, roles, flags, UIDs, references, digests.
// It does no I/O, knows no server and imports nothing but the standard library.
package mailbox
