// Package ledger owns the durable record of one migration: what was meant to be appended, what became of every source message, what was
// proved and what was removed. It talks to no server, decides nothing, and holds no message content, no header and no secret.
//
// One process at a time holds it. Every verb that changes something returns when it is on disk; verbs that wait at the same time share one
// transaction and one disk sync, and one that is refused for its own fault (a message claimed twice) leaves the others alone. When a
// transaction itself fails, whether it took effect is unknown, and every later call returns the same error: the run has to end and the next
// one reads what is true.
package ledger
