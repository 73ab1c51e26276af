// Package purge owns the removal of messages from one of the two accounts, the source (purge) or, of what we appended, the destination
// (rollback): of exactly those that an approved checkpoint lists, each read again on both
// sides a moment before, by UID EXPUNGE, with every step in the ledger before it is taken. It is the only package that is handed the right
// to remove. It never decides what may go, never widens what was approved, and leaves alone whatever is not as it was when it was approved.
package purge
