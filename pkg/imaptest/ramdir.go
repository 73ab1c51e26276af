package imaptest

import (
	"os"
	"testing"
)

// RAMDir is a folder for one test, in memory where the machine has such a file system: a property test makes hundreds of ledgers, and each
// would wait for the disk at every commit. What it proves does not depend on a disk.
func RAMDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "imapmigrate-test-")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
