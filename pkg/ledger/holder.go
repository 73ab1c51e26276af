package ledger

import (
	"encoding/json"
	"fmt"
	"os"
)

// The lock is bbolt's (flock on the ledger itself); the file beside it only says whose it is, because a locked ledger cannot be read.
func holderPath(path string) string { return path + ".holder" }

func writeHolder(path string, o Options) error {
	host, _ := os.Hostname()
	text, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Command: o.Command, Since: o.Now().UTC()})
	if err != nil {
		return err
	}
	temp := holderPath(path) + ".new"
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return fmt.Errorf("ledger %s: who holds it cannot be written: %w", path, err)
	}
	return os.Rename(temp, holderPath(path))
}

// readHolder gives the zero Holder when nobody said: a reason to be vague, not to fail.
func readHolder(path string) (h Holder) {
	if text, err := os.ReadFile(holderPath(path)); err == nil {
		_ = json.Unmarshal(text, &h)
	}
	return h
}
