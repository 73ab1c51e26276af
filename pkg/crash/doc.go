// Package crash owns the named places at which the crash tests kill the program: along the protocol of a copy, and before and after every
// write of the ledger. In the program as it is built for people each of them is nothing at all; only a binary built with the tag
// "crashpoints" looks at them, so that no variable of an environment can ever stop a run that moves somebody's mail.
//
// It decides nothing and knows nothing of what it stops; cmd/imapmigrate/crash.md says what each place is.
package crash
