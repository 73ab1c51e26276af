package wire

import (
	"io"
	"sync"
)

// Transcript is what was said on all connections that are opened with it, redacted: nothing of a login, contents by their size alone,
// texts of headers and addresses as hashes. One line a response or command:
//
//	2026-11-22T20:00:00.123Z 3 C: W5 EXAMINE "Sent"
//
// with the number of the connection, C for us, S for the server, and - for what happened to the connection.
type Transcript struct {
	mu          sync.Mutex
	to          io.Writer
	key         []byte
	connections int
	err         error
}

// NewTranscript writes to w, which gets one whole line a call. key is for the hashes that stand for people; it should be random and
// forgotten with the transcript.
func NewTranscript(w io.Writer, key []byte) *Transcript { return &Transcript{to: w, key: key} }

// Err is why nothing more is written, nil while all is well. A transcript that fails fails nothing else.
func (t *Transcript) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// join gives one more connection its number.
func (t *Transcript) join() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections++
	return t.connections
}

func (t *Transcript) write(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		_, t.err = io.WriteString(t.to, line+"\n")
	}
}
