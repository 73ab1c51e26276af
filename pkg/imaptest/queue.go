package imaptest

import (
	"sync"
	"time"
)

// piece is what was read at once, and when it may be passed on.
type piece struct {
	data []byte
	due  time.Time
}

// queue holds the pieces that are under way in one direction of a proxy. It is bounded in bytes, so that a slow or
// silent receiver is felt by the sender.
type queue struct {
	mu     sync.Mutex
	moved  *sync.Cond
	pieces []piece
	size   int
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.moved = sync.NewCond(&q.mu)
	return q
}

// push waits until less than limit bytes are under way. It tells whether the queue is still open.
func (q *queue) push(p piece, limit int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size >= limit && !q.closed {
		q.moved.Wait()
	}
	q.pieces = append(q.pieces, p)
	q.size += len(p.data)
	q.moved.Broadcast()
	return !q.closed
}

// pop waits for a piece; there is none any more when the queue is closed and empty.
func (q *queue) pop() (piece, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pieces) == 0 && !q.closed {
		q.moved.Wait()
	}
	if len(q.pieces) == 0 {
		return piece{}, false
	}
	p := q.pieces[0]
	q.pieces = q.pieces[1:]
	return p, true
}

// done says that a piece has been passed on.
func (q *queue) done(p piece) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size -= len(p.data)
	q.moved.Broadcast()
}

// close ends it for both sides; what is in it can still be popped.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.moved.Broadcast()
}
