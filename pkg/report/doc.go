// Package report owns the account of a migration: what became of every message, proved how, removed or not, whether the sums agree, and what
// to do about each that has no good outcome. It reads the ledger alone, asks no server, and shows nothing: view turns it into text and HTML.
package report
