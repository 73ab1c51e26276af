// Package verify owns the proof that what was copied is on the destination: it reads the destination again, compares, and writes what it
// found into the ledger. It changes nothing on either account, repairs nothing, and believes no count where bytes were asked for.
package verify
