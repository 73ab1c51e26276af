// Package approval owns the answer to "who allowed this removal": the phrase that a person types, the record of it, and the check that the
// record is for exactly what is about to be removed. It removes nothing, asks nobody, and reads no clock of its own.
package approval
