package verify

import "testing"

// SmallPages makes the ledger's pages n rows long, for the time of a test.
func SmallPages(t *testing.T, n int) {
	before := pageRows
	pageRows = n
	t.Cleanup(func() { pageRows = before })
}
