package wire

// ring is a bounded queue of bytes.
type ring struct {
	bytes []byte
	first int // position of the oldest byte
	count int
}

func newRing(size int) ring { return ring{bytes: make([]byte, size)} }

func (r *ring) len() int { return r.count }

func (r *ring) clear() { r.first, r.count = 0, 0 }

// write appends as much of p as there is room for.
func (r *ring) write(p []byte) (written int) {
	for written < len(p) && r.count < len(r.bytes) {
		end := (r.first + r.count) % len(r.bytes)
		n := copy(r.bytes[end:min(len(r.bytes), end+len(r.bytes)-r.count)], p[written:])
		r.count += n
		written += n
	}
	return written
}

// read takes the oldest bytes.
func (r *ring) read(p []byte) (read int) {
	for read < len(p) && r.count > 0 {
		n := copy(p[read:], r.front())
		r.drop(n)
		read += n
	}
	return read
}

// front is the oldest bytes as they lie in one piece; valid until the next write.
func (r *ring) front() []byte {
	return r.bytes[r.first:min(len(r.bytes), r.first+r.count)]
}

// drop forgets the n oldest bytes.
func (r *ring) drop(n int) {
	r.first = (r.first + n) % len(r.bytes)
	if r.count -= n; r.count == 0 {
		r.first = 0
	}
}
